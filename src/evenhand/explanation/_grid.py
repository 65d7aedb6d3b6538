"""A model's integers as plain lists, and for one person what each bin of each feature would push."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from evenhand.terms import OTHER, SCORE_BOUND, WITHHELD, Model, Pair

from ._board import Board
from ._reach import Steps

__all__ = ["Grid", "Menu", "Option", "Person", "Side"]

_FIRST = OTHER + 1
_KEPT = 100_000
"""Menus kept for the next person."""

Person = Sequence[Sequence[int]]
"""Code of each feature for each offer; a feature that is not per offer has the same everywhere."""


class Side(NamedTuple):
    """A score that a change pushes: up (1) or down (-1)."""

    offer: int
    sign: int


class Option(NamedTuple):
    """One bin of one feature: its cost, its code, and how far it pushes the two scores with all else as it was."""

    cost: int
    code: int
    first: int
    second: int


class Menu(NamedTuple):
    """What one feature offers to one person.

    Attributes:
        alone: options that no other one outdoes (as cheap, and pushing both scores as far), cheapest first.
        joint: those that none of the same bands outdoes, for when a feature it has a joint effect with changes too.
        first_way, second_way: ever larger pushes of a score, and the cheapest options that give them; the second is
            empty where there is one score only.
    """

    alone: tuple[Option, ...]
    joint: tuple[Option, ...]
    first_way: tuple[tuple[int, ...], tuple[Option, ...]]
    second_way: tuple[tuple[int, ...], tuple[Option, ...]]

    @property
    def most(self) -> tuple[int, int]:
        """The largest push of each score."""
        return self.first_way[0][-1], self.second_way[0][-1] if self.second_way[0] else 0

    def cheapest(self, first: int, second: int) -> Option | None:
        """Of what pushes the first score so far, and of what pushes the second so far, the dearer of the cheapest."""
        gains, options = self.first_way
        place = bisect_left(gains, first)
        if place == len(gains):
            return None
        found = options[place]
        gains, options = self.second_way
        if gains:
            place = bisect_left(gains, second)
            if place == len(gains):
                return None
            return max(found, options[place])
        return found


def _frontier(options: Sequence[Option], which: int) -> tuple[tuple[int, ...], tuple[Option, ...]]:
    kept: list[Option] = []
    for one in options:
        if not kept or one[which] > kept[-1][which]:
            kept.append(one)
    return tuple(one[which] for one in kept), tuple(kept)


def _not_outdone(options: Sequence[Option]) -> list[Option]:
    kept: list[Option] = []
    for one in options:
        if not any(o.first >= one.first and o.second >= one.second for o in kept):
            kept.append(one)
    return kept


class Grid:
    """A model's tables as plain lists, and the menus that were worked out from them, kept between people.

    Args:
        model: the tables.
        steps: per feature, from each bin the steps within reach.
        focus: the offer whose value of a per-offer feature is changed; the others keep theirs.
    """

    def __init__(self, model: Model, steps: Sequence[Steps], focus: int) -> None:
        features = len(model.view.binnings)
        self.steps = steps
        self.focus = focus
        self.tables = [table.tolist() for table in model.tables[:features]]
        self.pairs = model.pairs
        self._squares: list[list[list[list[int]]]] = [
            [row.reshape(-1, pair.width).tolist() for row in table[:, 1:]]
            for pair, table in zip(model.pairs, model.tables[features:], strict=True)
        ]
        self._nothing = [[[0] * len(row) for row in square[0]] for square in self._squares]
        self.per_offer = [binning.per_offer for binning in model.view.binnings]
        can = [one.any for one in steps]
        self.free_pairs = tuple(place for place, p in enumerate(model.pairs) if can[p.first] and can[p.second])
        self.of_feature = [
            [place for place, p in enumerate(model.pairs) if t in (p.first, p.second)] for t in range(features)
        ]
        self._model = model
        self._base: list[int] = model.base.tolist()
        self._boards: dict[Side, Board] = {}
        self._menus: dict[tuple[object, ...], Menu] = {}
        self._together: dict[tuple[int, Side, tuple[int, int]], tuple[list[list[int]], int]] = {}

    def moves(self, term: int, side: Side) -> bool:
        """Whether a change of this feature moves this score at all."""
        return not self.per_offer[term] or side.offer == self.focus

    def board(self, side: Side) -> Board:
        """The numbers of one score that is pushed, laid out once."""
        found = self._boards.get(side)
        if found is None:
            terms = [term for term, steps in enumerate(self.steps) if steps.any and self.moves(term, side)]
            found = self._boards[side] = Board(self._model, self.steps, terms, *side, self.focus)
        return found

    def score(self, offer: int, codes: Sequence[int]) -> int:
        """The score of one offer, from its code of each feature."""
        total = self._base[offer]
        for table, code in zip(self.tables, codes, strict=True):
            total += table[offer][code]
        for pair, square in zip(self.pairs, self._squares, strict=True):
            first, second = codes[pair.first], codes[pair.second]
            if first and second:  # neither is withheld
                total += square[offer][pair.first_bands[first]][pair.second_bands[second]]
        return max(-SCORE_BOUND, min(SCORE_BOUND, total))

    def menu(self, term: int, person: Person, sides: tuple[Side, ...], *, whole: bool) -> Menu | None:
        """What a feature offers to one person; None where it offers nothing.

        Args:
            term: the feature.
            person: their codes.
            sides: the scores that are pushed.
            whole: keep options that another one outdoes.
        """
        own = person[term][self.focus]
        if not self.steps[term][own]:
            return None
        near = tuple(
            _band(self.pairs[place], term, person[self._other(place, term)][side.offer])
            for side in sides
            for place in self.of_feature[term]
        )
        key = (sides, term, own, near, whole)
        found = self._menus.get(key)
        if found is None:
            if len(self._menus) >= _KEPT:
                self._menus.clear()
            found = self._menus[key] = self._worked_out(term, person, sides, whole=whole)
        return found

    def _worked_out(self, term: int, person: Person, sides: tuple[Side, ...], *, whole: bool) -> Menu:
        pushes = [self._push(term, person, side) for side in sides]
        options = []
        for cost, code in self.steps[term][person[term][self.focus]]:
            gains = [push(code) for push in pushes]
            options.append(Option(cost, code, gains[0], gains[1] if len(gains) > 1 else 0))
        ways = (_frontier(options, 2), _frontier(options, 3) if len(sides) > 1 else ((), ()))
        if whole:
            return Menu(tuple(options), tuple(options), *ways)
        bands: dict[tuple[int, ...], list[Option]] = {}
        for one in options:
            bands.setdefault(
                tuple(self._own_band(place, term, one.code) for place in self.of_feature[term]), []
            ).append(one)
        joint = sorted(one for group in bands.values() for one in _not_outdone(group))
        return Menu(tuple(_not_outdone(options)), tuple(joint), *ways)

    def _own_band(self, place: int, term: int, code: int) -> int:
        pair = self.pairs[place]
        return (pair.first_bands if pair.first == term else pair.second_bands)[code]

    def _push(self, term: int, person: Person, side: Side) -> Callable[[int], int]:
        if not self.moves(term, side):
            return lambda _: 0
        row = self.tables[term][side.offer]
        places = self.of_feature[term]
        others = [person[self._other(place, term)][side.offer] for place in places]

        def total(code: int) -> int:
            shared = 0
            for place, other in zip(places, others, strict=True):
                first, second = (code, other) if self.pairs[place].first == term else (other, code)
                shared += self._at(place, side.offer, first, second)
            return int(row[code]) + shared

        now = total(person[term][self.focus])
        return lambda code: side.sign * (total(code) - now)

    def _other(self, place: int, term: int) -> int:
        pair = self.pairs[place]
        return pair.second if pair.first == term else pair.first

    def _at(self, place: int, offer: int, first: int, second: int) -> int:
        if first == WITHHELD or second == WITHHELD:
            return 0
        pair = self.pairs[place]
        return self._squares[place][offer][pair.first_bands[first]][pair.second_bands[second]]

    def together(self, place: int, person: Person, side: Side) -> tuple[list[list[int]], int]:
        """By the bands of both features of a pair: what changing both pushes beyond what each change pushes alone; and
        the largest of these, never below 0."""
        pair = self.pairs[place]
        one, other = person[pair.first][side.offer], person[pair.second][side.offer]
        if one < _FIRST or other < _FIRST or not (self.moves(pair.first, side) and self.moves(pair.second, side)):
            return self._nothing[place], 0
        own = pair.first_bands[one], pair.second_bands[other]
        key = (place, side, own)
        found = self._together.get(key)
        if found is None:
            square = self._squares[place][side.offer]
            here = square[own[0]]
            pushes = [
                [side.sign * (value - row[own[1]] - here[b] + here[own[1]]) for b, value in enumerate(row)]
                for row in square
            ]
            found = self._together[key] = pushes, max(0, *map(max, pushes))
        return found


def _band(pair: Pair, term: int, other: int) -> int:
    if other == WITHHELD:
        return -1
    return (pair.second_bands if pair.first == term else pair.first_bands)[other]
