"""How much do a feature's bins tell about a group, or about the outcome? From counts per bin alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable

__all__ = ["Proxy", "bins_auroc", "cramers_v", "proxy_table"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well one feature tells the groups of one sensitive column apart.

    Attributes:
        feature: the feature.
        sensitive: the sensitive column.
        cramers_v: 0 (tells nothing) to 1 (tells everything), corrected for chance; None where it cannot be said.
        auroc: per group of enough people, the chance that the feature's bins rank one of its people above somebody
            else; 0.5 tells nothing, 1 tells all.
        hidden_cells: cells that the wall does not show; they are counted as half of the minimum cell size.
    """

    feature: str
    sensitive: str
    cramers_v: float | None
    auroc: tuple[tuple[str, float], ...]
    hidden_cells: int

    @property
    def strongest(self) -> float:
        """The highest AUROC of any group; 0.5 where no group is large enough."""
        return max((value for _, value in self.auroc), default=0.5)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "feature": self.feature,
            "sensitive": self.sensitive,
            "cramers_v": self.cramers_v,
            "auroc": dict(self.auroc),
            "hidden_cells": self.hidden_cells,
        }


def proxy_table(feature: str, table: CountTable, *, minimum_size: int = 30) -> Proxy:
    """How well a feature predicts each group, from counts of people per group and bin.

    Args:
        feature: the feature's name.
        table: counts per group (rows) and bin code (columns) of one sensitive column.
        minimum_size: smaller groups are left out.
    """
    large = [
        position
        for position, total in enumerate(table.totals.tolist())
        if total != SUPPRESSED and total >= minimum_size
    ]
    hidden = table.counts == SUPPRESSED
    counts = np.where(hidden, table.minimum_cell / 2.0, table.counts.astype(np.float64))[large]
    everybody = counts.sum(axis=0)
    auroc = tuple(
        (" & ".join(table.groups[position]), bins_auroc(counts[row], everybody - counts[row]))
        for row, position in enumerate(large)
        if len(large) > 1
    )
    return Proxy(
        feature=feature,
        sensitive=" & ".join(table.features),
        cramers_v=cramers_v(counts),
        auroc=auroc,
        hidden_cells=int(hidden[large].sum()),
    )


def cramers_v(counts: NDArray[np.number]) -> float | None:
    """Association of two codes from their table of counts, 0 to 1, corrected for chance (Bergsma 2013).

    Returns:
        None where a side has fewer than two codes in use.

    Example:
        >>> cramers_v(np.array([[50, 0], [0, 50]])), cramers_v(np.array([[25, 25], [25, 25]]))
        (1.0, 0.0)
    """
    used = np.asarray(counts, np.float64)
    used = used[used.sum(axis=1) > 0][:, used.sum(axis=0) > 0]
    rows, columns = used.shape
    total = float(used.sum())
    if min(rows, columns) < 2 or total < 2:
        return None
    expected = used.sum(axis=1, keepdims=True) * used.sum(axis=0, keepdims=True) / total
    square = float((np.square(used - expected) / expected).sum()) / total
    square = max(0.0, square - (rows - 1) * (columns - 1) / (total - 1))
    narrow = min(rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1))
    return min(1.0, math.sqrt(square / (narrow - 1))) if narrow > 1 else None


def bins_auroc(inside: NDArray[np.number], outside: NDArray[np.number]) -> float:
    """How well bins alone rank people inside above people outside: AUROC with each compared pair left out.

    Bins are ranked by their share of people inside, counted without the two people who are compared; two people in one
    bin tie. So a column of many small bins (an identifier) does not look as if it knew everything. Where that gives
    less than one half the bins tell nothing, and the answer is 0.5.

    Args:
        inside: people per bin who are in the group (or have the outcome).
        outside: people per bin who are not.

    Example:
        >>> bins_auroc(np.array([90, 10]), np.array([10, 90])), bins_auroc(np.array([1, 1, 0]), np.array([0, 0, 1]))
        (0.9, 0.5)
    """
    here, there = np.asarray(inside, np.float64), np.asarray(outside, np.float64)
    together = here + there
    if here.sum() <= 0 or there.sum() <= 0:
        return 0.5
    overall = float(here.sum() / together.sum())
    others = np.maximum(together - 1.0, 1.0)
    share_inside = np.where(together > 1, np.maximum(here - 1.0, 0.0) / others, overall)
    share_outside = np.where(together > 1, here / others, overall)
    wins = (np.sign(share_inside[:, None] - share_outside[None, :]) + 1.0) / 2.0
    np.fill_diagonal(wins, 0.5)
    area = float(here @ wins @ there) / (float(here.sum()) * float(there.sum()))
    return max(0.5, round(area, 12))
