"""What a data scientist hands to an estimator: any table, any outcome, any weights; checked, and said clearly."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import Values
from evenhand.terms import DataError, UsageError

from ..data.columns import raw_values, series_from_objects
from ..data.frames import frame_names, read_frame

__all__ = [
    "InputError",
    "InputTable",
    "check_rows",
    "not_fitted",
    "numbers_in",
    "read_outcome",
    "read_people",
    "read_table",
    "read_weight",
]


class InputError(DataError, ValueError):
    """The table, the outcome or the weights cannot be learned from; a ValueError, as scikit-learn expects."""


@dataclass(frozen=True, slots=True)
class InputTable:
    """A table as it was handed over.

    Attributes:
        names: of the columns; ``x0, x1 ...`` where it was an array.
        series: the columns.
        rows: number of rows.
        named: whether the names are the table's own.
    """

    names: tuple[str, ...]
    series: tuple[pl.Series, ...]
    rows: int
    named: bool

    def values(self, place: int) -> Values:
        """Raw values of one column: numbers, or texts and None.

        Raises:
            InputError: it holds dates, or a type that is neither number nor text.
        """
        series = self.series[place]
        if series.dtype.is_temporal():
            raise InputError(
                "data-date",
                f"Column {self.names[place]!r} holds dates or times.",
                rule="the glass box learns from numbers and categories",
                remedy="turn it into a number, such as days before a fixed day, or leave it out",
            )
        if series.dtype == pl.Boolean:
            series = series.cast(pl.Int8)
        return raw_values(series)

    def is_number(self, place: int) -> bool:
        """Whether one column holds numbers, or yes and no."""
        dtype = self.series[place].dtype
        return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)


def read_table(table: Any) -> InputTable:
    """Any data frame (pandas, polars, pyarrow, duckdb ...) or two-dimensional array.

    Raises:
        InputError: it is sparse, complex, not two-dimensional, or has no column.
    """
    if hasattr(table, "toarray") and hasattr(table, "nnz"):
        raise InputError(
            "data-sparse",
            "A sparse matrix was given.",
            rule="the glass box reads dense tables",
            remedy="call .toarray(), or better, hand over the columns before they were made one-hot",
        )
    names = _text_names(table)
    if names is None:
        return _read_array(np.asarray(table))
    frame = read_frame(table, names)
    if not names:
        raise _empty(frame.shape, "feature")
    return InputTable(tuple(names), tuple(frame.get_columns()), frame.height, True)


def _text_names(table: Any) -> tuple[str, ...] | None:
    """Column names, or None where the table is an array, or a pandas frame whose columns are numbered."""
    if isinstance(table, (np.ndarray, list, tuple)):
        return None
    try:
        return frame_names(table)
    except UsageError:
        return None
    except DataError:
        columns = getattr(table, "columns", ())
        if not any(isinstance(name, str) for name in columns) and len(set(columns)) == len(columns):
            return None
        raise


def _read_array(array: NDArray[Any]) -> InputTable:
    if array.ndim != 2:
        raise InputError(
            "data-shape",
            f"Expected 2D array, got {array.ndim}D array instead.",
            rule="one row per case, one column per feature",
            remedy="Reshape your data: array.reshape(-1, 1) for one feature, array.reshape(1, -1) for one case",
        )
    if array.shape[1] == 0:
        raise _empty(array.shape, "feature")
    if array.dtype.kind == "c":
        raise InputError(
            "data-complex",
            "Complex data not supported.",
            rule="the glass box learns from numbers and categories",
            remedy="give the real and the imaginary part, or size and angle, as columns of their own",
        )
    names = tuple(f"x{place}" for place in range(array.shape[1]))
    series = tuple(_series(name, array[:, place]) for place, name in enumerate(names))
    return InputTable(names, series, len(array), False)


def _series(name: str, column: NDArray[Any]) -> pl.Series:
    if column.dtype.kind in "biuf":
        return pl.Series(name, np.ascontiguousarray(column, np.float64))
    if column.dtype.kind == "M":
        return pl.Series(name, column.astype("datetime64[us]"))
    return series_from_objects(name, [v.item() if isinstance(v, np.generic) else v for v in column.tolist()])


def _empty(shape: tuple[int, ...], what: str) -> InputError:
    return InputError(
        "data-empty",
        f"Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required.",
        rule="there is something to learn from",
        remedy="look where the rows or columns went",
    )


def check_rows(rows: int, columns: int, least: int) -> None:
    """At least so many rows.

    Raises:
        InputError: there are fewer.
    """
    if rows < least:
        raise InputError(
            "data-too-few-rows",
            f"Found array with {rows} sample(s) (shape=({rows}, {columns})) while a minimum of {least} is required.",
            rule=f"nothing can be learned from fewer than {least} rows (n_samples={rows})",
            remedy="give more rows",
        )


def read_outcome(outcome: Any, rows: int) -> NDArray[Any]:
    """The outcome as one column, without a missing value.

    Raises:
        InputError: there is none, it has another length, more columns than one, or missing or infinite values.
    """
    if outcome is None:
        raise InputError(
            "outcome-none",
            "This estimator requires y to be passed, but the target y is None.",
            rule="something is to be predicted",
            remedy="give the outcome as y",
        )
    y = np.asarray(outcome)
    if y.ndim == 2 and y.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Use y.ravel().", _conversion(), stacklevel=4
        )
        y = y[:, 0]
    if y.ndim != 1 or len(y) != rows:
        raise InputError(
            "outcome-shape",
            f"y should be a 1d array of {rows} values, got an array of shape {y.shape} instead.",
            rule="one outcome per row",
            remedy="give one column, in the order of the rows",
        )
    if y.dtype.kind == "c":
        raise _outcome("Complex data not supported.")
    if y.dtype.kind == "O" and any(value is None or value != value for value in y.tolist()):
        raise _outcome("Input y contains NaN.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise _outcome("Input y contains NaN or infinity.")
    return y


def numbers_in(outcome: NDArray[Any]) -> NDArray[np.float64]:
    """An outcome as numbers.

    Raises:
        InputError: it holds something else, or numbers too large to be told apart.
    """
    try:
        numbers = outcome.astype(np.float64)
    except (TypeError, ValueError):
        raise _outcome("The outcome y holds values that are not numbers.") from None
    if not np.isfinite(numbers).all() or np.abs(numbers).max(initial=0.0) > 2.0**90:
        raise _outcome("Input y contains NaN, infinity, or a number beyond 10**27.")
    return numbers


def _outcome(what: str) -> InputError:
    return InputError(
        "outcome-values",
        what,
        rule="the outcome of every row is known and finite",
        remedy="leave out the rows without an outcome, or give the column that holds it",
    )


def read_weight(weight: Any, rows: int) -> NDArray[np.float64] | None:
    """How many rows each row counts for; None = once each.

    Raises:
        InputError: they have another length, are negative or not finite, or are all but zero.
    """
    if weight is None:
        return None
    w = np.asarray(weight, dtype=np.float64)
    w = np.full(rows, float(w)) if w.ndim == 0 else w
    if w.shape != (rows,):
        what = f"Sample weights must be 1D: sample_weight.shape == {w.shape}, expected {(rows,)}!"
    elif not np.isfinite(w).all() or (w < 0).any():
        what = "Some sample weights are negative, missing or infinite."
    elif rows and w.max() < 2.0**-16:
        what = "All sample weights are zero, or so small that nothing is left of a row."
    else:
        return w if rows and not (w == 1.0).all() else None
    raise InputError(
        "weight-values",
        what,
        rule="a weight says how many rows a row stands for",
        remedy="give one finite number per row, zero or more, such that a usual row has a weight near one",
    )


def read_people(person: Any, rows: int, kept: Any) -> tuple[int, NDArray[np.intp] | None]:
    """How many people the kept rows are of, and whose each is, from 0; 0 and None where nobody has two.

    Args:
        person: ids of any kind, one per row; None = every row is somebody else's.
        rows: how many there must be.
        kept: which rows are used.

    Raises:
        InputError: another length, or an id is missing.
    """
    if person is None:
        return 0, None
    ids = np.asarray(person)
    missing = ids.ndim == 1 and any(one is None or one != one for one in ids.tolist())
    if ids.shape != (rows,) or missing:
        raise ids_missing("" if missing else f"The ids have shape {ids.shape}, the table has {rows} rows.")
    ids = ids.astype(str) if ids.dtype == object else ids
    people, whose = np.unique(ids[kept], return_inverse=True)
    return (len(people), whose) if len(people) < len(whose) else (0, None)


def ids_missing(what: str = "") -> InputError:
    """The error of rows of which it is not known whose they are."""
    return InputError(
        "person-ids",
        what or "Some ids are missing.",
        rule="an id says whose row it is",
        remedy="give one id per row to person=, or leave it out where every row is somebody else's",
    )


def not_fitted(estimator: str) -> Exception:
    """The error of an estimator that was not fitted yet; also scikit-learn's own where that is loaded."""
    theirs = sys.modules.get("sklearn.exceptions")
    kinds: Sequence[type] = (UsageError,) if theirs is None else (UsageError, theirs.NotFittedError)
    error: Exception = type("NotFittedError", tuple(kinds), {})(
        "estimator-not-fitted",
        f"This {estimator} instance is not fitted yet.",
        rule="a model is learned before it is used",
        remedy="call fit(X, y) first",
    )
    return error


def _conversion() -> type[Warning]:
    theirs = sys.modules.get("sklearn.exceptions")
    kind: type[Warning] = UserWarning if theirs is None else theirs.DataConversionWarning
    return kind
