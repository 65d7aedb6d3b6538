"""Counts of every combination of group, outcome and decision in a Parquet file, for a person's own group audit.

The file's rows are grouped where they are read; only counts become Python values. It reads sensitive columns of a file
that its user holds anyway, so it is no way round the wall: the road of a decision never calls it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.terms import DataError

from .columns import as_text

__all__ = ["cells_of_parquet"]

_UNKNOWN = "unknown"
_MOST_VALUES = 1_000


def cells_of_parquet(
    path: str | Path, *, sensitive_features: Sequence[str], outcome: str, decision: str
) -> tuple[NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """Count the rows of a file for `evenhand.disparity.group_audit`.

    Args:
        path: a Parquet file.
        sensitive_features: columns whose groups are compared; a missing value is the group ``unknown``.
        outcome, decision: columns of 1/0 or true/false.

    Returns:
        int64[values of each sensitive column ..., 2, 2], and the values of each column in that order.

    Raises:
        DataError: a column is missing, has more than 1,000 values, or an outcome or decision is not 1 or 0.
    """
    names = [*sensitive_features, outcome, decision]
    try:
        counted = pl.scan_parquet(path).select(names).group_by(names).len().collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            "data-broken-parquet",
            f"The columns {', '.join(names)} of {Path(path).name} cannot be counted ({type(error).__name__}).",
            rule="a Parquet file is complete and has the columns that are asked for",
            remedy="check the path and the column names",
        ) from None
    values, codes = [], []
    for name in sensitive_features:
        texts = as_text(counted.get_column(name)).fill_null(_UNKNOWN)
        known = sorted(set(texts.to_list()), key=lambda text: (text == _UNKNOWN, text))
        if len(known) > _MOST_VALUES:
            raise DataError(
                "data-not-groups",
                f"Column {name!r} has {len(known)} different values.",
                rule=f"G-32: a group is shared by many people; at most {_MOST_VALUES} values",
                remedy="merge the values into broader groups",
            )
        place = {text: code for code, text in enumerate(known)}
        values.append(tuple(known))
        codes.append(np.array([place[text] for text in texts.to_list()], dtype=np.intp))
    codes += [_binary(counted.get_column(name)) for name in (outcome, decision)]
    cells = np.zeros((*(len(known) for known in values), 2, 2), dtype=np.int64)
    np.add.at(cells, tuple(codes), counted.get_column("len").to_numpy().astype(np.int64))
    return cells, tuple(values)


def _binary(series: pl.Series) -> NDArray[np.intp]:
    numbers = series.cast(pl.Float64, strict=False) if not series.dtype.is_nested() else None
    if numbers is None or numbers.null_count() or not numbers.is_in([0.0, 1.0]).all():
        raise DataError(
            "data-outcome-values",
            f"Column {series.name!r} has values that are missing or not one of 1/0, true/false.",
            rule="an outcome and a decision are yes or no in every row",
            remedy="write 1 and 0; leave out rows that are not known yet",
        )
    return numbers.to_numpy().astype(np.intp)
