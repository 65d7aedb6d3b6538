"""One problem from rows to whole decisions that keep every hard row, with the bound that proves how good they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._reachable import is_reachable
from .solver import (
    Choice,
    Comparison,
    Crowd,
    Nest,
    Rows,
    Solved,
    at_level,
    bound_of,
    count_of,
    decide,
    levels_for,
    rates_near,
    repair,
    solve,
    tightened,
    tolerance_of,
    trim,
    whole_worth,
)

__all__ = ["Settled", "settle"]

_SHRINK = (1.0, 0.97, 0.9, 0.75, 0.5, 0.25)
_EFFORT = 400
_LARGE = 20_000
_SPARE = (0, 3, 12)
"""People by which every hard row is tightened while prices are found, where repair has failed without."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A solved problem.

    Attributes:
        choice: int16[R], offer of each row, -1 for none; or int16[R, most], see `Choice`.
        value: micro-money reached.
        bound: micro-money that no allocation within the rows exceeds (dual bound).
        solved: prices at fixed levels, those that the choices follow.
        free: prices at free levels, to start from.
        count: float64[S, columns], people (and responses) as decided.
        kept: whether every hard row holds.
    """

    choice: Choice
    value: int
    bound: float
    solved: Solved
    free: Solved
    count: NDArray[np.float64]
    kept: bool = True


def settle(
    nest: Nest,
    rows: Rows,
    comparisons: list[Comparison],
    scale: float,
    start: Solved | None = None,
    *,
    is_near: bool = True,
) -> Settled:
    """Solve, round and repair until every hard row holds.

    Levels at which some group has no whole number of people are replaced by the nearest ones that work; where repair
    fails, the levels are lowered (towards nobody, which always holds unless something asks for people).
    """
    crowd = nest.whole
    free = solve(nest, rows, scale, start, is_near=is_near)
    hard = decide(crowd, rows.price(free.dual))
    bound = bound_of(hard, rows, free)
    if not rows.level[rows.is_hard].any():
        choice, kept = repair(crowd, hard, rows, free.dual, scale, _EFFORT)
        if not kept:
            choice = trim(crowd, choice, rows)
        exact = _is_exact(crowd, choice, rows)
        return _settled(crowd, rows, choice, bound, free, free, kept=exact)
    bound = tightened(nest, rows, scale, free, bound)
    best: Settled | None = None
    asks = bool((rows.is_hard & rows.asks).any())
    for factor in _SHRINK[:1] if asks else _SHRINK:
        for level in _whole_levels(rows, comparisons, free.level * factor):
            fixed = at_level(rows, comparisons, level)
            if asks and not is_reachable(crowd, fixed):
                continue
            found = _at_level(nest, rows, fixed, level, scale, bound, free)
            if found is not None and (best is None or found.value > best.value):
                best = found
        if best is not None:
            return best
    return _nobody(crowd, rows, bound, free)


def _at_level(
    nest: Nest, rows: Rows, fixed: Rows, level: NDArray[np.float64], scale: float, bound: float, free: Solved
) -> Settled | None:
    """Whole decisions at fixed levels that keep every hard row, or None.

    Where repair fails, prices are found again for rows that are tighter by a few people.
    """
    crowd = nest.whole
    for spare in _SPARE if nest.people > _LARGE else _SPARE[:1]:
        tight = fixed.shifted(np.where(rows.is_hard, -spare / rows.unit, 0.0)) if spare else fixed
        width = max(6 * free.beta, 10 * scale / max(1, nest.people))
        solved = solve(nest, tight, scale, free, from_beta=width)
        solved = Solved(solved.dual, level, solved.beta)
        hard = decide(crowd, fixed.price(solved.dual))
        choice, kept = repair(crowd, hard, fixed, solved.dual, scale, _EFFORT)
        if kept and _is_exact(crowd, choice, fixed):
            return _settled(crowd, rows, choice, bound, solved, free)
    return None


def _settled(
    crowd: Crowd,
    rows: Rows,
    choice: Choice,
    bound: float,
    solved: Solved,
    free: Solved,
    *,
    kept: bool = True,
) -> Settled:
    """Put an outcome together. Where a blind row is exceeded (it holds in expectation only), the bound is that of the
    problem with the row as far out as it is, so that it remains a bound."""
    count = count_of(crowd, choice)
    over = np.maximum(rows.used(count) + rows.level @ solved.level - rows.bound, 0)
    bound += float(over[~rows.is_hard] @ free.dual[~rows.is_hard])
    return Settled(choice, whole_worth(crowd, choice), bound, solved, free, count, kept)


def _whole_levels(rows: Rows, comparisons: list[Comparison], level: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Levels to try: those found where they work, else the nearest below in every comparison and the nearest above."""
    choices = [
        levels_for(comparison, float(found)) if rows.is_hard[rows.comparison == number].any() else (float(found),)
        for number, (comparison, found) in enumerate(zip(comparisons, level, strict=True))
    ]
    below = np.array([options[0] for options in choices])
    above = np.array([options[-1] for options in choices])
    tried = [below] if (below == above).all() else [below, above]
    if not (rows.is_hard & rows.asks).any():
        return tried
    # where people are asked for, one level alone may do: that at which some group has its last person
    near = [rates_near(c, float(found)) or (float(found),) for c, found in zip(comparisons, level, strict=True)]
    most = max((len(one) for one in near), default=0)
    return tried + [np.array([one[min(place, len(one) - 1)] for one in near]) for place in range(most)]


def _is_exact(crowd: Crowd, choice: Choice, rows: Rows) -> bool:
    """Whether the hard rows hold to less than one whole unit, counted afresh."""
    over = rows.used(count_of(crowd, choice)) - rows.bound - tolerance_of(rows)
    return not bool((over > 0)[rows.is_hard].any())


def _nobody(crowd: Crowd, rows: Rows, bound: float, free: Solved) -> Settled:
    """The last resort: nobody of the judged groups gets an offer. It holds for every disparity limit."""
    judged = np.abs(rows.use[rows.is_hard & (rows.comparison >= 0)]).sum(axis=(0, 2)) > 0
    hard = decide(crowd, rows.price(free.dual))
    choice = hard.choice.copy()
    choice[judged[crowd.cell_of_row]] = -1
    choice = trim(crowd, choice, rows)
    return _settled(crowd, rows, choice, bound, free, free, kept=_is_exact(crowd, choice, rows))
