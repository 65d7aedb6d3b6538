"""Everything that the ledger holds about one person."""

from __future__ import annotations

from ._body import RunStarted, read_body
from ._personal import is_closed
from ._read import find_start
from ._store import Kind, LedgerStore

__all__ = ["closed_run", "decided_about"]


def closed_run(store: LedgerStore, run_id: str) -> bool:
    """Whether the decisions of a run are kept under the keys of their people."""
    start, _ = find_start(store, run_id)
    return any(is_closed(row) for rows in store.read(start + 1, start + 1) for row in rows)


def decided_about(store: LedgerStore, subject: str) -> tuple[str, ...]:
    """Ids of all decisions about a pseudonym (32 hex digits), oldest first; those of an erased person lead nowhere."""
    pseudonym = bytes.fromhex(subject)
    key = store.people.of_person(pseudonym) if store.people else None
    filed = sorted({*store.about(pseudonym), *(store.about(key.handle) if key else ())})
    ids = []
    for seq, kind, *_ in filed:
        start = store.last_of_kind(Kind.RUN_STARTED, seq) if kind == Kind.DECISION else None
        started = read_body(start[4], start[0]) if start else None
        if start and isinstance(started, RunStarted):
            ids.append(f"{started.run}.{seq - start[0]}")
    return tuple(ids)
