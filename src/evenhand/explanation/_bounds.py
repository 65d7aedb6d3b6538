"""What a set of features must cost at least, and how far it can push, for all sets of one size at once.

A push is given a rate, what a micro-logit is worth in cost (a Lagrange multiplier). At any rate a change that reaches
the score costs at least ``rate * need`` and, for each feature inside, the least of ``cost - rate * push``. Features
with joint effects are taken together as stars: for each bin of the hub the least of each leaf. That holds for every
rate, so the best of some rates is a bound, for all sets of features one product of matrices. An infinite rate tells how
far a set can push. Source: Everett 1963 (generalised Lagrange multipliers), Geoffrion 1974 (integer programmes).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._board import FAR, Board, Sets, Standing
from ._reach import WHOLE

__all__ = ["SLACK", "Bounds", "Look", "Option", "Weighed"]

_RATES = 5.0 ** np.arange(-2.0, 3.0)
"""Rates that are tried, as multiples of a whole population per push needed."""
_DEAREST = 1e10
"""No push is worth more than this, so that all rounding of a bound stays below `SLACK`."""
SLACK = 1e-3

Option = tuple[float, int, int, int]
"""A bin at one rate: what it adds to the least cost, what it takes off the farthest push, its cost, its code."""


class Weighed:
    """What one person needs, and what their bins push and cost, weighed against each other at some rates."""

    def __init__(self, board: Board, standing: Standing, need: int) -> None:
        self.board, self.standing, self.need = board, standing, need
        self.options: dict[tuple[int, ...], list[Option]] = {}

    @cached_property
    def far(self) -> Bounds:
        """How far can be pushed, whatever it costs."""
        return Bounds(self.standing, np.ones(1), np.where(self.standing.cost < FAR, 0, FAR))

    @cached_property
    def near(self) -> Bounds:
        """What it must cost, at some rates."""
        dearest = _DEAREST / max(float(np.abs(self.standing.push).max()), 1.0)
        return Bounds(self.standing, np.minimum(_RATES * (WHOLE / self.need), dearest), self.standing.cost)

    def sorted(
        self, key: tuple[int, ...], place: int, near: NDArray[np.float64], far: NDArray[np.float64]
    ) -> list[Option]:
        """The bins of a feature within reach, by what they add to the least cost.

        Args:
            key: under which to keep them.
            place: the feature.
            near, far: float64[bins], cost less worth at a rate, and at the infinite one.
        """
        added, lost, cost = near - near.min(), far - far.min(), self.standing.cost[place]
        order = added.argsort(kind="stable")[: int((cost < FAR).sum())]
        columns = (added[order], lost[order].astype(np.int64), cost[order].astype(np.int64), order)
        found = self.options[key] = list(zip(*(column.tolist() for column in columns), strict=True))
        return found


class Bounds:
    """Bounds at some rates, for one person.

    Attributes:
        rate: float64[rates], what a push is worth.
        less: float64[rates, features, bins], cost less what the push is worth.
        least: float64[rates, features], the least of it.
        messages: float64[rates, 2 pairs + 1, bins]: with the first of a pair in a bin, what the second adds beyond its
            own least; then the other way round; the last is nothing.
        left: float64[rates, pairs], the most that a joint effect takes off, whatever the bins.
        kept: what was worked out for some sets, and is wanted for others.
    """

    def __init__(self, standing: Standing, rate: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        self.rate, self.board = rate, standing.board
        self.kept: dict[tuple[object, ...], NDArray[np.float64]] = {}
        self.less = cost - rate[:, None, None] * standing.push
        self.least = self.less.min(axis=2)
        pairs = len(self.board.pairs)
        self.messages = np.zeros((len(rate), 2 * pairs + 1, self.board.width))
        self.left = np.zeros((len(rate), pairs))
        if pairs:
            self._tell(standing)

    def _tell(self, standing: Standing) -> None:
        board = self.board
        worth = self.rate[:, None, None, None] * standing.together
        one, other = board.by_band(self.less)
        one -= self.least[:, board.ends[0]][:, :, None]
        other -= self.least[:, board.ends[1]][:, :, None]
        every = np.arange(len(board.pairs))[:, None]
        told = np.empty_like(worth)  # the least over the middle axis is found faster than over the last
        np.subtract(other[:, :, :, None], worth.swapaxes(2, 3), out=told)
        self.messages[:, 0:-1:2] = told.min(axis=2)[:, every, board.band_of[0]]
        np.subtract(one[:, :, :, None], worth, out=told)
        self.messages[:, 1:-1:2] = told.min(axis=2)[:, every, board.band_of[1]]
        self.left[:] = -self.rate[:, None] * standing.extra

    def stars(self, sets: Sets, which: NDArray[np.intp]) -> NDArray[np.float64]:
        """float64[rates, stars, bins]: of some stars, cost less worth of the hub's bin with the least of its leaves."""
        out = self.less[:, sets.hubs[which]]
        for leaf in sets.messages[which].T:
            out += self.messages[:, leaf]
        return out

    def parts(self, sets: Sets, which: NDArray[np.intp], stars: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[rates, features + stars + pairs]: the least of each part, to be added up over what is in a set."""
        features = len(self.board.terms)
        out = np.zeros((len(self.rate), sets.weights.shape[1]))
        out[:, :features] = self.least
        out[:, features + which] = stars.min(axis=2, initial=FAR) - self.least[:, sets.hubs[which]]
        out[:, features + len(sets.hubs) :] = self.left
        return out


class Look:
    """The bounds of all sets of one size; what they must cost is worked out for those only that can reach the score."""

    def __init__(self, weighed: Weighed, sets: Sets) -> None:
        self.weighed, self.sets = weighed, sets
        every = np.arange(len(sets.hubs))
        self.far = weighed.far.stars(sets, every)
        total = sets.weights @ weighed.far.parts(sets, every, self.far)[0] + weighed.need
        self.some = np.flatnonzero(total < 0.5)
        self._room = np.rint(-total[self.some]).astype(np.int64)

    def order(self) -> list[tuple[int, float, int, int]]:
        """The sets that can reach the score, by what they must cost at least: which, that cost, the rate that says so,
        and by how much their farthest push is more than what is needed."""
        if not len(self.some):
            return []
        near, sets, features = self.weighed.near, self.sets, len(self.weighed.board.terms)
        weights = sets.weights[self.some]
        used = np.flatnonzero(weights[:, features : features + len(sets.hubs)].any(axis=0))
        self.near = near.stars(sets, used)
        self.place = dict(zip(used.tolist(), range(len(used)), strict=True))
        total = weights @ near.parts(sets, used, self.near).T + near.rate * self.weighed.need
        which = total.argmax(axis=1)
        least = total[np.arange(len(total)), which]
        order = least.argsort(kind="stable")
        columns = (self.some[order], least[order], which[order], self._room[order])
        return list(zip(*(column.tolist() for column in columns), strict=True))
