"""The exact search for the smallest change: subsets of features by size, then bins depth first, with bounds.

One goal is about one score, or about two that a change may both move. Whatever is reached by pushing one score further
is still reached by pushing it further than that; so the largest push of what is still open is a bound.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ._grid import Grid, Option, Person, Side

__all__ = ["Found", "Goal", "push_of", "smallest"]


Reached = Callable[[int, int], bool]
"""Whether pushes (micro-logits) of the first and the second score suffice; never undone by a larger push."""
Also = Callable[[tuple[tuple[int, int], ...]], bool]
"""Whether these changes, as (feature, code), hold up when looked at again."""


class Goal(NamedTuple):
    """What has to be reached, by pushing one score or two."""

    sides: tuple[Side, ...]
    reached: Reached


def push_of(need: int) -> Reached:
    """One score has to be pushed by at least so much."""
    return lambda first, _: first >= need


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        changes: (feature, code), by feature; None where nothing was found.
        cost: their cost.
        nodes: bins that were tried.
        finished: False where it stopped at the most nodes allowed.
        could: whether more changes than were allowed might still reach it.
    """

    changes: tuple[tuple[int, int], ...] | None
    cost: int
    nodes: int
    finished: bool
    could: bool


class _Feature(NamedTuple):
    term: int
    options: tuple[Option, ...]
    first: int
    second: int


class _EnoughError(Exception):
    """The most nodes were tried."""


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
    hunts = [_Hunt(grid, person, goal, also) for goal in goals]
    best = _Best(most_nodes)
    try:
        for size in range(1, most_changes + 1):
            for hunt in hunts:
                hunt.look(size, best)
            if best.changes is not None:
                break
    except _EnoughError:
        return Found(best.changes, best.cost, best.nodes, finished=False, could=True)
    return Found(
        best.changes,
        best.cost,
        best.nodes,
        finished=True,
        could=any(hunt.could and most_changes < len(hunt.features) for hunt in hunts),
    )


class _Best:
    """The best so far, and how many bins were tried."""

    def __init__(self, most_nodes: int) -> None:
        self.changes: tuple[tuple[int, int], ...] | None = None
        self.terms: tuple[int, ...] = ()
        self.cost = 0
        self.nodes = 0
        self.left = most_nodes

    def beats(self, cost: int, terms: tuple[int, ...]) -> bool:
        """Whether it is certain that nothing of these features, from this cost on, is better."""
        return self.changes is not None and (self.cost, self.terms) < (cost, terms)

    def offer(self, cost: int, changes: tuple[tuple[int, int], ...]) -> None:
        """Take these if they are better."""
        terms = tuple(term for term, _ in changes)
        if self.changes is None or (cost, terms, changes) < (self.cost, self.terms, self.changes):
            self.changes, self.cost, self.terms = changes, cost, terms

    def tried(self) -> None:
        """One more bin."""
        self.nodes += 1
        if self.nodes > self.left:
            raise _EnoughError


class _Hunt:
    """The search for one goal of one person."""

    def __init__(self, grid: Grid, person: Person, goal: Goal, also: Also | None) -> None:
        self.grid, self.person, self.also = grid, person, also
        self.sides, self.reached = goal
        self.residual = {
            place: tuple(grid.most_together(place, person, side) for side in self.sides) for place in grid.free_pairs
        }
        known = []
        for term, steps in enumerate(grid.steps):
            if not steps.any:
                continue
            options = grid.options(term, person, self.sides, all_of_them=also is not None)
            if options:
                first = max(option.first for option in options)
                second = max(option.second for option in options) if len(self.sides) > 1 else 0
                extra = self._extra(term)
                if also is not None or first + extra[0] > 0 or second + extra[1] > 0:
                    known.append((_Feature(term, options, first, second), first + extra[0], second + extra[1]))
        known.sort(key=lambda one: (-one[1], one[0].term))
        self.features = [one[0] for one in known]
        self.most = [(max(one[1], 0), max(one[2], 0)) for one in known]
        self.could = self.reached(sum(most[0] for most in self.most), sum(most[1] for most in self.most))

    def _extra(self, term: int) -> tuple[int, int]:
        first = second = 0
        for place in self.grid.of_feature[term]:
            bound = self.residual.get(place)
            if bound:
                first += bound[0]
                second += bound[1] if len(bound) > 1 else 0
        return first, second

    def look(self, size: int, best: _Best) -> None:
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
                if not self.reached(first + most[0], second + most[1]):
                    break
                chosen.append(i)
                extend(i + 1, first + self.most[i][0], second + self.most[i][1])
                chosen.pop()

        extend(0, 0, 0)

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

    def _try(self, features: Sequence[_Feature], best: _Best) -> None:
        """The cheapest bins of exactly these features, if they reach the goal."""
        terms = tuple(feature.term for feature in features)
        inside = [
            (place, terms.index(self.grid.pairs[place].first), terms.index(self.grid.pairs[place].second))
            for place in (self.grid.free_pairs if len(terms) > 1 else ())
            if self.grid.pairs[place].first in terms and self.grid.pairs[place].second in terms
        ]
        first, second = sum(f.first for f in features), sum(f.second for f in features)
        for place, _, _ in inside:
            bound = self.residual[place]
            first += bound[0]
            second += bound[1] if len(bound) > 1 else 0
        if not self.reached(first, second):
            return
        lists = []
        for feature in features:
            rest = first - feature.first, second - feature.second
            lists.append([o for o in feature.options if self.reached(rest[0] + o.first, rest[1] + o.second)])
            if not lists[-1]:
                return
        floor = [0]
        for options in reversed(lists):
            floor.insert(0, floor[0] + options[0].cost)
        if not best.beats(floor[0], terms):
            _Dive(self, features, lists, inside, floor, best).go(0, 0, 0, 0)


class _Dive:
    """Depth first over the bins of one subset of features, in the order of their terms."""

    def __init__(
        self,
        hunt: _Hunt,
        features: Sequence[_Feature],
        lists: Sequence[Sequence[Option]],
        inside: Sequence[tuple[int, int, int]],
        floor: Sequence[int],
        best: _Best,
    ) -> None:
        self.hunt, self.lists, self.inside, self.floor, self.best = hunt, lists, inside, floor, best
        self.terms = tuple(feature.term for feature in features)
        self.picked = [0] * len(features)
        self.rest = []
        for depth in range(len(features) + 1):
            first = sum(max(o.first for o in options) for options in lists[depth:])
            second = sum(max(o.second for o in options) for options in lists[depth:])
            for place, one, other in inside:
                if max(one, other) >= depth:
                    bound = hunt.residual[place]
                    first += bound[0]
                    second += bound[1] if len(bound) > 1 else 0
            self.rest.append((first, second))

    def go(self, depth: int, cost: int, first: int, second: int) -> None:
        """Try every bin of the feature at this depth."""
        hunt, best = self.hunt, self.best
        last = depth + 1 == len(self.lists)
        more = self.rest[depth + 1]
        for option in self.lists[depth]:
            spent = cost + option.cost
            if best.beats(spent + self.floor[depth + 1], self.terms):
                break
            best.tried()
            self.picked[depth] = option.code
            here = [first + option.first, second + option.second]
            for place, one, other in self.inside:
                if max(one, other) == depth:
                    codes = self.picked[one], self.picked[other]
                    for which, side in enumerate(hunt.sides):
                        here[which] += hunt.grid.together(place, hunt.person, side, *codes)
            if not hunt.reached(here[0] + more[0], here[1] + more[1]):
                continue
            if not last:
                self.go(depth + 1, spent, here[0], here[1])
                continue
            changes = tuple(zip(self.terms, self.picked, strict=True))
            if hunt.also is None or hunt.also(changes):
                best.offer(spent, changes)
                break
