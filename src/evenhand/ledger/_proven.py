"""An entry with the proof that it stands under the last signed checkpoint: what a receipt is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from evenhand.terms import DataError, LedgerError

from ._body import RunStarted
from ._personal import is_sealed, opening_of
from ._proofs import proof_of
from ._read import facts, find_start
from ._recover import append_alone, recover
from ._store import GENESIS, Kind, LedgerStore

__all__ = ["Proven", "latest_checkpoint", "proven_closed", "proven_decision", "sign_checkpoint"]


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry, and what leads from it to a root.

    Attributes:
        number: of the entry.
        after: hash of the entry before it (32 bytes); with the body it gives the entry's own.
        body: as stored.
        path: hashes from the entry to the root, the lowest first.
        opening: of a decision of which the entry holds a commitment only: salt, and what it commits to.
    """

    number: int
    after: bytes
    body: bytes
    path: tuple[bytes, ...]
    opening: tuple[bytes, bytes] | None = None


def latest_checkpoint(store: LedgerStore) -> tuple[int, str]:
    """The last signed checkpoint, and how many entries are under it.

    Raises:
        LedgerError: none was signed yet.
    """
    last = store.last_checkpoint()
    if last is None:
        raise LedgerError(
            "ledger-no-checkpoint",
            "No checkpoint of this ledger was signed yet: it was last written by an older evenhand, or is empty.",
            rule="G-5-2",
            remedy="Sign one: evenhand ledger checkpoint --sign. Every run from now on signs its own.",
        )
    return last


def sign_checkpoint(store: LedgerStore, *, at: datetime) -> str:
    """Sign a checkpoint over the ledger as it is, where the last one is older; the last one.

    Raises:
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    store.claim()
    try:
        _, tail = recover(store, at)
        if tail.entries:
            append_alone(store, tail, [])
        return latest_checkpoint(store)[1]
    finally:
        store.release()


def proven_decision(store: LedgerStore, decision_id: str, size: int, *, brief: bool = False) -> dict[str, Proven]:
    """A decision with all that it stands on, each proven under the root over `size` entries.

    Args:
        store: the ledger.
        decision_id: ``RUN-ID.NUMBER``.
        size: entries under the checkpoint.
        brief: leave campaign and model out.

    Returns:
        ``decision`` and ``run`` (its start); unless `brief` also ``campaign`` and ``model``.

    Raises:
        DataError: the ledger has no such decision.
    """
    run_id, _, number = facts(store, decision_id).decision_id.rpartition(".")
    start, started = find_start(store, run_id)
    numbers = {"decision": start + int(number), "run": start}
    if not brief:
        numbers |= {"campaign": _document(store, started, "campaign"), "model": _document(store, started, "model")}
    return {role: _proven(store, number, size) for role, number in numbers.items()}


def proven_closed(store: LedgerStore, decision_id: str, size: int) -> dict[str, Proven]:
    """That a decision was recorded, without what was decided: its entry, which is a commitment, and the start of its
    run. It needs nobody's key, so it is there after an erasure too.

    Args:
        store: the ledger.
        decision_id: ``RUN-ID.NUMBER``.
        size: entries under the checkpoint.

    Returns:
        ``decision`` and ``run``.

    Raises:
        DataError: the ledger has no such run, or no entry of a decision there that holds a commitment alone.
    """
    run_id, _, number = decision_id.rpartition(".")
    start, _ = find_start(store, run_id)
    seq = start + (int(number) if re.fullmatch(r"[1-9][0-9]{0,8}", number) else size)
    decision = _proven(store, seq, size) if start < seq <= size else None
    if decision is None or not is_sealed(decision.body):
        raise DataError(
            "ledger-unknown",
            "The ledger has no such decision of which it holds a commitment alone.",
            rule="Only what was recorded can be proven.",
            remedy="Check the id.",
        )
    return {"decision": replace(decision, opening=None), "run": _proven(store, start, size)}


def _document(store: LedgerStore, started: RunStarted, role: str) -> int:
    """Number of the entry that holds a run's campaign or model."""
    about = bytes.fromhex(getattr(started, role))
    return next(row[0] for row in store.about(about) if row[1] == Kind.DOCUMENT)


def _proven(store: LedgerStore, number: int, size: int) -> Proven:
    (row,) = [row for rows in store.read(number, number) for row in rows]
    after = store.hashes(number - 1, number - 1)[0] if number > 1 else GENESIS
    return Proven(number, after, row[4], tuple(proof_of(store, number, size)), opening_of(store, row))
