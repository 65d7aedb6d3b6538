"""What followed decisions, of one home: told by machines, read by monitors, gone with the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from evenhand.adapters.data.frames import csv_bytes
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import EVENT_KINDS, Event, EventTables
from evenhand.adapters.stores.home import Home, find_home, write_atomically
from evenhand.ledger import Outcome, outcomes
from evenhand.terms import Reason, UsageError, microseconds_of

from ..records._records import open_ledger

__all__ = ["LiveEvents", "events_after", "events_of_run", "forget_events", "write_events"]

CLOCKS_DIFFER = timedelta(minutes=5)
"""So much earlier than its decision an event may be dated, since machines have clocks of their own."""


class LiveEvents:
    """The events of a home. Implements `adapters.web.Events`.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place

    def keep(self, events: Sequence[Event]) -> tuple[int, int]:
        """Keep events about recorded decisions; see `adapters.web.Events.keep`."""
        decisions = {event.decision for event in events}
        _refuse(events, self._outcomes(decisions))
        with database_of(self._place) as database:
            tables = EventTables(database, self._place.key(make=False))
            new = tables.append(events)
            # Looked at again, since an erasure that comes later removes them itself
            closed = [decision for decision, outcome in self._outcomes(decisions).items() if outcome is None]
            if closed:
                new -= tables.remove(closed)
        return new, sum(event.decision in closed for event in events)

    def page(self, after: int, count: int) -> list[Event]:
        """The next events; see `adapters.web.Events.page`."""
        with database_of(self._place) as database:
            return EventTables(database, self._place.key(make=False)).page(after, count)

    def _outcomes(self, decisions: set[str]) -> dict[str, Outcome | None]:
        """What the decisions came to; None = nobody can read it any more, and what followed is not kept either."""
        with open_ledger(self._place) as store:
            return outcomes(store, sorted(decisions))


def _refuse(events: Sequence[Event], came_to: Mapping[str, Outcome | None]) -> None:
    """Refuse events that cannot have followed their decisions.

    Raises:
        EventsRefusedError: some did not.
    """
    from evenhand.adapters.web import EventsRefusedError

    found = []
    for place, event in enumerate(events):
        if event.decision not in came_to:
            found.append((place, "unknown"))
        elif (outcome := came_to[event.decision]) is not None:
            if outcome.offer < 0 and not _may_follow_nothing(event.kind, outcome.reason):
                found.append((place, "without-offer"))
            elif event.at < microseconds_of(outcome.at - CLOCKS_DIFFER):
                found.append((place, "before-decision"))
    if found:
        raise EventsRefusedError(found)


def _may_follow_nothing(kind: str, reason: Reason) -> bool:
    """A complaint follows anything; what was bought after the lot gave nothing is what offers are weighed against."""
    return kind == "complained" or (kind == "bought" and reason is Reason.DRAWN_NOTHING)


def write_events(
    path: str | Path, *, home: str | Path | None = None, outcome: str = "bought", days: float = 7.0, at: datetime
) -> int:
    """Write the table that the monitor's clauses on deliveries and outcomes read: what was shown, and what followed.

    A decision stands in it once it is settled what followed; then its row never changes, nor its place.

    Args:
        path: the CSV file: columns ``decision``, ``delivered`` (1) and ``outcome`` (1 or 0).
        home: the home folder; see `find_home`.
        outcome: the kind of event that counts.
        days: how long after a decision was shown it can follow.
        at: now.

    Returns:
        Number of rows.

    Raises:
        UsageError: no such kind, or a time that is none.
        StoreError: it cannot be read or written.
    """
    if outcome not in EVENT_KINDS or outcome == "shown" or not 0 <= days <= 3_660:
        raise UsageError(
            "events-outcome",
            "That is no outcome of a decision, or no number of days.",
            rule=f"an outcome is {', '.join(EVENT_KINDS[1:])}, and follows within some days",
            remedy="evenhand events responses.csv --outcome bought --days 7",
        )
    now = microseconds_of(at)
    place = find_home(home)
    with database_of(place) as database:
        rows = list(EventTables(database, place.key(make=False)).followed(outcome, timedelta(days=days), now))
    columns: dict[str, list[str] | list[int]] = {
        "decision": [one.decision for one in rows],
        "delivered": [1] * len(rows),
        "outcome": [int(one.outcome) for one in rows],
    }
    write_atomically(Path(path), csv_bytes(columns), private=True)
    return len(rows)


def events_after(place: Home, decisions: Sequence[str]) -> list[Event]:
    """Everything that followed these decisions, in the order in which it happened."""
    with database_of(place) as database:
        return EventTables(database, place.key(make=False)).of(decisions)


def events_of_run(place: Home, run_id: str) -> int:
    """How many events followed the decisions of a run."""
    with database_of(place) as database:
        return EventTables(database, place.key(make=False)).count_of_run(run_id)


def forget_events(place: Home, decisions: Sequence[str]) -> int:
    """Remove everything that followed these decisions; how many events there were."""
    with database_of(place) as database:
        return EventTables(database, place.key(make=False)).remove(decisions)
