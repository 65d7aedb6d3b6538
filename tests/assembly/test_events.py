"""Events over HTTP, from the decision to the monitor's table, and their end with an erasure."""

from __future__ import annotations

import contextlib
import csv
import sqlite3
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from evenhand import assembly
from evenhand.assembly import open_ledger
from evenhand.ledger import decisions, runs
from evenhand.rights import PORTABILITY_SCHEMA
from evenhand.terms import Reason, UsageError
from live_cases import Web, opened, person
from shop_folder import write_shop

EVENTS = "/v1/events"


@pytest.fixture
def web(ran_shop):
    """A service, and a key that may decide, tell and read."""
    with opened(ran_shop) as serving:
        yield Web(serving, "decide", "events", "read")


def _answers(web, *numbers):
    asks = [{"subject": person(n), "features": {"visits": 19, "days": 3}} for n in numbers]
    return web("POST", "/v1/decisions", {"subjects": asks}).json()["decisions"]


def _decided(web, *numbers):
    """Ids of the decisions that made an offer."""
    return [one["decision_id"] for one in _answers(web, *numbers) if one["offer"]]


def _told(web, *pairs, **more):
    events = [{"decision_id": decision, "kind": kind, **more} for decision, kind in pairs]
    return web("POST", EVENTS, {"events": events})


def test_events_are_kept_once_and_read_in_pages(web):
    """Told twice, counted once; `next` leads through all of them and ends."""
    first, second = _decided(web, 3, 4)
    assert _told(web, (first, "shown"), (second, "shown"), (first, "bought")).json() == {
        "recorded": 3,
        "known": 0,
        "closed": 0,
    }
    assert _told(web, (first, "shown"), (second, "clicked")).json() == {"recorded": 1, "known": 1, "closed": 0}
    page, seen = f"{EVENTS}?limit=3", []
    while page:
        answer = web("GET", page).json()
        seen += [(one["decision_id"], one["kind"]) for one in answer["events"]]
        page = answer["next"]
    assert seen == [(first, "shown"), (second, "shown"), (first, "bought"), (second, "clicked")]
    figures = web("GET", "/metrics").text
    assert 'evenhand_events_total{kind="shown"} 0.0' in figures  # three; told in tens


def test_what_is_no_event_is_refused_with_its_place(web):
    """An unknown decision, another kind, the future, a cursor of somebody else's: nothing of it is kept."""
    (one,) = _decided(web, 3)
    unknown = _told(web, (one, "shown"), (one.split(".")[0] + ".2", "shown"))
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/events/1/decision_id")
    assert _told(web, ("20260301T000000Z-000000.1", "shown")).json()["type"] == "/problems/event-decision-unknown"
    assert _told(web, (one, "canary")).status_code == 422
    assert "canary" not in _told(web, (one, "canary")).text
    assert _told(web, (one, "shown"), at=(datetime.now(UTC) + timedelta(days=1)).isoformat()).status_code == 422
    assert _told(web, (one, "shown"), at="2026-03-01T00:00:00").status_code == 422
    for cursor in ("x", "ZQ", "e5"):
        assert web("GET", f"{EVENTS}?cursor={cursor}").status_code == 422
    assert web("GET", EVENTS).json() == {"events": [], "next": None}


def test_what_needs_an_offer_follows_no_decision_without_one(web):
    """Shown, clicked and bought are refused with their places, and nothing of the request is kept; a complaint is."""
    (offered,) = _decided(web, 3)
    nothing = next(one["decision_id"] for one in _answers(web, *range(20, 60)) if one["offer"] is None)
    for kind in ("shown", "clicked", "bought"):
        refused = _told(web, (offered, "shown"), (nothing, kind))
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/event-without-offer")
        assert refused.json()["errors"] == [{"pointer": "/events/1/kind", "code": "without-offer"}]
    assert web("GET", EVENTS).json()["events"] == []
    assert _told(web, (nothing, "complained")).json()["recorded"] == 1


def test_what_was_bought_after_the_lot_gave_nothing_is_kept(tmp_path):
    """It is what the offers by lot are weighed against; nothing can have been shown there."""
    file = write_shop(tmp_path / "lots")
    file.write_text(file.read_text("utf-8") + "exploration: {share: 0.1}\n", encoding="utf-8")
    assembly.run_campaign(file, at=datetime(2026, 3, 1, tzinfo=UTC))
    with opened(file.parent) as serving:
        web = Web(serving, "events", "read")
        with open_ledger(serving.place) as store:
            last = [one for one in runs(store) if one.decisions][-1].run_id
            drawn = [one.decision_id for one in decisions(store, last) if one.outcome is Reason.DRAWN_NOTHING]
        assert _told(web, (drawn[0], "bought")).json()["recorded"] == 1
        assert _told(web, (drawn[0], "shown")).json()["type"] == "/problems/event-without-offer"


def test_an_event_from_before_its_decision_is_refused(web):
    """Clocks may differ by five minutes; what is dated earlier is a mistake, and nothing of the request is kept."""
    one, other = _decided(web, 3, 4)
    now = datetime.now(UTC)
    early = _told(web, (one, "shown"), (other, "complained"), at=(now - timedelta(minutes=6)).isoformat())
    assert (early.status_code, early.json()["type"]) == (422, "/problems/event-before-decision")
    assert [each["pointer"] for each in early.json()["errors"]] == ["/events/0/at", "/events/1/at"]
    assert web("GET", EVENTS).json()["events"] == []
    assert _told(web, (one, "shown"), at=(now - timedelta(minutes=4)).isoformat()).json()["recorded"] == 1


def test_who_may_decide_may_not_tell(ran_shop):
    """Each scope is for itself."""
    with opened(ran_shop) as serving:
        web = Web(serving, "decide")
        (one,) = _decided(web, 3)
        assert _told(web, (one, "shown")).json()["type"] == "/problems/forbidden"
        assert web("GET", EVENTS).json()["type"] == "/problems/forbidden"


def test_the_monitor_reads_what_was_told(web, ran_shop):
    """From the answer to a look at the outcomes: the table is one that a clause takes."""
    ids = _decided(web, *(number for number in range(2, 120)))
    _told(web, *((one, "shown") for one in ids))
    _told(web, *((one, "bought") for one in ids[::3]))
    rows = assembly.write_events(ran_shop / "responses.csv", home=web.place, days=0, at=datetime.now(UTC))
    assert rows == len(ids)
    with (ran_shop / "responses.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["decision"] for row in table] == ids
    with pytest.raises(UsageError, match="no outcome of a decision"):
        assembly.write_events(ran_shop / "x.csv", home=web.place, outcome="shown", at=datetime.now(UTC))


def test_an_erasure_takes_what_followed_with_it(web):
    """The events of that person's decisions are gone, those of others stay."""
    one, other = _decided(web, 3, 4)
    _told(web, (one, "shown"), (one, "bought"), (other, "shown"))
    assembly.erase(person(3), home=web.place, at=datetime.now(UTC))
    assert [event["decision_id"] for event in web("GET", EVENTS).json()["events"]] == [other]


def test_no_byte_of_what_followed_is_left_after_an_erasure(web, ran_shop):
    """Its number, as the home keeps it, stands in a file before and in none after, also while the service runs; in the
    clear it stands nowhere."""
    (one,) = _decided(web, 3)
    _told(web, (one, "bought"), id="canary-order-4711")
    home = web.place
    with contextlib.closing(sqlite3.connect(home / "people.sqlite")) as database:
        ((kept,),) = database.execute("SELECT id FROM event WHERE decision = ?", (one,)).fetchall()

    def files_with(what):
        return [path.name for path in home.rglob("*") if path.is_file() and what in path.read_bytes()]

    assert files_with(kept.encode())
    assert not files_with(b"canary-order-4711")
    assert assembly.erase(person(3), home=home, at=datetime.now(UTC)).events == 1
    assert not files_with(kept.encode())


def test_what_followed_is_in_the_access_answer_and_in_what_a_person_takes_along(web):
    """Kind, moment and number of each of their events, on page and in JSON; nothing of anybody else's."""
    one, other = _decided(web, 3, 4)
    moment = (datetime.now(UTC) - timedelta(minutes=1)).replace(microsecond=0)
    _told(web, (one, "shown"), (one, "bought"), id="mine-4711", at=moment.isoformat())
    _told(web, (other, "complained"), id="theirs-99")
    home = web.place
    package = assembly.package_about(person(3), home=home, lang="nl")
    followed = [item for item in package.to_dict()["data"] if item["source"] == "events"]
    assert {(item["table"], item["name"], item["value"]) for item in followed} == {
        (one, "shown", moment.isoformat()),
        (one, "shown.id", "mine-4711"),
        (one, "bought", moment.isoformat()),
        (one, "bought.id", "mine-4711"),
    }
    page = package.to_html()
    assert "wat op onze beslissing volgde" in page
    assert "u kocht" in page
    portable = assembly.portability_of(person(3), home=home)
    taken = portable.to_dict()
    jsonschema.validate(taken, dict(PORTABILITY_SCHEMA))
    assert [item["value"] for item in taken["items"] if item["name"] == "bought.id"] == ["mine-4711"]
    assert "mine-4711" in portable.to_csv()
    short = assembly.access(person(3), home=home).to_dict()["events"]
    assert [(event["decision_id"], event["kind"], event["id"]) for event in short] == [
        (one, "shown", "mine-4711"),
        (one, "bought", "mine-4711"),
    ]
    assert "theirs-99" not in str((package.to_dict(), taken, short))


def test_what_followed_goes_when_the_time_of_its_decisions_is_up(web):
    """A dry run counts it; the real one leaves no byte of it."""
    (one,) = _decided(web, 3)
    _told(web, (one, "complained"), id="canary-complaint-4712")
    home, later = web.place, datetime.now(UTC) + timedelta(days=800)
    due = {run.run_id: run.events for run in assembly.retention(home=home, at=later, dry_run=True).runs}
    assert due[one.rpartition(".")[0]] == 1
    assembly.retention(home=home, at=later, dry_run=False)
    assert not [path for path in home.rglob("*") if path.is_file() and b"canary-complaint-4712" in path.read_bytes()]


def test_what_follows_after_an_erasure_is_not_kept(web):
    """A purchase that is told late, of a decision that nobody can read any more, does not come back."""
    one, other = _decided(web, 3, 4)
    _told(web, (one, "shown"))
    assembly.erase(person(3), home=web.place, at=datetime.now(UTC))
    told = _told(web, (one, "bought"), (other, "bought"))
    assert told.json() == {"recorded": 1, "known": 0, "closed": 1}
    assert [event["decision_id"] for event in web("GET", EVENTS).json()["events"]] == [other]
