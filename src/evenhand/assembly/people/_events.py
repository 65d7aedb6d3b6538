"""What followed decisions, of one home: told by machines, read by monitors, gone with the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from evenhand.adapters.data.frames import csv_bytes
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import EVENT_KINDS, Event, EventTables
from evenhand.adapters.stores.home import Home, find_home, write_atomically
from evenhand.ledger import facts, open_run
from evenhand.terms import DataError, UsageError, microseconds_of

from ..records._records import open_ledger

__all__ = ["LiveEvents", "events_after", "events_of_run", "forget_events", "write_events"]


class LiveEvents:
    """The events of a home. Implements `adapters.web.Events`.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place
        self._decisions: dict[str, int] = {}

    def keep(self, events: Sequence[Event]) -> tuple[int, int]:
        """Keep events about recorded decisions; see `adapters.web.Events.keep`."""
        from evenhand.adapters.web import UnknownDecisionError

        known = self._known({event.decision.rpartition(".")[0] for event in events})
        unknown = [
            place
            for place, event in enumerate(events)
            if int(event.decision.rpartition(".")[2]) > known[event.decision.rpartition(".")[0]]
        ]
        if unknown:
            raise UnknownDecisionError(unknown)
        with database_of(self._place) as database:
            tables = EventTables(database)
            new = tables.append(events)
            # Only now, since an erasure that comes later removes them itself
            if closed := self._closed({event.decision for event in events}):
                new -= tables.remove(closed)
        return new, sum(event.decision in closed for event in events)

    def page(self, after: int, count: int) -> list[Event]:
        """The next events; see `adapters.web.Events.page`."""
        with database_of(self._place) as database:
            return EventTables(database).page(after, count)

    def _closed(self, decisions: set[str]) -> list[str]:
        """Those that nobody can read any more: what followed them is not kept either."""
        out = []
        with open_ledger(self._place) as store:
            for decision in sorted(decisions):
                try:
                    facts(store, decision)
                except DataError:
                    out.append(decision)
        return out

    def _known(self, runs: set[str]) -> dict[str, int]:
        """How many decisions each run has; 0 for one that there is not. A run never changes."""
        missing = [run for run in runs if run not in self._decisions]
        found = {run: self._decisions[run] for run in runs if run in self._decisions}
        if missing:
            with open_ledger(self._place) as store:
                for run in missing:
                    try:
                        found[run] = self._decisions[run] = open_run(store, run).summary.decisions
                    except DataError:
                        found[run] = 0
        return found


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
    with database_of(find_home(home)) as database:
        rows = list(EventTables(database).followed(outcome, timedelta(days=days), now))
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
        return EventTables(database).of(decisions)


def events_of_run(place: Home, run_id: str) -> int:
    """How many events followed the decisions of a run."""
    with database_of(place) as database:
        return EventTables(database).count_of_run(run_id)


def forget_events(place: Home, decisions: Sequence[str]) -> int:
    """Remove everything that followed these decisions; how many events there were."""
    with database_of(place) as database:
        return EventTables(database).remove(decisions)
