"""One person at a time, in plain Python: the same bits as a batch, without an array being made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from operator import getitem, itemgetter
from typing import NamedTuple

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

    __slots__ = ("_base", "_bins", "_has_chance", "_names", "_pairs", "_reasons", "_tables", "_values", "terms")

    def __init__(self, model: Model, offer: int, reasons: int) -> None:
        self.terms = model.terms
        self._base = int(model.base[offer])
        self._reasons = reasons
        self._has_chance = model.link == "logit"
        binnings = model.view.binnings
        self._names = tuple(
            f"{binning.name}@{model.offers[offer]}" if binning.per_offer else binning.name for binning in binnings
        )
        self._values = _getter(self._names)
        self._bins = tuple(
            (binning.cuts if binning.kind == "number" else None, _Codes.of(binning)) for binning in binnings
        )
        tables = [tuple(table[offer].tolist()) for table in model.tables]
        self._tables = tuple(tables[: len(binnings)])
        self._pairs = tuple(
            (pair.first, pair.second, _grid(pair, table))
            for pair, table in zip(model.pairs, tables[len(binnings) :], strict=True)
        )

    def __call__(self, row: Mapping[str, object]) -> OneScore:
        """Score one person.

        Args:
            row: raw value of every column that the model reads; the value of a per-offer feature stands under
                ``name@offer``. None, NaN and "" are missing.

        Raises:
            DataError: a column is not in `row`, or the value of a number is not a number.
        """
        try:
            values = self._values(row)
        except KeyError:
            raise _lacking(row, self._names) from None
        codes = [
            known[value]
            if cuts is None
            else bisect_right(cuts, value) + _FIRST
            if type(value) is float and value == value
            else _number(cuts, value)
            for (cuts, known), value in zip(self._bins, values, strict=True)
        ]
        parts = list(map(getitem, self._tables, codes))
        for first, second, grid in self._pairs:
            parts.append(grid[codes[first]][codes[second]])
        score = max(-SCORE_BOUND, min(SCORE_BOUND, self._base + sum(parts)))
        return OneScore(
            score, one_probability_ppm(score) if self._has_chance else None, tuple(parts), _top(parts, self._reasons)
        )


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


def _number(cuts: tuple[float, ...], value: object) -> int:
    """Code of a value that is no plain number: missing, whole, true, or text."""
    text = canonical_text(value)
    if text is None:
        return MISSING
    number = number_in(text)
    if number is None:
        raise DataError(
            "data-not-a-number",
            "A column of the model is a number, but the person's value is not.",
            rule="a number feature holds numbers or nothing; a date or a word is not a number",
            remedy="clean the column, or turn dates into days before",
        )
    return MISSING if number != number else bisect_right(cuts, number) + _FIRST


def _lacking(row: Mapping[str, object], names: tuple[str, ...]) -> DataError:
    missing = ", ".join(repr(name) for name in names if name not in row)
    return DataError(
        "data-missing-columns",
        f"The person lacks columns of the model: {missing}.",
        rule="every column that the model reads is given, with None where nothing is known",
        remedy="give the columns, or None for them",
    )


def _grid(pair: Pair, table: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The pair's table by the bin codes of both features, so that a lookup is two steps."""
    rows = {}
    for band in set(pair.first_bands):
        start = 1 + band * pair.width
        rows[band] = (0, *(table[start + other] for other in pair.second_bands[1:]))
    nothing = (0,) * len(pair.second_bands)
    return (nothing, *(rows[band] for band in pair.first_bands[1:]))


def _top(parts: list[int], most: int) -> tuple[tuple[int, int], ...]:
    """Largest absolute contributions first, ties by term order."""
    sizes = list(map(abs, parts))
    found = []
    for _ in range(min(most, len(parts))):
        largest = max(sizes)
        if not largest:
            break
        place = sizes.index(largest)
        found.append((place, parts[place]))
        sizes[place] = 0
    return tuple(found)
