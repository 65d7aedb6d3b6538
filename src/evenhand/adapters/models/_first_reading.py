"""The first readings of a table that does not fit into memory: its outcomes and weights, and how often each value is.

Values of a number are counted one by one until there are too many; from then on a fixed sample of them is kept, the
same for any order of the rows (short numbers, such as zero or a round price, are always kept, since they are the ones
that many rows share).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import Crowds, ProposedBins, Values, hold_numbers

from ._estimator_columns import refuse_free_text
from ._estimator_input import InputError, InputTable, ids_missing, numbers_in, read_outcome, read_weight

__all__ = ["MOST_VALUES", "CountedValues", "NumberCounts", "Stated", "count_people", "count_values", "state"]

MOST_VALUES = 1_000_000
"""Different values of one column that are held at most."""
_PER_ROW = 1024.0
_SHORT = np.uint64((1 << 32) - 1)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class _Readable(Protocol):
    def batches(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]: ...


@dataclass(frozen=True, slots=True)
class People:
    """Whose the rows are, where people have several.

    Attributes:
        column: the column with their ids.
        ids: the different ids, ascending.
    """

    column: str
    ids: pl.Series

    def whose(self, frame: pl.DataFrame) -> NDArray[np.intp]:
        """Of each row of a batch the place of its id, intp[k]."""
        return self.ids.search_sorted(frame[self.column]).to_numpy().astype(np.intp)


@dataclass(frozen=True, slots=True)
class Stated:
    """What is known about outcomes, weights and people after the first reading.

    Attributes:
        outcome, weight: their columns.
        distinct: the three smallest different outcomes.
        least, most: of the outcomes, where they are numbers.
        scale: the smallest weight, at most one.
        per_row: in how many parts weights are counted for the bins: 1 where all are whole.
        positive: the outcome that counts as one; None = outcomes are numbers.
        people: whose the rows are; None = nobody has two.
    """

    outcome: str
    weight: str | None
    distinct: NDArray[Any]
    least: float
    most: float
    scale: float = 1.0
    per_row: float = 1.0
    positive: Any = None
    people: People | None = None

    @property
    def largest(self) -> float:
        """Largest absolute outcome."""
        return max(abs(self.least), abs(self.most))

    @staticmethod
    def values(series: pl.Series) -> NDArray[Any]:
        """Outcomes of a batch."""
        return series.to_numpy()

    @staticmethod
    def weights(series: pl.Series) -> NDArray[np.float64]:
        """Weights of a batch."""
        return series.cast(pl.Float64).to_numpy()


def state(table: _Readable, outcome: str, weight: str | None, person: str | None = None) -> Stated:
    """Read outcomes, weights and ids once.

    Raises:
        InputError: there is no row, an outcome or an id is missing, or a weight is negative or missing.
    """
    ids: list[pl.Series] = []
    distinct: NDArray[Any] | None = None
    least, most, scale, rows, heaviest = np.inf, -np.inf, 1.0, 0, 0.0
    whole = True
    for frame in table.batches([outcome, *filter(None, (weight, person))]):
        kept = frame
        if weight is not None:
            given = Stated.weights(frame[weight])
            if frame[weight].null_count() or not np.isfinite(given).all() or (given < 0).any():
                read_weight(np.array([-1.0]), 1)
            kept, given = frame.filter(pl.Series(given > 0)), given[given > 0]
            if len(given):
                scale, heaviest = min(scale, float(given.min())), max(heaviest, float(given.max()))
                whole = whole and bool((given == np.rint(given)).all())
        if not kept.height:
            continue
        rows += kept.height
        if person is not None:
            ids.append(_different(kept[person]))
        series = kept[outcome]
        y = read_outcome(np.array(series.to_list(), object) if series.null_count() else series.to_numpy(), kept.height)
        seen = np.unique(y)
        distinct = seen[:3] if distinct is None else np.unique(np.concatenate([distinct, seen]))[:3]
        if series.dtype.is_numeric():
            numbers = numbers_in(y)
            least, most = min(least, float(numbers.min())), max(most, float(numbers.max()))
    if weight is not None and rows:
        read_weight(np.array([heaviest]), 1)
    if distinct is None:
        raise InputError(
            "data-empty",
            "The table has no row that counts.",
            rule="there is something to learn from",
            remedy="look where the rows went, or at the weights",
        )
    people = None if person is None else People(person, pl.concat(ids).unique().sort())
    if people is not None and len(people.ids) == rows:
        people = None
    return Stated(outcome, weight, distinct, least, most, scale, 1.0 if whole else _PER_ROW, people=people)


def _different(ids: pl.Series) -> pl.Series:
    """The different ids of a batch."""
    if ids.null_count() or (ids.dtype.is_float() and ids.is_nan().any()):
        raise ids_missing()
    return ids.unique()


@dataclass(frozen=True, slots=True)
class CountedValues:
    """Different values of one column, and how many rows each stands for; what `learn_binning` takes."""

    values: Values
    times: NDArray[np.float64]
    number: bool


def count_values(
    table: _Readable, names: Sequence[str], stated: Stated, as_category: set[str]
) -> dict[str, CountedValues]:
    """Read all columns once.

    Args:
        table: the table.
        names: its feature columns.
        stated: its outcomes and weights.
        as_category: columns of numbers that are categories.

    Raises:
        InputError: a column holds dates, or words that are no category.
    """
    numbers: dict[str, NumberCounts] = {}
    words: dict[str, Counter[str]] = {}
    known: Counter[str] = Counter()
    for frame in table.batches([*names, *([stated.weight] if stated.weight else [])]):
        times = np.ones(frame.height)
        if stated.weight is not None:
            weight = Stated.weights(frame[stated.weight])
            frame, weight = frame.filter(pl.Series(weight > 0)), weight[weight > 0]
            times = np.rint(weight / stated.scale * stated.per_row)
        here = InputTable(tuple(names), tuple(frame[name] for name in names), frame.height, True)
        for place, name in enumerate(names):
            values = here.values(place)
            if hold_numbers(values) and name not in as_category and name not in words:
                numbers.setdefault(name, NumberCounts()).add(values.astype(np.float64), times)
            else:
                known[name] += _count_words(name, words.setdefault(name, Counter()), values, times)
    out: dict[str, CountedValues] = {}
    for name in names:
        if name in numbers:
            different, counts = numbers[name].counted()
            out[name] = CountedValues(different, counts / stated.per_row, True)
        else:
            counter = words.get(name, Counter())
            if name not in as_category:
                refuse_free_text(name, len(counter), known[name])
            texts = np.array([*counter, None], dtype=object)[:-1]
            out[name] = CountedValues(texts, np.array(list(counter.values()), np.float64) / stated.per_row, False)
    return out


def count_people(table: _Readable, stated: Stated, proposed: Sequence[ProposedBins]) -> list[Crowds]:
    """Read the columns once more, where people have several rows, for how many people are in each proposed bin."""
    assert stated.people is not None
    crowds = [one.crowds() for one in proposed]
    names = [one.name for one in proposed]
    for frame in table.batches([*names, stated.people.column, *([stated.weight] if stated.weight else [])]):
        if stated.weight is not None:
            frame = frame.filter(pl.Series(Stated.weights(frame[stated.weight]) > 0))
        whose = stated.people.whose(frame)
        here = InputTable(tuple(names), tuple(frame[name] for name in names), frame.height, True)
        for place, (bins, those) in enumerate(zip(proposed, crowds, strict=True)):
            if not those.enough.all():
                those.add(bins.places(here.values(place)), whose)
    return crowds


def _count_words(name: str, counter: Counter[str], values: Values, times: NDArray[np.float64]) -> int:
    """Count some rows; returns how many have a text."""
    raw: list[str | None] = (
        [None if v != v else _text(v) for v in values.tolist()] if hold_numbers(values) else values.tolist()
    )
    for text, many in zip(raw, times.astype(np.int64).tolist(), strict=True):
        if text is not None:
            counter[text] += many
    if len(counter) > MOST_VALUES:
        raise InputError(
            "data-free-text",
            f"Column {name!r} holds more than {MOST_VALUES:,} different texts.",
            rule="a category is a text that many rows share",
            remedy="leave the column out, or give its binning",
        )
    return len(raw) - raw.count(None)


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


class NumberCounts:
    """How many rows each number has; beyond `most` different numbers, of a fixed sample of them.

    A number stays in the sample the longer, the more closing zero bits a hash of it has; a number of few binary digits
    always stays as long as it can. Who stays depends on the numbers alone.
    """

    def __init__(self, most: int = MOST_VALUES) -> None:
        self._most = most
        self._level = 0
        self._values: NDArray[np.float64] = np.empty(0)
        self._times: NDArray[np.float64] = np.empty(0)

    def add(self, values: NDArray[np.float64], times: NDArray[np.float64]) -> None:
        """Count some rows; NaN is not counted."""
        known = ~np.isnan(values)
        every = np.concatenate([self._values, values[known] + 0.0])
        counted = np.concatenate([self._times, times[known]])
        if self._level:
            stays = _levels(every) >= self._level
            every, counted = every[stays], counted[stays]
        self._values, place = np.unique(every, return_inverse=True)
        self._times = np.bincount(place, counted, len(self._values)).astype(np.float64)
        while len(self._values) > self._most and self._level < 128:
            self._level += 1
            stays = _levels(self._values) >= self._level
            self._values, self._times = self._values[stays], self._times[stays]

    def counted(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The numbers, ascending, and their rows; each sampled one stands for those that were dropped."""
        part = np.where(_levels(self._values) < 64, 2.0 ** min(self._level, 60), 1.0)
        return self._values, self._times * part


def _levels(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Closing zero bits of a hash (0 to 64); 64 more where the number itself has few binary digits."""
    bits = values.view(np.uint64)
    mixed = bits ^ (bits >> np.uint64(30))
    with np.errstate(over="ignore"):
        mixed = mixed * _MIX[0]
        mixed ^= mixed >> np.uint64(27)
        mixed = mixed * _MIX[1]
    mixed ^= mixed >> np.uint64(31)
    lowest = mixed & (~mixed + np.uint64(1))
    zeros = np.where(mixed == 0, 64, np.frexp(lowest.astype(np.float64))[1] - 1)
    return np.where(bits & _SHORT == 0, 64 + zeros, zeros).astype(np.int64)
