"""Data frames in and the same kind out, by narwhals."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.terms import DataError, UsageError

from .columns import series_from_objects

__all__ = ["csv_bytes", "frame_like", "frame_names", "frame_of", "read_frame"]


def frame_names(frame: Any) -> tuple[str, ...]:
    """Column names of any data frame, without reading a value.

    Raises:
        UsageError: it is not a data frame.
        DataError: two columns have one name, or a name is not text.
    """
    kind = type(frame).__module__.partition(".")[0]
    if kind in {"pandas", "pyarrow"}:  # the two that allow doubles
        native = list(frame.columns if kind == "pandas" else frame.column_names)
        if len(set(native)) != len(native) or not all(isinstance(name, str) for name in native):
            raise _doubles()
    return tuple(_narwhal(frame).collect_schema().names())


def read_frame(frame: Any, names: Sequence[str]) -> pl.DataFrame:
    """The named columns as a polars frame; lazy frames are computed for these columns only."""
    import narwhals as nw

    selected = _narwhal(frame).select(*names)
    eager = selected.collect() if isinstance(selected, nw.LazyFrame) else selected
    return pl.DataFrame([_series(eager.get_column(name)) for name in names])


def frame_like(frame: Any, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> Any:
    """A new frame of the same kind as `frame`, with these columns.

    A lazy polars frame gives a lazy one; an engine without frames of its own (duckdb) gives polars.
    """
    import narwhals as nw

    given = _narwhal(frame)
    plain = {
        name: values.tolist() if isinstance(values, np.ndarray) else list(values) for name, values in columns.items()
    }
    if isinstance(given, nw.LazyFrame):
        made = pl.DataFrame(plain)
        return made.lazy() if given.implementation.is_polars() else made
    return nw.from_dict(plain, backend=given.implementation).to_native()


def frame_of(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """A polars frame of these columns, for results of tables that came from files."""
    return pl.DataFrame(dict(columns))


def csv_bytes(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """These columns as CSV in UTF-8, with a header."""
    sink = io.BytesIO()
    frame_of(columns).write_csv(sink)
    return sink.getvalue()


def _narwhal(frame: Any) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(frame)
    except TypeError:
        raise UsageError(
            "frame-kind",
            f"A {type(frame).__name__} is not a data frame.",
            rule="data frames are those that narwhals reads: pandas, polars, pyarrow, duckdb ...",
            remedy="turn it into one of them, for example pandas.DataFrame(data)",
        ) from None
    except nw.exceptions.NarwhalsError:
        raise _doubles() from None


def _series(column: Any) -> pl.Series:
    """One narwhals series as a polars series."""
    import narwhals as nw

    dtype = column.dtype
    if column.implementation.is_polars():
        native: pl.Series = column.to_native()
        return series_from_objects(column.name, native.to_list()) if native.dtype == pl.Object else native
    if dtype.is_float() or (dtype.is_integer() and not column.null_count()):
        return pl.Series(column.name, np.ascontiguousarray(column.to_numpy()))
    if isinstance(dtype, nw.Datetime):
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
        naive = pl.Series(column.name, np.asarray(utc.to_numpy()).astype("datetime64[us]"))
        return naive.dt.replace_time_zone("UTC") if dtype.time_zone else naive
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        column = column.cast(nw.String)
    return series_from_objects(column.name, [_plain(value) for value in column.to_list()])


def _plain(value: Any) -> Any:
    """A NumPy or pandas scalar as a Python one; pandas' own missing value as None."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _doubles() -> DataError:
    return DataError(
        "data-duplicate-columns",
        "The data frame has two columns of one name, or a column name that is not text.",
        rule="a column is found by its name",
        remedy="rename the columns",
    )
