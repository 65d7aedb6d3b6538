"""A table of people in memory, and the same with other values in some columns of some people, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .tables import DataTable

__all__ = ["ShakenTable"]


class ShakenTable:
    """Every column of a table, ids as text.

    Args:
        table: as opened, with all of its columns.
        identifier: the column of ids.
        ids: the ids, in the table's order.

    Attributes:
        frame: the table as it is.
        names: its columns.
    """

    def __init__(self, table: DataTable, identifier: str, ids: Sequence[str]) -> None:
        own = pl.Series(identifier, ids, dtype=pl.String)
        self.frame = pl.DataFrame(
            [own if name == identifier else table.series(name).alias(name) for name in table.names]
        )
        self.names: tuple[str, ...] = table.names

    def shaken(self, names: Sequence[str], who: NDArray[np.bool_], rng: np.random.Generator) -> pl.DataFrame:
        """The frame with somebody else's value in these columns of these people; numbers are moved besides, and one
        value in ten is emptied."""
        mask = pl.Series(who)
        columns = []
        for name in names:
            old = self.frame[name]
            drawn = old.gather(rng.integers(0, len(old), len(old)))
            if old.dtype.is_float():
                drawn = drawn + pl.Series(rng.normal(0.0, 1.0, len(old)))
            empty = pl.Series(rng.random(len(old)) < 0.1)
            drawn = drawn.zip_with(~empty, pl.Series([None] * len(old), dtype=old.dtype))
            columns.append(drawn.cast(old.dtype).zip_with(mask, old).alias(name))
        return self.frame.with_columns(columns)
