"""What may cross the wall: counts of people per group, never a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SUPPRESSED", "CountTable", "GroupCounts", "estimated"]

SUPPRESSED = -1
"""Stands in a count table for a count above zero and below the minimum cell size."""


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts of people by group and by a code that the asker brought (a bin, an outcome, a decision).

    Made in `vault` only.

    Attributes:
        features: the sensitive columns that make the groups, e.g. ``("sex", "age")`` for their intersection.
        groups: one tuple of values per group, e.g. ``("female", "25-34")``; a missing value is the word
            ``unknown`` and stays a group of its own.
        counts: int64[groups, codes]; SUPPRESSED where 0 < count < minimum_cell.
        totals: int64[groups]; people of the group among those asked about (SUPPRESSED likewise).
        minimum_cell: smallest count that is shown.
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    minimum_cell: int


class GroupCounts(Protocol):
    """The only question that may be put to the wall from outside: how many, per group and code?"""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns behind the wall."""
        ...

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group of `features` and per code.

        Args:
            features: sensitive columns whose intersection makes the groups.
            codes: int[n], one per person in the vault's row order; negative = leave this person out.
            size: number of different codes (codes are below it).
            why: purpose of the question, kept in the vault's log.
        """
        ...


def estimated(table: CountTable, weight: NDArray[np.number]) -> NDArray[np.float64]:
    """Counts with every hidden cell replaced by its part of what is left of the group's total.

    The left-over is spread over the group's hidden cells in proportion to `weight`, between 1 and the largest number
    that is hidden. It is an estimate: it may enter a sum over many cells, and is never shown by itself.

    Args:
        table: counts per group and code.
        weight: [codes], or [groups, codes]; what to spread by, such as everybody's count per code.

    Returns:
        float64[groups, codes].
    """
    hidden = table.counts == SUPPRESSED
    counts = np.where(hidden, 0, table.counts).astype(np.float64)
    spread = np.broadcast_to(np.asarray(weight, np.float64), counts.shape)
    largest = table.minimum_cell - 1
    for row in np.flatnonzero(hidden.any(axis=1)).tolist():
        cells = hidden[row]
        fewest, most = int(cells.sum()), int(cells.sum()) * largest
        total = int(table.totals[row])
        rest = (fewest + most) / 2 if total == SUPPRESSED else min(max(total - counts[row].sum(), fewest), most)
        part = spread[row, cells] + 1e-9
        counts[row, cells] = np.clip(rest * part / part.sum(), 1, largest)
    return counts
