"""Inverse Cholesky root of a matrix, in blocks so small that no linear-algebra library spreads them over threads.

That keeps the bits the same on one core and on many, and keeps a fit fast on a busy machine, where threads that wait
for one another cost far more than they bring.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["inverse_root"]

_SIDE = 64
"""Products of blocks of this side stay on one thread in OpenBLAS."""


def inverse_root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower triangular R with ``R'R`` = inverse of a positive definite matrix.

    Args:
        matrix: float64[n, n], symmetric and positive definite.

    Returns:
        float64[n, n].
    """
    size = len(matrix)
    count = -(-size // _SIDE)
    padded = np.eye(count * _SIDE)
    padded[:size, :size] = matrix
    blocks = np.ascontiguousarray(padded.reshape(count, _SIDE, count, _SIDE).transpose(0, 2, 1, 3))
    inverses = np.empty((count, _SIDE, _SIDE))
    for k in range(count):
        inverses[k] = np.tril(np.linalg.inv(np.linalg.cholesky(blocks[k, k])))
        below = blocks[k + 1 :, k] @ inverses[k].T
        blocks[k + 1 :, k] = below
        for j in range(k + 1, count):
            blocks[j:, j] -= below[j - k - 1 :] @ below[j - k - 1].T
    root = np.zeros_like(blocks)
    for i in range(count):
        for j in range(i):
            root[i, : j + 1] -= blocks[i, j] @ root[j, : j + 1]
        root[i, :i] = inverses[i] @ root[i, :i]
        root[i, i] = inverses[i]
    flat = root.transpose(0, 2, 1, 3).reshape(count * _SIDE, count * _SIDE)
    return np.ascontiguousarray(flat[:size, :size])
