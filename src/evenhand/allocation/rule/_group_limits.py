"""What may be limited without looking: which measure, over which groups, compared how, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum, unique
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import UsageError

from ..solver import exact

__all__ = ["GroupComparison", "GroupLimit", "GroupMeasure", "bound_holds", "coefficients", "figure_of", "is_ratio"]

_MOST_GROUPS = 30


@unique
class GroupMeasure(StrEnum):
    """What is counted of a group."""

    SELECTION_RATE = "selection_rate"
    """Selected people over people of the group."""
    TRUE_POSITIVE_RATE = "true_positive_rate"
    """Selected people with the outcome over people of the group with it (equal opportunity: Hardt et al. 2016)."""
    EXPECTED_BENEFIT = "expected_benefit"
    """Benefit of the selected people over people of the group, in units of the benefit."""


@unique
class GroupComparison(StrEnum):
    """How the rates of groups are compared."""

    RATIO_TO_BEST = "ratio_to_best"
    """Lowest rate over highest rate; the bound is a minimum, e.g. 0.8 (four fifths)."""
    RATIO_TO_MEAN = "ratio_to_mean"
    """Lowest rate over the rate of all judged groups together; the bound is a minimum."""
    DIFFERENCE = "difference"
    """Highest rate minus lowest; the bound is a maximum, in units of the rate."""


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """One limit on the difference between groups, to be kept without looking at anybody's group.

    Attributes:
        id: its name in reports.
        groups: sets of sensitive columns, each a row set of its own: ``(("sex",), ("race",), ("sex", "race"))`` limits
            sex, race, and their intersections.
        bound: see `GroupComparison`.
        measure: what is counted.
        comparison: how it is compared.
        minimum_size: smaller groups (people, or people with the outcome) are shown and not judged.
        include_unknown: also judge the group of people whose value is missing.

    Raises:
        UsageError: a bound that says nothing, no groups, or a column twice in one set.

    Example:
        >>> GroupLimit("four-fifths", (("sex",), ("sex", "race")), 0.8).comparison.value
        'ratio_to_best'
    """

    id: str
    groups: tuple[tuple[str, ...], ...]
    bound: float
    measure: GroupMeasure = GroupMeasure.SELECTION_RATE
    comparison: GroupComparison = GroupComparison.RATIO_TO_BEST
    minimum_size: int = 100
    include_unknown: bool = False

    def __post_init__(self) -> None:
        ceiling = 1.0 if is_ratio(self) or self.measure is not GroupMeasure.EXPECTED_BENEFIT else math.inf
        if not (math.isfinite(self.bound) and 0.0 <= self.bound <= ceiling) or (is_ratio(self) and self.bound == 0.0):
            raise UsageError(
                "limit-bound",
                f"Limit {self.id} has the bound {self.bound}.",
                rule="a ratio is above 0 and at most 1; a difference is finite, not negative, at most 1 for a rate",
                remedy="give a bound such as 0.8 for four fifths, or leave the limit out",
            )
        if not self.groups or any(not part or len(set(part)) != len(part) for part in self.groups):
            raise UsageError(
                "limit-groups",
                f"Limit {self.id} names the sets of columns {self.groups}.",
                rule="a limit has one or more sets of sensitive columns, each column once in a set",
                remedy='write groups as (("sex",), ("sex", "age"))',
            )
        if self.minimum_size < 1:
            raise UsageError(
                "limit-minimum-size",
                f"Limit {self.id} judges groups from {self.minimum_size} people.",
                rule="a group that is judged has somebody in it",
                remedy="give a minimum_size of 1 or more; 100 is a sensible one",
            )


def is_ratio(limit: GroupLimit) -> bool:
    """Whether the bound is a minimum of a ratio (else a maximum of a difference)."""
    return limit.comparison is not GroupComparison.DIFFERENCE


def coefficients(
    limit: GroupLimit, size: NDArray[np.int64], bound: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The limit as rows ``use @ rate <= most``; float64[rows, G] and float64[rows].

    Args:
        limit: how it compares.
        size: int64[G], what each rate is taken over.
        bound: taken in place of the limit's own.

    Raises:
        UsageError: more groups than can be compared pair by pair.
    """
    groups = len(size)
    if groups < 2:
        return np.zeros((0, groups)), np.zeros(0)
    if groups > _MOST_GROUPS:
        raise UsageError(
            "limit-too-many-groups",
            f"Limit {limit.id} compares {groups} groups in one set.",
            rule=f"at most {_MOST_GROUPS} groups are compared at once",
            remedy="merge values into broader groups, or raise minimum_size",
        )
    own = np.eye(groups)
    if limit.comparison is GroupComparison.RATIO_TO_MEAN:
        return bound * (size / size.sum())[None, :] - own, np.zeros(groups)
    low, high = np.nonzero(~np.eye(groups, dtype=bool))
    if limit.comparison is GroupComparison.RATIO_TO_BEST:
        return bound * own[high] - own[low], np.zeros(len(low))
    return own[high] - own[low], np.full(len(low), bound)


def figure_of(limit: GroupLimit, hits: NDArray[np.int64], size: NDArray[np.int64]) -> float:
    """The measure as reached; 1 (ratio) or 0 (difference) where nothing can be compared."""
    best = 1.0 if is_ratio(limit) else 0.0
    if len(size) < 2:
        return best
    rate = hits / size
    if not is_ratio(limit):
        return float(rate.max() - rate.min())
    over = rate.max() if limit.comparison is GroupComparison.RATIO_TO_BEST else hits.sum() / size.sum()
    return float(rate.min() / over) if over > 0 else best


def bound_holds(limit: GroupLimit, hits: NDArray[np.int64], size: NDArray[np.int64], bound: float) -> bool:
    """Whether the bound holds, in whole numbers: exactly four fifths is enough for 0.8."""
    if len(size) < 2:
        return True
    rates = [Fraction(hit, people) for hit, people in zip(hits.tolist(), size.tolist(), strict=True)]
    limit_at = exact(float(bound))
    if limit.comparison is GroupComparison.DIFFERENCE:
        return bool(max(rates) - min(rates) <= limit_at)
    over = max(rates)
    if limit.comparison is GroupComparison.RATIO_TO_MEAN:
        over = Fraction(int(hits.sum()), int(size.sum()))
    return bool(min(rates) >= limit_at * over)
