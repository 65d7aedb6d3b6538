"""A person who gets a new id is the same person: every no and an erasure hold under it, and no yes does."""

from __future__ import annotations

import json
import secrets

import pytest

PURPOSE, HOME = "PersonalisedAdvertising", "evenhand-home"
OLD, NEW, NEWEST = "canary2@mail.example", "canary3@mail.example", "canary4@mail.example"
TABLE_NO, TABLE_OBJECTED = "canary10@mail.example", "canary26@mail.example"


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def desk(request, cli):
    """A home of each kind in which a campaign ran."""
    kept = request.getfixturevalue("ran_there") if request.param == "server" else None
    folder = kept.folder if kept else request.getfixturevalue("ran")

    def call(*words, home=HOME, exits=0, url=kept.url if kept else ""):
        done = cli(folder, *words, EVENHAND_HOME=home, EVENHAND_DATABASE=url)
        assert done.exit_code == exits, done.stderr + done.stdout
        return done

    call.folder, call.url = folder, kept.url if kept else ""
    return call


def _link(desk, new, old, *words):
    known = ("--evidence", "accounts merged, ticket 4711", "--by", "desk-4")
    return json.loads(desk("consent", "same-person", new, "--was", old, *known, "--json", *words).stdout)


def _reason(desk, who, home=HOME, **more):
    desk("decide", "campaign.yaml", who, "--at", "2026-03-05", home=home, **more)
    return json.loads(desk("why", who, "--json", home=home, **more).stdout)["permission"]["key"]


def test_every_no_is_carried_to_a_new_id_and_no_yes(desk):
    """An objection and an opt-out of sale of the old id; what was taken back, and a consent, stay where they are."""
    for word in ("object", "opt-out-of-sale", "opt-out", "take-back-opt-out"):
        desk("consent", word, OLD)
    desk("consent", "give", OLD, "DirectMarketing", "--method", "form")
    assert _reason(desk, NEW) == "consent-valid"
    done = _link(desk, NEW, OLD)
    assert (done["ids"], done["carried"], done["erased"]) == (2, 2, False)
    assert (done["known"], done["was_known"]) == (True, True)
    now = json.loads(desk("consent", "history", NEW, "--json").stdout)["said"]
    assert {one["status"] for one in now} == {"Objected", "SaleOptedOut"}
    assert {one["actor"] for one in now} == {"desk-4"}
    assert _reason(desk, NEW) == "direct-marketing-objection"
    assert _link(desk, NEW, OLD)["carried"] == 0, "said once more, nothing is carried twice"
    assert json.loads(desk("rights", "verify", "--json").stdout)["ok"]
    assert "promises kept" in desk("ledger", "verify").stdout


@pytest.mark.parametrize(
    ("old", "reason"), [(TABLE_NO, "consent-withdrawn"), (TABLE_OBJECTED, "direct-marketing-objection")]
)
def test_a_no_in_the_campaigns_table_is_carried_too(desk, old, reason):
    """The table knows the old id alone; the yes that it has of the new one is older, or another matter."""
    (desk.folder / "said.csv").write_text(
        "\n".join(
            line.replace("2026-01-01", "2025-12-01") if line.startswith(NEW) else line
            for line in (desk.folder / "said.csv").read_text().splitlines()
        )
    )
    assert _reason(desk, NEW) == "consent-valid"
    assert _link(desk, NEW, old)["carried"] == 1
    assert _reason(desk, NEW) == reason


def test_what_is_said_under_one_id_later_holds_under_all_of_a_chain(desk):
    """Old, new and newest: a no under any of them, by command, request, import; a take-back under one lifts its own."""
    _link(desk, NEW, OLD)
    assert _link(desk, NEWEST, NEW)["ids"] == 3
    desk("consent", "withdraw", OLD, PURPOSE)
    assert [_reason(desk, who) for who in (NEW, NEWEST)] == ["consent-withdrawn"] * 2
    desk("consent", "give", NEWEST, PURPOSE)
    assert _reason(desk, NEWEST) == "consent-valid"
    assert _reason(desk, OLD) == "consent-withdrawn", "a yes is under the id under which it was said"
    desk("rights", "ask", NEW, "objection")
    assert [_reason(desk, who) for who in (OLD, NEWEST)] == ["direct-marketing-objection"] * 2
    rows = ("subject,kind,purpose,status,at", f"{NEWEST},sale,,SaleOptedOut,2026-04-01")
    (desk.folder / "more.csv").write_text("\n".join(rows) + "\n")
    desk("consent", "import", "more.csv")
    assert "SaleOptedOut" in desk("consent", "history", OLD).stdout
    assert json.loads(desk("rights", "verify", "--json").stdout)["ok"]


def test_an_erased_person_stays_erased_under_a_new_id(desk):
    """Erased first and linked then, or the other way round: nobody of the chain is decided about, nothing is left."""
    desk("rights", "erase", OLD, "--yes")
    assert _link(desk, NEW, OLD)["erased"]
    assert _reason(desk, NEW) == "erased"
    _link(desk, "canary6@mail.example", NEWEST)
    _link(desk, "canary7@mail.example", "canary6@mail.example")
    desk("consent", "withdraw", NEWEST, PURPOSE)
    told = desk("rights", "erase", "canary6@mail.example", "--yes").stdout
    assert "With it went 2 other ids of the same person." in told
    for who in (NEWEST, "canary6@mail.example", "canary7@mail.example"):
        assert _reason(desk, who) == "erased"
        assert not desk("consent", "history", who).stdout.strip()
    assert "promises kept" in desk("ledger", "verify").stdout
    assert json.loads(desk("rights", "verify", "--json").stdout)["ok"]


def test_a_link_is_sealed_survives_a_restore_and_is_shown_to_the_person(desk):
    """No id and no evidence in any byte of the database; the access answer names the other id; a restore keeps it."""
    desk("backup", "copy", "--keys", "keys")
    desk("consent", "object", OLD)
    _link(desk, NEW, OLD)
    answer = json.loads(desk("rights", "ask", NEW, "access", "--json").stdout)["number"]
    desk("rights", "answer", answer, NEW, "--by", "dpo", "--identity", "known", "--out", "answer")
    assert json.loads((desk.folder / "answer" / "access.json").read_text())["other_ids"] == [OLD]
    if not desk.url:
        content = b"".join(one.read_bytes() for one in (desk.folder / HOME).glob("people.sqlite*"))
        assert b"canary" not in content
        assert b"4711" not in content
    schema = ("--schema", f"t{secrets.token_hex(6)}") if desk.url else ()
    desk("restore", "copy", "--keys", "keys", "--home", "back", "--marks", HOME, *schema)
    desk("consent", "opt-out", OLD, home="back")
    assert "OptedOut" in desk("consent", "history", NEW, home="back").stdout
    assert "Objected" in desk("consent", "history", NEW, home="back").stdout


def test_two_who_were_taken_for_one_are_parted_and_no_no_is_lifted(desk):
    """From then on each says for themselves; what was carried stays until they take it back."""
    desk("consent", "object", OLD)
    _link(desk, NEW, OLD)
    assert _link(desk, NEW, OLD, "--part")["parted"]
    desk("consent", "opt-out", OLD)
    assert "OptedOut" not in desk("consent", "history", NEW).stdout
    assert _reason(desk, NEW) == "direct-marketing-objection"
    assert _link(desk, NEW, OLD)["carried"] == 1, "and joined again"


def test_without_evidence_or_with_one_id_nothing_is_recorded(desk):
    """Who says it, and how it is known, is what makes it a record."""
    for new, old, evidence, by in ((NEW, NEW, "x", "desk"), (NEW, OLD, " ", "desk"), (NEW, OLD, "x", " ")):
        done = desk("consent", "same-person", new, "--was", old, "--evidence", evidence, "--by", by, exits=2)
        assert "Two different ids" in done.stderr
    (desk.folder / "said.csv").rename(desk.folder / "gone.csv")
    known = ("--evidence", "x", "--by", "desk")
    desk("consent", "same-person", NEW, "--was", OLD, *known, exits=3)
    assert not desk("consent", "history", NEW).stdout.strip()
