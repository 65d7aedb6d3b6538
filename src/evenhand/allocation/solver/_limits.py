"""From what a campaign declares to rows over counts: each limit says how many people of which cell may take what.

With ``N[s, j]`` people of cell s on offer j, every limit is a row ``sum a[s, j] N[s, j] + sum c[l] t[l] <= bound``.
A disparity limit compares all groups with each other; with one free *level* t per comparison (a rate between 0 and 1)
that takes two rows per group instead of one per pair: ``selected_h <= size_h * t`` for every group, and
``selected_g >= bound * size_g * t`` (ratio) or ``>= size_g * (t - bound)`` (difference). Compared with the mean, one
row for all groups together takes the place of the upper ones. A floor is one row per group, without a level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import MICRO, Campaign

from ._comparisons import Comparison, exact, rational, whole_bounds

__all__ = ["Rows", "at_level", "build_rows", "relaxed"]


@dataclass(frozen=True, slots=True)
class Rows:
    """All limits as rows over counts.

    Attributes:
        shape: float64[P, S, w], what one person of cell s on offer j uses of a row, for each different shape of row;
            where some measure is weighted float64[P, S, 2 m], the second half for each of their responses
            (`Crowd.chance`). Behind the offers stands what a contact uses, where a person may get several, and a unit
            of money, where costs are each person's own (see `Crowd.columns`).
        of: intp[K], the shape of each row.
        sign: float64[K], 1 or -1: what a row counts of its shape.
        bound: float64[K].
        level: float64[K, L], coefficients of the free levels.
        owner: the limit's id of each row.
        unit: float64[K], declared units (contacts, places, micro-money) per unit of the row.
        comparison: index of the comparison of each row, -1 for the others.
        group: index of the judged group within that comparison, -1 for the others.
        is_upper: bool[K], bounds its group from above (False: from below, or no disparity row).
        aside: float64[K], what people decided about by lot use, already taken off the bound.
        is_hard: bool[K], must hold for whole decisions as counted here (rows of blind limits hold in expectation; the
            true count is checked behind the wall).
        soft: float64[K], by how much a row gives way per unit of its price. Above zero for disparity rows, so that
            prices stay finite where a bound cannot be met exactly; 0.5 people per `scale` for blind rows (they are
            corrected afterwards anyway), 0.02 for aware ones (repair makes up for it).
        is_real: bool[K], counts responses, which need not be whole.
    """

    shape: NDArray[np.float64]
    of: NDArray[np.intp]
    sign: NDArray[np.float64]
    bound: NDArray[np.float64]
    level: NDArray[np.float64]
    owner: tuple[str, ...]
    unit: NDArray[np.float64]
    comparison: NDArray[np.intp]
    group: NDArray[np.intp]
    is_upper: NDArray[np.bool_]
    aside: NDArray[np.float64]
    is_hard: NDArray[np.bool_]
    soft: NDArray[np.float64]
    is_real: NDArray[np.bool_]

    @property
    def asks(self) -> NDArray[np.bool_]:
        """bool[K], rows that giving nobody anything would break: they ask for people."""
        return self.bound + self.aside < 0

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.bound)

    @property
    def use(self) -> NDArray[np.float64]:
        """float64[K, S, w], what one person of cell s on offer j uses of each row."""
        return self.shape[self.of] * self.sign[:, None, None]

    def used(self, count: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[K], what the counts [S, w] use of each row, levels aside."""
        used: NDArray[np.float64] = self.sign * np.einsum("psm,sm->p", self.shape, count)[self.of]
        return used

    def price(self, dual: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[S, w], the price table that the rows' prices add up to."""
        of_shape = np.bincount(self.of, weights=self.sign * dual, minlength=len(self.shape))
        price: NDArray[np.float64] = np.einsum("p,psm->sm", of_shape, self.shape)
        return price

    def keep(self, kept: NDArray[np.bool_]) -> Rows:
        """Only some rows; the levels stay."""
        return Rows(
            self.shape,
            self.of[kept],
            self.sign[kept],
            self.bound[kept],
            self.level[kept],
            tuple(owner for owner, stays in zip(self.owner, kept, strict=True) if stays),
            self.unit[kept],
            self.comparison[kept],
            self.group[kept],
            self.is_upper[kept],
            self.aside[kept],
            self.is_hard[kept],
            self.soft[kept],
            self.is_real[kept],
        )

    def without(self, owners: set[str]) -> NDArray[np.bool_]:
        """bool[K], the rows of all other limits."""
        return np.array([owner not in owners for owner in self.owner], dtype=bool)

    def taking(self, part: NDArray[np.bool_]) -> Rows:
        """The rows of no comparison, and of the comparisons in `part` (bool[L]) numbered anew: as if the others had not
        been declared."""
        number = np.append(np.cumsum(part) - 1, -1)
        kept = self.keep(np.append(part, True)[self.comparison])
        used, of = np.unique(kept.of, return_inverse=True)
        shape = kept.shape if len(used) == len(kept.shape) else kept.shape[used]
        return replace(kept, shape=shape, of=of.ravel(), level=kept.level[:, part], comparison=number[kept.comparison])

    def on_columns(self, columns: NDArray[np.intp]) -> Rows:
        """The same rows over these columns, in this order."""
        return replace(self, shape=self.shape[:, :, columns])

    def shifted(self, by: NDArray[np.float64]) -> Rows:
        """The same rows with `by` added to the bounds."""
        return replace(self, bound=self.bound + by)


def build_rows(
    campaign: Campaign,
    cells: int,
    comparisons: list[tuple[Comparison, NDArray[np.float64]]],
    scale: float,
    own_unit: float | None = None,
) -> Rows:
    """Build the rows of every declared limit.

    Args:
        campaign: what was declared.
        cells: S; cell 0 is nobody's group.
        comparisons: each with its share table float64[S, judged groups]: the share of each cell's people who belong
            to the group (0 or 1 where cells are true groups).
        scale: the scale of values, micro-money.
        own_unit: micro-money per unit of `Crowd.cost`, where costs are each person's own.
    """
    offers, several = len(campaign.offers), campaign.offers_each > 1
    width = offers + several + (own_unit is not None)
    shapes: list[NDArray[np.float64]] = []
    weighed: list[bool] = []
    rows: list[tuple[int, int, float, str, float, int, int, bool, bool, float]] = []

    def common(shape: NDArray[np.float64], bound: float, owner: str, unit: float = 1.0, sign: int = 1) -> None:
        shapes.append(shape)
        weighed.append(False)
        rows.append((len(shapes) - 1, sign, sign * bound, owner, unit, -1, -1, False, True, 0))

    everyone, column = np.ones((cells, width)), np.arange(width)
    anything = column == offers if several else column < offers
    if campaign.limits.contacts.total is not None:
        common(everyone * anything, campaign.limits.contacts.total, "contacts")
    for index, offer in enumerate(campaign.offers):
        if offer.capacity is not None:
            common(everyone * (column == index), offer.capacity, f"capacity:{offer.id}")
        if offer.minimum is not None:
            common(everyone * (column == index), offer.minimum, f"minimum:{offer.id}", sign=-1)
    budget, money = campaign.limits.budget, [float(offer.cost_micro) for offer in campaign.offers]
    cost = np.array(money + [0.0] * (width - offers), dtype=np.float64)
    if budget is not None and own_unit is not None:
        common(everyone * (column == width - 1), float(int(budget * MICRO)) / own_unit, "budget", own_unit)
    elif budget is not None and cost.max() > 0:
        unit = float(cost.max())
        common(everyone * cost / unit, float(int(budget * MICRO)) / unit, "budget", unit)
    for number, (comparison, share) in enumerate(comparisons):
        limit, is_hard = comparison.limit, comparison.limit.mode == "aware"
        compared = (
            anything if several and not comparison.offers else np.isin(column, comparison.offers or column[:offers])
        )
        for group, use, kinds in _compare(comparison, share):
            shapes.append(use[:, None] * compared)
            weighed.append(comparison.is_weighted)
            for sign, bound, rise in kinds:
                rows.append((len(shapes) - 1, sign, bound, limit.id, 1, number, group, sign > 0, is_hard, rise))
    shape = np.array(shapes).reshape(len(shapes), cells, width)
    is_weighted = np.array(weighed, dtype=bool)
    if any(comparison.is_weighted and not comparison.is_void for comparison, _ in comparisons):
        shape = np.concatenate([shape, shape], axis=2)
        shape[~is_weighted, :, offers:] = 0
        shape[is_weighted, :, :offers] = 0
    level = np.zeros((len(rows), len(comparisons)))
    for index, row in enumerate(rows):
        if row[5] >= 0:
            level[index, row[5]] = row[9]
    return Rows(
        shape=shape,
        of=np.array([row[0] for row in rows], dtype=np.intp),
        sign=np.array([row[1] for row in rows], dtype=np.float64),
        bound=np.array([row[2] for row in rows], dtype=np.float64),
        level=level,
        owner=tuple(row[3] for row in rows),
        unit=np.array([row[4] for row in rows], dtype=np.float64),
        comparison=np.array([row[5] for row in rows], dtype=np.intp),
        group=np.array([row[6] for row in rows], dtype=np.intp),
        is_upper=np.array([row[7] for row in rows], dtype=bool),
        aside=np.zeros(len(rows)),
        is_hard=np.array([row[8] for row in rows], dtype=bool),
        soft=np.array([0.0 if row[5] < 0 else 0.02 if row[8] else 0.5 for row in rows], dtype=np.float64) / scale,
        is_real=np.array([is_weighted[row[0]] for row in rows], dtype=bool),
    )


def _compare(
    comparison: Comparison, share: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.float64], list[tuple[int, float, float]]]]:
    """The rows of one comparison: group, use per cell, and (sign, bound, coefficient of the level) of each row."""
    if comparison.is_void or comparison.limit.ceiling is not None:  # soft limits get rows once they are settled
        return
    sizes: list[float] = (comparison.judged_over / comparison.typical).tolist()
    for group, size in enumerate(sizes):
        lowest, rise = _lowest(comparison, group)
        lower = (-1, lowest, rise)
        alone = comparison.is_floor or comparison.is_to_mean
        yield group, share[:, group], [lower] if alone else [(1, 0.0, -float(size)), lower]
    if comparison.is_to_mean:
        yield len(sizes), share.sum(axis=1), [(1, 0.0, -float(sum(sizes)))]


def _lowest(comparison: Comparison, group: int) -> tuple[float, float]:
    """Bound and coefficient of the level in the row that holds a group from below."""
    size, asked = float(comparison.judged_over[group]) / comparison.typical, comparison.limit.bound
    if comparison.is_floor:
        return -float(comparison.fewest[group]) / comparison.typical, 0.0
    return (0.0, size * asked) if comparison.limit.measure.is_least else (size * asked, size)


def relaxed(rows: Rows, comparisons: list[Comparison]) -> Rows:
    """The rows that `build_rows` makes for other bounds: those of the limits in `comparisons`."""
    bound, level = rows.bound.copy(), rows.level.copy()
    for row in np.flatnonzero((rows.comparison >= 0) & ~rows.is_upper):
        lowest, rise = _lowest(comparisons[rows.comparison[row]], int(rows.group[row]))
        bound[row], level[row, rows.comparison[row]] = lowest - rows.aside[row], rise
    return replace(rows, bound=bound, level=level)


def at_level(rows: Rows, comparisons: list[Comparison], level: NDArray[np.float64]) -> Rows:
    """Fix the levels: every disparity row becomes a bound on its group's count, a whole number where groups are true
    and people count for one.

    Args:
        rows: with free levels.
        comparisons: in the order of `Rows.comparison`.
        level: float64[L].
    """
    bound = rows.bound - rows.level @ level
    whole = [
        whole_bounds(comparison, exact(comparison.limit.bound), rational(float(t)))
        for comparison, t in zip(comparisons, level, strict=True)
    ]
    for row in np.flatnonzero((rows.comparison >= 0) & rows.is_hard & ~rows.is_real):
        fewest, most = whole[rows.comparison[row]][rows.group[row]]
        bound[row] = (most if rows.is_upper[row] else -fewest) - rows.aside[row]
    return replace(rows, bound=bound, level=np.zeros_like(rows.level))
