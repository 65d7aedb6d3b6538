"""Ridge regression from counts alone: what a group, or anything else that can be counted, has to do with bins.

Two kinds of counts are enough: people per pair of bins, which codes give without any group, and members per bin, which
a wall gives. So rooms that may not see a person's group can still learn what its bins say (Hoerl and Kennard 1970).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair_counts", "ridge_from_counts"]


def pair_counts(codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]) -> NDArray[np.float64]:
    """People per pair of codes, every column against every other and itself; float64[sum of sizes, sum of sizes].

    Args:
        codes: per column int[n].
        sizes: number of codes of each column.

    Example:
        >>> pair_counts([np.array([0, 1, 1]), np.array([0, 0, 1])], [2, 2]).tolist()
        [[1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 1.0, 1.0], [1.0, 1.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    """
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(int).tolist()
    pairs = np.zeros((starts[-1], starts[-1]))
    for a, first in enumerate(codes):
        row = slice(starts[a], starts[a + 1])
        scaled = first.astype(np.intp)
        for b in range(a, len(codes)):
            column = slice(starts[b], starts[b + 1])
            joint = np.bincount(scaled * sizes[b] + codes[b], minlength=sizes[a] * sizes[b])
            part = joint.reshape(sizes[a], sizes[b])
            pairs[row, column] = part
            pairs[column, row] = part.T
    return pairs


def ridge_from_counts(
    pairs: NDArray[np.float64], members: NDArray[np.float64], share: NDArray[np.float64], people: float, ridge: float
) -> NDArray[np.float64]:
    """Slopes of membership on bins, everything centred; float64[bins, groups].

    Args:
        pairs: float64[bins, bins], people per pair of bins; see `pair_counts`.
        members: float64[bins, groups], members of each group per bin.
        share: float64[groups], members in all over people.
        people: how many were counted.
        ridge: penalty on the square of each slope, in people.

    Example:
        >>> pairs = pair_counts([np.array([0, 0, 1, 1])], [2])
        >>> ridge_from_counts(pairs, np.array([[2.0], [0.0]]), np.array([0.5]), 4, 1.0).round(3).tolist()
        [[0.333], [-0.333]]
    """
    mass = np.diag(pairs)
    centred = pairs - np.outer(mass, mass) / max(1.0, people)
    return np.asarray(np.linalg.solve(centred + ridge * np.eye(len(mass)), members - np.outer(mass, share)))
