"""Passes over the people at given prices: the smoothed one that Newton needs, and the hard one that decides.

The smoothed dual of the allocation at width beta is, per person of cell s,
``beta * log(1 + sum_j exp((value_j - price[s, j]) / beta))``; one pass gives it, its first derivatives (how many
people of each cell take each offer) and its second ones. As beta falls to zero it becomes the exact dual, whose value
at *any* prices is a proof that no allocation within the limits is worth more (weak duality).

Both passes go through blocks of people that stay in a core's own cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd, with_lots
from ._dual_sets import decide_sets, smooth_sets
from ._passes import Hard, Smooth, blocks_of, spread_out
from ._products import squared

__all__ = ["Hard", "Smooth", "decide", "smooth"]

_BLOCK = 4096
_ENTRIES, _STRIP = 40_960, 512
_NARROW, _SHORT = 24, 48
"""Up to so many columns, cells of so few people on average are added up together rather than one by one."""


def _paid(
    crowd: Crowd, price: NDArray[np.float64], block: slice, cells: NDArray[np.intp], begins: NDArray[np.intp]
) -> NDArray[np.float64]:
    """What everybody of a block pays for each offer, [m, rows] (or [m, 1] where all pay the same)."""
    spread = spread_out(price, cells, begins)
    if crowd.chance is None:
        return spread
    offers = len(crowd.value)
    paid: NDArray[np.float64] = spread[:offers] + crowd.chance[:, block] * spread[offers:]
    return paid


def smooth(crowd: Crowd, price: NDArray[np.float64], beta: float) -> Smooth:
    """One smoothed pass.

    Args:
        crowd: the people.
        price: float64[S, columns], micro-money.
        beta: width of the smoothing, micro-money, above zero.
    """
    if not crowd.is_plain:
        return smooth_sets(crowd, price, beta)
    total = crowd.fixed_value - float((crowd.fixed * price).sum())
    offers, columns = len(crowd.value), crowd.columns
    count = np.zeros((crowd.cells, columns))
    second = np.zeros((crowd.cells, columns, columns))
    square = np.zeros((crowd.cells, offers))
    most = max(_STRIP, _ENTRIES // columns // _STRIP * _STRIP)
    wide = np.empty((offers, most))
    narrow = np.empty((columns, most), dtype=np.float32)
    for first, last, cells, begins in blocks_of(crowd, most):
        z, both = wide[:, : last - first], narrow[:, : last - first]
        p, r = both[:offers], both[offers:]
        np.subtract(crowd.value[:, first:last], _paid(crowd, price, slice(first, last), cells, begins), out=z)
        top = np.maximum(z.max(axis=0), 0)
        z -= top
        np.multiply(z, 1.0 / beta, out=p, casting="same_kind")
        np.exp(p, out=p)
        mass = p.sum(axis=0)
        mass += np.exp((top * (-1.0 / beta)).astype(np.float32))
        p *= 1 / mass
        top += beta * np.log(mass)
        if crowd.chance is not None:
            chance = crowd.chance[:, first:last].astype(np.float32)
            np.multiply(p, chance, out=r)
            chance *= r
        if columns <= _NARROW and len(cells) * _SHORT > last - first:
            at, weights = begins[:-1], crowd.weight[cells]
            total += float(np.add.reduceat(top, at) @ weights)
            count[cells] += weights[:, None] * np.add.reduceat(both, at, axis=1).T
            pairs = np.add.reduceat(both[:, None] * both[None], at, axis=2)
            second[cells] += weights[:, None, None] * pairs.transpose(2, 0, 1)
            if crowd.chance is not None:
                square[cells] += weights[:, None] * np.add.reduceat(chance, at, axis=1).T
            continue
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            part, weight = both[:, begin:end], crowd.weight[cell]
            total += weight * float(top[begin:end].sum())
            count[cell] += weight * part.sum(axis=1)
            second[cell] += weight * squared(part)
            if crowd.chance is not None:
                square[cell] += weight * chance[:, begin:end].sum(axis=1)
    inner, at = -second, np.arange(offers)
    inner[:, at, at] += count[:, :offers]
    if crowd.chance is not None:
        inner[:, at, at + offers] += count[:, offers:]
        inner[:, at + offers, at] += count[:, offers:]
        inner[:, at + offers, at + offers] += square
    return Smooth(total, count + crowd.fixed, inner)


def decide(crowd: Crowd, price: NDArray[np.float64]) -> Hard:
    """One hard pass: everybody takes the offer that is worth most above its price, if any is.

    Args:
        crowd: the people.
        price: float64[S, columns], micro-money.
    """
    if not crowd.is_plain:
        return decide_sets(crowd, price)
    rows = int(crowd.starts[-1])
    choice = np.empty(rows, dtype=np.int16)
    gap = np.empty(rows, dtype=np.float32)
    surplus = crowd.fixed_value - float((crowd.fixed * price).sum())
    count = crowd.fixed.copy()
    for first, last, cells, begins in blocks_of(crowd, _BLOCK):
        value, paid = crowd.value[:, first:last], _paid(crowd, price, slice(first, last), cells, begins)
        picked = choice[first:last]
        best, apart = _best_two(value, paid, picked)
        if not crowd.is_lotted:
            tied = np.flatnonzero(apart <= 1.0)
            if len(tied):
                lotted = with_lots(value[:, tied].astype(np.int64), crowd.draw[first + tied])
                again = np.empty(len(tied), dtype=np.int16)
                _best_two(lotted, paid if paid.shape[1] == 1 else paid[:, tied], again)
                picked[tied] = again
        np.minimum(apart, 1e30, out=gap[first:last], casting="same_kind")
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            surplus += crowd.weight[cell] * float(best[begin:end].sum())
            count[cell] += crowd.weight[cell] * crowd.tally(slice(first + begin, first + end), picked[begin:end])
    return Hard(choice, gap, surplus, count)


def _best_two(
    value: NDArray[np.int64] | NDArray[np.float64], paid: NDArray[np.float64], picked: NDArray[np.int16]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Write the best offer above zero to `picked` (-1 for none); return its margin, and by how much it is the best."""
    best = np.zeros(value.shape[1])
    nearest = np.full(value.shape[1], -np.inf)
    picked.fill(-1)
    margin, lower = np.empty_like(best), np.empty_like(best)
    better = np.empty(len(best), dtype=bool)
    for offer, (column, price) in enumerate(zip(value, paid, strict=True)):
        np.subtract(column, price, out=margin)
        np.greater(margin, best, out=better)
        np.minimum(margin, best, out=lower)
        np.maximum(nearest, lower, out=nearest)
        np.maximum(best, margin, out=best)
        np.copyto(picked, np.int16(offer), where=better)
    return best, best - nearest
