"""Passes over the people at given prices: the smoothed one that Newton needs, and the hard one that decides.

The smoothed dual of the allocation at width beta is, per person of cell s,
``beta * log(1 + sum_j exp((value_j - price[s, j]) / beta))``; one pass gives it, its first derivatives (how many
people of each cell take each offer) and its second ones. As beta falls to zero it becomes the exact dual, whose value
at *any* prices is a proof that no allocation within the limits is worth more (weak duality).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd, with_lots

__all__ = ["Hard", "Smooth", "decide", "screen", "smooth"]

_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Smooth:
    """What one smoothed pass returns.

    Attributes:
        total: the people's part of the smoothed dual, micro-money.
        count: float64[S, m], expected people per cell and offer.
        second: float64[S, m, m], sum of ``p p'`` per cell.
    """

    total: float
    count: NDArray[np.float64]
    second: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hard:
    """What one hard pass returns, row by row.

    Attributes:
        choice: int16[R], best offer at the prices (lots break ties), -1 for none.
        gap: float32[R], micro-money between the best and the second best (nothing counts as one).
        surplus: sum of what people keep above the price, micro-money.
        count: float64[S, m], people per cell and offer (weighted, fixed ones included).
    """

    choice: NDArray[np.int16]
    gap: NDArray[np.float32]
    surplus: float
    count: NDArray[np.float64]


def _blocks(crowd: Crowd) -> Iterator[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (first row, last row, cells in between, where each begins within the block)."""
    rows = int(crowd.starts[-1])
    for first in range(0, rows, _BLOCK):
        last = min(first + _BLOCK, rows)
        low = int(np.searchsorted(crowd.starts, first, side="right")) - 1
        high = int(np.searchsorted(crowd.starts, last, side="left"))
        cells = np.arange(low, high)
        begins = np.clip(crowd.starts[low : high + 1], first, last) - first
        filled = np.diff(begins) > 0
        yield first, last, cells[filled], np.append(begins[:-1][filled], last - first)


def _spread(price: NDArray[np.float64], cells: NDArray[np.intp], begins: NDArray[np.intp]) -> NDArray[np.float64]:
    """Prices of the block's rows, [m, rows] (or [m, 1] where all are of one cell)."""
    if len(cells) == 1:
        alone: NDArray[np.float64] = price[cells[0]][:, None]
        return alone
    return np.repeat(price[cells].T, np.diff(begins), axis=1)


def smooth(crowd: Crowd, price: NDArray[np.float64], beta: float) -> Smooth:
    """One smoothed pass.

    Args:
        crowd: the people.
        price: float64[S, m], micro-money.
        beta: width of the smoothing, micro-money, above zero.
    """
    total = crowd.fixed_value - float((crowd.fixed * price).sum())
    count = crowd.fixed.copy()
    offers = len(crowd.value)
    second = np.zeros((crowd.cells, offers, offers))
    wide = np.empty((offers, _BLOCK))
    narrow = np.empty((offers, _BLOCK), dtype=np.float32)
    for first, last, cells, begins in _blocks(crowd):
        z, p = wide[:, : last - first], narrow[:, : last - first]
        np.subtract(crowd.value[:, first:last], _spread(price, cells, begins), out=z)
        np.multiply(z, 1.0 / beta, out=z)
        np.clip(z, -1e30, 1e30, out=z)
        np.copyto(p, z, casting="same_kind")
        top = np.maximum(p.max(axis=0), 0)
        p -= top
        np.exp(p, out=p)
        mass = p.sum(axis=0)
        mass += np.exp(-top)
        p /= mass
        top += np.log(mass)
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            part, weight = p[:, begin:end], crowd.weight[cell]
            total += beta * weight * float(top[begin:end].sum(dtype=np.float64))
            count[cell] += weight * part.sum(axis=1)
            second[cell] += weight * (part @ part.T)
    return Smooth(total, count, second)


def decide(crowd: Crowd, price: NDArray[np.float64]) -> Hard:
    """One hard pass: everybody takes the offer that is worth most above its price, if any is.

    Args:
        crowd: the people.
        price: float64[S, m], micro-money.
    """
    rows = int(crowd.starts[-1])
    choice = np.empty(rows, dtype=np.int16)
    gap = np.empty(rows, dtype=np.float32)
    surplus = crowd.fixed_value - float((crowd.fixed * price).sum())
    count = crowd.fixed.copy()
    offers = len(crowd.value)
    for first, last, cells, begins in _blocks(crowd):
        z = crowd.value[:, first:last] - _spread(price, cells, begins)
        picked, best, nearest = _best_two(z)
        if not crowd.is_lotted:
            tied = np.flatnonzero(best - nearest <= 1.0)
            if len(tied):
                lotted = z[:, tied] + with_lots(np.zeros((offers, len(tied)), np.int64), crowd.draw[first + tied])
                picked[tied] = _best_two(lotted)[0]
        choice[first:last] = picked
        gap[first:last] = np.minimum(best - nearest, 1e30)
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            surplus += crowd.weight[cell] * float(best[begin:end].sum())
            count[cell] += crowd.weight[cell] * np.bincount(picked[begin:end] + 1, minlength=offers + 1)[1:]
    return Hard(choice, gap, surplus, count)


def _best_two(
    margin: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Index of the best row above zero (-1 for none), its margin, and the next best margin; nothing is worth 0."""
    best = np.zeros(margin.shape[1])
    nearest = np.full(margin.shape[1], -np.inf)
    picked = np.full(margin.shape[1], -1, dtype=np.intp)
    for offer, column in enumerate(margin):
        better = column > best
        np.maximum(nearest, np.minimum(column, best), out=nearest)
        picked[better] = offer
        np.maximum(best, column, out=best)
    return picked, best, nearest


def screen(crowd: Crowd, price: NDArray[np.float64], width: float) -> Crowd:
    """Keep only the people whose choice could change while no price moves by more than half of `width`.

    The others are counted as fixed at their choice, which is exact within that range. Lots are added.
    """
    hard = decide(crowd, price)
    near = hard.gap <= width
    kept = np.flatnonzero(near)
    cell = crowd.cell_of_row
    starts = np.zeros(crowd.cells + 1, dtype=np.intp)
    np.cumsum(np.bincount(cell[kept], minlength=crowd.cells), out=starts[1:])
    far = np.flatnonzero(~near & (hard.choice >= 0))
    offers = len(crowd.value)
    taken = hard.choice[far].astype(np.intp)
    tally = np.bincount(cell[far] * offers + taken, minlength=crowd.cells * offers).reshape(crowd.cells, offers)
    worth = np.bincount(cell[far], weights=crowd.value[taken, far].astype(np.float64), minlength=crowd.cells)
    value = crowd.value[:, kept]
    return Crowd(
        value=value if crowd.is_lotted else with_lots(value.astype(np.int64), crowd.draw[kept]),
        starts=starts,
        draw=crowd.draw[kept],
        weight=crowd.weight,
        fixed=crowd.fixed + tally * crowd.weight[:, None],
        fixed_value=crowd.fixed_value + float(worth @ crowd.weight),
        is_lotted=True,
    )
