"""Raw columns for gate 2, out of polars series: numbers as float64, everything else as text or None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import Values, Words
from evenhand.terms import DataError

__all__ = ["ColumnKind", "TableColumns", "as_text", "kind_of", "raw_values", "series_from_objects", "texts_of"]

ColumnKind: TypeAlias = Literal["number", "boolean", "date", "text"]

_KINDS: tuple[tuple[frozenset[type], pl.DataType], ...] = (
    (frozenset({bool}), pl.Boolean()),
    (frozenset({int}), pl.Int64()),
    (frozenset({int, float, Decimal}), pl.Float64()),
    (frozenset({date}), pl.Date()),
    (frozenset({datetime}), pl.Datetime("us")),
    (frozenset({str}), pl.String()),
)


class TableColumns:
    """The raw feature columns of a table. Implements `features.ColumnSource`.

    Args:
        where: what the table is called in messages.
        names: the columns that may be read; any other is refused, even where the table has it.
        series: gives one column by name.
    """

    def __init__(self, where: str, names: Sequence[str], series: Callable[[str], pl.Series]) -> None:
        self._where = where
        self._names = frozenset(names)
        self._series = series

    def read(self, name: str, rows: NDArray[np.bool_]) -> Values:
        """Values of one column for the people where `rows` is true; see `features.ColumnSource.read`."""
        if name not in self._names:
            raise DataError(
                "data-column-not-granted",
                f"Column {name!r} of {self._where} was not opened for this campaign.",
                rule="G-5b: a column is read only for the purpose that it was declared for",
                remedy="declare it as a confirmed feature, and give the table that column "
                "(for a per-offer feature: one column NAME@OFFER for each offer)",
            )
        series = self._series(name)
        if len(series) != len(rows):
            raise DataError(
                "data-misaligned",
                f"{self._where} has {len(series)} rows where {len(rows)} people were asked about.",
                rule="row i of every column is the same person",
                remedy="read subjects and columns from the same unchanged table",
            )
        return raw_values(series if rows.all() else series.filter(pl.Series(rows)))


def kind_of(series: pl.Series) -> ColumnKind:
    """What a column holds, by its type."""
    dtype = series.dtype
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    return "date" if dtype.is_temporal() else "text"


def raw_values(series: pl.Series) -> Values:
    """float64 with NaN for a number column; texts for any other, each different text once where rows share them."""
    if series.dtype.is_numeric():
        return np.ascontiguousarray(series.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return _words(series)


def texts_of(series: pl.Series) -> NDArray[np.object_]:
    """The exact text of each value, None where missing. Equal texts are one object, so that look-ups are quick."""
    words = _words(series)
    return np.asarray(words.texts[words.place], dtype=object) if isinstance(words, Words) else words


def _words(series: pl.Series) -> Words | NDArray[np.object_]:
    """The exact text of each value; as objects where most rows have one of their own."""
    if series.dtype not in (pl.Categorical, pl.Enum):
        series = as_text(series)
    distinct = series.unique().drop_nulls()
    if len(distinct) > len(series) // 4:
        return np.array(as_text(series).to_list(), dtype=object)
    if series.dtype == pl.String:
        series = series.cast(pl.Enum(distinct))
        number = np.arange(len(distinct))
    else:
        number = distinct.to_physical().cast(pl.Int64).to_numpy()
    place = np.full(int(number.max(initial=-1)) + 2, len(distinct))
    place[number] = np.arange(len(distinct))
    code = series.to_physical().cast(pl.Int64).fill_null(len(place) - 1).to_numpy()
    return Words(np.array([*as_text(distinct).to_list(), None], dtype=object), place.take(code))


def as_text(series: pl.Series) -> pl.Series:
    """The exact text of each value as a polars series, null where missing or empty."""
    dtype = series.dtype
    if dtype == pl.Null:
        return series.cast(pl.String)
    if dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum):
        text = series.cast(pl.String)
    elif dtype.is_numeric():
        text = pl.Series(series.name, [_number_text(value) for value in series.cast(pl.Float64).to_list()], pl.String)
    elif dtype == pl.Boolean:
        codes = series.cast(pl.UInt8)
        text = codes.replace_strict({0: "false", 1: "true"}, return_dtype=pl.String)
    elif dtype == pl.Date:
        text = series.dt.to_string("%Y-%m-%d")
    elif isinstance(dtype, pl.Datetime):
        utc = series.dt.convert_time_zone("UTC") if dtype.time_zone else series
        text = utc.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ" if dtype.time_zone else "%Y-%m-%dT%H:%M:%S%.f")
    else:
        raise DataError(
            "data-type",
            f"Column {series.name!r} has the type {dtype}, which evenhand cannot read.",
            rule="a column holds numbers, text, booleans or dates",
            remedy="turn it into one of these, or leave it out of the campaign file",
        )
    return text.set(text.str.len_bytes() == 0, None)


def _number_text(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def series_from_objects(name: str, values: Sequence[Any]) -> pl.Series:
    """A typed column from Python objects, such as a database or an object column of a frame gives.

    Raises:
        DataError: it mixes types, such as words and numbers.
    """
    clean = [None if value is None or value != value else value for value in values]
    types = {type(value) for value in clean} - {type(None)}
    for kinds, dtype in _KINDS:
        if types <= kinds:
            if dtype == pl.Datetime("us") and any(value is not None and value.tzinfo for value in clean):
                dtype = pl.Datetime("us", "UTC")
            floats = dtype == pl.Float64()
            try:
                return pl.Series(name, [float(v) if floats and v is not None else v for v in clean], dtype)
            except (pl.exceptions.PolarsError, OverflowError, TypeError):
                break
    words = ", ".join(sorted(kind.__name__ for kind in types))
    raise DataError(
        "data-mixed-types",
        f"Column {name!r} mixes types: {words}.",
        rule="all values of a column have one type",
        remedy="store the column as numbers, or as text, throughout",
    )
