"""What a pass over the people returns, and the blocks that it goes through: they stay in a core's own cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd

__all__ = ["Hard", "Smooth", "blocks_of", "spread_out"]


@dataclass(frozen=True, slots=True)
class Smooth:
    """What one smoothed pass returns.

    Attributes:
        total: the people's part of the smoothed dual, micro-money.
        count: float64[S, columns], expected people per cell and offer, and their responses where those are counted.
        inner: float64[S, columns, columns], how far one count gives way, times beta, as the price of another rises.
    """

    total: float
    count: NDArray[np.float64]
    inner: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hard:
    """What one hard pass returns, row by row.

    Attributes:
        choice: int16[R], best offer at the prices (lots break ties), -1 for none; where a person may get several offers
            int16[R, most], theirs, best first, then -1.
        gap: float32[R], micro-money between the best and the second best (nothing counts as one).
        surplus: sum of what people keep above the price, micro-money.
        count: float64[S, columns], people per cell and offer (weighted, fixed ones included), and their responses.
    """

    choice: NDArray[np.int16]
    gap: NDArray[np.float32]
    surplus: float
    count: NDArray[np.float64]


def blocks_of(crowd: Crowd, most: int) -> Iterator[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (first row, last row, cells in between, where each begins within the block)."""
    rows = int(crowd.starts[-1])
    for first in range(0, rows, most):
        last = min(first + most, rows)
        low = int(np.searchsorted(crowd.starts, first, side="right")) - 1
        high = int(np.searchsorted(crowd.starts, last, side="left"))
        cells = np.arange(low, high)
        begins = np.clip(crowd.starts[low : high + 1], first, last) - first
        filled = np.diff(begins) > 0
        yield first, last, cells[filled], np.append(begins[:-1][filled], last - first)


def spread_out(price: NDArray[np.float64], cells: NDArray[np.intp], begins: NDArray[np.intp]) -> NDArray[np.float64]:
    """Prices of the block's rows, [m, rows] (or [m, 1] where all are of one cell)."""
    if len(cells) == 1:
        alone: NDArray[np.float64] = price[cells[0]][:, None]
        return alone
    return np.repeat(price[cells].T, np.diff(begins), axis=1)
