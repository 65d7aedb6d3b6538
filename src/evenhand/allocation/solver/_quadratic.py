"""The quadratic model of one Newton step, minimised over prices at or above zero.

A few rows have a price and the others do not, and from one step to the next that hardly changes. So the rows with a
price are guessed and corrected, all at once and, where that goes in circles, one at a time (block principal pivoting,
Judice and Pires 1994): a handful of small linear systems. Where even that takes long, an interior point method after
Mehrotra (1992) answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._products import row_sums, solve_definite

__all__ = ["settle_step"]

_PIVOTS, _PATIENCE = 40, 4


def settle_step(
    curve: NDArray[np.float64], slope: NDArray[np.float64], dual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimise ``slope.(z - dual) + (z - dual)' curve (z - dual) / 2`` over z >= 0; z.

    Args:
        curve: float64[K, K], positive definite.
        slope: float64[K].
        dual: float64[K], where the model is made.
    """
    scale = 1 / np.sqrt(np.maximum(np.diag(curve), 1e-300))
    matrix = curve * np.outer(scale, scale)
    linear = scale * (slope - row_sums(curve, dual))
    size = max(float(np.abs(linear).max()), 1e-300)
    linear = linear / size
    x = _pivoted(matrix, linear, (dual > 0) | (slope < 0))
    if x is None:
        x = _interior(matrix, linear, dual / (scale * size))
    return x * scale * size


def _pivoted(
    matrix: NDArray[np.float64], linear: NDArray[np.float64], priced: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """The minimum by exchanging rows with and without a price; None where that does not end soon."""
    fewest, patience = len(linear) + 1, _PATIENCE
    for _ in range(_PIVOTS):
        x = np.zeros(len(linear))
        inside = np.flatnonzero(priced)
        try:
            x[inside] = solve_definite(matrix[np.ix_(inside, inside)], -linear[inside])
        except np.linalg.LinAlgError:
            return None
        s = row_sums(matrix, x) + linear
        wrong = np.where(priced, x < -1e-12, s < -1e-12)
        count = int(np.count_nonzero(wrong))
        if not count:
            return np.maximum(x, 0)
        if count < fewest:
            fewest, patience = count, _PATIENCE
        elif patience > 0:
            patience -= 1
        else:
            wrong[: np.flatnonzero(wrong)[-1]] = False
        priced = priced ^ wrong
    return None


def _interior(
    matrix: NDArray[np.float64], linear: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The minimum by an interior point method."""
    x = np.maximum(start, 0.1)
    s = np.maximum(matrix @ x + linear, 0.1)
    for _ in range(50):
        rest = matrix @ x + linear - s
        mean = float(x @ s) / len(x)
        if (mean < 1e-13 and float(np.abs(rest).max()) < 1e-10) or mean > 1e60:
            break
        system = matrix + np.diag(s / x)
        try:
            inverse = np.linalg.inv(system)
        except np.linalg.LinAlgError:
            break
        dx = inverse @ (-rest - s)
        ds = -s - s / x * dx
        step = min(_longest(x, dx), _longest(s, ds))
        centre = (float((x + step * dx) @ (s + step * ds)) / len(x) / mean) ** 3 * mean
        push = (centre - dx * ds) / x
        dx = inverse @ (-rest - s + push)
        ds = -s - s / x * dx + push
        step = 0.995 * min(_longest(x, dx), _longest(s, ds), 1 / 0.995)
        x, s = x + step * dx, s + step * ds
    return np.where(x < 1e-4 * s, 0.0, x)


def _longest(x: NDArray[np.float64], dx: NDArray[np.float64]) -> float:
    """Longest step up to 1 that keeps x + step * dx at or above zero."""
    falling = dx < 0
    return min(1.0, float((-x[falling] / dx[falling]).min())) if falling.any() else 1.0
