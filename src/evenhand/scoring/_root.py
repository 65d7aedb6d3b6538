"""Inverse Cholesky root of a matrix, in blocks so small that no linear-algebra library spreads them over threads.

That keeps the bits the same on one core and on many, and keeps a fit fast on a busy machine, where threads that wait
for one another cost far more than they bring.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Roots"]

_SIDE = 64
"""Products of blocks of this side stay on one thread in OpenBLAS."""


class Roots:
    """Inverse Cholesky roots of matrices of one size.

    The memory is laid out once: for large matrices fresh memory takes as long as the sums.

    Args:
        size: rows of each matrix.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        count = -(-size // _SIDE)
        self._padded = np.eye(count * _SIDE)
        self._blocks = np.empty((count, count, _SIDE, _SIDE))
        self._root = np.empty_like(self._blocks)
        self._product = np.empty((count, _SIDE, _SIDE))
        self._flat = np.zeros((size, size))

    def of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The lower triangular R with ``R'R`` = inverse of a positive definite matrix.

        Args:
            matrix: float64[n, n], symmetric and positive definite.

        Returns:
            float64[n, n]; it is written over by the next call.
        """
        inverses = self._factored(matrix)
        blocks, root, product = self._blocks, self._root, self._product
        for i, inverse in enumerate(inverses):
            root[i, :i] = 0.0
            for j in range(i):
                root[i, : j + 1] -= np.matmul(blocks[i, j], root[j, : j + 1], out=product[: j + 1])
            root[i, :i] = inverse @ root[i, :i]
            root[i, i] = inverse
            end = min((i + 1) * _SIDE, self._size)
            rows = root[i, : i + 1].transpose(1, 0, 2).reshape(_SIDE, -1)
            self._flat[i * _SIDE : end, :end] = rows[: end - i * _SIDE, :end]
        return self._flat

    def _factored(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The Cholesky factor, in blocks; returns the inverses of those on its diagonal."""
        self._padded[: self._size, : self._size] = matrix
        blocks = self._blocks
        count = len(blocks)
        for i, rows in enumerate(self._padded.reshape(count, _SIDE, count, _SIDE)):
            blocks[i, : i + 1] = rows[:, : i + 1].transpose(1, 0, 2)
        inverses = np.empty((count, _SIDE, _SIDE))
        for k in range(count):
            inverses[k] = np.tril(np.linalg.inv(np.linalg.cholesky(blocks[k, k])))
            below = blocks[k + 1 :, k] @ inverses[k].T
            blocks[k + 1 :, k] = below
            for j in range(k + 1, count):
                blocks[j:, j] -= np.matmul(below[j - k - 1 :], below[j - k - 1].T, out=self._product[j:])
        return inverses
