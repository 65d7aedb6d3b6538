"""Where blind limits cannot be kept: bounds at which they can, tried, and the error that names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evenhand.terms import DataError, Measure

from ._blind import Missed
from ._shortfall import allows_all, short_of
from .solver import Comparison

__all__ = ["unreachable"]

_RATIOS = tuple(step / 20 for step in range(19, -1, -1))
_GAPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_EXACTLY = " That bound asks for exactly the same rate in every group, which whole people hardly ever give."
_TRIED = (0, 1, 3, 6)
"""Bounds tried as a relaxation, and in which order: round ones, so that another draw of the ties tells the same."""


def unreachable(
    comparisons: list[Comparison], missed: Missed, is_kept: Callable[[list[Comparison]], bool] | None
) -> DataError:
    """The error ``limit-unreachable``.

    Args:
        comparisons: with the bounds as declared.
        missed: how near any decisions came.
        is_kept: whether limits with other bounds can be kept. The search is deterministic, so a campaign with bounds
            that were tried is decided. None: nobody asks for a way out, and none is looked for.
    """
    of = {comparison.limit.id: comparison.limit for comparison in comparisons}
    missing = {
        comparison.limit.id: comparison
        for comparison in comparisons
        if comparison.is_guessed
        and comparison.limit.id in missed.reached
        and short_of(comparison, missed.reached[comparison.limit.id]) > 0
    }
    told = [
        f"Limit {name} ({of[name].measure.value}, bound {of[name].bound:g}) could not be kept without looking at "
        f"groups: the best blind allocation that was found reaches about {_figure(one, missed.reached[name])}."
        + (_EXACTLY if _is_exact(one) else "")
        for name, one in missing.items()
    ]
    way = "Relax it," if is_kept is None else _way(comparisons, missing, missed, is_kept)
    return DataError(
        "limit-unreachable",
        " ".join(told),
        rule="a hard limit is never broken (F-45)",
        remedy=f"{way} or declare mode aware with its necessity, or add features that tell the groups apart less "
        "sharply, or raise minimum_size if a very small group is judged.",
    )


def _figure(comparison: Comparison, reached: float) -> str:
    """A figure that misses its bound, with two digits, or as many as show that it does."""
    texts = [f"{reached:.{digits}g}" for digits in range(2, 18)]
    return next((one for one in texts if short_of(comparison, float(one)) > 0), texts[-1])


def _is_exact(comparison: Comparison) -> bool:
    """Whether a bound allows no difference between groups at all."""
    limit = comparison.limit
    return limit.measure is not Measure.SELECTION_RATE_FLOOR and limit.bound == 1.0 - allows_all(comparison)


def _way(
    comparisons: list[Comparison],
    missing: dict[str, Comparison],
    missed: Missed,
    is_kept: Callable[[list[Comparison]], bool],
) -> str:
    """The first bounds of a few, each farther out, with which the limits are kept."""
    for step in _TRIED:
        bounds = {name: _rounder(one, missed.reached[name], step) for name, one in missing.items()}
        if all(bounds[name] == allows_all(one) for name, one in missing.items()):
            break
        if is_kept(_with(comparisons, bounds)):
            eased = " and ".join(f"the bound of {name} to {bound:g}" for name, bound in bounds.items())
            return f"Relax {eased} (tried{' together' if len(bounds) > 1 else ''}, and it can be kept),"
    out = {name: allows_all(one) for name, one in missing.items()}
    if not is_kept(_with(comparisons, out)):
        out = {c.limit.id: allows_all(c) for c in comparisons if c.is_guessed}
    return f"Leave out {' and '.join(out)}, or relax far: no nearer bound that was tried could be kept;"


def _with(comparisons: list[Comparison], bounds: dict[str, float]) -> list[Comparison]:
    return [
        replace(one, limit=one.limit.model_copy(update={"bound": bounds.get(one.limit.id, one.limit.bound)}))
        for one in comparisons
    ]


def _rounder(comparison: Comparison, reached: float, step: int) -> float:
    """A round bound that is looser than the figure reached; the nearest one, or so many steps farther."""
    if comparison.limit.measure.is_least:
        looser = [bound for bound in _RATIOS if bound <= reached - 0.01]
    else:
        looser = [bound for bound in _GAPS if bound >= 1.05 * reached]
    return looser[min(step, len(looser) - 1)] if looser else allows_all(comparison)
