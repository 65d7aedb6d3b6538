"""One score's pushes and costs of one person as arrays: what the search for several changes bounds with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, WITHHELD, Model, Pair

from ._reach import Steps

__all__ = ["FAR", "MOST_SETS", "Board", "Heads", "Sets", "Standing", "Star"]

FAR = 1e15
"""Cost of what is not within reach."""
MOST_SETS = 12_000
"""More sets of features of one size than this are not listed."""
_FIRST = OTHER + 1


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
    """Two features that all joint effects within a set have a part in.

    Attributes:
        one, other: the two, as places on the board.
        between: pairs of both.
        beside: of each other feature with a joint effect: (0 or 1, which head; pair; whether the head is its second).
    """

    one: int
    other: int
    between: tuple[int, ...]
    beside: dict[int, tuple[tuple[int, int, int], ...]]


class Sets:
    """All sets of so many features, in the order of the features, and what is joint within each.

    Attributes:
        places: the features of each set, as places on the board.
        stars: the stars that occur.
        hubs, messages: intp[stars] and intp[stars, size - 1], the hub of each, and 2 x pair + whether the hub is the
            second of it for each leaf; -1 where there are fewer.
        joint: of each set the stars in it, which share no feature, and the pairs that are left over.
        heads: of sets with pairs left over, the two features that all pairs in it have a part in, where there are such.
        weights: float64[n, features + stars + pairs], what is in each set.
    """

    def __init__(self, features: int, ends: Sequence[tuple[int, int]], size: int) -> None:
        self.places = list(combinations(range(features), size))
        known: dict[Star, int] = {}
        pairs_of: dict[tuple[int, ...], list[int]] = {}
        for p, two in enumerate(ends):
            pairs_of.setdefault(tuple(sorted(two)), []).append(p)
        self.joint: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.heads: dict[int, Heads] = {}
        for places in self.places:
            left = [p for both in combinations(places, 2) for p in pairs_of.get(both, ())]
            self.joint.append(_joint(ends, left, known) if left else ((), ()))
            heads = _heads(ends, left) if self.joint[-1][1] else None
            if heads is not None:
                self.heads[len(self.joint) - 1] = heads
        self.stars = list(known)
        self.weights = np.zeros((len(self.places), features + len(known) + len(ends)))
        for row, places, (stars, loose) in zip(self.weights, self.places, self.joint, strict=True):
            row[[*places, *(features + s for s in stars), *(features + len(known) + p for p in loose)]] = 1
        self.hubs = np.array([star.hub for star in self.stars], dtype=np.intp)
        self.messages = np.full((len(known), max(size - 1, 1)), -1, dtype=np.intp)
        for told, star in zip(self.messages, self.stars, strict=True):
            told[: len(star.leaves)] = [2 * pair + second for _, pair, second in star.leaves]


def _joint(
    ends: Sequence[tuple[int, int]], left: list[int], known: dict[Star, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of the pairs inside a set the largest star, then the largest of what is left; and the pairs in no star."""
    free, stars = {place for p in left for place in ends[p]}, []
    while open_ := [p for p in left if free.issuperset(ends[p])]:
        inside = [place for p in open_ for place in ends[p]]
        hub = max(sorted(set(inside)), key=inside.count)
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
        beside: dict[int, list[tuple[int, int, int]]] = {}
        for p in rest:
            head = one if one in ends[p] else other
            beside.setdefault(sum(ends[p]) - head, []).append((int(head == other), p, int(ends[p][1] == head)))
        return Heads(one, other, between, {place: tuple(sorted(told)) for place, told in beside.items()})
    return None


class Board:
    """A model's numbers for one score that is pushed, laid out once for all people.

    Args:
        model: the tables.
        steps: per feature, the steps within reach from each bin.
        terms: the features that may change and move this score, ascending.
        offer, sign: the score, and which way it is pushed.
        focus: the offer whose value of a per-offer feature is changed.

    Attributes:
        pairs: places, among the model's pairs, of those whose features both may change.
        ends: intp[2, pairs], places on the board of both features of each such pair.
        band_of: intp[2, pairs, bins], band of each bin of both.
    """

    def __init__(
        self, model: Model, steps: Sequence[Steps], terms: Sequence[int], offer: int, sign: int, focus: int
    ) -> None:
        self.terms = tuple(terms)
        self.offer, self.focus = offer, focus
        self._steps = steps
        self._sizes = [model.view.binnings[t].size for t in terms]
        self.width = max(self._sizes, default=1)
        self._lay_rows(model, sign)
        self._lay_pairs(model, sign)
        self._costs: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._sets: dict[int, Sets | None] = {}

    def _lay_rows(self, model: Model, sign: int) -> None:
        """Rows of pushes by bin: of each feature alone, and with each band of what it has a joint effect with."""
        features = len(model.view.binnings)
        blocks, laid = [np.zeros((1, self.width), np.int64)], 1
        at: list[int] = []
        self._entries: list[tuple[int, int, list[int]]] = []
        for term in self.terms:
            at.append(len(self._entries))
            self._entries.append((laid, term, []))
            blocks.append(self._wide(sign * model.tables[term][self.offer].astype(np.int64)[None]))
            laid += 1
            for p, pair in enumerate(model.pairs):
                if term not in (pair.first, pair.second):
                    continue
                square, own, others = _square(pair, model.tables[features + p][self.offer], sign), *_both(pair, term)
                by_other = square.T if pair.first == term else square
                block = self._wide(by_other[:, list(own)])
                block[:, WITHHELD] = 0
                where = [laid + band for band in others]
                where[WITHHELD] = 0
                self._entries.append((0, pair.second if pair.first == term else pair.first, where))
                blocks.append(block)
                laid += len(block)
        self._rows, self._starts = np.concatenate(blocks), np.array(at, dtype=np.intp)

    def _wide(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        out = np.zeros((len(values), self.width), np.int64)
        out[:, : values.shape[1]] = values
        return out

    def _lay_pairs(self, model: Model, sign: int) -> None:
        """The squares of the pairs inside, and where in a row of costs and pushes the bins of each band stand."""
        features = len(model.view.binnings)
        place = {term: i for i, term in enumerate(self.terms)}
        self.pairs = [p for p, pair in enumerate(model.pairs) if pair.first in place and pair.second in place]
        kept = [model.pairs[p] for p in self.pairs]
        self.ends = np.array([[place[p.first] for p in kept], [place[p.second] for p in kept]], dtype=np.intp)
        self.bands = [(pair.first_bands, pair.second_bands) for pair in kept]
        wide = max((max(bands) + 1 for both in self.bands for bands in both if bands), default=1)
        self.squares = np.zeros((len(kept), wide, wide), np.int64)
        order: list[int] = []
        starts: list[int] = []
        self._columns = np.full((2, len(kept), wide), -1, dtype=np.intp)
        for i, pair in enumerate(kept):
            square = _square(pair, model.tables[features + self.pairs[i]][self.offer], sign)
            self.squares[i, : square.shape[0], : square.shape[1]] = square
            for end in (0, 1):
                bands, base = self.bands[i][end], int(self.ends[end, i]) * self.width
                before = -1
                for code in sorted(range(1, len(bands)), key=bands.__getitem__):
                    if bands[code] != before:
                        before = bands[code]
                        self._columns[end, i, before] = len(starts)
                        starts.append(len(order))
                    order.append(base + code)
        self.band_of = np.zeros((2, len(kept), self.width), np.intp)
        for i, both in enumerate(self.bands):
            for end in (0, 1):
                self.band_of[end, i, : len(both[end])] = both[end]
        self._order, self._band_starts = np.array(order, dtype=np.intp), np.array(starts, dtype=np.intp)

    def sets(self, size: int) -> Sets | None:
        """All sets of so many features; None where these are too many to list."""
        if size not in self._sets:
            few = comb(len(self.terms), size) <= MOST_SETS
            self._sets[size] = (
                Sets(len(self.terms), [(one, other) for one, other in self.ends.T.tolist()], size) if few else None
            )
        return self._sets[size]

    def pushes(self, person: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """int64[features, bins]: how far each bin of each feature alone pushes the score of this person."""
        offer = self.offer
        rows = self._rows[[base or where[person[term][offer]] for base, term, where in self._entries]]
        total = np.add.reduceat(rows, self._starts, axis=0)
        own = [person[term][offer] for term in self.terms]
        return np.asarray(total - total[np.arange(len(own)), own][:, None])

    def costs(self, person: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """float64[features, bins]: cost of going to each bin, ppm; `FAR` where it is not within reach."""
        out = []
        for place, term in enumerate(self.terms):
            own = person[term][self.focus]
            row = self._costs.get((place, own))
            if row is None:
                row = self._costs[place, own] = np.full(self.width, FAR)
                for cost, code in self._steps[term][own]:
                    row[code] = cost
            out.append(row)
        return np.stack(out)

    def together(self, person: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """int64[pairs, bands, bands]: what changing both features of a pair pushes beyond each change alone."""
        own = np.array([person[term][self.offer] for term in self.terms])[self.ends]
        every = np.arange(len(self.pairs))
        one, other = self.band_of[0, every, own[0]], self.band_of[1, every, own[1]]
        here = self.squares[every, one]
        extra = self.squares - self.squares[every, :, other][:, :, None] - here[:, None, :]
        extra += here[every, other][:, None, None]
        extra *= np.all(own >= _FIRST, axis=0)[:, None, None]
        return np.asarray(extra)

    def by_band(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """float64[n, pairs, bands] twice, for both features of each pair: the least value of any bin in a band.

        Args:
            values: float64[n, features, bins].
        """
        flat = values.reshape(len(values), -1)
        least = np.full((len(values), len(self._band_starts) + 1), FAR)
        least[:, :-1] = np.minimum.reduceat(flat[:, self._order], self._band_starts, axis=1)
        return least[:, self._columns[0]], least[:, self._columns[1]]


class Standing:
    """One person on a board: what each bin pushes and costs.

    Attributes:
        push: int64[features, bins]; cost: float64[features, bins], `FAR` where it is not within reach.
        most: float64[features], the largest push of each feature; ``-FAR`` where nothing is within reach.
    """

    def __init__(self, board: Board, person: Sequence[Sequence[int]]) -> None:
        self.board, self._person = board, person
        self.push, self.cost = board.pushes(person), board.costs(person)
        self.most = np.where(self.cost < FAR, self.push, -FAR).max(axis=1)

    @cached_property
    def together(self) -> NDArray[np.int64]:
        """What changing both features of a pair pushes beyond each change alone; see `Board.together`."""
        return self.board.together(self._person)

    @cached_property
    def extra(self) -> NDArray[np.int64]:
        """int64[pairs], the largest of these for each pair, never below 0."""
        return np.asarray(np.maximum(self.together.max(axis=(1, 2)), 0))

    def helpful(self) -> int:
        """How many features may push the score at all."""
        most = self.most.copy()
        if self.board.pairs:
            for end in self.board.ends:
                np.add.at(most, end, self.extra)
        return int((most > 0).sum())

    def farthest(self) -> float:
        """No number of changes pushes the score farther than this."""
        most = float(np.maximum(self.most, 0).sum())
        return most + float(self.extra.sum()) if self.board.pairs else most


def _square(pair: Pair, table: NDArray[np.int32], sign: int) -> NDArray[np.int64]:
    return sign * table[1:].reshape(-1, pair.width).astype(np.int64)


def _both(pair: Pair, term: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Bands of a feature of a pair, and of the other."""
    both = pair.first_bands, pair.second_bands
    return both if pair.first == term else both[::-1]
