"""All sets of so many features, and what is joint within each: laid out once for all people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

__all__ = ["Heads", "Sets", "Star"]


class Star(NamedTuple):
    """A feature and features that it has joint effects with: known the hub's bin, the others do not matter to each
    other.

    Attributes:
        hub: the feature, as a place on the board.
        leaves: (place on the board, pair, whether the hub is the second of the pair).
    """

    hub: int
    leaves: tuple[tuple[int, int, int], ...]


class Heads(NamedTuple):
    """Two features that all of some joint effects have a part in.

    Attributes:
        one, other: the two, as places on the board.
        between: 2 x pair + whether the other head is its second, for each pair of both.
        beside: of each other feature its place, and (0 or 1, which head; 2 x pair + whether the head is its second) for
            each joint effect that it has with one of them.
    """

    one: int
    other: int
    between: tuple[int, ...]
    beside: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]


_Joint = tuple[tuple[int, ...], tuple[int, ...]]
"""Stars that share no feature, and pairs that are in none of them."""


class Sets:
    """All sets of so many features, in the order of the features.

    Args:
        features: how many features there are.
        ends: both features of each pair.
        size: how many are in a set.
        known: the stars that occurred in smaller sets, with their numbers; those of these sets are added.

    Attributes:
        size: how many are in a set.
        places: the features of each set, as places on the board.
        joint: of each set the numbers of the stars in it, which share no feature, and the pairs that are left over.
        heads: of sets with pairs left over, the two features that all pairs in it have a part in, where there are such,
            and the features in no pair.
        halves: intp[half the size, n], the features of each set two by two, as ``one * (features + 1) + other``; where
            there is no other, it is `features`.
        tied: intp[more], the sets with joint effects; at first all, then those with two heads again, as often as
            there are other stars to begin with.
        parts: intp[most parts, more + 1], the joint effects in each of these: pairs left over, then ``pairs + 1 +
            star``; what is free points between them, at nothing. The last column is all nothing.
        again: how many columns of parts are of sets that stand there already.
        place: intp[n], the first column of parts that is of each set; -1 for a set without joint effects.
        stars: how many stars occur in sets of this size and smaller ones.
    """

    def __init__(self, features: int, ends: Sequence[tuple[int, int]], size: int, known: dict[Star, int]) -> None:
        self.size = size
        self.places = list(combinations(range(features), size))
        pairs_of: dict[tuple[int, ...], list[int]] = {}
        for p, two in enumerate(ends):
            pairs_of.setdefault(tuple(sorted(two)), []).append(p)
        self.joint: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.heads: dict[int, tuple[Heads, tuple[int, ...]]] = {}
        other: dict[int, list[_Joint]] = {}
        for at, places in enumerate(self.places):
            left = [p for both in combinations(places, 2) for p in pairs_of.get(both, ())]
            self.joint.append(_joint(ends, left, known) if left else ((), ()))
            heads = _heads(ends, left) if self.joint[at][1] else None
            if heads is not None:
                tied = {place for p in left for place in ends[p]}
                other[at] = [_joint(ends, left, known, hub) for hub in sorted(tied)]
                self.heads[at] = heads, tuple(place for place in places if place not in tied)
        self.stars = len(known)
        self._lay(features, len(ends), other)

    def _lay(self, features: int, pairs: int, other: dict[int, list[_Joint]]) -> None:
        """The sets as arrays of what is in them."""
        two = [(*places, features) if self.size % 2 else places for places in self.places]
        self.halves = np.array(
            [[one * (features + 1) + other for one, other in zip(p[::2], p[1::2], strict=True)] for p in two],
            dtype=np.intp,
        ).reshape(-1, (self.size + 1) // 2)
        self.halves = np.ascontiguousarray(self.halves.T)
        tied = [(at, joint) for at, joint in enumerate(self.joint) if any(joint)]
        self.place = np.full(len(self.places), -1, dtype=np.intp)
        self.place[[at for at, _ in tied]] = np.arange(len(tied))
        self.again = -len(tied)
        tied += [(at, joint) for at, joints in other.items() for joint in joints]
        self.again += len(tied)
        parts = [[*loose, *(pairs + 1 + star for star in stars)] for _, (stars, loose) in tied]
        self.parts = np.full((max(map(len, parts), default=0), len(parts) + 1), pairs, dtype=np.intp)
        for column, inside in enumerate(parts):
            self.parts[: len(inside), column] = inside
        self.tied = np.array([at for at, _ in tied], dtype=np.intp)


def _joint(
    ends: Sequence[tuple[int, int]], left: list[int], known: dict[Star, int], first: int | None = None
) -> _Joint:
    """Of the pairs inside a set the largest star, then the largest of what is left; and the pairs in no star.

    Args:
        first: the hub to begin with, instead of that of the largest star.
    """
    free = {place for p in left for place in ends[p]}
    stars: list[int] = []
    while open_ := [p for p in left if free.issuperset(ends[p])]:
        inside = [place for p in open_ for place in ends[p]]
        hub = max(sorted(set(inside)), key=inside.count) if first is None or stars else first
        mine = {sum(ends[p]) - hub: p for p in open_ if hub in ends[p]}  # one pair for each leaf
        star = Star(hub, tuple((leaf, p, int(ends[p][1] == hub)) for leaf, p in mine.items()))
        stars.append(known.setdefault(star, len(known)))
        free -= {hub, *mine}
        left = [p for p in left if p not in mine.values()]
    return tuple(stars), tuple(left)


def _heads(ends: Sequence[tuple[int, int]], inside: Sequence[int]) -> Heads | None:
    """Two features of which each pair inside has one, and no feature is in two pairs with the same."""
    for one, other in combinations(sorted({place for p in inside for place in ends[p]}), 2):
        between = tuple(p for p in inside if {one, other} == set(ends[p]))
        rest = [p for p in inside if p not in between]
        if any(one not in ends[p] and other not in ends[p] for p in rest):
            continue
        if len({tuple(sorted(ends[p])) for p in rest}) < len(rest):
            return None
        beside: dict[int, list[tuple[int, int]]] = {}
        for p in rest:
            head = one if one in ends[p] else other
            beside.setdefault(sum(ends[p]) - head, []).append((int(head == other), 2 * p + int(ends[p][1] == head)))
        between = tuple(2 * p + int(ends[p][1] == other) for p in between)
        return Heads(one, other, between, tuple((place, tuple(sorted(told))) for place, told in beside.items()))
    return None
