"""The exact search for one score: sets of features in the order of what they must cost at least.

A push is given a rate, what a micro-logit is worth in cost (a Lagrange multiplier). At any rate a change that reaches
the score costs at least ``rate * need`` and, for each feature inside, the least of ``cost - rate * push``. Features
with joint effects are taken together as stars: for each bin of the hub the least of each leaf. That holds for every
rate, so the best of some rates is a bound, for all sets of features at once one product of matrices. An infinite rate
tells how far a set can push. Source: Everett 1963 (generalised Lagrange multipliers), Geoffrion 1974 (integer
programmes).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ._best import Best
from ._board import FAR, Board, Sets, Standing
from ._reach import WHOLE

__all__ = ["Priced"]

_RATES = 4.0 ** np.arange(-3.0, 3.0)
"""Rates that are tried, as multiples of a whole population per push needed."""
_DEAREST = 1e10
"""No push is worth more than this, so that all rounding of a bound stays below `_SLACK`."""
_SLACK = 1e-3

Option = tuple[float, int, int, int]
"""A bin at one rate: what it adds to the least cost, what it takes off the farthest push, its cost, its code."""


class Priced:
    """The search for one person: `look` tries all sets of one size, smaller sizes first."""

    def __init__(self, board: Board, person: Sequence[Sequence[int]], need: int) -> None:
        self.board, self.need = board, need
        self.options: dict[tuple[int, ...], list[Option]] = {}
        self.could, self.helpful = False, 0
        if board.terms:
            self.standing = Standing(board, person)
            self.could = self.standing.farthest() >= need
            self.helpful = self.standing.helpful()

    def look(self, size: int, best: Best) -> bool:
        """Try all sets of so many features; False where they are too many to list."""
        if not self.could or size > len(self.board.terms):
            return True
        if size == 1:
            self._one(best)
            return True
        sets = self.board.sets(size)
        if sets is None:
            return False
        look = _Look(self, sets)
        for at, bound, rate, room in look.order():
            if best.changes is not None and bound - _SLACK > best.cost:
                break
            terms = tuple(self.board.terms[place] for place in sets.places[at])
            if not best.beats(ceil(bound - _SLACK), terms):
                _Dive(look, at, rate, bound, terms, best).go(0, 0.0, room, 0)
        return True

    @cached_property
    def far(self) -> _Bounds:
        """How far can be pushed, whatever it costs."""
        return _Bounds(self.standing, np.ones(1), np.where(self.standing.cost < FAR, 0, FAR))

    @cached_property
    def near(self) -> _Bounds:
        """What it must cost, at some rates."""
        dearest = _DEAREST / max(float(np.abs(self.standing.push).max()), 1.0)
        return _Bounds(self.standing, np.minimum(_RATES * (WHOLE / self.need), dearest), self.standing.cost)

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

    def _one(self, best: Best) -> None:
        """One feature: the cheapest bin that pushes far enough; ties to the first feature, then the lowest code."""
        cost = np.where(self.standing.push >= self.need, self.standing.cost, FAR)
        place, code = divmod(int(cost.argmin()), self.board.width)
        if cost[place, code] < FAR:
            best.tried()
            best.offer(int(cost[place, code]), ((self.board.terms[place], code),))


class _Bounds:
    """Bounds at some rates, for one person.

    Attributes:
        rate: float64[rates], what a push is worth.
        less: float64[rates, features, bins], cost less what the push is worth.
        least: float64[rates, features], the least of it.
        messages: float64[rates, 2 pairs + 1, bins]: with the first of a pair in a bin, what the second adds beyond its
            own least; then the other way round; the last is nothing.
        left: float64[rates, pairs], the most that a joint effect takes off, whatever the bins.
    """

    def __init__(self, standing: Standing, rate: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        self.rate, self.board = rate, standing.board
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
        self.messages[:, 0:-1:2] = (other[:, :, None, :] - worth).min(axis=3)[:, every, board.band_of[0]]
        self.messages[:, 1:-1:2] = (one[:, :, :, None] - worth).min(axis=2)[:, every, board.band_of[1]]
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


class _Look:
    """The bounds of all sets of one size; what they must cost is worked out for those only that can reach the score."""

    def __init__(self, priced: Priced, sets: Sets) -> None:
        self.priced, self.sets = priced, sets
        every = np.arange(len(sets.hubs))
        self.far = priced.far.stars(sets, every)
        total = sets.weights @ priced.far.parts(sets, every, self.far)[0] + priced.need
        self.some = np.flatnonzero(total < 0.5)
        self._room = np.rint(-total[self.some]).astype(np.int64)

    def order(self) -> list[tuple[int, float, int, int]]:
        """The sets that can reach the score, by what they must cost at least: which, that cost, the rate that says so,
        and by how much their farthest push is more than what is needed."""
        if not len(self.some):
            return []
        near, sets, features = self.priced.near, self.sets, len(self.priced.board.terms)
        weights = sets.weights[self.some]
        used = np.flatnonzero(weights[:, features : features + len(sets.hubs)].any(axis=0))
        self.near = near.stars(sets, used)
        self.place = dict(zip(used.tolist(), range(len(used)), strict=True))
        total = weights @ near.parts(sets, used, self.near).T + near.rate * self.priced.need
        which = total.argmax(axis=1)
        least = total[np.arange(len(total)), which]
        order = least.argsort(kind="stable")
        columns = (self.some[order], least[order], which[order], self._room[order])
        return list(zip(*(column.tolist() for column in columns), strict=True))


class _Dive:
    """Depth first over the bins of one set of features: hubs before their leaves, each by what it adds."""

    def __init__(self, look: _Look, at: int, rate: int, bound: float, terms: tuple[int, ...], best: Best) -> None:
        self.priced, self.best, self.bound, self.terms, self.rate = look.priced, best, bound, terms, rate
        places, (stars, left) = look.sets.places[at], look.sets.joint[at]
        self.order: list[int] = []
        self.lists: list[list[Option] | None] = []
        self.leaf: list[tuple[int, int, int]] = []
        for s in stars:
            star, hub = look.sets.stars[s], len(self.order)
            key = (len(places), rate, s, 0)
            self.order += [star.hub, *(place for place, _, _ in star.leaves)]
            self.leaf += [(0, 0, 0), *((hub, pair, second) for _, pair, second in star.leaves)]
            self.lists += [
                self.priced.options.get(key)
                or self.priced.sorted(key, star.hub, look.near[rate, look.place[s]], look.far[0, s]),
                *[None] * len(star.leaves),
            ]
        for place in places:
            if place not in self.order:
                near, far = self.priced.near.less[rate, place], self.priced.far.less[0, place]
                self.order.append(place)
                self.lists.append(
                    self.priced.options.get((rate, place)) or self.priced.sorted((rate, place), place, near, far)
                )
                self.leaf.append((0, 0, 0))
        self.worth = float(self.priced.near.rate[rate])
        self.own = [self.priced.board.terms[place] for place in self.order]
        self.picked = [0] * len(places)
        self.closing: list[list[int]] = [[] for _ in places]
        for pair in left:
            ends = self.priced.board.ends[:, pair].tolist()
            self.closing[max(self.order.index(place) for place in ends)].append(pair)

    def _of_leaf(self, depth: int) -> list[Option]:
        """The bins of a leaf, now that the hub's bin is known."""
        hub, pair, second = self.leaf[depth]
        board, place = self.priced.board, self.order[depth]
        band = board.bands[pair][second][self.picked[hub]]
        key = (self.rate, pair, second, band, 0)
        found = self.priced.options.get(key)
        if found is None:
            square = self.priced.standing.together[pair]
            push = (square[:, band] if second else square[band])[board.band_of[1 - second, pair]]
            near = self.priced.near.less[self.rate, place] - self.worth * push
            far = self.priced.far.less[0, place] - push
            found = self.priced.sorted(key, place, near, far)
        return found

    def _spare(self) -> float:
        """What a change of these features may add to the least cost and be better, or as good and not yet seen."""
        best = self.best
        if best.changes is None:
            return FAR
        return best.cost - (self.terms > best.terms) + _SLACK - self.bound

    def go(self, depth: int, added: float, room: int, cost: int) -> None:
        """Try the bins of the feature at this depth.

        Args:
            depth: how many are picked already.
            added: what they add to the least cost.
            room: how much farther the rest can push than what is needed.
            cost: what they cost.
        """
        best, picked, closing = self.best, self.picked, self.closing[depth]
        is_last = depth + 1 == len(picked)
        options = self.lists[depth]
        spare = self._spare()
        for more, lost, dear, code in self._of_leaf(depth) if options is None else options:
            if added + more > spare:
                break
            best.tried()
            if lost > room:
                continue
            picked[depth] = code
            now, still = added + more, room - lost
            if closing:
                off = self._off(closing)
                now, still = now + self.worth * off, still - off
                if now > spare or still < 0:
                    continue
            if not is_last:
                self.go(depth + 1, now, still, cost + dear)
                spare = self._spare()
            elif cost + dear <= spare + self.bound:
                best.offer(cost + dear, tuple(sorted(zip(self.own, picked, strict=True))))
                spare = self._spare()

    def _off(self, closing: Sequence[int]) -> int:
        """By how much the joint effects that are settled now push less than they might have."""
        board, standing, off = self.priced.board, self.priced.standing, 0
        for pair in closing:
            one, other = (self.picked[self.order.index(place)] for place in board.ends[:, pair].tolist())
            bands = board.bands[pair]
            off += int(standing.extra[pair] - standing.together[pair, bands[0][one], bands[1][other]])
        return off
