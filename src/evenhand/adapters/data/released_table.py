"""A table with a row per person as counts; and as it leaves: generalised, without small classes, in no order."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evenhand.anonymity import Combinations

from .columns import as_text
from .frames import frame_like
from .tables import DataTable

__all__ = ["Distinct", "as_bytes", "as_given", "as_released", "counted", "leaving", "with_marks"]

_PEOPLE = "\0people"


@dataclass(frozen=True, slots=True)
class Distinct:
    """The different values of a column.

    Attributes:
        values: each once, as the table holds them; null where missing.
        texts: the same as text.
        numbers: the same as numbers; None where the column holds none.
    """

    values: pl.Series
    texts: tuple[str | None, ...]
    numbers: tuple[float | None, ...] | None


def leaving(table: DataTable, names: Sequence[str]) -> pl.DataFrame:
    """The named columns, with one kind of missing."""
    columns = [table.series(name) for name in names]
    return pl.DataFrame([one.fill_nan(None) if one.dtype.is_float() else one for one in columns])


def with_marks(frame: pl.DataFrame, name: str, marks: Sequence[str]) -> pl.DataFrame:
    """The frame with a column of pseudonyms before the others."""
    return frame.insert_column(0, pl.Series(name, list(marks), pl.String))


def as_given(given: Any, made: pl.DataFrame) -> Any:
    """What leaves as the kind of frame that came in."""
    if isinstance(given, pl.DataFrame):
        return made
    return frame_like(given, {name: made.get_column(name).to_list() for name in made.columns})


def as_bytes(frame: pl.DataFrame, name: str) -> bytes:
    """A file's bytes: Parquet where its name says so, else CSV in UTF-8."""
    sink = io.BytesIO()
    if Path(name).suffix in (".parquet", ".pq"):
        frame.write_parquet(sink)
    else:
        frame.write_csv(sink)
    return sink.getvalue()


def counted(
    frame: pl.DataFrame, known: Sequence[str], confidential: Sequence[str]
) -> tuple[Combinations, dict[str, Distinct]]:
    """The combinations of values with their counts, by one group-by; and the different values of each known column.

    Example:
        >>> frame = pl.DataFrame({"age": [20, 20, 31], "job": ["a", "a", "b"]})
        >>> table, values = counted(frame, ["age"], ["job"])
        >>> sorted(table.people.tolist()), values["age"].texts
        ([1, 2], ('20', '31'))
    """
    names = [*known, *confidential]
    groups = frame.select(names).group_by(names).agg(pl.len().alias(_PEOPLE))
    distinct = {name: _distinct(groups.get_column(name)) for name in names}
    codes = {name: _codes(groups.get_column(name), distinct[name].values) for name in names}
    people = groups.get_column(_PEOPLE).to_numpy().astype(np.int64)
    table = Combinations(tuple(codes[name] for name in known), people, {name: codes[name] for name in confidential})
    return table, {name: distinct[name] for name in known}


def as_released(
    frame: pl.DataFrame,
    labels: Mapping[str, tuple[Distinct, Sequence[str | None]]],
    known: Sequence[str],
    k: int,
    confidential: Sequence[str],
    diversity: int,
) -> pl.DataFrame:
    """The table as it leaves: other labels in place of values, rows of small classes left out, sorted by what stands in
    it, so that its order tells nothing.

    Args:
        frame: the columns that leave.
        labels: per column that is generalised, its different values and what stands for each.
        known: the quasi-identifiers.
        k: the fewest people of a class.
        confidential: columns of which a class has at least `diversity` different values.
    """
    other = {
        name: frame.get_column(name).replace_strict(distinct.values, pl.Series(list(new), dtype=pl.String))
        for name, (distinct, new) in labels.items()
    }
    out = frame.with_columns(*(series.alias(name) for name, series in other.items()))
    large = [pl.len().over(list(known)) >= k] if known else [pl.lit(len(out) >= k)]
    if diversity > 1:
        large += [pl.col(name).n_unique().over(list(known)) >= diversity for name in confidential]
    return out.filter(*large).sort(out.columns)


def _distinct(series: pl.Series) -> Distinct:
    values = series.unique().sort()
    numbers: tuple[float | None, ...] | None = None
    if values.dtype.is_numeric():
        numbers = tuple(values.cast(pl.Float64).to_list())
    return Distinct(values, tuple(as_text(values).to_list()), numbers)


def _codes(series: pl.Series, values: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return series.replace_strict(values, np.arange(len(values)), return_dtype=pl.Int64).to_numpy()
