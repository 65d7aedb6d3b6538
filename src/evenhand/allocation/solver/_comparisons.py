"""Which groups does a disparity limit compare, over which offers, and between which whole numbers may they lie?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import DisparityLimit

__all__ = [
    "UNKNOWN",
    "Comparison",
    "Kind",
    "comparisons_of",
    "exact",
    "judge",
    "levels_for",
    "offer_sets",
    "rates_near",
    "rational",
    "whole_bounds",
]

UNKNOWN = "unknown"
Kind = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Columns, and the groups that their values make."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups that one disparity limit compares with each other.

    Attributes:
        limit: the limit as declared.
        features: sensitive columns whose values (or combinations) are the groups.
        groups: all groups that occur among the people who count, sorted.
        size: int64[groups], people of each.
        judged: bool[groups], whether the limit holds for it.
        offers: indices of the offers that are compared, getting any of them; () for getting any offer at all.
        reach: int64[G], for a floor: selected people of each judged group without limits between groups, under a
            weighted measure micro-responses; None = not known yet.
        over: int64[groups], under a weighted measure: the micro-responses that each group's rate is taken over; None:
            its people.
        typical: micro-responses that count for one in the rows of a weighted measure (a typical person); else 1.
    """

    limit: DisparityLimit
    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    size: NDArray[np.int64]
    judged: NDArray[np.bool_]
    offers: tuple[int, ...] = ()
    reach: NDArray[np.int64] | None = None
    over: NDArray[np.int64] | None = None
    typical: float = 1.0

    @property
    def is_void(self) -> bool:
        """Whether fewer groups are left than it takes: two to compare, one for a floor."""
        return int(self.judged.sum()) < (1 if self.is_floor else 2)

    @property
    def is_guessed(self) -> bool:
        """Whether its groups can only be guessed: it compares something, blind."""
        return self.limit.mode == "blind" and not self.is_void

    @property
    def kind(self) -> Kind:
        """What is guessed where the comparison is blind: limits that judge the same groups share one guess."""
        return self.features, self.judged_groups

    @property
    def is_floor(self) -> bool:
        """Whether each group is held to its own reach, rather than compared with the others."""
        return self.limit.measure.is_floor

    @property
    def is_to_mean(self) -> bool:
        """Whether each group is compared with all judged groups together."""
        return self.limit.measure.comparison == "ratio_to_mean"

    @property
    def is_weighted(self) -> bool:
        """Whether a person counts for as much as the model expects of the offer, rather than for one."""
        return self.over is not None

    @property
    def fewest(self) -> NDArray[np.int64]:
        """int64[G], for a floor: selected people (or micro-responses) that each judged group keeps."""
        reach = np.zeros(int(self.judged.sum()), dtype=np.int64) if self.reach is None else self.reach
        bound = exact(self.limit.bound)
        least = [
            -((bound * size - had) // 1) for had, size in zip(reach.tolist(), self.judged_over.tolist(), strict=True)
        ]
        return np.maximum(np.array(least, dtype=np.int64), 0)

    @property
    def judged_size(self) -> NDArray[np.int64]:
        """int64[G], people of each judged group."""
        return self.size[self.judged]

    @property
    def judged_over(self) -> NDArray[np.int64]:
        """int64[G], what the rate of each judged group is taken over: its people, or micro-responses."""
        return self.judged_size if self.over is None else self.over[self.judged]

    @property
    def judged_groups(self) -> tuple[tuple[str, ...], ...]:
        """The judged groups, in the order of `judged_size`."""
        return tuple(group for group, is_judged in zip(self.groups, self.judged, strict=True) if is_judged)

    def counts(self, choice: NDArray[np.integer]) -> NDArray[np.bool_]:
        """bool[n], whether a choice (-1 for none), or any of a person's choices, is of the offers that are compared."""
        of_them = np.isin(choice, self.offers) if self.offers else np.asarray(choice >= 0)
        return of_them if of_them.ndim == 1 else np.asarray(of_them.any(axis=1))


def comparisons_of(limit: DisparityLimit) -> tuple[tuple[str, ...], ...]:
    """The sets of columns that a limit compares: all together, or each by itself."""
    return (limit.groups,) if limit.intersections else tuple((name,) for name in limit.groups)


def offer_sets(limit: DisparityLimit, offers: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """The sets of offers that a limit compares, as indices: () stands for any offer at all."""
    named = tuple(offers.index(name) for name in limit.offers)
    if limit.per == "offer":
        return tuple((offer,) for offer in named or range(len(offers)))
    return (named,)


def judge(
    limit: DisparityLimit,
    features: tuple[str, ...],
    groups: tuple[tuple[str, ...], ...],
    size: NDArray[np.int64],
    offers: tuple[int, ...] = (),
    over: NDArray[np.int64] | None = None,
) -> Comparison:
    """Say which groups a limit holds for: those large enough, and unknown ones only where that is declared."""
    known = np.array([limit.include_unknown or UNKNOWN not in group for group in groups], dtype=bool)
    judged = known & (size >= limit.minimum_size)
    return Comparison(limit, features, groups, size, judged if over is None else judged & (over > 0), offers, over=over)


def exact(bound: float) -> Fraction:
    """A declared bound as the decimal that was written: 0.8 is four fifths, not the nearest binary number."""
    return Fraction(repr(bound))


def levels_for(comparison: Comparison, level: float) -> tuple[float, ...]:
    """Levels near `level` at which every judged group has a whole number of people between its two bounds.

    The level itself where it does; otherwise the nearest below and the nearest above (0 is always one).
    """
    size = comparison.judged_size
    bound = exact(comparison.limit.bound)
    if comparison.is_weighted or _has_whole(comparison, bound, rational(level)):
        return (level,)
    candidates: set[Fraction] = {Fraction(0)}
    for people in _rated(comparison):
        middle = int(level * people)
        around = range(max(0, middle - 3), min(people, middle + 4) + 1)
        candidates.update(Fraction(k, people) for k in around)
    smallest = int(size.min())
    candidates.update(Fraction(k, smallest) for k in range(min(smallest, 64) + 1))
    good = sorted(candidate for candidate in candidates if _has_whole(comparison, bound, candidate))
    below = [float(candidate) for candidate in good if candidate <= level]
    above = [float(candidate) for candidate in good if candidate > level]
    return tuple(below[-1:] + above[:1])


def rates_near(comparison: Comparison, level: float, most: int = 8) -> tuple[float, ...]:
    """The nearest rates that some judged group can have exactly, nearest first; () where any rate can be had."""
    if comparison.is_weighted:
        return ()
    found: set[Fraction] = set()
    for people in _rated(comparison):
        middle = round(level * people)
        found.update(Fraction(k, people) for k in range(max(0, middle - 2), min(people, middle + 2) + 1))
    return tuple(float(rate) for rate in sorted(found, key=lambda rate: (abs(float(rate) - level), rate))[:most])


def whole_bounds(comparison: Comparison, bound: Fraction, level: Fraction) -> list[tuple[int, int]]:
    """Fewest and most people of each judged group that may be selected at a level; compared with the mean, then also
    of all of them together."""
    sizes = comparison.judged_size.tolist()
    if comparison.is_floor:
        return list(zip(comparison.fewest.tolist(), sizes, strict=True))
    low = bound * level if comparison.limit.measure.is_least else max(Fraction(0), level - bound)
    least = [-((-low * size) // 1) for size in sizes]
    if comparison.is_to_mean:
        return [*zip(least, sizes, strict=True), (sum(least), (level * sum(sizes)) // 1)]
    return [(fewest, (level * size) // 1) for fewest, size in zip(least, sizes, strict=True)]


def _rated(comparison: Comparison) -> list[int]:
    """Sizes whose rates a level may be."""
    sizes: list[int] = comparison.judged_size.tolist()
    return [*sizes, sum(sizes)] if comparison.is_to_mean else sizes


def rational(level: float) -> Fraction:
    """The level as a fraction that a group could have: ``k / size`` comes back exactly."""
    return Fraction(level).limit_denominator(2**31)


def _has_whole(comparison: Comparison, bound: Fraction, level: Fraction) -> bool:
    return all(fewest <= most for fewest, most in whole_bounds(comparison, bound, level))
