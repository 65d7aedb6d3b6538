"""A table with values corrected at a person's request (GDPR 16) over those that stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from evenhand.terms import DataError

from .columns import kind_of, texts_of
from .tables import DataTable

__all__ = ["corrected_table"]

_ANSWERS = {"1": True, "true": True, "yes": True, "ja": True, "0": False, "false": False, "no": False, "nee": False}


def corrected_table(table: DataTable, values: Mapping[str, Mapping[int, str]]) -> DataTable:
    """The table with other values in some cells; its digest stays that of what was read.

    Args:
        table: as it was opened.
        values: by column that was opened, by row (from 0): what shall stand there, as text; "" = unknown.

    Raises:
        DataError: a value does not fit its column; the column is named, and never the value or the person.
    """
    return DataTable(table.where, table.names, _Corrected(table, values)) if values else table


class _Corrected:
    """Columns of another source, some with other values."""

    def __init__(self, table: DataTable, values: Mapping[str, Mapping[int, str]]) -> None:
        self._source = table._source
        self._where = table.where
        self._values = values
        self.names = self._source.names
        self.rows = len(table)

    def typed(self, name: str) -> pl.Series:
        series = self._source.typed(name)
        changes = self._values.get(name)
        return series if changes is None else self._changed(series, changes)

    def text(self, name: str) -> pl.Series:
        series = self._source.text(name)
        changes = self._values.get(name)
        return series if changes is None else _as_texts(series, changes)

    def digest(self) -> str:
        return self._source.digest()

    def _changed(self, series: pl.Series, changes: Mapping[int, str]) -> pl.Series:
        kind = kind_of(series)
        if kind == "text":
            return _as_texts(series, changes)
        try:
            if kind == "number":
                return _put(
                    series.cast(pl.Float64), {row: float(said) if said else None for row, said in changes.items()}
                )
            if kind == "boolean":
                return _put(series, {row: _ANSWERS[said.lower()] if said else None for row, said in changes.items()})
            read = datetime.fromisoformat if isinstance(series.dtype, pl.Datetime) else date.fromisoformat
            return _put(series, {row: read(said) if said else None for row, said in changes.items()})
        except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            raise DataError(
                "correction-does-not-fit",
                f"A correction of column {series.name!r} of {self._where} is no {kind}.",
                rule="G-5d: a corrected value takes the place of the old one",
                remedy=f"correct it again, as a {kind}",
            ) from None


def _as_texts(series: pl.Series, changes: Mapping[int, str]) -> pl.Series:
    texts = list(texts_of(series).tolist())
    for row, said in changes.items():
        texts[row] = said or None
    return pl.Series(series.name, texts, dtype=pl.String)


def _put(series: pl.Series, changes: Mapping[int, object]) -> pl.Series:
    values = series.to_list()
    for row, value in changes.items():
        values[row] = value
    return pl.Series(series.name, values, dtype=series.dtype)
