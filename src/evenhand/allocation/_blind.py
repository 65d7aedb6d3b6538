"""Blind limits: solve with expected shares, count the true groups behind the wall, correct the bounds, solve again.

Expected shares need not be right. What is added to each row's bound is the difference between the group's true count
and the expected one, so at the fixed point the true limit holds although no decision has seen a group: the counts act
through prices only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError, Measure

from ._crowd import Crowd
from ._limits import Comparison, Rows
from ._settle import Settled, settle
from ._wall import figure, holds

__all__ = ["until_held"]

_ROUNDS = 24


def until_held(
    crowd: Crowd,
    rows: Rows,
    comparisons: list[Comparison],
    scale: float,
    count: Callable[[Settled], list[NDArray[np.int64]]],
) -> tuple[Settled, Rows]:
    """Settle until every limit holds on true counts.

    Args:
        crowd: everybody.
        rows: the limits, rows of blind ones on expected shares.
        comparisons: in the order of the rows.
        scale: see `scale_of`.
        count: true number of selected people per judged group, for each comparison.

    Returns:
        The outcome, and the rows with their corrected bounds.

    Raises:
        DataError: ``limit-unreachable``, with the figure that came nearest.
    """
    shift = np.zeros(len(rows))
    margin = np.zeros(len(comparisons))
    nearest: dict[str, float] = {}
    start = None
    blind = np.flatnonzero((rows.comparison >= 0) & ~rows.is_hard)
    for turn in range(_ROUNDS):
        corrected = rows.shifted(shift)
        settled = settle(crowd, corrected, comparisons, scale, start)
        selected = count(settled)
        kept = [holds(comparison, people) for comparison, people in zip(comparisons, selected, strict=True)]
        if all(kept):
            return settled, corrected
        _note_nearest(nearest, comparisons, selected)
        start = settled.free
        margin += np.where(kept, 0, 0.25 + 0.25 * turn)
        expected = rows.used(settled.count)
        pace = 1.0 if turn < 3 else 0.6
        for row in blind:
            number = rows.comparison[row]
            true = float(selected[number][rows.group[row]])
            excess = (true if rows.is_upper[row] else -true) - expected[row]
            shift[row] += pace * (-excess - margin[number] - shift[row])
    broken = [comparison for comparison, is_kept in zip(comparisons, kept, strict=True) if not is_kept]
    raise _unreachable(broken[0], nearest[broken[0].limit.id])


def _note_nearest(nearest: dict[str, float], comparisons: list[Comparison], selected: list[NDArray[np.int64]]) -> None:
    worst: dict[str, float] = {}
    for comparison, people in zip(comparisons, selected, strict=True):
        best = min if comparison.limit.measure is Measure.SELECTION_RATE_RATIO else max
        reached = figure(comparison, people)
        worst[comparison.limit.id] = best(worst.get(comparison.limit.id, reached), reached)
        best = max if comparison.limit.measure is Measure.SELECTION_RATE_RATIO else min
        nearest[comparison.limit.id] = best(nearest.get(comparison.limit.id, reached), worst[comparison.limit.id])


def _unreachable(comparison: Comparison, reached: float) -> DataError:
    limit = comparison.limit
    is_ratio = limit.measure is Measure.SELECTION_RATE_RATIO
    relaxed = np.floor(reached * 1000) / 1000 if is_ratio else np.ceil(reached * 1000) / 1000
    return DataError(
        "limit-unreachable",
        f"Limit {limit.id} ({limit.measure.value}, bound {limit.bound:g}) could not be kept without looking at groups: "
        f"the best blind allocation that was found reaches {reached:.4f}.",
        rule="a hard limit is never broken (F-45)",
        remedy=f"Relax the bound of {limit.id} to {relaxed:g}, or declare mode aware with its necessity, or add "
        "features that tell the groups apart less sharply, or raise minimum_size if a very small group is judged.",
    )
