"""A whole group audit from one pass over the rows: codes fused into one number, one count, everything else from it.

Where it may run: it takes each row's group, so it belongs behind the wall, or in the notebook of somebody who holds
the groups anyway. The road of a decision never calls it; there, `audit` asks the wall.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Z95, UsageError

__all__ = ["GroupAudit", "GroupView", "MeasureTable", "count_cells", "group_audit"]

_BLOCK = 1 << 16
_MOST_CELLS = 10_000_000
_MEASURES = ("outcome", "selection", "true_positive", "false_positive")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasureTable:
    """One rate for every group of a view, as arrays in the order of the view's groups.

    Attributes:
        name: ``outcome`` (share with the outcome), ``selection`` (share selected), ``true_positive`` (selected among
            those with the outcome) or ``false_positive`` (selected among those without).
        hits, rows: int64[groups], what the rate is made of.
        rate, lower, upper: the rate and its 95 % interval (Wilson); NaN, 0 and 1 where there are no rows.
        best: position of the judged group with the highest rate; -1 where none can be judged.
        ratio, ratio_lower, ratio_upper: rate over the best one's with its 95 % interval (Donner and Zou 2012); NaN
            where a group is not judged or the best rate is zero.
        below: bool[groups], the exact ratio is below the bound; False for groups that are not judged.
    """

    name: str
    hits: NDArray[np.int64]
    rows: NDArray[np.int64]
    rate: Numbers
    lower: Numbers
    upper: Numbers
    best: int
    ratio: Numbers
    ratio_lower: Numbers
    ratio_upper: Numbers
    below: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroupView:
    """All groups of one set of sensitive columns.

    Attributes:
        features: the columns.
        groups: the values of each group.
        measures: the rates.
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    measures: tuple[MeasureTable, ...]

    def measure(self, name: str) -> MeasureTable:
        """One measure by its name.

        Raises:
            KeyError: there is none of that name.
        """
        for one in self.measures:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class GroupAudit:
    """Every view of the sensitive columns: each alone, and every intersection.

    Attributes:
        rows: rows counted.
        views: fewest columns first.
    """

    rows: int
    views: tuple[GroupView, ...]

    def view(self, *features: str) -> GroupView:
        """The view of these columns.

        Raises:
            KeyError: there is no such view.
        """
        for one in self.views:
            if set(one.features) == set(features):
                return one
        raise KeyError(features)

    def to_columns(self) -> dict[str, list[Any]]:
        """One row per view, group and measure, for any data frame library; NaN becomes None."""
        columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        for row in self._rows():
            for name, value in zip(_COLUMNS, row, strict=True):
                columns[name].append(None if isinstance(value, float) and math.isnan(value) else value)
        return columns

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for view in self.views:
            names = [" & ".join(group) for group in view.groups]
            for one in view.measures:
                arrays = (getattr(one, name).tolist() for name in _COLUMNS[3:])
                yield from (
                    (" & ".join(view.features), group, one.name, *values)
                    for group, *values in zip(names, *arrays, strict=True)
                )


_COLUMNS = (
    *("features", "group", "measure"),
    *("hits", "rows", "rate", "lower", "upper", "ratio", "ratio_lower", "ratio_upper", "below"),
)


def count_cells(columns: Sequence[NDArray[np.integer[Any]]], sizes: Sequence[int]) -> NDArray[np.int64]:
    """How many rows have each combination of codes, in one pass.

    Args:
        columns: one code per row and column; a row with a negative code is left out.
        sizes: number of different codes of each column.

    Returns:
        int64 of shape `sizes`.

    Raises:
        UsageError: columns of different length, a code that is too large, or too many combinations.

    Example:
        >>> count_cells([np.array([0, 1, 1]), np.array([1, 1, -1])], [2, 2]).tolist()
        [[0, 1], [0, 1]]
    """
    cells = math.prod(sizes)
    rows = len(columns[0]) if columns else 0
    if (
        not columns
        or len(columns) != len(sizes)
        or cells > _MOST_CELLS
        or any(len(column) != rows or size < 1 for column, size in zip(columns, sizes, strict=True))
        or (rows and any(int(column.max()) >= size for column, size in zip(columns, sizes, strict=True)))
    ):
        raise UsageError(
            "cells-shape",
            f"{len(columns)} columns of codes and sizes {tuple(sizes)} do not belong together.",
            rule=f"columns of one length, each code below its column's size, at most {_MOST_CELLS} combinations",
            remedy="bring whole numbers from 0, and the number of different ones per column",
        )
    small = np.uint8 if cells <= 256 else np.uint16 if cells <= 65_536 else np.uint32
    counts = np.zeros(cells, dtype=np.int64)
    negative = [column for column in columns if column.dtype.kind != "u" and rows and int(column.min()) < 0]
    for start in range(0, rows, _BLOCK):  # a block stays in the processor's cache
        block = slice(start, start + _BLOCK)
        kept = np.logical_and.reduce([column[block] >= 0 for column in negative]) if negative else slice(None)
        fused: NDArray[Any] = columns[0][block][kept].astype(small)
        for column, size in zip(columns[1:], sizes[1:], strict=True):
            step = small(size if size <= np.iinfo(small).max else 0)  # too large only where all before it is 0
            fused = fused * step + column[block][kept].astype(small, copy=False)
        counts += np.bincount(fused, minlength=cells)
    return counts.reshape(tuple(sizes))


def group_audit(
    cells: NDArray[np.int64],
    features: Sequence[str],
    groups: Sequence[Sequence[str]],
    *,
    bound: Fraction = Fraction(4, 5),
    minimum_size: int = 30,
) -> GroupAudit:
    """Rates, ratios and intervals of every group of every view, from the cells alone.

    Args:
        cells: int64[values of each sensitive column ..., 2, 2], as from `count_cells` over the sensitive columns, the
            outcome (0/1) and the decision (0/1).
        features: the sensitive columns.
        groups: the values of each, in code order.
        bound: the impact ratio below which a group is marked; exactly the bound is not below.
        minimum_size: groups with fewer rows behind a rate have a rate and no ratio.

    Raises:
        UsageError: the shape of the cells is not that of the columns.

    Example:
        >>> sex, outcome, decision = (np.array(codes) for codes in ([0, 0, 1, 1], [1, 0, 1, 0], [1, 1, 1, 0]))
        >>> cells = count_cells([sex, outcome, decision], [2, 2, 2])
        >>> found = group_audit(cells, ["sex"], [["f", "m"]], minimum_size=1).view("sex").measure("selection")
        >>> found.rate.tolist(), found.ratio.tolist(), found.below.tolist()
        ([1.0, 0.5], [1.0, 0.5], [False, True])
    """
    shape = (*(len(values) for values in groups), 2, 2)
    if len(groups) != len(features) or not features or cells.shape != shape:
        raise UsageError(
            "cells-shape",
            f"Cells of shape {cells.shape} are not those of {len(features)} columns with "
            f"{[len(values) for values in groups]} values, an outcome and a decision.",
            rule="one axis per sensitive column, then the outcome, then the decision",
            remedy="count the columns in this order with count_cells",
        )
    views = []
    for width in range(1, len(features) + 1):
        for chosen in combinations(range(len(features)), width):
            others = tuple(axis for axis in range(len(features)) if axis not in chosen)
            table = cells.sum(axis=others).reshape(-1, 2, 2)
            names = tuple(product(*(tuple(groups[axis]) for axis in chosen)))
            kept = table.sum(axis=(1, 2)) > 0
            names = tuple(name for name, keep in zip(names, kept.tolist(), strict=True) if keep)
            measures = _measures(table[kept], bound, minimum_size)
            views.append(GroupView(tuple(features[axis] for axis in chosen), names, measures))
    return GroupAudit(int(cells.sum()), tuple(views))


def _measures(table: NDArray[np.int64], bound: Fraction, minimum_size: int) -> tuple[MeasureTable, ...]:
    """All four measures of one view at once: one row of arrays per measure."""
    rows = table.sum(axis=(1, 2))
    hits = np.stack([table[:, 1].sum(axis=1), table[:, :, 1].sum(axis=1), table[:, 1, 1], table[:, 0, 1]])
    people = np.stack([rows, rows, table[:, 1].sum(axis=1), table[:, 0].sum(axis=1)])
    rate = hits / np.where(people > 0, people, np.nan)
    lower, upper = _wilson(hits, people)
    judged = people >= max(1, minimum_size)
    best = np.where(judged, rate, -1.0).argmax(axis=1) if table.size else np.zeros(4, np.intp)
    out = []
    for place, name in enumerate(_MEASURES):
        top = int(best[place]) if judged[place].any() else -1
        ratio, low, high, below = _ratios(hits[place], people[place], judged[place], top, bound, (lower, upper), place)
        out.append(
            MeasureTable(
                name, hits[place], people[place], rate[place], lower[place], upper[place], top, ratio, low, high, below
            )
        )
    return tuple(out)


def _wilson(hits: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Wilson's interval for arrays; the same numbers as `wilson`."""
    square = Z95 * Z95
    some = np.maximum(rows, 1)
    centre = (hits + square / 2) / (rows + square)
    half = Z95 / (rows + square) * np.sqrt(hits * ((rows - hits) / some) + square / 4)
    lower = np.where((hits == 0) | (rows == 0), 0.0, np.maximum(0.0, centre - half))
    upper = np.where((hits == rows) | (rows == 0), 1.0, np.minimum(1.0, centre + half))
    return lower, upper


def _ratios(
    hits: NDArray[np.int64],
    rows: NDArray[np.int64],
    judged: NDArray[np.bool_],
    best: int,
    bound: Fraction,
    intervals: tuple[Numbers, Numbers],
    place: int,
) -> tuple[Numbers, Numbers, Numbers, NDArray[np.bool_]]:
    """Ratio to the best group with its interval, and whether it is exactly below the bound."""
    nothing = np.full(len(hits), np.nan)
    if best < 0 or not hits[best]:
        return nothing, nothing, nothing, np.zeros(len(hits), dtype=bool)
    top, top_rows = int(hits[best]), int(rows[best])
    lower, upper = (edge[place] for edge in intervals)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, other = hits / rows, top / top_rows
        joint = rate * other
        other_lower, other_upper = float(lower[best]), float(upper[best])
        root = np.maximum(joint**2 - lower * other_upper * (2 * rate - lower) * (2 * other - other_upper), 0.0)
        low = np.maximum((joint - np.sqrt(root)) / (other_upper * (2 * other - other_upper)), 0.0)
        root = np.maximum(joint**2 - upper * other_lower * (2 * rate - upper) * (2 * other - other_lower), 0.0)
        floor = other_lower * (2 * other - other_lower)
        high = (joint + np.sqrt(root)) / floor if floor > 0 else np.full(len(hits), np.inf)
        ratio = rate / other
    low[best] = high[best] = 1.0
    exact = object if int(rows.max()) * top_rows * max(bound.numerator, bound.denominator) > 2**62 else np.int64
    below = hits.astype(exact) * (top_rows * bound.denominator) < rows.astype(exact) * (bound.numerator * top)
    return (
        np.where(judged, ratio, np.nan),
        np.where(judged, low, np.nan),
        np.where(judged, high, np.nan),
        np.asarray(below, dtype=bool) & judged,
    )
