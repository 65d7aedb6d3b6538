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
from ._solve import Solved
from ._wall import figure, holds

__all__ = ["until_held"]

_ROUNDS, _STEADY = 32, 20
_REFINED = 200_000


def until_held(
    crowd: Crowd,
    rows: Rows,
    comparisons: list[Comparison],
    scale: float,
    count: Callable[[Settled], list[NDArray[np.int64]]],
    seed: int,
) -> tuple[Settled, Rows]:
    """Settle until every limit holds on true counts.

    Args:
        crowd: everybody.
        rows: the limits, rows of blind ones on expected shares.
        comparisons: in the order of the rows.
        scale: see `scale_of`.
        count: true number of selected people per judged group, for each comparison.
        seed: for the small seeded nudges that are tried where correcting alone goes in circles (small groups).

    Returns:
        The outcome, and the rows with their corrected bounds.

    Raises:
        DataError: ``limit-unreachable``, with the figure that came nearest.
    """
    shift = np.zeros(len(rows))
    margin = np.zeros(len(comparisons))
    nearest: dict[str, float] = {}
    failed = shift
    start: Solved | None = None
    latest: Settled | None = None
    rng = np.random.default_rng(seed)
    for turn in range(_ROUNDS):
        if latest is not None and turn >= _STEADY:
            shift = shift + _nudge(rng, rows, latest, turn)
        corrected = rows.shifted(shift)
        settled = settle(crowd, corrected, comparisons, scale, start)
        selected = count(settled)
        kept = _kept(comparisons, selected)
        if all(kept):
            is_small = len(settled.choice) <= _REFINED and turn > 0
            best = settled, corrected
            return _refined(crowd, rows, comparisons, scale, count, best, failed, shift) if is_small else best
        _note_nearest(nearest, comparisons, selected)
        latest, start, failed = settled, settled.free, shift
        margin += np.where(kept, 0, 0.0 if turn < 3 else 0.35)
        shift = _correct(rows, shift, settled, selected, margin, 1.0 if turn < 3 else max(0.2, 2 / turn))
    broken = [comparison for comparison, is_kept in zip(comparisons, kept, strict=True) if not is_kept]
    raise _unreachable(broken[0], nearest.get(broken[0].limit.id))


def _kept(comparisons: list[Comparison], selected: list[NDArray[np.int64]]) -> list[bool]:
    return [holds(comparison, people) for comparison, people in zip(comparisons, selected, strict=True)]


def _correct(
    rows: Rows,
    shift: NDArray[np.float64],
    settled: Settled,
    selected: list[NDArray[np.int64]],
    margin: NDArray[np.float64],
    pace: float,
) -> NDArray[np.float64]:
    """Move each blind row's bound by the difference between the true and the expected count, and a margin."""
    expected = rows.used(settled.count)
    shift = shift.copy()
    for row in np.flatnonzero((rows.comparison >= 0) & ~rows.is_hard):
        number = rows.comparison[row]
        true = float(selected[number][rows.group[row]])
        excess = (true if rows.is_upper[row] else -true) - expected[row]
        shift[row] += pace * (-excess - margin[number] - shift[row])
    return shift


def _nudge(rng: np.random.Generator, rows: Rows, settled: Settled, turn: int) -> NDArray[np.float64]:
    """Random shifts of the blind rows, about as large as chance itself makes a group's count differ."""
    size = np.sqrt(np.abs(rows.used(settled.count)) + 1) * 0.03 * (turn - _STEADY + 1)
    return np.where((rows.comparison >= 0) & ~rows.is_hard, rng.normal(size=len(rows)) * size, 0.0)


def _refined(
    crowd: Crowd,
    rows: Rows,
    comparisons: list[Comparison],
    scale: float,
    count: Callable[[Settled], list[NDArray[np.int64]]],
    best: tuple[Settled, Rows],
    failed: NDArray[np.float64],
    held: NDArray[np.float64],
) -> tuple[Settled, Rows]:
    """Halve the way between the last bounds that failed and those that held; keep the most valuable that holds."""
    for _ in range(4):
        middle = (failed + held) / 2
        corrected = rows.shifted(middle)
        settled = settle(crowd, corrected, comparisons, scale, best[0].free)
        if not all(_kept(comparisons, count(settled))):
            failed = middle
            continue
        held = middle
        if settled.value > best[0].value:
            best = settled, corrected
    return best


def _note_nearest(nearest: dict[str, float], comparisons: list[Comparison], selected: list[NDArray[np.int64]]) -> None:
    """Remember the best figure reached with anybody selected, per limit."""
    worst: dict[str, float] = {}
    if not any(people.any() for people in selected):
        return
    for comparison, people in zip(comparisons, selected, strict=True):
        reached = figure(comparison, people)
        so_far = worst.get(comparison.limit.id, reached)
        worst[comparison.limit.id] = min(so_far, reached) if _is_ratio(comparison) else max(so_far, reached)
    for comparison in comparisons:
        name = comparison.limit.id
        so_far = nearest.get(name, worst[name])
        nearest[name] = max(so_far, worst[name]) if _is_ratio(comparison) else min(so_far, worst[name])


def _is_ratio(comparison: Comparison) -> bool:
    return comparison.limit.measure is Measure.SELECTION_RATE_RATIO


def _unreachable(comparison: Comparison, reached: float | None) -> DataError:
    limit = comparison.limit
    is_ratio = _is_ratio(comparison)
    reached = reached if reached is not None else 0.0 if is_ratio else 1.0
    relaxed = np.floor(reached * 1000) / 1000 if is_ratio else np.ceil(reached * 1000) / 1000
    return DataError(
        "limit-unreachable",
        f"Limit {limit.id} ({limit.measure.value}, bound {limit.bound:g}) could not be kept without looking at groups: "
        f"the best blind allocation that was found reaches {reached:.4f}.",
        rule="a hard limit is never broken (F-45)",
        remedy=f"Relax the bound of {limit.id} to {relaxed:g}, or declare mode aware with its necessity, or add "
        "features that tell the groups apart less sharply, or raise minimum_size if a very small group is judged.",
    )
