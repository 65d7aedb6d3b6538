"""Moves of people who may get several offers, or whose costs are their own: one offer more, one fewer, another, all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._choices import Choice, as_lists
from ._crowd import Crowd, is_open
from ._dual_sets import best_sets
from ._limits import Rows
from ._moves import Moves, by_type

__all__ = ["moves_of_sets"]

_TARGETS = 8
"""Further offers that are looked at for each person, where there are many more."""
_SHUT = -1e200


def moves_of_sets(
    crowd: Crowd,
    choice: Choice,
    who: NDArray[np.intp],
    rows: Rows,
    dual: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[Moves, Choice]:
    """All moves of some people, sorted by type and loss (of value less the price of blind rows).

    Args:
        crowd: everybody.
        choice: what each has now.
        who: rows of those who may move.
        rows: the hard limits.
        dual: float64[K], their prices.
        expected: float64[S, w], prices of the rows that are not hard.

    Returns:
        The moves, whose targets are places in the second: int16[moves, most] (or [moves]), what a person has after it.
    """
    people = _People(crowd, who)
    now = as_lists(choice[who])
    which, after = _lists(people, now, rows.price(dual) + expected, rows)
    before = now[which]
    loss = people.worth(which, before, expected) - people.worth(which, after, expected)
    change = people.used(which, after, rows) - people.used(which, before, rows)
    mark = (np.random.default_rng(len(rows)).normal(size=len(rows)) @ np.round(change, 9).T).round(7)
    kind = np.unique(mark, return_inverse=True)[1].ravel()
    moves, _, one = by_type(kind, who[which], np.arange(len(which)), loss, len(choice))
    moves.change = change[one]
    moves.charge = -(moves.change @ dual)
    return moves, after if choice.ndim == 2 else after[:, 0]


class _People:
    """Some rows of a crowd, and what lists of offers are worth to them and use."""

    def __init__(self, crowd: Crowd, who: NDArray[np.intp]) -> None:
        self.crowd, self.cell = crowd, crowd.cell_of_row[who]
        self.value = crowd.lotted(crowd.value[:, who].astype(np.int64), who)
        self.cost = None if crowd.cost is None else crowd.cost[:, who]
        self.is_open = is_open(self.value)

    def margin(self, price: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[m, N], value less price."""
        margin = self.value - price[self.cell, : len(self.value)].T
        if self.cost is not None:
            margin -= price[self.cell, -1] * self.cost
        return margin

    def worth(
        self, which: NDArray[np.intp], lists: NDArray[np.int16], price: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """float64[M], what these people's lists are worth less these prices."""
        margin, total = self.margin(price), np.zeros(len(which))
        for place in lists.T:
            has = place >= 0
            total[has] += margin[place[has], which[has]]
        if self.crowd.most > 1:
            reached = lists[:, 0] >= 0
            total[reached] -= price[self.cell[which[reached]], len(self.value)]
        return total

    def used(self, which: NDArray[np.intp], lists: NDArray[np.int16], rows: Rows) -> NDArray[np.float64]:
        """float64[M, K], what these people's lists use of each row."""
        use = rows.use.transpose(1, 2, 0)
        total, cell = np.zeros((len(which), len(rows))), self.cell[which]
        for place in lists.T:
            has = place >= 0
            total[has] += use[cell[has], place[has]]
            if self.cost is not None:
                total[has] += use[cell[has], -1] * self.cost[place[has], which[has], None]
        if self.crowd.most > 1:
            reached = lists[:, 0] >= 0
            total[reached] += use[cell[reached], len(self.value)]
        return total


def _lists(
    people: _People, now: NDArray[np.int16], price: NDArray[np.float64], rows: Rows
) -> tuple[NDArray[np.intp], NDArray[np.int16]]:
    """Which person, and what they would have instead: each list without gaps, none of them what they have now."""
    (size, most), offers = now.shape, len(people.value)
    everyone, number = np.arange(size), (now >= 0).sum(axis=1)
    margin = people.margin(price)
    held = np.zeros((offers, size), dtype=bool)
    for place in now.T:
        held[place[place >= 0], everyone[place >= 0]] = True
    free = people.is_open & ~held
    which: list[NDArray[np.intp]] = []
    lists: list[NDArray[np.int16]] = []

    def put(who: NDArray[np.intp], made: NDArray[np.int16]) -> None:
        which.append(who)
        lists.append(made)

    for place in range(most):  # one fewer
        who = everyone[number > place]
        put(who, _without(now[who], place))
    if most > 1:  # none at all, and the best ones at once
        several = everyone[number > 1]
        put(several, np.full((len(several), most), -1, dtype=np.int16))
        best = best_sets(np.where(people.is_open, margin, _SHUT), np.full(1, _SHUT / 2), most)[0]
        for count in range(2, most + 1):
            who = everyone[(number == 0) & ((best >= 0).sum(axis=1) >= count)]
            cut = best[who].copy()
            cut[:, count:] = -1
            put(who, cut)
    for target in _targets(np.where(free, margin, -np.inf), rows):
        can = (target >= 0) & free[np.maximum(target, 0), everyone]
        who = everyone[can & (number < most)]  # one more
        more = now[who].copy()
        more[np.arange(len(who)), number[who]] = target[who]
        put(who, more)
        for place in range(most):  # another one
            who = everyone[can & (number > place)]
            other = now[who].copy()
            other[:, place] = target[who]
            put(who, other)
    return np.concatenate(which), np.concatenate(lists)


def _without(lists: NDArray[np.int16], place: int) -> NDArray[np.int16]:
    """The lists without what stands at a place."""
    shorter = np.full_like(lists, -1)
    shorter[:, :place] = lists[:, :place]
    shorter[:, place:-1] = lists[:, place + 1 :]
    return shorter


def _targets(margin: NDArray[np.float64], rows: Rows) -> list[NDArray[np.intp]]:
    """Offers to look at, one for each person at a time: all, or those worth most and those that a limit asks for."""
    offers, people = margin.shape
    if offers <= 2 * _TARGETS:
        return [np.full(people, offer) for offer in range(offers)]
    best = np.argpartition(-margin, _TARGETS, axis=0)[:_TARGETS]
    asked = np.flatnonzero((rows.use[rows.asks][:, :, :offers] < 0).any(axis=(0, 1)))
    further = [np.where((best == offer).any(axis=0), -1, offer) for offer in asked[: 2 * _TARGETS].tolist()]
    return [*best, *further]
