"""All sets of one size for one person: which of them can reach the score, and in which order they are worth a dive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._board import Board, Standing
from ._bounds import Bounds
from ._joined import Joined
from ._reach import WHOLE
from ._sets import Heads, Sets

__all__ = ["Known", "Look", "Option", "Try", "Way", "Weighed"]

_RATES = 5.0 ** np.arange(-2.0, 3.0)
"""Rates that are tried, as multiples of a whole population per push needed."""
_DEAREST = 1e10
"""No push is worth more than this, so that all rounding of a bound stays below `SLACK`."""

Known = tuple[tuple[int, int], ...]
"""What is picked already and has joint effects with a feature: (message from the feature, band of the hub)."""
Option = tuple[float, int, int, int]
"""A bin at one rate: what it adds to the least cost, what it takes off the farthest push, its cost, its code."""
Way = tuple[int, float, int]
"""A bin by its cost: its cost, what it takes off the farthest push, its code."""
_FEW = 16
"""Of so few sets pushes are not weighed against costs: looking through them is faster."""
_NO_FLOORS: Mapping[int, float] = {}


class Try(NamedTuple):
    """A set of features, and what is known of it.

    Attributes:
        bound: what it must cost at least.
        at: which set.
        room: by how much its farthest push is more than what is needed.
        rate: the rate that says what it must cost; -1 where no rate does.
        heads: where it has two heads, the pairs of their bins that can reach the score, by what they lead to at least:
            that, their cost, the room they leave, both codes.
        floors: where no rate says it, the least cost of each feature.
    """

    bound: float
    at: int
    room: float
    rate: int = -1
    heads: tuple[tuple[float, float, float, int, int], ...] = ()
    floors: Mapping[int, float] = _NO_FLOORS


_BOUND = attrgetter("bound")


class Weighed:
    """What one person needs, and what their bins push and cost, weighed against each other at some rates."""

    def __init__(self, board: Board, standing: Standing, need: int) -> None:
        self.board, self.standing, self.need = board, standing, need
        self._joined: dict[Heads, Joined] = {}

    @cached_property
    def far(self) -> Bounds:
        """How far can be pushed, whatever it costs."""
        bounds = Bounds(self.standing, np.ones(1), self.standing.short[None])
        if self.board.pairs:
            bounds.tell(slice(None))
        return bounds

    @cached_property
    def near(self) -> Bounds:
        """What it must cost, at some rates."""
        dearest = _DEAREST / max(float(np.abs(self.standing.push).max()), 1.0)
        rate = np.minimum(_RATES * (WHOLE / self.need), dearest)
        return Bounds(self.standing, rate, self.standing.cost - rate[:, None, None] * self.standing.push)

    def joined(self, heads: Heads) -> Joined:
        """What two heads and what is beside them come to."""
        found = self._joined.get(heads)
        if found is None:
            found = self._joined[heads] = Joined(self.standing, heads, self.far)
        return found


class Look:
    """The bounds of all sets of one size; what they must cost is worked out for those only that can reach the score."""

    def __init__(self, weighed: Weighed, sets: Sets) -> None:
        self.weighed, self.sets = weighed, sets
        self._options: dict[tuple[int, int, Known], list[Option]] = {}
        self._ways: dict[tuple[int, Known], list[Way]] = {}
        weighed.far.bound_first(sets.stars, sets.size - 1)
        short = weighed.far.of_all(sets) + weighed.need
        some = np.flatnonzero(short < 0.5)
        self._farthest = float(-short[some].min(initial=0))
        self._two: list[int] = []
        if sets.heads and len(some):
            every = some.tolist()
            self._two = [at for at in every if at in sets.heads and self._reaches(*sets.heads[at])]
            some = np.array([at for at in every if at not in sets.heads], dtype=np.intp)
        self._some, self._room = some, np.rint(-short[some])

    def _reaches(self, heads: Heads, alone: tuple[int, ...]) -> bool:
        """Whether a set that may reach the score does, where two heads tell more."""
        far = self.weighed.far.least[0]
        return bool(self.weighed.joined(heads).least + sum(far[place] for place in alone) + self.weighed.need < 0.5)

    def order(self) -> Iterator[Try]:
        """What is worth a dive, by what it must cost at least."""
        joint, some = self.sets.joint, self._some
        tries = [self._with_heads(at, *self.sets.heads[at]) for at in self._two]
        if len(some) > _FEW or any(joint[at][1] for at in some.tolist()):
            return merge(sorted(tries, key=_BOUND), self._weigh(), key=_BOUND)
        tries += [self._by_cost(at, room) for at, room in zip(some.tolist(), self._room.tolist(), strict=True)]
        return iter(sorted(tries, key=_BOUND))

    def _weigh(self) -> Iterator[Try]:
        """Sets by the best of some rates, worked out with the stars in these sets, and with those only."""
        board, near, sets, some = self.weighed.board, self.weighed.near, self.sets, self._some
        nothing, parts = len(board.pairs), sets.parts[:, sets.place[some]]
        stars = np.unique(parts[parts > nothing]) - nothing - 1
        if len(stars):
            leaves = [leaf for star in stars.tolist() for leaf in board.stars[star].leaves]
            near.tell(sorted({2 * pair + second for _, pair, second in leaves}))
            near.bound(stars, sets.size - 1)
        total = near.of_some(sets, some) + near.rate[:, None] * self.weighed.need
        which = total.argmax(axis=0)
        least = total[which, np.arange(len(which))]
        order = least.argsort(kind="stable")
        columns = (column[order].tolist() for column in (least, some, self._room, which))
        for bound, at, room, rate in zip(*columns, strict=True):
            yield Try(bound, at, room, rate)

    def _with_heads(self, at: int, heads: Heads, alone: tuple[int, ...]) -> Try:
        """A set with two heads by the bins of both: their cost, and the least of each other feature."""
        far, cost, joined = self.weighed.far, self.weighed.standing.cost, self.weighed.joined(heads)
        short = joined.far + (sum(far.least[0, place] for place in alone) + self.weighed.need)
        codes = np.nonzero(short < 0.5)
        room = np.rint(-short[codes])
        spent = cost[heads.one, codes[0]] + cost[heads.other, codes[1]]
        bound = spent.copy()
        for beside in heads.beside:
            bound += joined.floors(*beside, room, codes, far)
        bound += sum(self._floor(place, float(room.max())) for place in alone)
        order = bound.argsort(kind="stable")
        columns = [column[order].tolist() for column in (bound, spent, room, *codes)]
        return Try(columns[0][0], at, columns[2][0], heads=tuple(zip(*columns, strict=True)))

    def _by_cost(self, at: int, room: float) -> Try:
        """A set by the least cost of each feature that leaves the score in reach; of a leaf, by its cheapest bin."""
        floors: dict[int, float] = {}
        for s in self.sets.joint[at][0]:
            star = self.weighed.board.stars[s]
            floors[star.hub] = next(cost for cost, lost, _ in self.hub_ways(s) if lost <= room)
            for leaf, _, _ in star.leaves:
                floors[leaf] = self.weighed.standing.cheapest[leaf]
        for place in self.sets.places[at]:
            if place not in floors:
                floors[place] = self._floor(place, room)
        return Try(sum(floors.values()), at, room, floors=floors)

    def _floor(self, place: int, room: float) -> float:
        """The least cost of a feature without joint effects that leaves the score in reach."""
        return next(cost for cost, lost, _ in self.ways(place, ()) if lost <= room)

    def options(self, place: int, rate: int, known: Known) -> list[Option]:
        """The bins of a feature that leave the score within reach, by what they add to the least cost.

        Args:
            place: the feature.
            rate: what a push is worth.
            known: what it has joint effects with.
        """
        key = rate, place, known
        found = self._options.get(key)
        if found is None:
            near, far = self.weighed.near.less[rate, place], self.weighed.far.less[0, place]
            if known:
                push = self._push(known)
                near, far = near - self.weighed.near.rate[rate] * push, far - push
            found = self._options[key] = self._sorted(place, near, far)
        return found

    def hub_options(self, star: int, rate: int) -> list[Option]:
        """The bins of the hub of a star, likewise; what its leaves come to is in what they add and lose."""
        key = rate, -1 - star, ()
        found = self._options.get(key)
        if found is None:
            place = self.weighed.board.stars[star].hub
            near, far = self.weighed.near.star(rate, star), self.weighed.far.star(0, star)
            found = self._options[key] = self._sorted(place, near, far)
        return found

    def _sorted(self, place: int, near: NDArray[np.float64], far: NDArray[np.float64]) -> list[Option]:
        lost = far - far.min()
        bins = np.flatnonzero(lost <= self._farthest)
        near, cost = near - near.min(), self.weighed.standing.cost[place]
        order = bins[near[bins].argsort(kind="stable")]
        columns = (near[order], lost[order].astype(np.int64), cost[order].astype(np.int64), order)
        return list(zip(*[column.tolist() for column in columns], strict=True))

    def ways(self, place: int, known: Known) -> list[Way]:
        """The bins of a feature that leave the score within reach, by cost; those alone that lose less than all that
        are cheaper. See `options`."""
        found = self._ways.get((place, known))
        if found is None:
            far = self.weighed.far.less[0, place]
            if known:
                far = far - self._push(known)
            lost, least = (far - far.min()).tolist(), self._farthest + 1
            found = self._ways[place, known] = []
            for cost, code in self.weighed.standing.steps(place):
                if lost[code] < least:
                    least = lost[code]
                    found.append((cost, least, code))
                    if not least:
                        break
        return found

    def hub_ways(self, star: int) -> list[Way]:
        """The bins of the hub of a star that leave the score within reach, by cost."""
        found = self._ways.get((-1 - star, ()))
        if found is None:
            far = self.weighed.far.star(0, star)
            lost, farthest = (far - far.min()).tolist(), self._farthest
            steps = self.weighed.standing.steps(self.weighed.board.stars[star].hub)
            found = [(cost, lost[code], code) for cost, code in steps if lost[code] <= farthest]
            self._ways[-1 - star, ()] = found
        return found

    def _push(self, known: Known) -> NDArray[np.float64]:
        board, together = self.weighed.board, self.weighed.standing.together
        rows = [together[message, :, band][board.leaf_bands[message]] for message, band in known]
        return np.asarray(rows[0] if len(rows) == 1 else rows[0] + rows[1])
