"""Prices for the rest of a stream, from those who came so far: for what is left of every limit.

The people who came last stand for those who are still to come. What was used of budget, contacts and capacities is
taken off the bounds; so is what each group got off the rows of the limits on groups, which hold for the stream as a
whole. So whatever was given wrongly so far is made good by the rest (ALGORITHMS 2, streaming).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import Measure

from ..solver import Comparison, Crowd, Nest, Rows, Solved, build_rows, judge, lay_out, scale_of, solve

__all__ = ["GroupTally", "Past", "prices_for_the_rest", "shares_of"]

_FLOOR = 1e-3
"""Narrowest smoothing, as a share of the values' scale: a sample is worth no narrower one."""
_LIKE_EVERYBODY = 20.0
"""So many people like everybody are added to each cell that mixes groups."""


@dataclass(frozen=True, slots=True)
class GroupTally:
    """What the wall counted of one comparison of a limit on groups, over everybody who came so far.

    Attributes:
        limit: id of the limit.
        features: sensitive columns that are compared.
        groups: the groups that occur.
        arrived: int64[S, G] (or expected counts, where some were hidden): people per cell and group.
        selected: int64[G], people who got an offer, truly counted.
    """

    limit: str
    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    arrived: NDArray[np.float64]
    selected: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Past:
    """Those who came so far.

    Attributes:
        value: int64[m, r], of the last r who came.
        cell: intp[r].
        people: int64[S], all who came, per cell.
        given: int64[S, m], all who got each offer, per cell.
        expected: number of people in the whole stream.
        left: what may still be used of budget, contacts and capacities, by limit id.
        astray: by tally and group, how many more people got an offer than their cells would tell, per person who came;
            0 where cells are groups. Among people of one cell, one group may be worth more than another.
    """

    value: NDArray[np.int64]
    cell: NDArray[np.intp]
    people: NDArray[np.int64]
    given: NDArray[np.int64]
    expected: int
    left: Mapping[str, int]
    astray: Sequence[Mapping[tuple[str, ...], float]] = ()


def prices_for_the_rest(
    campaign: Campaign, past: Past, tallies: Sequence[GroupTally], margin: float, start: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Solve for those still to come.

    Args:
        campaign: limits and costs.
        past: those who came.
        tallies: of every comparison of every limit on groups.
        margin: by how much limits on groups are tightened, in units of their bounds.
        start: duals of the last time, to start from, where the rows are the same.

    Returns:
        Micro-money per cell and offer, int64[S, m]; and the duals.
    """
    cells, seen = len(past.people), int(past.people.sum())
    order = np.arange(past.value.shape[1])
    draw = order.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    plain, _ = lay_out(past.value, order, past.cell, cells, draw)
    rest = max(1, past.expected - seen)
    crowd: Crowd = replace(plain, weight=np.full(cells, rest / max(1, len(order))))
    scale = scale_of(crowd)
    rows = _rows_for_the_rest(campaign, past, tallies, margin, scale, (seen + rest) / max(1, seen))
    near = None if start is None or len(start) != len(rows) else Solved(start, np.zeros(rows.level.shape[1]), 0.0)
    solved = solve(Nest(crowd), rows, scale, near, floor=_FLOOR * scale, from_beta=0.02 * scale)
    price = rows.price(solved.dual) if len(rows) else np.zeros((cells, len(campaign.offers)))
    return np.rint(price).astype(np.int64), solved.dual


def _rows_for_the_rest(
    campaign: Campaign, past: Past, tallies: Sequence[GroupTally], margin: float, scale: float, growth: float
) -> Rows:
    """Rows of groups for the whole stream, less what they got already; of all other limits for what is left."""
    limits = {limit.id: limit for limit in campaign.limits.disparity}
    compared: list[tuple[Comparison, NDArray[np.float64]]] = []
    spoken_for: list[NDArray[np.float64]] = []
    rest = (growth - 1) * float(past.people.sum())
    for number, tally in enumerate(tallies):
        size = np.rint(tally.arrived.sum(axis=0) * growth).astype(np.int64)
        comparison = judge(_tightened(limits[tally.limit], margin), tally.features, tally.groups, size)
        compared.append((comparison, shares_of(tally, past.people)[:, comparison.judged]))
        astray = past.astray[number] if past.astray else {}
        more = np.array([astray.get(group, 0.0) * rest for group in tally.groups])
        spoken_for.append((tally.selected + more)[comparison.judged])
    rows = build_rows(campaign, len(past.people), compared, scale)
    used = np.zeros(len(rows))
    for row in range(len(rows)):
        if rows.comparison[row] < 0:
            used[row] = rows.bound[row] - past.left[rows.owner[row]] / rows.unit[row]
            continue
        used[row] = rows.sign[row] * float(spoken_for[rows.comparison[row]][rows.group[row]])
    return rows.shifted(-used)


def shares_of(tally: GroupTally, arrived: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[S, G], share of each cell's people in each group. A cell that mixes groups is taken to be like everybody
    as far as few people were seen in it, else chance would be taken for knowledge."""
    people = arrived.astype(np.float64)[:, None]
    whole = tally.arrived.sum(axis=0) / max(1.0, float(tally.arrived.sum()))
    counted = np.minimum(tally.arrived / np.maximum(people, 1), 1.0)
    if ((counted == 0) | (counted == 1)).all():
        return counted
    shrunk = (tally.arrived + _LIKE_EVERYBODY * whole) / (people + _LIKE_EVERYBODY)
    known = tally.arrived.sum(axis=1, keepdims=True) > 0
    return np.asarray(np.where(known, np.minimum(shrunk, 1.0), 0.0))


def _tightened(limit: DisparityLimit, margin: float) -> DisparityLimit:
    """The limit with a bound that leaves room for chance."""
    ratio = limit.measure is Measure.SELECTION_RATE_RATIO
    bound = min(1.0, limit.bound + margin) if ratio else max(0.0, limit.bound - margin)
    return limit.model_copy(update={"bound": round(bound, 6)})
