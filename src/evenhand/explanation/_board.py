"""One score's pushes and costs of one person as arrays: what the search for several changes bounds with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, WITHHELD, Model, Pair

from ._reach import Step, Steps
from ._sets import Sets, Star

__all__ = ["FAR", "MOST_SETS", "Board", "Standing"]

FAR = 1e15
"""Cost of what is not within reach."""
MOST_SETS = 12_000
"""More sets of features of one size than this are not listed."""
_FIRST = OTHER + 1


class Board:
    """A model's numbers for one score that is pushed, laid out once for all people.

    A joint effect tells something both ways: message ``2 * pair + 1`` goes from its first feature, the leaf, to its
    second, the hub; message ``2 * pair`` the other way.

    Args:
        model: the tables.
        steps: per feature, the steps within reach from each bin.
        terms: the features that may change and move this score, ascending.
        offer, sign: the score, and which way it is pushed.
        focus: the offer whose value of a per-offer feature is changed.

    Attributes:
        sizes: bins of each feature.
        pairs: places, among the model's pairs, of those whose features both may change.
        ends: intp[2, pairs], places on the board of both features of each such pair.
        bands: of each such pair the band of each bin, of both features.
        leaf, hub: intp[messages], places on the board of both features of each message.
        leaf_bands, hub_bands: intp[messages, bins], the bands of their bins.
        wide: bands of the pair that has the most.
        stars: the stars that occur in the sets laid out so far.
    """

    def __init__(
        self, model: Model, steps: Sequence[Steps], terms: Sequence[int], offer: int, sign: int, focus: int
    ) -> None:
        self.terms = tuple(terms)
        self.offer, self.focus = offer, focus
        self._steps = steps
        self.sizes = [model.view.binnings[t].size for t in terms]
        self.width = max(self.sizes, default=1)
        self._every = np.arange(len(self.terms))
        self._lay_rows(model, sign)
        self._lay_pairs(model, sign)
        self._lay_bands()
        self._costs: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._sets: dict[int, Sets | None] = {}
        self._known: dict[Star, int] = {}
        self.stars: list[Star] = []
        self._cells = self._cells_of([])

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
        """The pairs inside, and for each message a square of joint effects by the bands of leaf and hub."""
        features = len(model.view.binnings)
        place = {term: i for i, term in enumerate(self.terms)}
        self.pairs = [p for p, pair in enumerate(model.pairs) if pair.first in place and pair.second in place]
        kept = [model.pairs[p] for p in self.pairs]
        self.ends = np.array([[place[p.first] for p in kept], [place[p.second] for p in kept]], dtype=np.intp)
        self.bands = [(pair.first_bands, pair.second_bands) for pair in kept]
        self.wide = max((max(bands) + 1 for both in self.bands for bands in both if bands), default=1)
        self._squares = np.zeros((2 * len(kept), self.wide, self.wide), np.int64)
        for i, pair in enumerate(kept):
            square = _square(pair, model.tables[features + self.pairs[i]][self.offer], sign)
            rows, columns = square.shape
            self._squares[2 * i, :columns, :rows] = square.T
            self._squares[2 * i + 1, :rows, :columns] = square

    def _lay_bands(self) -> None:
        """Where in a row of costs and pushes the bins of each band stand, and the bands of all bins."""
        messages = 2 * len(self.pairs)
        self._messages = np.arange(messages)
        self.leaf, self.hub = self.ends[::-1].T.ravel(), self.ends.T.ravel()
        bands = np.zeros((messages, self.width), np.intp)
        order: list[int] = []
        starts: list[int] = []
        self._columns = np.full((messages, self.wide), -1, dtype=np.intp)
        for i, both in enumerate(self.bands):
            for end in (0, 1):
                bands[2 * i + end, : len(both[end])] = both[end]
                base, before = int(self.ends[end, i]) * self.width, -1
                for code in sorted(range(1, len(both[end])), key=both[end].__getitem__):
                    if both[end][code] != before:
                        before = both[end][code]
                        self._columns[2 * i + 1 - end, before] = len(starts)
                        starts.append(len(order))
                    order.append(base + code)
        self.hub_bands, self.leaf_bands = bands, bands.reshape(-1, 2, self.width)[:, ::-1].reshape(bands.shape)
        self._order, self._band_starts = np.array(order, dtype=np.intp), np.array(starts, dtype=np.intp)

    def sets(self, size: int) -> Sets | None:
        """All sets of so many features; None where these are too many to list. Smaller ones are asked for first."""
        if size not in self._sets:
            few = comb(len(self.terms), size) <= MOST_SETS
            ends = [(one, other) for one, other in self.ends.T.tolist()]
            self._sets[size] = Sets(len(self.terms), ends, size, self._known) if few else None
            self.stars = list(self._known)
            self._cells = self._cells_of(self.stars)
        return self._sets[size]

    def _cells_of(self, stars: Sequence[Star]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        leaves = max((len(star.leaves) for star in stars), default=0)
        cells = np.full((leaves, len(stars), self.width), len(self._messages) * self.wide, dtype=np.intp)
        for s, star in enumerate(stars):
            for leaf, (_, pair, second) in enumerate(star.leaves):
                message = 2 * pair + second
                cells[leaf, s] = message * self.wide + self.hub_bands[message]
        return np.array([star.hub for star in stars], dtype=np.intp), cells

    def cells(self, which: slice | NDArray[np.intp], leaves: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The hubs of some stars, and intp[leaves, stars, bins], where in a flat row of messages by the bands of their
        hubs each leaf's stands for each bin of the hub; past the end where there are fewer leaves."""
        hubs, cells = self._cells
        return hubs[which], cells[:leaves, which]

    def pushes(self, person: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """int64[features, bins]: how far each bin of each feature alone pushes the score of this person."""
        offer = self.offer
        rows = self._rows[[base or where[person[term][offer]] for base, term, where in self._entries]]
        total = np.add.reduceat(rows, self._starts, axis=0)
        total -= total[self._every, [person[term][offer] for term in self.terms]][:, None]
        return np.asarray(total)

    def costs(self, person: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """float64[features, bins]: cost of going to each bin, ppm; `FAR` where it is not within reach."""
        out = np.empty((len(self.terms), self.width))
        for place, term in enumerate(self.terms):
            own = person[term][self.focus]
            row = self._costs.get((place, own))
            if row is None:
                row = self._costs[place, own] = np.full(self.width, FAR)
                for cost, code in self._steps[term][own]:
                    row[code] = cost
            out[place] = row
        return out

    def steps(self, place: int, person: Sequence[Sequence[int]]) -> tuple[Step, ...]:
        """The steps within reach of a feature, cheapest first."""
        term = self.terms[place]
        return self._steps[term][person[term][self.focus]]

    def by_size(self, place: int) -> int:
        """Bins of a feature."""
        return self.sizes[place]

    def together(self, person: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """float64[messages, bands, bands]: what changing both features of a pair pushes beyond each change alone, in
        whole numbers, by the bands of leaf and hub."""
        own = np.array([person[term][self.offer] for term in self.terms])
        at, leaf, hub = self._messages, own[self.leaf], own[self.hub]
        one, other = self.leaf_bands[at, leaf], self.hub_bands[at, hub]
        here = self._squares[at, one]
        extra = self._squares - self._squares[at, :, other][:, :, None]
        extra += (here[at, other][:, None] - here)[:, None, :]
        extra *= ((leaf >= _FIRST) & (hub >= _FIRST))[:, None, None]
        return extra.astype(np.float64)

    def by_band(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[n, messages, bands]: the least value of any bin in a band of the leaf.

        Args:
            values: float64[n, features, bins].
        """
        least = np.full((len(values), len(self._band_starts) + 1), FAR)
        flat = values.reshape(len(values), -1).take(self._order, axis=1)
        np.minimum.reduceat(flat, self._band_starts, axis=1, out=least[:, :-1])
        return least.take(self._columns, axis=1)


class Standing:
    """One person on a board: what each bin pushes and costs. Pushes are floating point numbers and whole, so exact.

    Attributes:
        push, cost: float64[features, bins]; `FAR` is the cost of what is not within reach.
        short: float64[features, bins], how far each bin pushes back; `FAR` where it is not within reach.
    """

    def __init__(self, board: Board, person: Sequence[Sequence[int]]) -> None:
        self.board, self._person = board, person
        self.push, self.cost = board.pushes(person).astype(np.float64), board.costs(person)
        self.short = np.where(self.cost < FAR, -self.push, FAR)

    def steps(self, place: int) -> tuple[Step, ...]:
        """The steps within reach of a feature, cheapest first."""
        return self.board.steps(place, self._person)

    @cached_property
    def cheapest(self) -> list[float]:
        """The least cost of each feature."""
        least: list[float] = self.cost.min(axis=1).tolist()
        return least

    @cached_property
    def most(self) -> NDArray[np.float64]:
        """float64[features], the largest push of each feature; ``-FAR`` where nothing is within reach."""
        return np.asarray(-self.short.min(axis=1))

    @cached_property
    def together(self) -> NDArray[np.float64]:
        """What changing both features of a pair pushes beyond what each change pushes alone; see `Board.together`."""
        return self.board.together(self._person)

    @cached_property
    def extra(self) -> NDArray[np.float64]:
        """float64[pairs], the largest of these for each pair, never below 0."""
        return np.asarray(np.maximum(self.together[::2].max(axis=(1, 2)), 0))

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
