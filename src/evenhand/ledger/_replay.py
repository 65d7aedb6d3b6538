"""Replay: the road is walked again by those above, and what comes out is compared with the record, byte for byte."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from evenhand.promises import RecordColumns
from evenhand.terms import Explained

from ._columns import bodies_of, columns_from_bodies, columns_from_explained, sealed_parts
from ._personal import opened
from ._read import find_start
from ._seal import RunKeys, Seal, withheld
from ._store import Kind, LedgerStore

__all__ = ["Difference", "Replay", "compare", "replay"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One decision that came out differently.

    Attributes:
        number: its number within the run.
        fields: the fields of `RecordColumns` that differ.
    """

    number: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay showed.

    Attributes:
        recorded, replayed: decisions in the ledger and in the new batch.
        same: how many of them have the same bytes.
        differences: the first few that do not.
        unopened: decisions of which a part is sealed and was not compared, because the run's key is not there.
        closed: decisions that were not compared at all, because the key of their person is not there.
    """

    recorded: int
    replayed: int
    same: int
    differences: tuple[Difference, ...]
    unopened: int = 0
    closed: int = 0

    @property
    def ok(self) -> bool:
        """Every recorded decision came out again, to the byte, and no other; but see `unopened` and `closed`."""
        return self.recorded == self.replayed == self.same


def replay(
    store: LedgerStore,
    run_id: str,
    explained: Explained,
    keys: RunKeys | None = None,
    numbers: NDArray[np.int64] | None = None,
) -> Replay:
    """Compare a run's recorded decisions with the same people decided again, byte for byte.

    Args:
        store: the ledger.
        run_id: a run that was recorded in one batch, or in several that `explained` holds together.
        explained: the same subjects in the same order, decided again with the recorded campaign and model.
        keys: where the run's key may be; with it what is sealed is compared too, byte for byte.
        numbers: in the run, of the decisions that `explained` holds, ascending, where it leaves out people whose key is
            not there; None = it holds everybody.

    Raises:
        DataError: the ledger has no such run.
    """
    begin, started = find_start(store, run_id)
    seal, _ = Seal.opened(run_id, started.seal, keys)
    places = np.arange(1, len(explained.margin) + 1) if numbers is None else numbers
    recorded = same = unopened = closed = left_out = 0
    differences: list[Difference] = []
    for rows in store.read(begin + 1):
        mine = list(takewhile(lambda row: row[1] == Kind.DECISION, rows))
        everybody = [row[4] if row else None for row in opened(store, mine).rows]
        start, stop = np.searchsorted(places, [recorded + 1, recorded + len(everybody) + 1]).tolist()
        bodies = [everybody[place - recorded - 1] for place in places[start:stop].tolist()]
        if numbers is not None:
            left_out += len(everybody) - len(bodies)
        if bodies:
            again = columns_from_explained(explained, start, stop, 1)
            again = dataclasses.replace(again, number=places[start:stop])
            if seal is None:
                made = bodies_of(again)
            elif seal.is_open:
                made = bodies_of(withheld(again), seal.close(again))
            else:
                again = withheld(again)
                made = bodies_of(again, sealed_parts(bodies))
                unopened += int(again.sealed.sum())
            pairs = list(zip(bodies, made, strict=False))
            closed += sum(body is None for body, _ in pairs)
            unlike = [i for i, (body, other) in enumerate(pairs) if body not in (None, other)]
            same += len(pairs) - len(unlike)
            if unlike and len(differences) < _SHOWN:
                before = columns_from_bodies([body or other for body, other in pairs], started.layout, seal)
                differences.extend(compare(before, again)[: _SHOWN - len(differences)])
        recorded += len(everybody)
        if len(everybody) < len(rows):
            break
    total = len(places) + left_out
    return Replay(recorded, total, same + left_out, tuple(differences), unopened, closed + left_out)


def compare(recorded: RecordColumns, again: RecordColumns) -> tuple[Difference, ...]:
    """Which of these decisions differ, and in which fields. Both hold the same people in the same order."""
    unlike: dict[int, list[str]] = {}
    for field in dataclasses.fields(RecordColumns):
        filler = -1 if field.name in ("top_terms", "listed") else 0
        unequal = _differs(getattr(recorded, field.name), getattr(again, field.name), filler)
        for row in np.flatnonzero(unequal).tolist():
            unlike.setdefault(row, []).append(field.name)
    return tuple(Difference(int(recorded.number[row]), tuple(names)) for row, names in sorted(unlike.items()))


def _differs(
    one: NDArray[np.generic] | tuple[NDArray[np.uint8], ...],
    other: NDArray[np.generic] | tuple[NDArray[np.uint8], ...],
    filler: int,
) -> NDArray[np.bool_]:
    if isinstance(one, tuple) and isinstance(other, tuple):
        pairs = [a != b if a.ndim == 1 else (a != b).any(axis=0) for a, b in zip(one, other, strict=True)]
        return np.logical_or.reduce(pairs) if pairs else np.zeros(0, dtype=np.bool_)
    a, b = np.asarray(one), np.asarray(other)
    if a.ndim == 1:
        return np.asarray(a != b)
    width = max(a.shape[1], b.shape[1])
    wide = [np.pad(c, ((0, 0), (0, width - c.shape[1])), constant_values=filler) for c in (a, b)]
    return np.asarray((wide[0] != wide[1]).any(axis=1))
