"""One person at a time, in plain Python: the same bits as a batch, without an array being made."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from math import isfinite
from operator import getitem, itemgetter
from typing import NamedTuple, TypeVar

from evenhand.terms import (
    MISSING,
    OTHER,
    SCORE_BOUND,
    Binning,
    DataError,
    Model,
    Pair,
    UsageError,
    canonical_text,
    number_in,
    one_probability_ppm,
)

__all__ = ["OneScore", "OneScorer", "one_scorer"]

_FIRST = 3
_REASONS = 3
_Entry = TypeVar("_Entry")
_new = tuple.__new__


class OneScore(NamedTuple):
    """One offer's score for one person, and what it is made of.

    Attributes:
        score: ``base + sum of contributions``, clipped at `SCORE_BOUND`; whole units of the model.
        probability_ppm: probability in parts per million; None where the model's link is not ``logit``.
        contributions: each term's exact share, in the order of ``model.terms``.
        reasons: (position of the term, contribution) of the largest absolute contributions, largest first, ties by
            term order; zeros are no reasons.
    """

    score: int
    probability_ppm: int | None
    contributions: tuple[int, ...]
    reasons: tuple[tuple[int, int], ...]


class OneScorer:
    """Scores one person for one offer from raw values. Made by `one_scorer`; it holds tuples and dictionaries only."""

    __slots__ = (
        "_base", "_cuts", "_floats", "_grids", "_has_chance", "_known", "_names", "_order", "_pairs",
        "_reasons", "_tables", "_values", "_words", "terms",
    )  # fmt: skip

    def __init__(self, model: Model, offer: int, reasons: int) -> None:
        self.terms = model.terms
        self._base = int(model.base[offer])
        self._reasons = reasons
        self._has_chance = model.link == "logit"
        binnings = model.view.binnings
        numbers = [place for place, binning in enumerate(binnings) if binning.kind == "number"]
        words = [place for place, binning in enumerate(binnings) if binning.kind != "number"]
        seen = [*numbers, *words]
        names = [f"{b.name}@{model.offers[offer]}" if b.per_offer else b.name for b in binnings]
        self._names = tuple(names)
        self._values = _getter(tuple(names[place] for place in numbers))
        self._words = _getter(tuple(names[place] for place in words))
        self._floats = [float] * len(numbers)
        self._cuts = tuple(binnings[place].cuts for place in numbers)
        self._known = tuple(_Codes.of(binnings[place]) for place in words)
        tables = [tuple(table[offer].tolist()) for table in model.tables]
        self._tables = tuple(_by_place(tables[t], is_number=t in numbers) for t in seen)
        self._grids = tuple(
            _grid(pair, table, (pair.first in numbers, pair.second in numbers))
            for pair, table in zip(model.pairs, tables[len(binnings) :], strict=True)
        )
        self._pairs = tuple(
            _picker([seen.index(place) for place in ends])
            for ends in ([pair.first for pair in model.pairs], [pair.second for pair in model.pairs])
        )
        order = [seen.index(place) for place in range(len(binnings))]
        self._order = None if order == sorted(order) else _picker(order)

    def __call__(self, row: Mapping[str, object]) -> OneScore:
        """Score one person.

        Args:
            row: raw value of every column that the model reads; the value of a per-offer feature stands under
                ``name@offer``. None, NaN and "" are missing.

        Raises:
            DataError: a column is not in `row`, or the value of a number is not a number.
        """
        try:
            values, words = self._values(row), self._words(row)
        except KeyError:
            raise _lacking(row, self._names) from None
        if list(map(type, values)) == self._floats and isfinite(sum(values)):  # type: ignore[arg-type]
            places = list(map(bisect_right, self._cuts, values))  # type: ignore[arg-type]
        else:
            places = list(map(_place, self._cuts, values))
        places += map(getitem, self._known, words)
        parts = list(map(getitem, self._tables, places))
        if self._order is not None:
            parts = list(self._order(parts))
        if self._grids:
            first, second = self._pairs
            parts += map(getitem, map(getitem, self._grids, first(places)), second(places))
        score = self._base + sum(parts)
        if not -SCORE_BOUND <= score <= SCORE_BOUND:
            score = SCORE_BOUND if score > 0 else -SCORE_BOUND
        chance = one_probability_ppm(score) if self._has_chance else None
        return _new(OneScore, (score, chance, tuple(parts), _top(parts, self._reasons)))


class _Codes(dict[object, int]):
    """Code of each category's text; any other value is put into its one text first, unseen ones are OTHER.

    Every key is a text, so no number is taken for one.
    """

    @staticmethod
    def of(binning: Binning) -> _Codes:
        codes = {text: _FIRST + position for position, text in enumerate(binning.categories)}
        codes.pop("", None)  # an empty text is missing, whatever the categories
        return _Codes(codes)

    def __missing__(self, value: object) -> int:
        text = canonical_text(value)
        return MISSING if text is None else self.get(text, OTHER)


def one_scorer(model: Model, offer: str | None = None, *, reasons: int = _REASONS) -> OneScorer:
    """Compile a model for one offer into tuples and dictionaries; scoring with it needs no NumPy.

    It passes no gate: ask it only about people whose data may be used for the model's purpose.

    Args:
        model: the glass box.
        offer: whose tables to use; may be left out where the model has one offer.
        reasons: at most this many reasons with each score.

    Raises:
        UsageError: the model has no such offer, or several and none was named.

    Example:
        >>> import numpy as np
        >>> from evenhand.terms import Binning, FeatureView, Model
        >>> view = FeatureView("Marketing", (Binning("age", "number", cuts=(25.0, 40.0)),), "")
        >>> table = np.array([[0, -10, 0, 100_000, 250_000, -50_000]], np.int32)
        >>> one = one_scorer(Model(view, ("tulips",), np.array([-1_000_000]), (table,), {}, {}, ""))
        >>> one({"age": 25.0})
        OneScore(score=-750000, probability_ppm=320821, contributions=(250000,), reasons=((0, 250000),))
    """
    return OneScorer(model, offer_position(model, offer), reasons)


def offer_position(model: Model, offer: str | None) -> int:
    """Which row of the tables an offer has; see `one_scorer`."""
    if offer is None and len(model.offers) == 1:
        return 0
    if offer is None or offer not in model.offers:
        raise UsageError(
            "model-unknown-offer",
            f"The model has no offer {offer!r}." if offer is not None else "The model has several offers.",
            rule="a score is one offer's score",
            remedy=f"name one of: {', '.join(model.offers)}",
        )
    return model.offers.index(offer)


def _getter(names: tuple[str, ...]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """The values of a row in the order of the names, in one step."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[name] for name in names)


def _picker(places: list[int]) -> Callable[[list[int]], tuple[int, ...]]:
    """The entries at these places, in one step."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


def _by_place(entries: tuple[_Entry, ...], *, is_number: bool) -> tuple[_Entry, ...]:
    """What stands at each code, by place: of a category the code itself, of a number how many cuts are at or below the
    value, and missing is behind the last."""
    return (*entries[_FIRST:], entries[MISSING]) if is_number else entries


def _place(cuts: tuple[float, ...], value: object) -> int:
    """Place of any value: missing, whole, true, or text."""
    if type(value) is float:
        return bisect_right(cuts, value) if value == value else len(cuts) + 1
    if value is None:
        return len(cuts) + 1
    text = canonical_text(value)
    number = math.nan if text is None else number_in(text)
    if number is None:
        raise DataError(
            "data-not-a-number",
            "A column of the model is a number, but the person's value is not.",
            rule="a number feature holds numbers or nothing; a date or a word is not a number",
            remedy="clean the column, or turn dates into days before",
        )
    return len(cuts) + 1 if math.isnan(number) else bisect_right(cuts, number)


def _lacking(row: Mapping[str, object], names: tuple[str, ...]) -> DataError:
    missing = ", ".join(repr(name) for name in names if name not in row)
    return DataError(
        "data-missing-columns",
        f"The person lacks columns of the model: {missing}.",
        rule="every column that the model reads is given, with None where nothing is known",
        remedy="give the columns, or None for them",
    )


def _grid(pair: Pair, table: tuple[int, ...], numbers: tuple[bool, bool]) -> tuple[tuple[int, ...], ...]:
    """The pair's table by the places of both features (see `_by_place`), so that a lookup is two steps."""
    rows = {}
    for band in set(pair.first_bands):
        start = 1 + band * pair.width
        row = (0, *(table[start + other] for other in pair.second_bands[1:]))
        rows[band] = _by_place(row, is_number=numbers[1])
    nothing = _by_place((0,) * len(pair.second_bands), is_number=numbers[1])
    return _by_place((nothing, *(rows[band] for band in pair.first_bands[1:])), is_number=numbers[0])


def _top(parts: list[int], most: int) -> tuple[tuple[int, int], ...]:
    """Largest absolute contributions first, ties by term order."""
    if most == _REASONS:
        return tuple([(place, parts[place]) for place in _three(parts) if place >= 0])
    order = sorted(range(len(parts)), key=lambda place: -abs(parts[place]))[:most]
    return tuple((place, parts[place]) for place in order if parts[place])


def _three(parts: list[int]) -> tuple[int, int, int]:
    """Places of the three largest, -1 where there are no more but zeros: one pass, for it is most of a score's time."""
    one = two = three = 0
    first = second = third = -1
    for place, part in enumerate(parts):
        if part > three or -part > three:
            size = abs(part)
            if size > one:
                one, two, three = size, one, two
                first, second, third = place, first, second
            elif size > two:
                two, three = size, two
                second, third = place, second
            else:
                three, third = size, place
    return first, second, third
