"""What followed a decision - shown, clicked, bought, complained - in the database of a home: it only grows.

An event names a decision, never a person. The same event, told twice, is there once. What is asked of it is what a
monitor reads: which decisions were shown, and what came of each within so many days. The id that the teller gave it may
name anything, an order or a number to call, so it stands encrypted under the home's key, the same id alike: AES-SIV
(RFC 5297), bound to its decision and kind.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text, delete, func, insert, select

from evenhand.terms import LedgerError

from .database import METADATA, Database

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

__all__ = ["EVENT_KINDS", "Event", "EventTables", "Followed"]

EVENT_KINDS = ("shown", "clicked", "bought", "complained")
_AT_ONCE = 400
_CLOSED = "="
"""Begins an id that is encrypted; one that is told has no such sign."""
_event = Table(
    "event",
    METADATA,
    Column("seq", BigInteger, autoincrement=False, nullable=False),
    Column("decision", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    PrimaryKeyConstraint("seq", name="event_key"),
    Index("event_of_decision", "decision", "kind", "id", unique=True),
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that followed a decision.

    Attributes:
        decision: id of the decision.
        kind: one of `EVENT_KINDS`.
        id: tells events of one kind about one decision apart; "" where there is one.
        at: when it happened, microseconds since 1970 (UTC).
        received: when it was told, likewise.
        seq: its number, from 1; 0 before it is kept.
    """

    decision: str
    kind: str
    id: str
    at: int
    received: int
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """A decision that was shown, and whether what counts followed in time."""

    decision: str
    outcome: bool


class EventTables:
    """The events of one home.

    Args:
        database: of the home.
        secret: of the home (32 bytes), under which ids are kept.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def append(self, events: Sequence[Event]) -> int:
        """Keep events, all or none, durably; how many were new.

        Raises:
            StoreError: they cannot be written.
        """
        with self._database.begin() as connection:
            known: set[tuple[str, str, str]] = set()
            decisions = sorted({event.decision for event in events})
            for start in range(0, len(decisions), _AT_ONCE):
                some = decisions[start : start + _AT_ONCE]
                query = select(_event.c.decision, _event.c.kind, _event.c.id).where(_event.c.decision.in_(some))
                known |= {(row[0], row[1], row[2]) for row in connection.execute(query)}
            seq = int(connection.execute(select(func.coalesce(func.max(_event.c.seq), 0))).scalar_one())
            rows = []
            for event in events:
                closed = self._closed(event)
                mark = (event.decision, event.kind, closed)
                if mark not in known and (event.decision, event.kind, event.id) not in known:  # as it stood before
                    known.add(mark)
                    seq += 1
                    names = ("decision", "kind", "at", "received")
                    rows.append({"seq": seq, "id": closed, **{name: getattr(event, name) for name in names}})
            if rows:
                connection.execute(insert(_event), rows)
        return len(rows)

    def _closed(self, event: Event) -> str:
        """Its id, as it is kept."""
        if not event.id:
            return ""
        closed = self._cipher.encrypt(event.id.encode(), [event.decision.encode(), event.kind.encode()])
        return _CLOSED + base64.urlsafe_b64encode(closed).decode()

    def _opened(self, event: Event) -> Event:
        """The event with its id as it was told; of before 28 November 2026 it stands so.

        Raises:
            LedgerError: it was altered, or moved, or is under another key.
        """
        if not event.id.startswith(_CLOSED):
            return event
        from cryptography.exceptions import InvalidTag

        bound = [event.decision.encode(), event.kind.encode()]
        try:
            told = self._cipher.decrypt(base64.urlsafe_b64decode(event.id[len(_CLOSED) :]), bound)
        except (InvalidTag, ValueError):
            raise LedgerError(
                "event-altered",
                "The id of an event was altered, or is another home's.",
                rule="G-5-2",
                remedy="keep the database as evidence, and restore a copy",
            ) from None
        return replace(event, id=told.decode())

    @functools.cached_property
    def _cipher(self) -> AESSIV:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        return AESSIV(hmac.new(self._secret, b"evenhand ids of events\x00", hashlib.sha512).digest())

    def page(self, after: int, count: int) -> list[Event]:
        """The next events in the order in which they came."""
        if not self._database.is_there:
            return []
        query = select(_event).where(_event.c.seq > after).order_by(_event.c.seq).limit(count)
        with self._database.read() as connection:
            return [self._opened(Event(**row)) for row in connection.execute(query).mappings()]

    def of(self, decisions: Sequence[str]) -> list[Event]:
        """Everything that followed these decisions, in the order in which it happened."""
        if not decisions or not self._database.is_there:
            return []
        found: list[Event] = []
        with self._database.read() as connection:
            for start in range(0, len(decisions), _AT_ONCE):
                some = list(decisions[start : start + _AT_ONCE])
                query = select(_event).where(_event.c.decision.in_(some))
                found += [self._opened(Event(**row)) for row in connection.execute(query).mappings()]
        return sorted(found, key=lambda one: (one.at, one.seq))

    def count_of_run(self, run_id: str) -> int:
        """How many events followed the decisions of a run."""
        if not self._database.is_there:
            return 0
        named = _event.c.decision.startswith(f"{run_id}.", autoescape=True)
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(_event).where(named)).scalar_one())

    def shown_of(self, run_id: str) -> int:
        """How many decisions of a run were told to be shown."""
        if not self._database.is_there:
            return 0
        mine = _event.c.decision.startswith(f"{run_id}.", autoescape=True)
        query = select(func.count(func.distinct(_event.c.decision))).where(mine, _event.c.kind == "shown")
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def is_there(self, seq: int, decision: str) -> bool:
        """Whether the event of this number is one about this decision; 0 = before the first."""
        if not seq:
            return True
        query = select(_event.c.decision).where(_event.c.seq == seq)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() == decision

    def first_of_kind(self, after: int, count: int) -> list[tuple[int, str, str]]:
        """The next events of which each is the first of its kind that was told of its decision: number, decision and
        kind, in the order in which they came."""
        if not self._database.is_there:
            return []
        before = _event.alias("before")
        same = (before.c.decision == _event.c.decision) & (before.c.kind == _event.c.kind)
        earlier = select(before.c.seq).where(same, before.c.seq < _event.c.seq).exists()
        query = select(_event.c.seq, _event.c.decision, _event.c.kind).where(_event.c.seq > after, ~earlier)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_event.c.seq).limit(count)).all()
        return [(row[0], row[1], row[2]) for row in rows]

    def remove(self, decisions: Sequence[str]) -> int:
        """Remove everything that followed these decisions, to the byte; how many events there were."""
        if not decisions or not self._database.is_there:
            return 0
        count = 0
        with self._database.begin() as connection:
            for start in range(0, len(decisions), _AT_ONCE):
                some = list(decisions[start : start + _AT_ONCE])
                count += connection.execute(delete(_event).where(_event.c.decision.in_(some))).rowcount
        if count:
            self._database.shrink([_event.name])
        return count

    def followed(self, outcome: str, within: timedelta, until: int) -> Iterator[Followed]:
        """Every decision that was shown and of which it is settled what followed, in the order in which it was told.

        What was settled stays as it is and where it is, so a monitor that counted it counts nothing twice.

        Args:
            outcome: the kind that counts.
            within: how long after it was told that a decision was shown.
            until: now, microseconds since 1970 (UTC).
        """
        if not self._database.is_there:
            return
        wait = within // timedelta(microseconds=1)
        shown, then = _event.alias("shown"), _event.alias("then")
        query = (
            select(shown.c.decision, func.min(then.c.received), func.min(shown.c.seq), func.min(shown.c.received))
            .select_from(shown.outerjoin(then, (then.c.decision == shown.c.decision) & (then.c.kind == outcome)))
            .where(shown.c.kind == "shown")
            .group_by(shown.c.decision)
            .having(func.min(shown.c.received) <= until - wait)
            .order_by(func.min(shown.c.seq))
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for decision, first, _, told in rows:
            yield Followed(decision, first is not None and first <= told + wait)
