"""Everything that the ledger holds about one person."""

from __future__ import annotations

from evenhand.terms import DecisionFacts, LedgerError

from ._body import RunStarted, read_body
from ._personal import is_closed
from ._read import facts, find_start
from ._seal import RunKeys
from ._store import Kind, LedgerStore

__all__ = ["closed_run", "decided_about", "latest"]

_PSEUDONYM = 16


def closed_run(store: LedgerStore, run_id: str) -> bool:
    """Whether the decisions of a run are kept under the keys of their people."""
    start, _ = find_start(store, run_id)
    return any(is_closed(row) for rows in store.read(start + 1, start + 1) for row in rows)


def decided_about(store: LedgerStore, subject: str) -> tuple[str, ...]:
    """Ids of all decisions about a pseudonym (32 hex digits), oldest first; those of an erased person lead nowhere."""
    return tuple(_id_of(store, seq) for seq in _filed(store, subject))


def latest(store: LedgerStore, subject: str, keys: RunKeys | None = None) -> DecisionFacts | None:
    """The decision recorded last about a pseudonym (32 hex digits), of several offers that about the first; None if
    there is none. See `facts` for `keys`, and `beside` for the others."""
    filed = _filed(store, subject)
    if not filed:
        return None
    last = facts(store, _id_of(store, filed[-1]), keys)
    return last if last.place == 1 else facts(store, _id_of(store, filed[-last.place]), keys)


def _filed(store: LedgerStore, subject: str) -> list[int]:
    """Entries of the decisions about a pseudonym, in order: in the clear, and under the person's handle."""
    try:
        pseudonym = bytes.fromhex(subject)
    except ValueError:
        pseudonym = b""
    if len(pseudonym) != _PSEUDONYM:
        return []
    key = store.people.of_person(pseudonym) if store.people else None
    filed = [*store.about(pseudonym), *(store.about(key.handle) if key else ())]
    return sorted(row[0] for row in filed if row[1] == Kind.DECISION)


def _id_of(store: LedgerStore, seq: int) -> str:
    """Id of the decision in an entry: its run, and how far it stands from the run's start."""
    start = store.last_of_kind(Kind.RUN_STARTED, seq)
    started = read_body(start[4], start[0]) if start else None
    if start is None or not isinstance(started, RunStarted):
        raise LedgerError(
            "ledger-broken",
            f"Entry {seq} belongs to no run.",
            rule="G-5-2",
            remedy="Run `evenhand ledger verify`, and restore the ledger from a copy that verifies.",
        )
    return f"{started.run}.{seq - start[0]}"
