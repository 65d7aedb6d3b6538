"""Tables that change while a service runs: taken over whole, seen by the next decision, and never half."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.terms import DataError
from live_cases import asked, person
from patience import soon


@contextmanager
def _told(folder):
    """A service, and the findings that it tells of."""
    said = []
    with assembly.open_service([folder / "campaign.yaml"], at=datetime.now(UTC), noticed=said.append) as serving:
        yield serving, said


def _write(folder, name, text):
    """As the documentation says: beside, then renamed."""
    (folder / f"{name}.new").write_text(text, encoding="utf-8")
    (folder / f"{name}.new").replace(folder / name)


def test_a_person_who_joined_the_table_is_decided_about_without_a_restart(ran_shop):
    """Unknown before, known after; and what a changed consents table says of somebody counts from then on."""
    people, said = ((ran_shop / name).read_text("utf-8") for name in ("people.csv", "said.csv"))
    with _told(ran_shop) as (serving, found):
        with pytest.raises(DataError, match="not in the campaign's subjects table"):
            asked(serving.live, "new@mail.example")
        assert asked(serving.live, person(3)).answers[0].standing == "personalised"
        _write(ran_shop, "people.csv", people + "new@mail.example,7,3,f,0,\n")
        _write(
            ran_shop, "said.csv", said + f"{person(3)},consent,PersonalisedAdvertising,ConsentWithdrawn,2026-02-02\n"
        )
        assert soon(lambda: asked(serving.live, person(3)).answers[0].standing == "contextual", rest=0.1)
        assert asked(serving.live, "new@mail.example").answers[0].permission == "consent-never-asked"
        assert soon(lambda: "EH-POL-140" in [one.id for one in found])
    run = assembly.list_runs(home=serving.place.folder)[-1]["run_id"]
    assert assembly.replay(run, home=serving.place.folder).same
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_a_table_that_cannot_be_read_changes_nothing_and_is_told(ran_shop):
    """Decisions go on by what was read before, and it is counted; the next table that can be read ends that."""
    people = (ran_shop / "people.csv").read_text("utf-8")
    with _told(ran_shop) as (serving, found):
        _write(ran_shop, "people.csv", "person,visits\n1,2\n")
        assert soon(lambda: serving.tables.stale == 1)
        assert soon(lambda: [one.id for one in found] == ["EH-POL-141"])
        assert "canary" not in found[0].what
        assert asked(serving.live, person(3)).answers
        _write(ran_shop, "people.csv", people + "new@mail.example,7,3,f,0,\n")
        assert soon(lambda: serving.tables.stale == 0)
        assert asked(serving.live, "new@mail.example").answers


def test_what_is_asked_to_be_read_again_is_read_though_no_file_changed(ran_shop):
    """A table on a server cannot be seen changing; whoever says so is heard."""
    with _told(ran_shop) as (serving, found):
        serving.tables.read_now()
        assert soon(lambda: [one.id for one in found] == ["EH-POL-140"])
        assert asked(serving.live, person(4)).answers


def test_an_erasure_beside_a_table_that_cannot_be_read_refuses_nobody(ran_shop):
    """What somebody said is taken out while a table is broken: others are decided about by what was read before."""
    with _told(ran_shop) as (serving, _):
        home = serving.place.folder
        assembly.say(person(4), "withdraw", "PersonalisedAdvertising", home=home, at=datetime.now(UTC))
        _write(ran_shop, "people.csv", "person\n1\n")
        assembly.erase(person(4), home=home, at=datetime.now(UTC))
        assert asked(serving.live, person(3)).answers[0].standing == "personalised"


def test_a_correction_beside_a_table_that_cannot_be_read_stops_decisions_about_that_person_alone(ran_shop):
    """By the wrong value nobody is decided about; others are as before, and the person is when it can be read."""
    people = (ran_shop / "people.csv").read_text("utf-8")
    with _told(ran_shop) as (serving, _):
        home, now = serving.place.folder, datetime.now(UTC)
        request = assembly.ask(person(3), "rectification", home=home, at=now).request.number
        assembly.answer_request(
            request, person(3), home=home, by="dpo", at=now, identity="known", values={"visits": "0"}
        )
        _write(ran_shop, "people.csv", "person\n1\n")
        for _ in range(2):
            with pytest.raises(DataError, match="the tables cannot be read with it"):
                asked(serving.live, person(3))
            assert asked(serving.live, person(4)).answers[0].standing == "personalised"
        _write(ran_shop, "people.csv", people)
        assert asked(serving.live, person(3)).answers[0].standing == "personalised"


def test_a_table_that_brings_a_no_of_nearly_somebody_is_taken_over_and_told(ran_shop):
    """G-21b: its other noes hold at once and wait for nobody; the one that would be lost is told, and by it no service
    starts."""
    said = (ran_shop / "said.csv").read_text("utf-8")
    with _told(ran_shop) as (serving, found):
        more = f"{person(3)},objection,,Objected,2026-02-02\n{person(4).upper()},objection,,Objected,2026-02-02\n"
        _write(ran_shop, "said.csv", said + more)
        assert soon(lambda: [one.id for one in found] == ["EH-POL-140", "EH-POL-142"])
        assert "1 no in the consents" in found[1].what
        assert "canary" not in found[1].what.lower()
        assert asked(serving.live, person(3)).answers[0].permission == "direct-marketing-objection"
    with pytest.raises(DataError, match="1 no in the consents"), _told(ran_shop):
        pass
