"""What a fit needs from the rows: one count per bin and one per pair of bins, exact in any order of rows.

Residuals, weights and losses are rounded to multiples of a power of two before they are added, so that float64 adds
them as whole numbers: no rounding happens in the sums, and the same rows in any order, or cut into any chunks, give
the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Pair

from ._loss import Loss, RowLoss
from ._source import Chunk, Source

__all__ = ["Design", "Look", "clustering", "gram", "look", "tally"]


@dataclass(frozen=True, slots=True)
class Design:
    """The one-hot design, never written out: column 0 is the intercept, then one block of columns per term.

    Attributes:
        sizes: number of codes of each feature, WITHHELD included; a feature has one column per other code.
        pairs: the joint terms, after the features.
        cells: per pair intp[size]: column of each joint code within the pair's block, -1 where no row has it.
        grain: residuals and weights are multiples of its inverse.
        loss: what is minimised.
        shift, scale: what is fitted is ``(outcome - shift) / scale``; the scale is a power of two.
    """

    sizes: tuple[int, ...]
    pairs: tuple[Pair, ...]
    cells: tuple[NDArray[np.intp], ...]
    grain: float
    loss: Loss
    shift: float = 0.0
    scale: float = 1.0

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each term."""
        return (*(size - 1 for size in self.sizes), *(int(cell.max(initial=-1)) + 1 for cell in self.cells))

    @property
    def columns(self) -> int:
        """Number of columns, the intercept included."""
        return 1 + sum(self.widths)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Columns of each term."""
        ends = np.cumsum((1, *self.widths)).tolist()
        return tuple(slice(start, end) for start, end in pairwise(ends))

    def places(self, chunk: Chunk) -> list[NDArray[np.intp]]:
        """Per term intp[k]: column of each row within the term's block."""
        out = [column.astype(np.intp) - 1 for column in chunk.codes]
        for pair, cell in zip(self.pairs, self.cells, strict=True):
            out.append(cell.take(pair.codes(chunk.codes[pair.first], chunk.codes[pair.second])))
        return out

    def rows(self, chunk: Chunk, places: list[NDArray[np.intp]], coefficients: NDArray[np.float64]) -> RowLoss:
        """Loss, residual and weight of each row, in whole numbers of 1/grain, by its weight in the history.

        They are rounded before they are weighted, so a row of weight three counts exactly like three rows.
        """
        rows = self.loss.rows(self._predictor(places, coefficients), (chunk.outcome - self.shift) / self.scale)
        whole = RowLoss(*(np.rint(part * self.grain) for part in rows))
        return whole if chunk.weight is None else RowLoss(*(np.rint(part * chunk.weight) for part in whole))

    def _predictor(self, places: list[NDArray[np.intp]], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """The additive predictor of each row."""
        total = np.full(len(places[0]) if places else 0, coefficients[0])
        for place, block in zip(places, self.blocks, strict=True):
            total += np.append(coefficients[block], 0.0).take(place)  # no column (-1) takes the last
        return total


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the rows, at given coefficients.

    Attributes:
        loss: sum of the losses.
        gradient: float64[columns], ``Z'(y - mean)``.
        weight: sum of the curvatures.
    """

    loss: float
    gradient: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, slots=True)
class _LookWork:
    design: Design
    coefficients: NDArray[np.float64]

    def start(self) -> NDArray[np.float64]:
        return np.zeros(2 + self.design.columns)

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        design = self.design
        places = design.places(chunk)
        loss, residual, weight = design.rows(chunk, places, self.coefficients)
        counts[0] += loss.sum()
        counts[1] += weight.sum()
        counts[2] += residual.sum()
        for place, block in zip(places, design.blocks, strict=True):
            counts[2 + block.start : 2 + block.stop] += _count(place, residual, block.stop - block.start)


@dataclass(frozen=True, slots=True)
class _GramWork:
    design: Design
    coefficients: NDArray[np.float64]

    def start(self) -> NDArray[np.float64]:
        return np.zeros((self.design.columns, self.design.columns))

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        design = self.design
        places = design.places(chunk)
        weight = design.rows(chunk, places, self.coefficients).weight
        counts[0, 0] += weight.sum()
        blocks, widths = design.blocks, design.widths
        for j, place in enumerate(places):
            width = widths[j]
            single = _count(place, weight, width)
            counts[0, blocks[j]] += single
            diagonal = np.arange(blocks[j].start, blocks[j].stop)
            counts[diagonal, diagonal] += single
            if not width:
                continue
            if width < int(place.max(initial=0)) + 1:
                raise IndexError("a code beyond its feature's bins")
            if j >= len(design.sizes):
                here = np.flatnonzero(place >= 0)
                mine, own = place[here], weight[here]
                others = [other[here] for other in places[:j]] if len(here) < len(place) else places[:j]
            else:
                mine, own, others = place, weight, places[:j]
            for k, other in enumerate(others):
                if widths[k]:
                    stride = widths[k] + 1
                    joint = np.bincount(mine * stride + other + 1, own, stride * width)
                    counts[blocks[k], blocks[j]] += joint.reshape(width, stride)[:, 1:].T


@dataclass(frozen=True, slots=True)
class _TallyWork:
    design: Design

    def start(self) -> NDArray[np.float64]:
        return np.zeros(self.design.columns)

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        grain = self.design.grain
        weight = np.full(len(chunk), grain) if chunk.weight is None else np.rint(chunk.weight * grain)
        counts[0] += weight.sum()
        for place, block in zip(self.design.places(chunk), self.design.blocks, strict=True):
            counts[block] += _count(place, weight, block.stop - block.start)


@dataclass(frozen=True, slots=True)
class _PersonWork:
    design: Design
    coefficients: NDArray[np.float64]
    people: int

    def start(self) -> NDArray[np.float64]:
        return np.zeros(self.people)

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        if chunk.person is None:
            raise IndexError("a row that is nobody's")
        residual = self.design.rows(chunk, self.design.places(chunk), self.coefficients).residual
        counts += _count(chunk.person.astype(np.intp), residual, self.people)


def _count(place: NDArray[np.intp], weight: NDArray[np.float64] | None, width: int) -> NDArray[np.float64]:
    """Weighted rows per column; rows in no column (-1) are left out."""
    counted = np.bincount(place + 1, weight, width + 1)[1:].astype(np.float64)
    if len(counted) != width:
        raise IndexError("a code beyond its feature's bins")
    return counted


def look(source: Source, design: Design, coefficients: NDArray[np.float64]) -> Look:
    """Loss, gradient and weight at these coefficients (float64[columns])."""
    counts = source.total(_LookWork(design, coefficients)) / design.grain
    return Look(float(counts[0]), counts[2:], float(counts[1]))


def gram(source: Source, design: Design, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """``Z'WZ``: weighted counts per bin and per pair of bins; float64[columns, columns], symmetric."""
    counts = source.total(_GramWork(design, coefficients))
    counts /= design.grain
    for block in design.blocks:  # counted above the diagonal, and a block's own counts on it
        counts[block, : block.start] = counts[: block.start, block].T
    return counts


def tally(source: Source, design: Design) -> NDArray[np.float64]:
    """Weight of the rows in each column of the design, float64[columns]; the first is that of all rows."""
    return source.total(_TallyWork(design)) / design.grain


def clustering(source: Source, design: Design, coefficients: NDArray[np.float64], people: int) -> float:
    """Sum over people of their squared sum of residuals: what it would be to add people up, not rows."""
    sums = source.total(_PersonWork(design, coefficients, people)) / design.grain
    return math.fsum(np.square(sums).tolist())
