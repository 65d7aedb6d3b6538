"""What may stand where the wall shows no number: an estimate from the totals, for sums over many cells only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable

__all__ = ["estimated", "known"]


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


def known(table: CountTable, smallest: int) -> list[int]:
    """Positions of the groups that have at least `smallest` people; the others are not judged."""
    return [row for row, total in enumerate(table.totals.tolist()) if total != SUPPRESSED and total >= smallest]
