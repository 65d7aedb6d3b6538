"""Time is up: what a run decided is destroyed, decision by decision, and the ledger says when (GDPR 5(1)(e))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ._body import RunExpired, encode, read_body
from ._personal import about_expired, is_closed
from ._read import find_start
from ._recover import recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore
from ._writer import Writer

__all__ = ["Expired", "expire_run", "expired_runs", "is_expired"]


@dataclass(frozen=True, slots=True)
class Expired:
    """What became of a run's decisions.

    Attributes:
        decisions: of which the content was destroyed now.
        in_the_clear: that an older version recorded without a key; these stay in the chain.
    """

    decisions: int
    in_the_clear: int


def is_expired(store: LedgerStore, run_id: str) -> bool:
    """Whether the decisions of a run were destroyed because their time was up."""
    return any(row[1] == Kind.RUN_EXPIRED for row in store.about(about_expired(run_id)))


def expired_runs(store: LedgerStore) -> frozenset[str]:
    """Every run whose decisions were destroyed because their time was up."""
    bodies = (read_body(row[4], row[0]) for row in store.of_kind(Kind.RUN_EXPIRED))
    return frozenset(one.run for one in bodies if isinstance(one, RunExpired))


def expire_run(store: LedgerStore, run_id: str, *, at: datetime, keys: RunKeys | None = None) -> Expired:
    """Destroy what a run decided about people. The chain stays whole: it keeps commitments, counts and the run's own
    texts, which name nobody. Asked again it does nothing.

    The bodies go in the transaction that adds the entry, so the ledger never says what has not happened.

    Args:
        store: the ledger.
        run_id: a run that was finished.
        at: now.
        keys: where the keys of runs are; see `recover`.

    Raises:
        DataError: the ledger has no such run.
        StoreError: somebody else is writing.
        LedgerError: the ledger was altered.
    """
    start, _ = find_start(store, run_id)
    store.claim()
    try:
        if is_expired(store, run_id):
            return Expired(0, 0)
        _, tail = recover(store, at, keys)
        last, closed, clear = start, 0, 0
        for rows in store.read(start + 1):
            for row in rows:
                if row[1] != Kind.DECISION:
                    break
                last = row[0]
                closed, clear = closed + is_closed(row), clear + (not is_closed(row))
            else:
                continue
            break
        if not closed:
            return Expired(0, clear)
        store.begin()
        try:
            writer = Writer(store, tail)
            body = encode(RunExpired(at.isoformat(), start + 1, last, run_id))
            writer.add(Kind.RUN_EXPIRED, [about_expired(run_id)], [body])
            store.drop_payloads_between(start + 1, last)
            writer.commit()
        except BaseException:
            store.rollback()
            raise
    finally:
        store.release()
    return Expired(closed, clear)
