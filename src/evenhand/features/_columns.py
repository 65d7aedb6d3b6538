"""What gate 2 asks of the outside: one column at a time, for the people it may read and no others."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnSource", "Values"]

Values: TypeAlias = NDArray[np.float64] | NDArray[np.object_]
"""Raw values of one column: float64 with NaN for missing, or objects: text, and None for missing."""


class ColumnSource(Protocol):
    """Raw columns of the people of a batch. Implemented at the rim (files, databases, data frames)."""

    def read(self, name: str, rows: NDArray[np.bool_]) -> Values:
        """Values of column `name` for the people where `rows` is true, in their order.

        Args:
            name: the column; the value of feature ``f`` for offer ``o`` stands in column ``f@o``.
            rows: bool[n], aligned with the batch. Nothing is handed out about anybody else.

        Raises:
            DataError: there is no such column.
        """
        ...
