"""Fits of several offers side by side: each may have found other pairs, and a model has one list of terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evenhand.terms import Pair, TermShape

from ._compile import Compiled

__all__ = ["align", "shared_pairs"]


def shared_pairs(fits: Sequence[Compiled]) -> tuple[Pair, ...]:
    """Every pair that some fit found (with its bands), by position of its features."""
    found = {pair for compiled in fits for pair in compiled.pairs}
    return tuple(sorted(found, key=lambda pair: (pair.first, pair.second, pair.first_bands, pair.second_bands)))


def align(compiled: Compiled, pairs: tuple[Pair, ...], features: int) -> Compiled:
    """The same fit with these joint terms, in this order; the pairs that it did not find are zero."""
    own = {pair: place for place, pair in enumerate(compiled.pairs, start=features)}
    kept = [own.get(pair) for pair in pairs]
    names = [shape.name for shape in compiled.shapes[:features]]
    rows = list(compiled.rows[:features])
    shapes = list(compiled.shapes[:features])
    for pair, place in zip(pairs, kept, strict=True):
        if place is None:
            nothing = np.zeros(pair.size)
            rows.append(np.zeros(pair.size, np.int32))
            name = f"{names[pair.first]} x {names[pair.second]}"
            shapes.append(TermShape(name, nothing, nothing, nothing, np.zeros(pair.size, np.int64)))
        else:
            rows.append(compiled.rows[place])
            shapes.append(compiled.shapes[place])
    return replace(compiled, rows=tuple(rows), shapes=tuple(shapes), pairs=pairs)
