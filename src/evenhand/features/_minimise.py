"""Gate 2: read what the view names, for whom it may be read, and keep only the bin codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import WITHHELD, Binning, DataError, Minimised, Model, Permitted, Standing

from ._columns import ColumnSource
from ._encode import encode

__all__ = ["minimise"]


def minimise(permitted: Permitted, model: Model, columns: ColumnSource) -> Minimised:
    """Only the columns that the purpose may see, as bin codes (RULES G-5b, G-5c).

    A column outside the model's view is never asked for. Of a column inside it, only the values of people with
    standing PERSONALISED are read; everybody else has WITHHELD in every term.

    Args:
        permitted: gate 1's answer.
        model: the glass box; its view names the columns, its offers the ``feature@offer`` columns.
        columns: raw values, aligned with ``permitted.asked.subjects``.

    Raises:
        DataError: a column of the view is not there, or its values are not what the view expects.
    """
    rows = np.asarray(permitted.standing == Standing.PERSONALISED)
    codes = tuple(
        np.stack([_codes(binning, f"{binning.name}@{offer}", rows, columns) for offer in model.offers])
        if binning.per_offer
        else _codes(binning, binning.name, rows, columns)
        for binning in model.view.binnings
    )
    return Minimised(permitted=permitted, model=model, codes=codes)


def _codes(binning: Binning, column: str, rows: NDArray[np.bool_], columns: ColumnSource) -> NDArray[np.uint8]:
    codes = np.full(len(rows), WITHHELD, dtype=np.uint8)
    readable = int(np.count_nonzero(rows))
    if not readable:
        return codes
    values = columns.read(column, rows)
    if len(values) != readable:
        raise DataError(
            "data-misaligned",
            f"Column {column!r} has {len(values)} values for {readable} people.",
            rule="row i of every column is the same person",
            remedy="read subjects and columns from the same unchanged table",
        )
    codes[rows] = encode(binning, values)
    return codes
