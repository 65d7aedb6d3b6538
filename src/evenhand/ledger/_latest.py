"""The runs of a ledger that has very many: the last ones first, and what each was recorded under, without opening it.

A service records a run for each group of people that it decides about, so a ledger can have thousands a day. Whoever
wants the last few reads those few; whoever wants one thing of all of them reads their first entries and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evenhand.policy import Campaign

from ._body import RunAbandoned, RunFinished, RunStarted, read_body
from ._read import RunSummary, document_of, find_start, summary_of
from ._store import Kind, LedgerStore, Row

__all__ = ["campaign_digests", "campaign_of_digest", "latest_runs"]

_ENDS = (Kind.RUN_FINISHED, Kind.RUN_ABANDONED)
_NO_END = 2**62


def latest_runs(store: LedgerStore) -> Iterator[RunSummary]:
    """Every run, as `runs` has it, the one that was recorded last first. Each is read when it is asked for."""
    last: dict[Kind, Row | None] = {kind: store.last_of_kind(kind, _NO_END) for kind in _ENDS}
    while left := {kind: row for kind, row in last.items() if row is not None}:
        kind = max(left, key=lambda one: left[one][0])
        seq, _, _, hash_, body = left[kind]
        entry = read_body(body, seq)
        if isinstance(entry, RunFinished):
            yield summary_of(find_start(store, entry.run)[1], entry, hash_)
        elif isinstance(entry, RunAbandoned):
            yield RunSummary(entry.run, datetime.fromisoformat(entry.at), "", 0, 0, False, hash_.hex(), entry.why)
        last[kind] = store.last_of_kind(kind, seq)


def campaign_digests(store: LedgerStore) -> dict[str, str]:
    """The digest of the campaign that each run was recorded under, by the run's id: many runs share one."""
    bodies = (read_body(row[4], row[0]) for row in store.of_kind(Kind.RUN_STARTED))
    return {one.run: one.campaign for one in bodies if isinstance(one, RunStarted)}


def campaign_of_digest(store: LedgerStore, digest: str) -> Campaign:
    """The campaign that a ledger keeps under a digest.

    Raises:
        LedgerError: it is missing.
    """
    return Campaign.model_validate_json(document_of(store, digest))
