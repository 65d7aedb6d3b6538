"""An erasure by the command leaves the account of one that was asked for: who did it, when, and who is to be told."""

from __future__ import annotations

import functools
import json
import shutil
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from evenhand import assembly
from evenhand.rights import State
from evenhand.terms import DataError
from killed_cases import killed_at
from shop_folder import evenhand, with_recipients, write_shop

WHO, NOBODY = "canary2@mail.example", "nobody@mail.example"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RECIPIENTS = [
    {"id": f"r{n}", "name": name, "role": "processor", "country": "NL", "contract": f"DPA-{n}"}
    for n, name in enumerate(("Mail House", "Printer"), 1)
]


@pytest.fixture(scope="module")
def _shop(tmp_path_factory):
    campaign = with_recipients(write_shop(tmp_path_factory.mktemp("direct") / "shop"), *RECIPIENTS)
    assert evenhand("run", "campaign.yaml", "--at", "2026-03-01", cwd=campaign.parent).returncode == 0
    return campaign.parent


@pytest.fixture
def shop(_shop, tmp_path):
    """A folder in which a campaign with two recipients ran."""
    return shutil.copytree(_shop, tmp_path / "shop")


def _outbox(shop, cli):
    told = json.loads(cli(shop, "rights", "outbox", "--json").stdout)["messages"]
    return [(one["request"], one["what"], one["recipient"]) for one in told]


def _erase(shop, cli, *words, who=WHO):
    done = cli(shop, "rights", "erase", who, "--yes", "--json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_everybody_who_got_the_data_is_to_be_told(shop, cli):
    """GDPR 19: a message for each recipient, written and acknowledged as after an answered request."""
    done = _erase(shop, cli, "--by", "desk-4")
    number = done["request"]
    assert done["to_tell"] == ["Mail House", "Printer"]
    assert _outbox(shop, cli) == [(number, "erasure", "Mail House"), (number, "erasure", "Printer")]
    assert cli(shop, "rights", "tell", number, "Printer", WHO, "--out", "m.json", "--by", "desk-4").exit_code == 0
    message = json.loads((shop / "m.json").read_text("utf-8"))
    assert message["subject"]["identifierValue"] == sha256(WHO.encode()).hexdigest()
    assert WHO not in json.dumps(message)
    assert cli(shop, "rights", "told", number, "Printer", "--reference", "77", "--by", "desk-4").exit_code == 0
    assert _outbox(shop, cli) == [(number, "erasure", "Mail House")]


def test_the_trail_says_who_erased_and_outlives_it(shop, cli):
    """The request is closed, its steps carry a name, nothing in it is personal, and the trail verifies."""
    number = _erase(shop, cli, "--by", "desk-4")["request"]
    request = assembly.find_request(number, home=shop / "evenhand-home").request
    assert request.state is State.ANSWERED
    assert [(one.step.value, one.by) for one in request.trail[:3]] == [
        ("receive", "desk-4"), ("decide", "desk-4"), ("answer", "desk-4"),
    ]  # fmt: skip
    assert (request.trail[0].details["direct"], request.identity) == (True, "direct")
    assert cli(shop, "rights", "verify").exit_code == 0
    assert cli(shop, "ledger", "verify").exit_code == 0
    people = (shop / "evenhand-home" / "people.sqlite").read_bytes()
    assert WHO.encode() not in people
    unnamed = _erase(shop, cli, who="canary3@mail.example")["request"]
    assert assembly.find_request(unnamed, home=shop / "evenhand-home").request.trail[0].by == "command line"
    assert cli(shop, "rights", "erase", "canary4@mail.example", "--yes", "--by", " ").exit_code == 2
    assert assembly.is_known("canary4@mail.example", home=shop / "evenhand-home")


def test_the_command_says_whom_to_tell(shop, cli):
    """In words: how many, who they are, and by which command."""
    said = cli(shop, "rights", "erase", WHO, "--yes", "--by", "desk-4")
    assert "2 recipients are to be told: Mail House, Printer" in said.stdout
    assert "evenhand rights outbox" in said.stderr


def test_asked_again_nobody_is_told_twice(shop, cli):
    """What is already erased opens no second account, in the trail nor in the ledger."""
    first = _erase(shop, cli, "--by", "desk-4")
    again = _erase(shop, cli, "--by", "desk-4")
    assert (again["request"], again["to_tell"]) == ("", [])
    assert _outbox(shop, cli) == [(first["request"], "erasure", one) for one in ("Mail House", "Printer")]


def test_somebody_of_whom_nothing_is_held_draws_no_key(shop, cli):
    """Recipients may have them from you all the same; no key is made to be destroyed, and the ledger counts nobody."""
    assert _erase(shop, cli, who=NOBODY)["to_tell"] == ["Mail House", "Printer"]
    found = json.loads(cli(shop, "ledger", "verify", "--json").stdout)
    assert (found["ok"], found["erased"]) == (True, 0)


def test_an_answered_request_for_erasure_is_one_account(shop, cli):
    """Answering one does not open another."""
    number = json.loads(cli(shop, "rights", "ask", WHO, "erasure", "--json").stdout)["number"]
    assert cli(shop, "rights", "answer", number, WHO, "--by", "dpo", "--identity", "desk", "--yes").exit_code == 0
    assert {one.number for one in assembly.list_requests(home=shop / "evenhand-home", everything=True)} == {number}
    assert [one[0] for one in _outbox(shop, cli)] == [number, number]


def _holds(home):
    try:
        return bool(assembly.access(WHO, home=home).decisions)
    except DataError:
        return False


def test_an_erasure_that_was_killed_is_finished_by_its_number(shop, tmp_path):
    """Wherever it stops, either nothing was done, or its request stands open and answering that ends it."""
    states, opened, died = set(), 0, True
    while died:
        opened += 3
        home = shutil.copytree(shop / "evenhand-home", tmp_path / f"home-{opened}")
        died = killed_at(opened, functools.partial(assembly.erase, WHO, home=home, at=NOW, by="desk-4"))
        (request,) = assembly.list_requests(home=home, everything=True) or (None,)
        states.add(request and request.state)
        if request is None:
            assert _holds(home)
        elif request.state is State.CARRYING_OUT:
            done = assembly.answer_request(request.number, WHO, home=home, by="desk-4", at=NOW)
            assert (done.request.state, done.to_tell) == (State.ANSWERED, ("Mail House", "Printer"))
        if request is not None:
            assert not _holds(home)
            assert assembly.verify_rights(home=home).ok
            assert assembly.verify_ledger(home=home).ok
            assert len(assembly.outbox(home=home)) == 2
    assert states == {None, State.CARRYING_OUT, State.ANSWERED}
