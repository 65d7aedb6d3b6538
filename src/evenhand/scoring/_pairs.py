"""Which pairs of features have something to say together, and what is theirs alone.

A pair is looked for where the main effects leave something over: residuals and weights are counted on a coarse grid of
bands for every pair, and a score statistic per pair says how far they are from noise. After the fit, what a pair says
about either feature by itself is moved to that feature's own shape, so that each shape means what it shows. Sources:
Lou, Caruana, Gehrke and Hooker 2013 (ranking pairs by residuals), Lengerich et al. 2020 (purification).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, Pair

from ._counts import Design
from ._source import Chunk, Source

__all__ = ["bands_of", "find_pairs", "purified"]

_PRIOR = 20.0
_NOISE = 3.5
"""A statistic below this many standard deviations of noise is no pair."""
_ROUNDS = 200
_EXACT = 1e-10


def bands_of(count: NDArray[np.float64], ordered: bool, most: int) -> tuple[int, ...]:
    """Band of each bin code: MISSING and OTHER have their own, the bins share at most `most` bands.

    Args:
        count: float64[size], rows of each bin code (WITHHELD included, unused).
        ordered: neighbours share a band; otherwise the rare share the last one.
        most: bands of ordinary bins.
    """
    first = OTHER + 1
    bins = count[first:]
    if len(bins) <= most:
        return (0, 0, 1, *range(2, 2 + len(bins)))
    if ordered:
        band = _runs(bins, most)
    else:
        rank = np.empty(len(bins), np.intp)
        rank[np.lexsort((np.arange(len(bins)), -bins))] = np.arange(len(bins))
        band = np.minimum(rank, most - 1)
    return (0, 0, 1, *(2 + band).tolist())


def _runs(bins: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Neighbours in runs of about equal weight; a bin heavier than a run of its own share stands alone."""
    heavy = bins * most > bins.sum()
    rest = max(most - int(heavy.sum()) - 1, 1)
    light = np.where(heavy, 0.0, bins)
    middle = np.cumsum(light) - light / 2
    part = np.minimum(middle * rest / max(float(light.sum()), 1.0), rest - 1).astype(np.intp)
    change = np.zeros(len(bins), bool)
    change[1:] = (part[1:] != part[:-1]) | heavy[1:] | heavy[:-1]
    band = np.cumsum(change)
    while band[-1] >= most:  # the lightest two neighbours become one
        weight = np.bincount(band, bins)
        left = int(np.argmin(weight[:-1] + weight[1:]))
        band = np.where(band > left, band - 1, band)
    return band.astype(np.intp)


@dataclass(frozen=True, slots=True)
class _ScanWork:
    design: Design
    coefficients: NDArray[np.float64]
    pairs: tuple[Pair, ...]

    def start(self) -> NDArray[np.float64]:
        return np.zeros(3 * sum(pair.size for pair in self.pairs))

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        design = self.design
        rows = design.rows(chunk, design.places(chunk), self.coefficients)
        upper = {(p.first, p.first_bands, p.width) for p in self.pairs}
        lower = {(p.second, p.second_bands) for p in self.pairs}
        high = {key: (np.array(key[1], np.intp) * key[2] + 1).take(chunk.codes[key[0]]) for key in upper}
        low = {key: np.array(key[1], np.intp).take(chunk.codes[key[0]]) for key in lower}
        at = 0
        for pair in self.pairs:
            code = high[pair.first, pair.first_bands, pair.width] + low[pair.second, pair.second_bands]
            for part in (rows.residual, rows.weight, None):
                counts[at : at + pair.size] += np.bincount(code, part, pair.size)
                at += pair.size


def find_pairs(
    source: Source,
    design: Design,
    coefficients: NDArray[np.float64],
    candidates: tuple[tuple[int, ...], ...],
    eligible: tuple[bool, ...],
    most: int,
    spread: float = 1.0,
) -> tuple[list[Pair], list[NDArray[np.intp]]]:
    """The pairs with the strongest signs of a joint effect, strongest first, and the columns of their cells.

    Args:
        source: the rows.
        design: the fit of main effects.
        coefficients: its coefficients.
        candidates: bands of each feature.
        eligible: whether a feature may be in a pair.
        most: at most so many.
        spread: how much more sums of residuals vary than the weights say.
    """
    usable = [t for t, bands in enumerate(candidates) if eligible[t] and len(bands) > OTHER + 2]
    pairs = tuple(Pair(a, b, candidates[a], candidates[b]) for a, b in combinations(usable, 2))
    if not pairs or most < 1:
        return [], []
    counts = source.total(_ScanWork(design, coefficients, pairs))
    found, at = [], 0
    for pair in pairs:
        gradient, weight, rows = counts[at : at + 3 * pair.size].reshape(3, pair.size)
        at += 3 * pair.size
        if design.loss.has_spread:
            gradient = _beyond_sides(gradient, weight, pair.width)
        statistic = _statistic(gradient / (design.grain * math.sqrt(spread)), weight / design.grain, pair.width)
        if statistic > _NOISE:
            cells = np.full(pair.size, -1, np.intp)
            seen = np.flatnonzero(rows > 0)
            cells[seen] = np.arange(len(seen))
            found.append((-statistic, pair.first, pair.second, pair, cells))
    found.sort(key=lambda one: one[:3])
    return [one[3] for one in found[:most]], [one[4] for one in found[:most]]


def _beyond_sides(gradient: NDArray[np.float64], weight: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Residuals on a grid without the mean of their row and column, which a smooth main effect leaves in them."""
    grid, cells = gradient[1:].reshape(-1, width), weight[1:].reshape(-1, width)
    down = grid.sum(axis=1) / np.maximum(cells.sum(axis=1), 1e-300)
    across = grid.sum(axis=0) / np.maximum(cells.sum(axis=0), 1e-300)
    middle = float(grid.sum()) / max(float(cells.sum()), 1e-300)
    kept = grid - cells * (down[:, None] + across - middle)
    return np.concatenate((gradient[:1], kept.ravel()))


def _statistic(gradient: NDArray[np.float64], weight: NDArray[np.float64], width: int) -> float:
    """How many standard deviations of noise the residuals on a grid are away from nothing."""
    used = weight > 0
    grid = used[1:].reshape(-1, width)
    sides = int(grid.any(axis=1).sum()), int(grid.any(axis=0).sum())
    if min(sides) < 2:
        return 0.0
    kept = (sides[0] - 1) * (sides[1] - 1) / (sides[0] * sides[1])  # what the main effects have not taken already
    share = weight[used] / (weight[used] + _PRIOR)
    excess = (np.square(gradient[used]) / (weight[used] + _PRIOR)).sum() - kept * share.sum()
    return float(excess) / math.sqrt(max(2.0 * kept * float(np.square(share).sum()), 1e-300))


def purified(
    pair: Pair, table: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Take out of a pair what it says about either feature alone.

    Args:
        pair: its bands.
        table: float64[size], effect of each joint code.
        rows: float64[size], rows of each joint code.

    Returns:
        The table with a weighted mean of zero over each band of either feature, and what was moved: float64[size of
        the first], float64[size of the second] by bin code. Cells without rows are zero, so for codes that occur
        together the three add up to the table.
    """
    grid = np.where(rows > 0, table, 0.0)[1:].reshape(-1, pair.width).copy()
    weight = rows[1:].reshape(-1, pair.width)
    down, across = np.zeros(grid.shape[0]), np.zeros(grid.shape[1])
    for _ in range(_ROUNDS):
        step = (grid * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
        grid -= step[:, None]
        other = (grid * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
        grid -= other
        down += step
        across += other
        if max(np.abs(step).max(), np.abs(other).max()) < _EXACT:
            break
    kept = np.concatenate(([0.0], np.where(weight > 0, grid, 0.0).ravel()))
    first, second = down.take(pair.first_bands), across.take(pair.second_bands)
    first[0] = second[0] = 0.0
    return kept, first, second
