"""Whoever looks at something about a person by a command is on record, and the person sees it."""

from __future__ import annotations

import json

import pytest

from evenhand import assembly

WHO, OTHER = "canary2@mail.example", "canary3@mail.example"
HOME = "evenhand-home"


def _looks(folder):
    return [(one.kind.value, one.who, one.about) for one in assembly.staff_reads(home=folder / HOME)]


def test_commands_that_show_a_person_say_who_looked_and_the_person_sees_it(ran, cli):
    """Everything held, what was said, a decision, a receipt: noted before it is shown, with no id of anybody."""
    decision = json.loads(cli(ran, "why", WHO, "--by", "desk-4", "--json").stdout)["decision_id"]
    assert cli(ran, "rights", "access", WHO, "--by", "dpo").exit_code == 0
    assert cli(ran, "consent", "history", WHO).exit_code == 0
    assert cli(ran, "receipt", "give", WHO, "--out", "r.html", "--by", "dpo").exit_code == 0
    assert cli(ran, "why", OTHER, "--by", "desk-5").exit_code == 0
    mine = [
        ("decision", "desk-4", decision),
        ("access", "dpo", ""),
        ("said", "command line", ""),
        ("receipt", "dpo", decision),
    ]
    assert _looks(ran)[:4] == mine
    assert cli(ran, "rights", "access", WHO, "--by", "dpo", "--html", "page.html").exit_code == 0
    page = (ran / "page.html").read_text("utf-8")
    assert "Who looked at your data" in page
    assert "desk-4" in page
    assert "desk-5" not in page
    told = assembly.package_about(WHO, home=ran / HOME).to_dict()["looks"]
    assert [(one["what"], one["who"], one["about"]) for one in told] == [*mine, ("access", "dpo", "")]
    for path in (ran / HOME).rglob("people.sqlite*"):
        assert WHO.encode() not in path.read_bytes()
    assert json.loads(cli(ran, "rights", "verify", "--json").stdout)["ok"]


def test_after_an_erasure_looks_lead_to_nobody_and_of_nobody_there_is_none(ran, cli):
    """The notes stay, under a handle without a key; somebody unknown has nothing to look at."""
    assert cli(ran, "rights", "access", WHO).exit_code == 0
    cli(ran, "rights", "access", "nobody@mail.example")
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    cli(ran, "rights", "access", WHO)
    assert _looks(ran) == [("access", "command line", "")]


@pytest.mark.parametrize("words", [("why", WHO), ("rights", "access", WHO), ("consent", "history", WHO)])
def test_nobody_looks_without_a_name(ran, cli, words):
    """A blank is nobody: nothing is shown."""
    done = cli(ran, *words, "--by", " ")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "by-whom" in done.stderr


def test_where_a_look_cannot_be_noted_nothing_is_shown(ran, cli):
    """A record of who looked that can be stopped is none."""
    (ran / HOME / "people.sqlite").write_bytes(b"no database at all, but long enough to be taken for one" * 40)
    done = cli(ran, "why", WHO)
    assert done.exit_code in (4, 5)
    assert done.stdout == ""
    done = cli(ran, "receipt", "give", WHO, "--out", "r.html")
    assert done.exit_code in (4, 5)
    assert not (ran / "r.html").exists()
