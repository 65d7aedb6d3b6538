"""What decisions came to: of many at once a little of each, in fewer looks than all facts of them take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from evenhand.terms import LedgerError, Reason, moment_at

from ._body import Decision, read_body
from ._expire import is_expired
from ._personal import SubjectKey, is_closed, unsealed
from ._store import Kind, LedgerStore, Row

__all__ = ["Outcome", "outcomes"]


class Outcome(NamedTuple):
    """What one decision came to.

    Attributes:
        at: when it was made.
        offer: number of the offer; -1 = none.
        reason: why.
    """

    at: datetime
    offer: int
    reason: Reason


def outcomes(store: LedgerStore, decisions: Iterable[str]) -> dict[str, Outcome | None]:
    """What these decisions (``RUN-ID.NUMBER``) came to. None = nobody can read it any more: its person was erased, or
    its time is over. One that the ledger does not have is left out.

    Raises:
        LedgerError: an entry cannot be read.
    """
    bounds: dict[str, tuple[int, int]] = {}
    found: dict[str, Row] = {}
    for decision in decisions:
        run_id, _, text = decision.rpartition(".")
        if run_id not in bounds:
            bounds[run_id] = _bounds(store, run_id)
        start, end = bounds[run_id]
        seq = start + (int(text) if text.isascii() and text.isdigit() else 0)
        if start < seq < end:
            rows = (row for rows in store.read(seq, seq) for row in rows if row[1] == Kind.DECISION)
            found.update((decision, row) for row in rows)
    keys = store.people.of_handles([row[2] for row in found.values()]) if store.people and found else {}
    return {decision: _outcome(store, decision, row, keys) for decision, row in found.items()}


def _bounds(store: LedgerStore, run_id: str) -> tuple[int, int]:
    """Numbers of the first and the last entry of a finished run; twice 0 where there is none."""
    rows = store.about(run_id.encode())
    seqs = {row[1]: row[0] for row in rows if row[1] in (Kind.RUN_STARTED, Kind.RUN_FINISHED)}
    return (seqs[Kind.RUN_STARTED], seqs[Kind.RUN_FINISHED]) if len(seqs) > 1 else (0, 0)


def _outcome(store: LedgerStore, decision: str, row: Row, keys: Mapping[bytes, SubjectKey]) -> Outcome | None:
    text = row[4]
    if is_closed(row):
        key, kept = keys.get(row[2]), store.payloads(row[0], row[0]).get(row[0])
        if key is None or (kept is None and is_expired(store, decision.rpartition(".")[0])):
            return None
        opening = unsealed(row, key.key, kept)
        if opening is None:
            raise _broken(row[0])
        text = opening[1]
    body = read_body(text, row[0])
    if not isinstance(body, Decision):
        raise _broken(row[0])
    return Outcome(moment_at(body.at), body.o, Reason(body.r))


def _broken(seq: int) -> LedgerError:
    return LedgerError(
        "ledger-broken",
        f"What entry {seq} commits to is not what is kept beside it.",
        rule="G-5-2",
        remedy="Run `evenhand ledger verify`, and restore the ledger from a copy that verifies.",
    )
