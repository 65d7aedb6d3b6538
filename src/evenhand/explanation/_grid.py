"""A model's integers as plain lists, and for one person what each bin of each feature would push."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from evenhand.terms import OTHER, WITHHELD, Model, Pair

from ._reach import Steps

__all__ = ["Grid", "Option", "Person", "Side"]

_FIRST = OTHER + 1
_KEPT = 100_000
"""Lists of options kept for the next person."""

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


class Grid:
    """A model's tables as plain lists, and the options that were worked out from them, kept between people.

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
        self.joint = [table.tolist() for table in model.tables[features:]]
        self.per_offer = [binning.per_offer for binning in model.view.binnings]
        can = [one.any for one in steps]
        self.free_pairs = tuple(place for place, p in enumerate(model.pairs) if can[p.first] and can[p.second])
        self.of_feature = [
            [place for place, p in enumerate(model.pairs) if t in (p.first, p.second)] for t in range(features)
        ]
        self.is_joint = [
            any(t in (model.pairs[p].first, model.pairs[p].second) for p in self.free_pairs) for t in range(features)
        ]
        self._options: dict[tuple[object, ...], tuple[Option, ...]] = {}
        self._most: dict[tuple[int, Side, int, int], int] = {}

    def moves(self, term: int, side: Side) -> bool:
        """Whether a change of this feature moves this score at all."""
        return not self.per_offer[term] or side.offer == self.focus

    def options(self, term: int, person: Person, sides: tuple[Side, ...], *, all_of_them: bool) -> tuple[Option, ...]:
        """The options of a feature for one person, cheapest first; those that another one outdoes only on demand."""
        own = person[term][self.focus]
        if own < _FIRST:
            return ()
        near = tuple(
            _band(self.pairs[place], term, person[self._other(place, term)][side.offer])
            for side in sides
            for place in self.of_feature[term]
        )
        key = (sides, term, own, near, all_of_them)
        found = self._options.get(key)
        if found is None:
            if len(self._options) >= _KEPT:
                self._options.clear()
            found = self._options[key] = self._worked_out(term, person, sides, all_of_them=all_of_them)
        return found

    def _worked_out(
        self, term: int, person: Person, sides: tuple[Side, ...], *, all_of_them: bool
    ) -> tuple[Option, ...]:
        own = person[term][self.focus]
        pushes = [self._push(term, person, side) for side in sides]
        out = []
        for cost, code in self.steps[term][own]:
            gains = [push(code) for push in pushes]
            out.append(Option(cost, code, gains[0], gains[1] if len(gains) > 1 else 0))
        if all_of_them or self.is_joint[term]:
            return tuple(out)
        kept: list[Option] = []
        for one in out:
            useful = one.first > 0 or one.second > 0
            if useful and not any(o.first >= one.first and o.second >= one.second for o in kept):
                kept.append(one)
        return tuple(kept)

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
        return int(self.joint[place][offer][1 + pair.first_bands[first] * pair.width + pair.second_bands[second]])

    def together(self, place: int, person: Person, side: Side, first: int, second: int) -> int:
        """What changing both features of a pair pushes beyond what each change pushes alone."""
        pair = self.pairs[place]
        if not (self.moves(pair.first, side) and self.moves(pair.second, side)):
            return 0
        one, other = person[pair.first][side.offer], person[pair.second][side.offer]
        offer = side.offer
        return side.sign * (
            self._at(place, offer, first, second)
            - self._at(place, offer, first, other)
            - self._at(place, offer, one, second)
            + self._at(place, offer, one, other)
        )

    def most_together(self, place: int, person: Person, side: Side) -> int:
        """The largest of `together` over all bins, and never below 0."""
        pair = self.pairs[place]
        own = person[pair.first][side.offer], person[pair.second][side.offer]
        if min(own) < _FIRST:
            return 0
        key = (place, side, pair.first_bands[own[0]], pair.second_bands[own[1]])
        found = self._most.get(key)
        if found is None:
            first = {band: code for code, band in enumerate(pair.first_bands) if code >= _FIRST}
            second = {band: code for code, band in enumerate(pair.second_bands) if code >= _FIRST}
            found = max(self.together(place, person, side, a, b) for a in first.values() for b in second.values())
            found = self._most[key] = max(found, 0)
        return found


def _band(pair: Pair, term: int, other: int) -> int:
    if other == WITHHELD:
        return -1
    return (pair.second_bands if pair.first == term else pair.first_bands)[other]
