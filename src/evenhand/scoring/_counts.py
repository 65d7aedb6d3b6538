"""What a fit needs from the rows: one count per bin and one per pair of bins, exact in any order of rows.

Residuals, weights and losses are rounded to multiples of a power of two before they are added, so that float64 adds
them as whole numbers: no rounding happens in the sums, and the same rows in any order, or cut into any chunks, give
the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Design", "Pass", "design_of", "gram", "look"]

_GRAIN = 2.0**24
"""Residuals and weights are multiples of its inverse: exact sums up to 2**29 rows."""
_LOSS_GRAIN = 2.0**20
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Design:
    """The one-hot design, never written out: column 0 is the intercept, then one block of columns per term.

    Attributes:
        codes: per term intp[n]: bin code minus one (WITHHELD has no column).
        widths: columns of each term.
        outcome: float64[n], 0 or 1.
    """

    codes: tuple[NDArray[np.intp], ...]
    widths: tuple[int, ...]
    outcome: NDArray[np.float64]

    @property
    def columns(self) -> int:
        """Number of columns, the intercept included."""
        return 1 + sum(self.widths)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Columns of each term."""
        ends = np.cumsum((1, *self.widths)).tolist()
        return tuple(slice(start, end) for start, end in pairwise(ends))


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the rows, at given coefficients.

    Attributes:
        loss: sum of the log losses.
        gradient: float64[columns], ``Z'(y - p)``.
        weight: float64[n], ``p (1 - p)``, rounded to the grain; what the Gram matrix is counted from.
    """

    loss: float
    gradient: NDArray[np.float64]
    weight: NDArray[np.float64]


def design_of(codes: tuple[NDArray[np.integer], ...], sizes: tuple[int, ...], outcome: NDArray[np.uint8]) -> Design:
    """Lay out the design; `codes` are above WITHHELD everywhere."""
    return Design(
        codes=tuple(column.astype(np.intp) - 1 for column in codes),
        widths=tuple(size - 1 for size in sizes),
        outcome=outcome.astype(np.float64),
    )


def look(design: Design, coefficients: NDArray[np.float64]) -> Pass:
    """Loss, gradient and weights at these coefficients (float64[columns])."""
    rows = len(design.outcome)
    gradient = np.zeros(design.columns)
    weight = np.empty(rows)
    loss = 0.0
    for start in range(0, rows, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        outcome = design.outcome[chunk]
        logit = np.full(len(outcome), coefficients[0])
        for codes, block in zip(design.codes, design.blocks, strict=True):
            logit += coefficients[block].take(codes[chunk])
        tail = np.exp(-np.abs(logit))
        chance = np.where(logit >= 0, 1.0, tail) / (1.0 + tail)
        residual = np.rint((outcome - chance) * _GRAIN)
        weight[chunk] = np.rint(chance * (1.0 - chance) * _GRAIN) / _GRAIN
        row_loss = np.maximum(logit, 0.0) - outcome * logit + np.log1p(tail)
        loss += float(np.rint(row_loss * _LOSS_GRAIN).sum())
        gradient[0] += residual.sum()
        for codes, block, width in zip(design.codes, design.blocks, design.widths, strict=True):
            gradient[block] += np.bincount(codes[chunk], residual, width)
    return Pass(loss=loss / _LOSS_GRAIN, gradient=gradient / _GRAIN, weight=weight)


def gram(design: Design, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """``Z'WZ``: weighted counts per bin and per pair of bins; float64[columns, columns], symmetric."""
    matrix = np.zeros((design.columns, design.columns))
    blocks, widths = design.blocks, design.widths
    stride = max(widths, default=0)
    for start in range(0, len(weight), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        weights = weight[chunk]
        matrix[0, 0] += weights.sum()
        for j, codes in enumerate(design.codes):
            single = np.bincount(codes[chunk], weights, widths[j])
            matrix[0, blocks[j]] += single
            diagonal = np.arange(blocks[j].start, blocks[j].stop)
            matrix[diagonal, diagonal] += single
            strided = codes[chunk] * stride
            for k in range(j):
                pair = np.bincount(strided + design.codes[k][chunk], weights, stride * widths[j])
                matrix[blocks[k], blocks[j]] += pair.reshape(widths[j], stride)[:, : widths[k]].T
    upper = np.triu(matrix, 1)
    return matrix + upper.T
