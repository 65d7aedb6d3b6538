"""What gate 2 asks of the outside: one column at a time, for the people it may read and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnSource", "Values", "Words", "hold_numbers"]


@dataclass(frozen=True, slots=True)
class Words:
    """A column of texts that many rows share: each different text once, so that it is looked up once. It can be read
    like an array of objects.

    Attributes:
        texts: objects[d], the different texts; None for missing.
        place: integers[n], place of each row's among them.

    Example:
        >>> words = Words(np.array(["east", "west", None], dtype=object), np.array([1, 1, 2]))
        >>> words.tolist(), words[:1].tolist(), len(words)
        (['west', 'west', None], ['west'], 3)
    """

    texts: NDArray[np.object_]
    place: NDArray[np.integer]
    dtype: ClassVar[np.dtype[np.object_]] = np.dtype(object)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.place)

    def __getitem__(self, rows: Any) -> Words:
        """Some of the rows."""
        return Words(self.texts, self.place[rows])

    def tolist(self) -> list[str | None]:
        """The text of each row."""
        texts: list[str | None] = self.texts[self.place].tolist()
        return texts


Values: TypeAlias = NDArray[np.float64] | NDArray[np.object_] | Words
"""Raw values of one column: float64 with NaN for missing, or objects: text, and None for missing; or the same texts
as `Words`."""


def hold_numbers(values: Values) -> TypeGuard[NDArray[np.float64]]:
    """Whether values are numbers, and not texts."""
    return bool(values.dtype.kind == "f")


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
