"""Rates per group and how they compare, from a count table alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from evenhand.terms import SUPPRESSED, CountTable, wilson

from ._intervals import below_bound, difference_interval, impact_ratio, ratio_interval

__all__ = ["UNKNOWN", "Comparison", "GroupGap", "GroupRate", "compare", "group_rates", "part_rates"]

UNKNOWN = "unknown"
"""The value that stands for a missing one; its people stay a group of their own."""


@dataclass(frozen=True, slots=True)
class GroupRate:
    """How often something happened in one group.

    Attributes:
        group: values of the sensitive columns.
        rows: people; None where the wall does not show so small a number.
        hits: people it happened to; None likewise.
        fewest, most: what `hits` is at least and at most (equal to it where it is known).
        lower, upper: 95 % interval of the rate (Wilson); where `hits` is hidden it covers every possible number.
        note: "" where the group can be judged, ``too-small`` or ``unknown`` where it is shown but not judged.
    """

    group: tuple[str, ...]
    rows: int | None
    hits: int | None
    fewest: int
    most: int
    lower: float
    upper: float
    note: str

    @property
    def rate(self) -> float | None:
        """Share of the group's people it happened to; None where a number is hidden or nobody is in the group."""
        return self.hits / self.rows if self.hits is not None and self.rows else None

    @property
    def judged(self) -> bool:
        """Whether the group takes part in comparisons."""
        return not self.note


@dataclass(frozen=True, slots=True)
class GroupGap:
    """One group beside the group with the highest rate.

    Attributes:
        group: values of the sensitive columns.
        ratio: the exact impact ratio; None where a number is hidden or the highest rate is zero.
        ratio_lower, ratio_upper: its 95 % interval, or None.
        difference: rate minus the highest rate, or None.
        difference_lower, difference_upper: its 95 % interval, or None.
        below: whether the ratio is below the bound; None where the hidden number decides.
    """

    group: tuple[str, ...]
    ratio: Fraction | None
    ratio_lower: float | None
    ratio_upper: float | None
    difference: float | None
    difference_lower: float | None
    difference_upper: float | None
    below: bool | None

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference_upper is not None and self.difference_upper < 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The groups of one set of sensitive columns, side by side.

    Attributes:
        features: the sensitive columns.
        bound: the ratio that was looked for.
        rates: every group, judged or not.
        best: the group with the highest rate; None where fewer than two groups can be judged.
        gaps: one per judged group, lowest ratio first.
    """

    features: tuple[str, ...]
    bound: Fraction
    rates: tuple[GroupRate, ...]
    best: tuple[str, ...] | None
    gaps: tuple[GroupGap, ...]

    @property
    def lowest_ratio(self) -> float | None:
        """Smallest known impact ratio; None where nothing can be judged."""
        known = [float(gap.ratio) for gap in self.gaps if gap.ratio is not None]
        return min(known, default=None)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        return {
            "features": list(self.features),
            "bound": float(self.bound),
            "rates": [_rate_to_dict(rate) for rate in self.rates],
            "best": list(self.best) if self.best is not None else None,
            "gaps": [_gap_to_dict(gap) for gap in self.gaps],
        }


def group_rates(
    table: CountTable, code: int = 1, *, minimum_size: int = 30, include_unknown: bool = False
) -> tuple[GroupRate, ...]:
    """How often `code` occurs in each group of a count table.

    Args:
        table: counts per group and code.
        code: the code whose rate is asked, e.g. 1 = responded.
        minimum_size: smaller groups are shown but not judged.
        include_unknown: also judge groups in which a value is unknown.
    """
    return tuple(
        _rate(group, int(counts[code]), total, table.minimum_cell, minimum_size, include_unknown)
        for group, counts, total in zip(table.groups, table.counts, table.totals.tolist(), strict=True)
    )


def part_rates(
    people: CountTable, table: CountTable, part: int, *, minimum_size: int = 30, include_unknown: bool = False
) -> tuple[GroupRate, ...]:
    """How often the outcome occurs in each group within one part.

    Args:
        people: counts per group and part.
        table: counts per group and ``2 x part + outcome``.
        part: the part.
        minimum_size, include_unknown: as for `group_rates`.
    """
    return tuple(
        _rate(group, int(counts[2 * part + 1]), int(rows[part]), table.minimum_cell, minimum_size, include_unknown)
        for group, counts, rows in zip(table.groups, table.counts, people.counts, strict=True)
    )


def _rate(
    group: tuple[str, ...], counted: int, total: int, minimum_cell: int, minimum_size: int, include_unknown: bool
) -> GroupRate:
    hits: int | None = counted
    rows: int | None = total
    fewest = most = counted
    if hits == SUPPRESSED:
        hits, fewest, most = None, 1, minimum_cell - 1
    if rows == SUPPRESSED:
        rows, lower, upper = None, 0.0, 1.0
    else:
        most = min(most, total)
        lower, upper = wilson(fewest, total)[0], wilson(most, total)[1]
    note = "too-small" if rows is None or rows < minimum_size else ""
    if not note and UNKNOWN in group and not include_unknown:
        note = "unknown"
    return GroupRate(group, rows, hits, fewest, most, lower, upper, note)


def compare(features: tuple[str, ...], rates: Iterable[GroupRate], bound: Fraction = Fraction(4, 5)) -> Comparison:
    """Set every judged group beside the one with the highest rate.

    Args:
        features: the sensitive columns that make the groups.
        rates: as from `group_rates`.
        bound: the impact ratio below which a gap is named (RULES F-45: a statistic, not a verdict).
    """
    every = tuple(rates)
    judged = [rate for rate in every if rate.judged]
    known = [rate for rate in judged if rate.hits is not None]
    if len(judged) < 2 or not known:
        return Comparison(features, bound, every, None, ())
    best = max(known, key=lambda rate: Fraction(rate.fewest, rate.rows or 1))
    gaps = sorted((_gap(rate, best, bound) for rate in judged), key=_by_ratio)
    return Comparison(features, bound, every, best.group, tuple(gaps))


def _gap(rate: GroupRate, best: GroupRate, bound: Fraction) -> GroupGap:
    rows, top, top_rows = rate.rows or 0, best.fewest, best.rows or 0
    certainly = below_bound(rate.most, rows, top, top_rows, bound)
    possibly = below_bound(rate.fewest, rows, top, top_rows, bound)
    below = certainly if certainly == possibly else None
    if rate.hits is None:
        return GroupGap(rate.group, None, None, None, None, None, None, below)
    around = ratio_interval(rate.hits, rows, top, top_rows)
    gap = difference_interval(rate.hits, rows, top, top_rows)
    if rate is best:
        around, gap = ((1.0, 1.0) if around else None), (0.0, 0.0)
    return GroupGap(
        group=rate.group,
        ratio=impact_ratio(rate.hits, rows, top, top_rows),
        ratio_lower=around[0] if around else None,
        ratio_upper=around[1] if around and np.isfinite(around[1]) else None,
        difference=rate.hits / rows - top / top_rows,
        difference_lower=gap[0],
        difference_upper=gap[1],
        below=below,
    )


def _by_ratio(gap: GroupGap) -> tuple[bool, Fraction, tuple[str, ...]]:
    return gap.ratio is None, gap.ratio if gap.ratio is not None else Fraction(0), gap.group


def _rate_to_dict(rate: GroupRate) -> dict[str, Any]:
    return {
        "group": list(rate.group),
        "rows": rate.rows,
        "hits": rate.hits,
        "rate": rate.rate,
        "lower": rate.lower,
        "upper": rate.upper,
        "note": rate.note,
    }


def _gap_to_dict(gap: GroupGap) -> dict[str, Any]:
    return {
        "group": list(gap.group),
        "ratio": float(gap.ratio) if gap.ratio is not None else None,
        "ratio_exact": str(gap.ratio) if gap.ratio is not None else None,
        "ratio_lower": gap.ratio_lower,
        "ratio_upper": gap.ratio_upper,
        "difference": gap.difference,
        "difference_lower": gap.difference_lower,
        "difference_upper": gap.difference_upper,
        "below": gap.below,
        "beyond_chance": gap.beyond_chance,
    }
