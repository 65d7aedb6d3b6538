"""How far blind limits are from holding, on true counts: by comparison, by limit, and in all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ._wall import figure
from .solver import Comparison

__all__ = ["allows_all", "figures", "nearer", "short_of", "shortfall"]


def allows_all(comparison: Comparison) -> float:
    """The bound that allows every difference."""
    return 0.0 if comparison.limit.measure.is_least else 1.0


def short_of(comparison: Comparison, reached: float) -> float:
    """How far the figure is from the bound; below zero where it holds."""
    bound = comparison.limit.bound
    return bound - reached if comparison.limit.measure.is_least else reached - bound


def shortfall(asked: Iterable[tuple[Comparison, NDArray[np.int64]]]) -> float:
    """How far the limit that is kept least is from its bound: as a ratio, or as a share of the highest rate."""
    worst = -np.inf
    for comparison, people in asked:
        if not comparison.is_void:
            highest = float((people / comparison.judged_over).max())
            scale = 1.0 if comparison.limit.measure.is_least or not highest else highest
            worst = max(worst, short_of(comparison, figure(comparison, people)) / scale)
    return worst


def figures(comparisons: list[Comparison], selected: list[NDArray[np.int64]]) -> dict[str, float]:
    """The worst figure of each limit that compares something; nothing where nobody is selected."""
    worst: dict[str, float] = {}
    if any(people.any() for people in selected):
        for comparison, people in zip(comparisons, selected, strict=True):
            if comparison.is_void:
                continue
            reached, name = figure(comparison, people), comparison.limit.id
            worse = min if comparison.limit.measure.is_least else max
            worst[name] = worse(worst.get(name, reached), reached)
    return worst


def nearer(comparisons: list[Comparison], one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """Whichever figures are less far from holding in their worst limit."""

    def short(reached: dict[str, float]) -> float:
        judged = [c for c in comparisons if c.limit.id in reached]
        return max((short_of(c, reached[c.limit.id]) for c in judged), default=np.inf)

    return other if short(other) < short(one) else one
