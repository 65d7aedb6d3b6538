"""The deletion that an aware limit owes: the key of a run is destroyed, and the ledger says when (RULES A-4a)."""

from __future__ import annotations

from datetime import datetime

from evenhand.terms import DataError

from ._body import GroupsForgotten, encode
from ._read import find_start
from ._recover import append_alone, recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore

__all__ = ["forget_groups"]


def forget_groups(store: LedgerStore, keys: RunKeys, run_id: str, *, at: datetime) -> bool:
    """Destroy the key of a run, and append an entry that says so. Asked again it does what is still to be done.

    The chain stays whole: the sealed parts remain in it as noise. The key is destroyed first, so an entry never says
    what has not happened; where the process ends in between, asking again adds the entry.

    Returns:
        Whether anything was still to be done.

    Raises:
        DataError: the ledger has no such run, or the run has nothing sealed.
        StoreError: somebody else is writing, or the key cannot be destroyed.
        LedgerError: the ledger was altered.
    """
    _, started = find_start(store, run_id)
    if not started.seal:
        raise DataError(
            "run-not-sealed",
            f"Run {run_id} has nothing sealed: its campaign has no aware limit, or it was recorded before there were "
            "seals.",
            rule="A-4a",
            remedy="Nothing, where no limit was aware. What an older version told in the clear goes with the ledger.",
        )
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        had = keys.forget(run_id)
        if any(row[1] == Kind.GROUPS_FORGOTTEN for row in store.about(run_id.encode())):
            return had
        body = encode(GroupsForgotten(at.isoformat(), run_id))
        append_alone(store, tail, [(Kind.GROUPS_FORGOTTEN, run_id.encode(), body)])
        return True
    finally:
        store.release()
