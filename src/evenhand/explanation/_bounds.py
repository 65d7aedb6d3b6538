"""What a set of features must cost at least, and how far it can push, for all sets of one size at once.

A push is given a rate, what a micro-logit is worth in cost (a Lagrange multiplier). At any rate a change that reaches
the score costs at least ``rate * need`` and, for each feature inside, the least of ``cost - rate * push``. Features
with joint effects are taken together as stars: for each bin of the hub the least of each leaf. That holds for every
rate, so the best of some rates is a bound. An infinite rate tells how far a set can push; it is looked at first, and
few sets are left then. Source: Everett 1963 (generalised Lagrange multipliers), Geoffrion 1974 (integer programmes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._board import Standing
from ._sets import Sets

__all__ = ["SLACK", "Bounds"]

SLACK = 1e-3
_FEW = 100
"""So few stars are bound all at once, as that takes hardly longer."""


class Bounds:
    """Bounds at some rates, for one person.

    Attributes:
        rate: float64[rates], what a push is worth.
        less: float64[rates, features, bins], cost less what the push is worth.
        least: float64[rates, features], the least of it.
        kept: what was worked out for some sets, and is wanted for others.
    """

    def __init__(self, standing: Standing, rate: NDArray[np.float64], less: NDArray[np.float64]) -> None:
        self.rate, self.less, self.board, self._standing = rate, less, standing.board, standing
        self.kept: dict[tuple[object, ...], NDArray[np.float64]] = {}
        self.least = less.min(axis=2)
        board = self.board
        self._told = np.zeros((len(rate), len(board.leaf) * board.wide + 1))
        alone = np.zeros((len(rate), len(board.terms) + 1))
        alone[:, :-1] = self.least
        self._two = (alone[:, :, None] + alone[:, None]).reshape(len(rate), -1)
        self._pairs = len(board.pairs) + 1
        self._parts = np.zeros((len(rate), self._pairs + len(board.stars)))
        if board.pairs:
            self._parts[:, : len(board.pairs)] = -rate[:, None] * standing.extra
        self._stars = np.empty((len(rate), len(board.stars), board.width))
        self._bound = 0

    def tell(self, which: slice | list[int]) -> None:
        """Work out these messages: with the hub in a band, what the leaf adds beyond its own least."""
        board, rates = self.board, len(self.rate)
        leaf = board.by_band(self.less)[:, which]
        leaf -= self.least[:, board.leaf[which]][:, :, None]
        told = self.rate[:, None, None, None] * self._standing.together[which]
        np.subtract(leaf[:, :, :, None], told, out=told)
        self._told[:, :-1].reshape(rates, -1, board.wide)[:, which] = told.min(axis=2)

    def message(self, which: int) -> NDArray[np.float64]:
        """float64[bins of the hub]: what the leaf adds beyond its own least, at the first rate."""
        board, at = self.board, which * self.board.wide
        bands = board.hub_bands[which, : board.sizes[board.hub[which]]]
        return np.asarray(self._told[0, at : at + board.wide][bands])

    def star(self, rate: int, which: int) -> NDArray[np.float64]:
        """float64[bins of the hub]: cost less worth with the least of its leaves, at one rate."""
        return np.asarray(self._stars[rate, which])

    def bound_first(self, stars: int, leaves: int) -> None:
        """Bound the first so many stars, or all where they are few; those that are new have at most so many leaves."""
        if len(self.board.stars) <= _FEW:
            stars = len(self.board.stars)
            leaves = stars
        if stars > self._bound:
            self.bound(slice(self._bound, stars), leaves)
            self._bound = stars

    def bound(self, which: slice | NDArray[np.intp], leaves: int) -> None:
        """Bound these stars, of at most so many leaves."""
        self._make_room()
        hubs, cells = self.board.cells(which, leaves)
        stars = self.less[:, hubs]
        for leaf in cells:
            stars += self._told.take(leaf, axis=1)
        self._stars[:, which] = stars
        self._parts[:, self._pairs :][:, which] = stars.min(axis=2) - self.least[:, hubs]

    def _make_room(self) -> None:
        short = len(self.board.stars) - self._stars.shape[1]
        if short:
            self._stars = np.concatenate([self._stars, np.empty((len(self.rate), short, self.board.width))], axis=1)
            self._parts = np.concatenate([self._parts, np.empty((len(self.rate), short))], axis=1)

    def of_all(self, sets: Sets) -> NDArray[np.float64]:
        """float64[n]: the sum of the least of what is in each set, at the first rate; where told twice, the larger."""
        total = self._two[0].take(sets.halves).sum(axis=0)
        if len(sets.tied):
            told = total[sets.tied] + self._parts[0].take(sets.parts[:, :-1]).sum(axis=0)
            once = len(told) - sets.again
            total[sets.tied[:once]] = told[:once]
            np.maximum.at(total, sets.tied[once:], told[once:])
        return np.asarray(total)

    def of_some(self, sets: Sets, which: NDArray[np.intp]) -> NDArray[np.float64]:
        """float64[rates, sets]: the sum of the least of what is in some sets."""
        total = self._two.take(sets.halves[:, which], axis=1).sum(axis=1)
        total += self._parts.take(sets.parts[:, sets.place[which]], axis=1).sum(axis=1)
        return np.asarray(total)
