"""How many decisions came to what, for each set of prices that decided: counts of a stretch of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import msgspec

from evenhand.terms import LedgerError

from ._body import RunStarted, read_body
from ._personal import opened
from ._store import Kind, LedgerStore

__all__ = ["Came", "Tally", "prices_of_run", "tallies"]

Came = tuple[int, int, int, int]
"""What a decision came to: the offer's number (-1 = none), the standing, its reason, and the reason of the outcome."""
Tally = Counter[Came]


class _Came(msgspec.Struct, tag="decision", tag_field="@", gc=False):
    """Of a recorded decision what is counted; the rest is not read."""

    o: int = -1
    r: int = 0
    st: int = 0
    u: int = 0


_AT_A_TIME = 2_048
"""Entries that are read together: whoever decides beside it waits no longer than for so many."""

_decode = msgspec.json.Decoder(list[_Came]).decode


def tallies(store: LedgerStore, first: int, last: int) -> Iterator[tuple[str, Tally]]:
    """What the decisions of whole runs came to that stand between two entries (both included), by the prices that
    decided, chunk by chunk: only runs that used those of an earlier run. Decisions that nobody can open any more are
    left out.

    Raises:
        LedgerError: an entry cannot be read.
    """
    for prices, start, end in _stretches(store, first, last):
        for rows in chain.from_iterable(
            store.read(at, min(end, at + _AT_A_TIME - 1)) for at in range(start, end + 1, _AT_A_TIME)
        ):
            mine = [row for row in rows if row[1] == Kind.DECISION]
            opening = opened(store, mine) if mine else None
            if opening is None:
                continue
            if opening.broken:
                raise _broken(opening.broken[0])
            try:
                came = _decode(b"[" + b",".join(row[4] for row in opening.rows if row) + b"]")
            except msgspec.MsgspecError:
                raise _broken(mine[0][0]) from None
            yield prices, Counter((one.o, one.st, one.u, one.r) for one in came)


def _stretches(store: LedgerStore, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Entries of runs that used the same prices of an earlier run, one after the other; those of other runs are not
    looked at."""
    prices, start = "", first
    for seq, _, _, _, body in store.of_kind(Kind.RUN_STARTED, first - 1):
        if seq > last:
            break
        started = read_body(body, seq)
        used = started.priced_by if isinstance(started, RunStarted) else ""
        if used != prices:
            if prices:
                yield prices, start, seq - 1
            prices, start = used, seq
    if prices:
        yield prices, start, last


def prices_of_run(store: LedgerStore, run_id: str) -> str | None:
    """Digest of the earlier run's prices that a run decided with; "" where it found its own, None where there is no
    such run."""
    for seq, kind, _, _, body in store.about(run_id.encode()):
        started = read_body(body, seq) if kind == Kind.RUN_STARTED else None
        if isinstance(started, RunStarted):
            return started.priced_by
    return None


def _broken(seq: int) -> LedgerError:
    return LedgerError(
        "ledger-broken",
        f"What entry {seq} commits to is not what is kept beside it.",
        rule="G-5-2",
        remedy="Run `evenhand ledger verify`, and restore the ledger from a copy that verifies.",
    )
