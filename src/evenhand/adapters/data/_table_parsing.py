"""What single columns of a table mean: outcomes, orders, age bands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.terms import DataError

from .columns import kind_of, texts_of

__all__ = [
    "MixedColumn",
    "age_bands",
    "edge_bands",
    "looks_like_age",
    "mixed_numbers",
    "numbers_or_dates",
    "parse_answers",
    "parse_outcome",
    "parse_weights",
    "quantile_bands",
]

OLDEST = 120
_YES = frozenset({"1", "1.0", "true", "yes", "ja"})
_NO = frozenset({"0", "0.0", "false", "no", "nee"})
_AGE_NAME = re.compile(r"(^|_)(age|leeftijd|lft)($|_)", re.IGNORECASE)
_AGE_STARTS = (18, 25, 35, 45, 55, 65, 75)


def looks_like_age(name: str) -> bool:
    """Whether a column is named after age (English or Dutch)."""
    return _AGE_NAME.search(re.sub(r"[^A-Za-z]+", "_", name)) is not None


@dataclass(frozen=True, slots=True)
class MixedColumn:
    """A column of many different texts that are numbers, but for some.

    Attributes:
        numbers, others: values that are numbers, and that are not; missing ones are neither.
        different: how many different values there are.
        banded: it is named after age, so the numbers were cut into age bands and the others count as unknown.
    """

    numbers: int
    others: int
    different: int
    banded: bool


_MOSTLY_NUMBERS = 0.9


def mixed_numbers(name: str, texts: pl.Series, most: int) -> tuple[MixedColumn, NDArray[np.float64]] | None:
    """The numbers of a text column that holds more than `most` different values and hardly anything but numbers, NaN
    for all else; None of any other column."""
    known = texts.drop_nulls()
    different = known.n_unique()
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    count = len(numbers) - numbers.null_count()
    if different <= most or count < _MOSTLY_NUMBERS * len(known) or count == len(known):
        return None
    found = MixedColumn(count, len(known) - count, different, looks_like_age(name))
    return found, numbers.fill_null(float("nan")).to_numpy()


def age_bands(ages: NDArray[np.float64]) -> list[str | None]:
    """Age band of each person; None for a missing or an impossible age (below 0, above 120)."""
    labels = [f"{_AGE_STARTS[0] - 1} or younger"]
    labels += [f"{start}-{end - 1}" for start, end in itertools.pairwise(_AGE_STARTS)]
    labels += [f"{_AGE_STARTS[-1]} or older"]
    lookup = np.array([*labels, None], dtype=object)
    band = np.searchsorted(np.array(_AGE_STARTS, dtype=np.float64), ages, side="right")
    band[~((ages >= 0) & (ages <= OLDEST))] = len(labels)
    return list(lookup[band].tolist())


def quantile_bands(numbers: NDArray[np.float64], parts: int = 4) -> list[str | None]:
    """Which part of the known values each number is in, parts of equal size, written as its range; None where missing.

    Equal numbers stay together, so where many are equal there are fewer parts.
    """
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return [None] * len(numbers)
    cuts = np.unique(np.quantile(known, np.arange(1, parts) / parts, method="higher"))
    return edge_bands(numbers, cuts[cuts > known.min()].tolist())


def edge_bands(numbers: NDArray[np.float64], edges: Sequence[float]) -> list[str | None]:
    """Between which two edges each number is, the lower one included, written as that range; None where missing."""
    texts = [f"{edge:g}" for edge in edges]
    if len(set(texts)) < len(texts):
        texts = [repr(float(edge)) for edge in edges]
    labels = [f"below {texts[0]}"] if texts else ["any"]
    labels += [f"{low} to {high}" for low, high in itertools.pairwise(texts)]
    labels += [f"{texts[-1]} or more"] if texts else []
    lookup = np.array([*labels, None], dtype=object)
    band = np.searchsorted(np.array(edges, dtype=np.float64), numbers, side="right")
    band[np.isnan(numbers)] = len(labels)
    return list(lookup[band].tolist())


def parse_answers(where: str, name: str, series: pl.Series) -> NDArray[np.uint8]:
    """1 or 0 per row; see `DataTable.answers`."""
    values = texts_of(series)
    meaning: dict[str | None, int] = {}
    for text in set(values.tolist()):
        word = (text or "").strip().lower()
        meaning[text] = 1 if word in _YES else 0 if word in _NO else 2
    parsed = np.fromiter((meaning[text] for text in values.tolist()), dtype=np.uint8, count=len(values))
    wrong = int(np.count_nonzero(parsed == 2))
    if wrong:
        raise DataError(
            "data-outcome-values",
            f"{wrong} of {len(values)} values of outcome {name!r} in {where} are missing or not one of "
            "1/0, true/false, yes/no, ja/nee.",
            rule="an outcome is yes or no in every row",
            remedy="write 1 where the person responded and 0 where not; leave out rows that are not known yet",
        )
    return parsed


def parse_outcome(where: str, name: str, series: pl.Series) -> NDArray[np.uint8]:
    """1 or 0 per row; see `DataTable.outcome`."""
    parsed = parse_answers(where, name, series)
    if parsed.min() == parsed.max():
        raise DataError(
            "data-one-class",
            f"The outcome {name!r} is the same in all {len(parsed)} rows of {where}.",
            rule="something can be learned only where some people responded and others did not",
            remedy="check the column, and keep the people who did not respond in the history",
        )
    return parsed


def parse_weights(where: str, name: str, series: pl.Series, largest: float) -> NDArray[np.int64]:
    """Parts per million per row; see `DataTable.weights`."""
    numbers = np.full(len(series), np.nan)
    if kind_of(series) == "number":
        numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    wrong = int(np.count_nonzero(~((numbers >= 0) & (numbers <= largest))))
    if wrong:
        raise DataError(
            "data-weight-values",
            f"{wrong} of {len(numbers)} values of weight {name!r} in {where} are missing or not from 0 to {largest:g}.",
            rule="an importance weight is a number from 0 to largest_weight in every row",
            remedy="raise largest_weight (it makes the monitor slower to see), or correct the weights",
        )
    return np.asarray(np.rint(numbers * 1_000_000), dtype=np.int64)


def numbers_or_dates(where: str, name: str, series: pl.Series) -> NDArray[np.float64]:
    """A number per row to order by; see `DataTable.order`."""
    kind = kind_of(series)
    if kind == "number":
        numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    elif kind == "date":
        moments = series.cast(pl.Datetime("us")).to_physical().cast(pl.Float64).fill_null(float("nan"))
        numbers = moments.to_numpy() / 86_400e6
    else:
        numbers = np.array([_days(text) for text in texts_of(series).tolist()], dtype=np.float64)
    wrong = int(np.count_nonzero(np.isnan(numbers)))
    if wrong:
        raise DataError(
            "data-order-values",
            f"{wrong} of {len(numbers)} values of order column {name!r} in {where} are neither numbers nor dates.",
            rule="history.order is a number or an ISO 8601 date in every row",
            remedy="write dates as YYYY-MM-DD",
        )
    return np.asarray(numbers, dtype=np.float64)


def _days(text: str | None) -> float:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return float("nan")
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() / 86_400
