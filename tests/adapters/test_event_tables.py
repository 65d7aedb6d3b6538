"""What followed decisions: kept once, read in pages, settled once and for all, and removed with the person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.event_tables import Event, EventTables
from evenhand.terms import LedgerError

DAY = 86_400_000_000
SECRET = bytes(range(32))


@pytest.fixture
def events(tmp_path):
    """The events of a home that has none yet."""
    with Database.in_file(tmp_path / "people.sqlite") as database:
        yield EventTables(database, SECRET)


def _event(number: int, kind: str, day: float = 0, id_: str = "") -> Event:
    return Event(f"run.{number}", kind, id_, int(day * DAY), int(day * DAY))


def test_nothing_told_is_nothing_read(events):
    """No file is made by reading."""
    assert events.page(0, 10) == []
    assert list(events.followed("bought", timedelta(days=7), 100 * DAY)) == []
    assert events.remove(["run.1"]) == 0


def test_the_same_event_is_kept_once(events):
    """Also within one telling; another id is another event."""
    assert events.append([_event(1, "shown"), _event(1, "shown", 1)]) == 1
    assert events.append([_event(1, "shown", 2), _event(1, "clicked", id_="a"), _event(1, "clicked", id_="b")]) == 2
    assert [(one.seq, one.kind, one.id) for one in events.page(0, 10)] == [
        (1, "shown", ""),
        (2, "clicked", "a"),
        (3, "clicked", "b"),
    ]
    assert [one.seq for one in events.page(1, 1)] == [2]


def test_what_is_settled_stays_as_and_where_it_is(events):
    """A decision is in it when its days are over; what comes later changes nothing, and all grows at its end."""
    events.append([_event(1, "shown", 0), _event(2, "shown", 1), _event(1, "bought", 3), _event(3, "shown", 6)])
    week = timedelta(days=7)

    def settled(day):
        return [(one.decision, one.outcome) for one in events.followed("bought", week, day * DAY)]

    assert settled(6) == []
    assert settled(7) == [("run.1", True)]
    events.append([_event(2, "bought", 8.5), _event(3, "bought", 9)])
    assert settled(9) == [("run.1", True), ("run.2", False)]
    assert settled(30) == [("run.1", True), ("run.2", False), ("run.3", True)]


def test_what_followed_a_decision_can_be_removed(events):
    """All of it, of these decisions alone."""
    events.append([_event(1, "shown"), _event(1, "bought"), _event(2, "shown")])
    assert events.remove(["run.1", "run.9"]) == 2
    assert [one.decision for one in events.page(0, 10)] == ["run.2"]


def test_an_id_is_read_with_the_homes_key_alone(tmp_path):
    """It is given back as it was told, kept once, bound to its event, and stands in no file; as it stood before it is
    still known."""
    file = tmp_path / "people.sqlite"
    with Database.in_file(file) as database:
        events = EventTables(database, SECRET)
        assert events.append([_event(1, "bought", 1, "06-12345678"), _event(2, "bought", 1, "06-12345678")]) == 2
        assert events.append([_event(1, "bought", 1, "06-12345678")]) == 0
        assert [one.id for one in events.page(0, 10)] == ["06-12345678"] * 2
        with database.begin() as connection:
            kept = connection.exec_driver_sql("SELECT id FROM event ORDER BY seq").scalars().all()
            assert len(set(kept)) == 2
            connection.exec_driver_sql("INSERT INTO event VALUES (3, 'run.3', 'bought', 'order-9', 1, 1)")
        assert events.append([_event(3, "bought", 1, "order-9")]) == 0
        assert [one.id for one in events.of(["run.3"])] == ["order-9"]
        with pytest.raises(LedgerError, match="another home's"):
            EventTables(database, bytes(32)).page(0, 10)
    assert b"12345678" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
