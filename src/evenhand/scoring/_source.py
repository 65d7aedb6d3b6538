"""Where the rows of a fit come from: chunks of bin codes that are counted and forgotten, never a matrix of them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "Chunk", "RowSource", "Source", "Work"]

CHUNK = 65_536
"""Rows counted at once where the source itself does not say."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a history.

    Attributes:
        codes: per feature integers[k], bin codes above WITHHELD.
        outcome: float64[k].
        weight: float64[k], how much each row counts; None = once each.
        person: integers[k], whose row it is, from 0; None = every row is somebody else's.
    """

    codes: tuple[NDArray[np.integer], ...]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None
    person: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.outcome)


class Work(Protocol):
    """Something to be counted over all rows. Its counts are whole numbers in float64, so that adding is exact."""

    def start(self) -> NDArray[np.float64]:
        """Counts of no rows."""
        ...

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        """Add the counts of a chunk, in place."""
        ...


class Source(Protocol):
    """Rows that can be counted again and again: in memory, in a file, in a database, on a cluster.

    The answer of `total` must not depend on how the rows are cut or ordered; it does not, where counts of parts are
    added up, since every work's counts are whole numbers.
    """

    def total(self, work: Work) -> NDArray[np.float64]:
        """The counts of all rows."""
        ...


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows in memory (or in memory-mapped arrays).

    Attributes:
        codes: per feature integers[n], bin codes above WITHHELD; best uint8, which they are kept as.
        outcome: number[n].
        weight: float64[n] or None.
        person: integers[n], whose row it is, from 0; or None.
    """

    codes: tuple[NDArray[np.integer], ...]
    outcome: NDArray[np.number]
    weight: NDArray[np.float64] | None = None
    person: NDArray[np.integer] | None = None

    def chunks(self) -> Iterator[Chunk]:
        """The rows, some at a time."""
        for start in range(0, len(self.outcome), CHUNK):
            rows = slice(start, start + CHUNK)
            yield Chunk(
                tuple(column[rows] for column in self.codes),
                self.outcome[rows].astype(np.float64),
                None if self.weight is None else self.weight[rows],
                None if self.person is None else self.person[rows],
            )

    def total(self, work: Work) -> NDArray[np.float64]:
        """See `Source.total`."""
        counts = work.start()
        for chunk in self.chunks():
            work.add(counts, chunk)
        return counts
