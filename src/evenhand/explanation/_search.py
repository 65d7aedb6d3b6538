"""The exact search for the smallest change: subsets of features by size, then bins depth first, with bounds.

One goal is about one score, or about two that a change may both move. Whatever is reached by pushing one score further
is still reached by pushing it further than that; so the largest push of what is still open is a bound.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._best import Best, EnoughError, Found
from ._board import FAR
from ._grid import Grid, Menu, Option, Person, Side
from ._priced import Priced

__all__ = ["Goal", "push_of", "smallest"]


Reached = Callable[[int, int], bool]
"""Whether pushes (micro-logits) of the first and the second score suffice; never undone by a larger push."""
Also = Callable[[tuple[tuple[int, int], ...]], bool]
"""Whether these changes, as (feature, code), hold up when looked at again."""


class Goal(NamedTuple):
    """What has to be reached, by pushing one score or two.

    Attributes:
        sides: the scores.
        reached: whether pushes suffice.
        needs: given the largest pushes of both that could be had, the least that each must have: a bound, not enough by
            itself where there are two scores.
        all_reached: `reached` for arrays of pushes; None where there is one score only.
    """

    sides: tuple[Side, ...]
    reached: Reached
    needs: Callable[[int, int], tuple[int, int]]
    all_reached: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]] | None = None


def push_of(side: Side, need: int) -> Goal:
    """One score has to be pushed by at least so much."""
    return Goal((side,), lambda first, _: first >= need, lambda _, __: (need, 0))


class _Feature(NamedTuple):
    term: int
    menu: Menu
    first: int
    second: int


def smallest(
    grid: Grid, person: Person, goals: Sequence[Goal], *, most_changes: int, most_nodes: int, also: Also | None = None
) -> Found:
    """The smallest change that reaches one of the goals: fewest features, then least cost, then the first features
    and lowest codes.

    Args:
        grid: the model and what is within reach.
        person: their codes.
        goals: any of them will do.
        most_changes: at most so many features.
        most_nodes: give up after so many bins.
        also: a second look that a change must stand.
    """
    hunts = [_hunt(grid, person, goal, also) for goal in goals]
    best = Best(most_nodes)
    try:
        for size in range(1, most_changes + 1):
            for hunt in hunts:
                hunt.look(size, best)
            if best.changes is not None:
                break
    except EnoughError:
        return Found(best.changes, best.cost, best.nodes, finished=False, could=True)
    return Found(
        best.changes,
        best.cost,
        best.nodes,
        finished=True,
        could=best.changes is None and any(hunt.may_with_more(most_changes) for hunt in hunts),
    )


def _hunt(grid: Grid, person: Person, goal: Goal, also: Also | None) -> _Hunt | _OneScore | _TwoScores:
    if also is None and len(goal.sides) == 1 and goal.needs(0, 0)[0] > 0:
        return _OneScore(grid, person, goal)
    if also is None and goal.all_reached is not None:
        return _TwoScores(grid, person, goal)
    return _Hunt(grid, person, goal, also)


class _OneScore:
    """The search for a push of one score; sets of features that are too many to list are tried one by one."""

    def __init__(self, grid: Grid, person: Person, goal: Goal) -> None:
        self._asked = grid, person, goal
        self._priced = Priced(grid.board(goal.sides[0]), person, goal.needs(0, 0)[0])
        self._hunt: _Hunt | None = None

    def may_with_more(self, changes: int) -> bool:
        """Whether more changes than so many might reach it."""
        return self._priced.may_with_more(changes)

    def look(self, size: int, best: Best) -> None:
        """Try all sets of so many features that may reach the goal."""
        if not self._priced.look(size, best):
            if self._hunt is None:
                self._hunt = _Hunt(*self._asked, None)
            self._hunt.look(size, best)


class _TwoScores:
    """The search that may move two scores: single changes all at once, several one by one."""

    def __init__(self, grid: Grid, person: Person, goal: Goal) -> None:
        self._asked = grid, person, goal

    @cached_property
    def _hunt(self) -> _Hunt:
        return _Hunt(*self._asked, None)

    def may_with_more(self, changes: int) -> bool:
        """Whether more changes than so many might reach it."""
        return self._hunt.may_with_more(changes)

    def look(self, size: int, best: Best) -> None:
        """Try all subsets of so many features that may reach the goal."""
        if size > 1:
            self._hunt.look(size, best)
            return
        grid, person, goal = self._asked
        one, other = (grid.board(side) for side in goal.sides)
        if not one.terms or goal.all_reached is None:
            return
        first, cost = one.pushes(person), one.costs(person)
        second = np.zeros_like(first)
        if other.terms:
            second[[one.terms.index(term) for term in other.terms], : other.width] = other.pushes(person)
        cost[~goal.all_reached(first, second)] = FAR
        best.tried(one.width)
        place, code = divmod(int(cost.argmin()), one.width)
        if cost[place, code] < FAR:
            best.offer(int(cost[place, code]), ((one.terms[place], code),))


class _Hunt:
    """The search for one goal of one person."""

    def __init__(self, grid: Grid, person: Person, goal: Goal, also: Also | None) -> None:
        self.grid, self.person, self.goal, self.also = grid, person, goal, also
        self.reached = goal.reached
        self.residual, self.together = {}, {}
        for place in grid.free_pairs:
            pushes, bounds = zip(*(grid.together(place, person, side) for side in goal.sides), strict=True)
            self.together[place] = pushes
            self.residual[place] = (bounds[0], bounds[1] if len(bounds) > 1 else 0)
        known = []
        for term, steps in enumerate(grid.steps):
            menu = grid.menu(term, person, goal.sides, whole=also is not None) if steps.any else None
            if menu is None:
                continue
            first, second = menu.most
            extra = [self.residual[place] for place in grid.of_feature[term] if place in self.residual]
            most = first + sum(one for one, _ in extra), second + sum(other for _, other in extra)
            if also is not None or most[0] > 0 or most[1] > 0:
                known.append((_Feature(term, menu, first, second), *most))
        known.sort(key=lambda one: (-one[1], one[0].term))
        self.features = [one[0] for one in known]
        self.most = [(max(one[1], 0), max(one[2], 0)) for one in known]
        self.could = self.reached(sum(most[0] for most in self.most), sum(most[1] for most in self.most))

    def may_with_more(self, changes: int) -> bool:
        """Whether more changes than so many might reach it."""
        return self.could and changes < len(self.features)

    def look(self, size: int, best: Best) -> None:
        """Try all subsets of so many features that may reach the goal."""
        if not self.could or size > len(self.features):
            return
        top = self._tops(size)
        chosen: list[int] = []

        def extend(start: int, first: int, second: int) -> None:
            left = size - len(chosen)
            if not left:
                self._try(sorted((self.features[i] for i in chosen), key=lambda f: f.term), best)
                return
            for i in range(start, len(self.features) - left + 1):
                most = top[i][left]
                total = first + most[0], second + most[1]
                if not self.reached(*total) or (chosen and self._too_dear(chosen, total, best)):
                    break
                chosen.append(i)
                extend(i + 1, first + self.most[i][0], second + self.most[i][1])
                chosen.pop()

        extend(0, 0, 0)

    def _too_dear(self, chosen: Sequence[int], total: tuple[int, int], best: Best) -> bool:
        """Whether what these features must give, when all others give the most, costs more than the best so far."""
        if best.changes is None:
            return False
        need = self.goal.needs(*total)
        cost = 0
        for i in chosen:
            feature, most = self.features[i], self.most[i]
            extra = most[0] - feature.first, most[1] - feature.second
            least = feature.menu.cheapest(
                need[0] - (total[0] - most[0]) - max(extra[0], 0), need[1] - (total[1] - most[1]) - max(extra[1], 0)
            )
            if least is None:
                return True
            cost += least.cost
        return cost > best.cost

    def _tops(self, size: int) -> list[list[tuple[int, int]]]:
        """From each feature on, the largest pushes that 0, 1, 2 ... of them can give, each score by itself."""
        first: list[int] = []
        second: list[int] = []
        out = [[(0, 0)]]
        for one, other in reversed(self.most):
            insort(first, -one)
            insort(second, -other)
            del first[size:], second[size:]
            sums = [(0, 0)]
            for a, b in zip(first, second, strict=True):
                sums.append((sums[-1][0] - a, sums[-1][1] - b))
            out.append(sums)
        return out[::-1]

    def _try(self, features: Sequence[_Feature], best: Best) -> None:
        """The cheapest bins of exactly these features, if they reach the goal."""
        terms = tuple(feature.term for feature in features)
        inside = [
            place
            for place in (self.grid.free_pairs if len(terms) > 1 else ())
            if self.grid.pairs[place].first in terms and self.grid.pairs[place].second in terms
        ]
        first, second = sum(f.first for f in features), sum(f.second for f in features)
        for place in inside:
            first += self.residual[place][0]
            second += self.residual[place][1]
        if not self.reached(first, second):
            return
        need = self.goal.needs(first, second)
        floor = 0
        for feature in features:
            least = feature.menu.cheapest(need[0] - first + feature.first, need[1] - second + feature.second)
            if least is None:
                return
            floor += least.cost
        if not best.beats(floor, terms):
            _Dive(self, features, terms, inside, best).go(0, 0, 0, 0)


class _Dive:
    """Depth first over the bins of one subset of features: those with joint effects within it first."""

    def __init__(
        self, hunt: _Hunt, features: Sequence[_Feature], terms: tuple[int, ...], inside: Sequence[int], best: Best
    ) -> None:
        self.hunt, self.best, self.terms = hunt, best, terms
        pairs = hunt.grid.pairs
        tied = {term for place in inside for term in (pairs[place].first, pairs[place].second)}
        self.order = sorted(features, key=lambda f: (f.term not in tied, len(f.menu.alone), f.term))
        self.lists = [f.menu.joint if f.term in tied else f.menu.alone for f in self.order]
        self.places = [f.term for f in self.order]
        self.by_bisection = len(hunt.goal.sides) == 1 and hunt.also is None and self.places[-1] not in tied
        self.picked = [0] * len(features)
        self.closing: list[list[tuple[int, int, int]]] = [[] for _ in features]
        for place in inside:
            one, other = self.places.index(pairs[place].first), self.places.index(pairs[place].second)
            self.closing[max(one, other)].append((place, one, other))
        self.rest = [(0, 0)]
        for depth in reversed(range(len(features))):
            bounds = [hunt.residual[place] for place, _, _ in self.closing[depth]]
            here, more = self.order[depth], self.rest[0]
            first = more[0] + here.first + sum(one for one, _ in bounds)
            self.rest.insert(0, (first, more[1] + here.second + sum(other for _, other in bounds)))

    def go(self, depth: int, cost: int, first: int, second: int) -> None:
        """Try the bins of the feature at this depth, cheapest first."""
        hunt = self.hunt
        if depth + 1 == len(self.lists):
            self._last(depth, cost, first, second)
            return
        more = self.rest[depth + 1]
        for option in self.lists[depth]:
            spent = cost + option.cost
            if self.best.beats(spent, self.terms):
                break
            self.best.tried()
            here = self._with(depth, option, first, second)
            total = here[0] + more[0], here[1] + more[1]
            if hunt.reached(*total):
                floor = self._floor(depth + 1, total)
                if floor is not None and not self.best.beats(spent + floor, self.terms):
                    self.go(depth + 1, spent, *here)

    def _last(self, depth: int, cost: int, first: int, second: int) -> None:
        hunt = self.hunt
        options: Sequence[Option] = self.lists[depth]
        if self.by_bisection:
            least = self.order[depth].menu.cheapest(hunt.goal.needs(first, second)[0] - first, 0)
            options = () if least is None else (least,)
        for option in options:
            spent = cost + option.cost
            if self.best.beats(spent, self.terms):
                break
            self.best.tried()
            if hunt.reached(*self._with(depth, option, first, second)):
                changes = tuple(sorted(zip(self.places, self.picked, strict=True)))
                if hunt.also is None or hunt.also(changes):
                    self.best.offer(spent, changes)
                    break

    def _with(self, depth: int, option: Option, first: int, second: int) -> tuple[int, int]:
        """The pushes with this option too, and with what it does together with those picked before."""
        self.picked[depth] = option.code
        first, second = first + option.first, second + option.second
        for place, one, other in self.closing[depth]:
            pair, pushes = self.hunt.grid.pairs[place], self.hunt.together[place]
            bands = pair.first_bands[self.picked[one]], pair.second_bands[self.picked[other]]
            first += pushes[0][bands[0]][bands[1]]
            if len(pushes) > 1:
                second += pushes[1][bands[0]][bands[1]]
        return first, second

    def _floor(self, depth: int, total: tuple[int, int]) -> int | None:
        """What the features from this depth on cost at least, if all the others give the most; None: not enough."""
        need = self.hunt.goal.needs(*total)
        cost = 0
        for feature in self.order[depth:]:
            least = feature.menu.cheapest(need[0] - total[0] + feature.first, need[1] - total[1] + feature.second)
            if least is None:
                return None
            cost += least.cost
        return cost
