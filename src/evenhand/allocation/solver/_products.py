"""Matrix products in small pieces, each too small to be handed to threads.

A linear algebra library hands a long product to one thread per core and lets them spin for the next one. The products
here are short and many, and other work shares the machine: waiting for a thread costs more than it saves.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["outer_product", "row_sums", "solve_definite", "squared"]

_TILE = 64
_STRIP = 512
_WHOLE = 96
_FEW = 48 * 48


F = TypeVar("F", np.float32, np.float64)


def squared(part: NDArray[F]) -> NDArray[F]:
    """``part part'`` for a few long rows."""
    rows, length = part.shape
    if length <= _STRIP:
        product: NDArray[F] = part @ part.T
        return product
    whole = length // _STRIP * _STRIP
    strips = part[:, :whole].reshape(rows, -1, _STRIP).transpose(1, 0, 2)
    total: NDArray[F] = np.matmul(strips, strips.transpose(0, 2, 1)).sum(axis=0)
    return total + part[:, whole:] @ part[:, whole:].T if whole < length else total


def outer_product(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """``one other'`` for two matrices with rows of the same length."""
    if len(one) * len(other) <= _FEW:
        return _in_strips(one, other)
    left, right = _tiles(one), _tiles(other)
    total = np.empty((len(left) * _TILE, len(right) * _TILE))
    for at, strip in enumerate(left):
        part = np.matmul(strip[None], right.transpose(0, 1, 3, 2)).sum(axis=1)
        total[at * _TILE : (at + 1) * _TILE] = part.transpose(1, 0, 2).reshape(_TILE, -1)
    return total[: len(one), : len(other)]


def _in_strips(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """``one other'`` for few long rows, strip by strip along them, without copies."""
    strip = max(1, _TILE**3 // max(1, len(one) * len(other)))
    whole = one.shape[1] // strip * strip
    total = one[:, whole:] @ other[:, whole:].T
    if whole:
        left, right = (matrix[:, :whole].reshape(len(matrix), -1, strip) for matrix in (one, other))
        total += np.matmul(left.transpose(1, 0, 2), right.transpose(1, 2, 0)).sum(axis=0)
    return total


def _tiles(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square tiles, float64[down, across, tile, tile], padded with zeros."""
    rows, columns = matrix.shape
    down, across = -(-rows // _TILE), -(-columns // _TILE)
    padded = np.zeros((down * _TILE, across * _TILE))
    padded[:rows, :columns] = matrix
    return np.ascontiguousarray(padded.reshape(down, _TILE, across, _TILE).transpose(0, 2, 1, 3))


def row_sums(matrix: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """``matrix weight``."""
    sums: NDArray[np.float64] = np.einsum("ij,j->i", matrix, weight)
    return sums


def solve_definite(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """x such that ``matrix x = right``, for a symmetric positive definite matrix: elimination block by block.

    Raises:
        numpy.linalg.LinAlgError: a block is singular.
    """
    rows = len(right)
    if rows <= _WHOLE:
        return np.linalg.solve(matrix, right).astype(np.float64, copy=False)
    rest, right = matrix.copy(), right.copy()
    inverses = []
    for first in range(0, rows, _TILE):
        last = min(first + _TILE, rows)
        inverses.append(np.linalg.inv(rest[first:last, first:last]).astype(np.float64, copy=False))
        if last < rows:
            below = rest[last:, first:last]
            gain = outer_product(below, inverses[-1])
            rest[last:, last:] -= outer_product(gain, below)
            right[last:] -= row_sums(gain, right[first:last])
    x = np.zeros(rows)
    for first, inverse in zip(reversed(range(0, rows, _TILE)), reversed(inverses), strict=True):
        last = min(first + _TILE, rows)
        x[first:last] = row_sums(inverse, right[first:last] - row_sums(rest[first:last, last:], x[last:]))
    return x
