"""The proof: what no allocation within the rows can exceed, and how to bring that down to what one can reach."""

from __future__ import annotations

import numpy as np

from ._dual import Hard, decide
from ._limits import Rows
from ._nest import Nest
from ._solve import Solved, narrowed

__all__ = ["bound_of", "tightened"]

_SHRINK, _STEPS = 0.1, 6
_ENOUGH, _MANY, _ENOUGH_OF_MANY = 1e-7, 200_000, 1e-6
"""The bound is lowered until a step gains no more than this share of it. Of so many people, whole numbers leave open
far more than the second share."""


def bound_of(hard: Hard, rows: Rows, solved: Solved) -> float:
    """The dual bound at the prices, with room for the rounding of the sums."""
    over = np.maximum(-(solved.dual @ rows.level), 0).sum() if len(rows) else 0.0
    paid = float(rows.bound @ solved.dual) if len(rows) else 0.0
    return hard.surplus + paid + float(over) + 1e-10 * (abs(hard.surplus) + abs(paid))


def tightened(nest: Nest, rows: Rows, scale: float, solved: Solved, bound: float) -> float:
    """The bound at prices of ever narrower smoothing, until that hardly lowers it any more.

    Prices are found at a width that is enough to decide by. A free level is smoothed as widely as an eighth of all
    people, so at that width it still holds the bound up; narrower it does not.
    """
    beta = solved.beta
    enough = _ENOUGH if nest.people <= _MANY else _ENOUGH_OF_MANY
    for _ in range(_STEPS):
        beta *= _SHRINK
        solved = narrowed(nest, rows, scale, solved, beta)
        lower = bound_of(decide(nest.whole, rows.price(solved.dual)), rows, solved)
        if lower >= bound * (1 - enough):
            return min(bound, lower)
        bound = lower
    return bound
