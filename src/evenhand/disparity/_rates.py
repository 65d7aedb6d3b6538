"""Rates per group and how they compare, from a count table alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from evenhand.terms import SUPPRESSED, CountTable, ToldTable, wilson

from ._intervals import difference_interval, impact_ratio, ratio_interval

__all__ = ["UNKNOWN", "Comparison", "GroupGap", "GroupRate", "compare", "group_rates", "told_rates"]

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
        fewest_rows, most_rows: what `rows` is at least and at most; None where it is known, or nothing is told of it.
    """

    group: tuple[str, ...]
    rows: int | None
    hits: int | None
    fewest: int
    most: int
    lower: float
    upper: float
    note: str
    fewest_rows: int | None = None
    most_rows: int | None = None

    @property
    def rate(self) -> float | None:
        """Share of the group's people it happened to; None where a number is hidden or nobody is in the group."""
        return self.hits / self.rows if self.hits is not None and self.rows else None

    @property
    def lowest(self) -> Fraction:
        """The lowest rate that all that is told allows."""
        return Fraction(self.fewest, max(1, self.rows if self.rows is not None else self.most_rows or 1))

    @property
    def highest(self) -> Fraction:
        """The highest rate that all that is told allows."""
        rows = max(1, self.rows if self.rows is not None else self.fewest_rows or 1)
        return Fraction(min(self.most, rows), rows)

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


def told_rates(
    table: ToldTable, part: int = 0, *, minimum_size: int = 30, include_unknown: bool = False
) -> tuple[GroupRate, ...]:
    """How often it happened in each group of a table that is told together with others.

    Args:
        table: people and hits, or their ranges.
        part: the part.
        minimum_size, include_unknown: as for `group_rates`; of a range the least counts.
    """
    people = zip(table.people_least[:, part].tolist(), table.people_most[:, part].tolist(), strict=True)
    hits = zip(table.hits_least[:, part].tolist(), table.hits_most[:, part].tolist(), strict=True)
    return tuple(
        _told(group, rows, happened, minimum_size, include_unknown)
        for group, rows, happened in zip(table.groups, people, hits, strict=True)
    )


def _told(
    group: tuple[str, ...], rows: tuple[int, int], hits: tuple[int, int], minimum_size: int, include_unknown: bool
) -> GroupRate:
    (fewest_rows, most_rows), (fewest, most) = rows, hits
    note = "too-small" if fewest_rows < minimum_size else ""
    if not note and UNKNOWN in group and not include_unknown:
        note = "unknown"
    known, most = fewest_rows == most_rows, min(most, most_rows)
    lower = wilson(min(fewest, most_rows), most_rows)[0] if most_rows else 0.0
    upper = wilson(min(most, fewest_rows), fewest_rows)[1] if fewest_rows else 1.0
    return GroupRate(
        group, fewest_rows if known else None, fewest if fewest == most else None, fewest, most, lower, upper, note,
        None if known else fewest_rows, None if known else most_rows,
    )  # fmt: skip


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
    if len(judged) < 2 or not any(rate.rate is not None or rate.fewest for rate in judged):
        return Comparison(features, bound, every, None, ())
    best = max(judged, key=lambda rate: (rate.lowest, rate.rate is not None))
    gaps = sorted((_gap(rate, best, bound) for rate in judged), key=_by_ratio)
    return Comparison(features, bound, every, best.group, tuple(gaps))


def _gap(rate: GroupRate, best: GroupRate, bound: Fraction) -> GroupGap:
    certainly = rate is not best and rate.highest < bound * best.lowest
    possibly = rate is not best and rate.lowest < bound * best.highest
    below = certainly if certainly == possibly else None
    if rate.rate is None or best.rate is None or rate.hits is None or best.hits is None:
        return GroupGap(rate.group, None, None, None, None, None, None, below)
    rows, top, top_rows = rate.rows or 0, best.hits, best.rows or 0
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
    ranges: dict[str, Any] = {}
    if rate.rows is None and rate.most_rows is not None:
        ranges["rows_between"] = [rate.fewest_rows, rate.most_rows]
    if rate.hits is None:
        ranges["hits_between"] = [rate.fewest, rate.most]
    return {
        "group": list(rate.group),
        "rows": rate.rows,
        "hits": rate.hits,
        "rate": rate.rate,
        "lower": rate.lower,
        "upper": rate.upper,
        "note": rate.note,
        **ranges,
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
