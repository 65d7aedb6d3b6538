"""What one term pays for: its size, or the steps between neighbouring bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, Pair

__all__ = ["RIDGE", "Penalty", "grid_penalty"]

RIDGE = 1.0
"""Penalty on the square of a coefficient that has no neighbours, and on that of all that have, together."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one term pays for, squared: each coefficient, or each step between neighbours.

    Attributes:
        width: columns of the term.
        steps: intp[k, 2], columns of the neighbours whose differences are paid for; None = each coefficient itself.
        is_line: the neighbours form one line: the bins of an ordered feature.
    """

    width: int
    steps: NDArray[np.intp] | None = None
    is_line: bool = False

    @classmethod
    def of_feature(cls, width: int, *, ordered: bool) -> Penalty:
        """For one feature. MISSING and OTHER of an ordered one have no neighbours."""
        if not ordered:
            return cls(width)
        bins = np.arange(OTHER, max(width, OTHER + 1) - 1, dtype=np.intp)
        return cls(width, np.stack([bins, bins + 1], axis=1), is_line=True)

    def differences(self, effect: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
        """The numbers whose squares are paid for."""
        if self.steps is None:
            return effect
        return np.asarray(effect.take(self.steps[:, 1], axis=axis) - effect.take(self.steps[:, 0], axis=axis))

    @property
    def ridge(self) -> float:
        """Penalty on the square of each coefficient of a bin: small where neighbours hold it too.

        A full ridge on each of many small bins would pull a sure trend towards zero.
        """
        return RIDGE / max(self.width - OTHER, 1) if self.is_line else RIDGE

    def ridges(self) -> NDArray[np.float64]:
        """Penalty on the square of each coefficient, float64[width]."""
        ridges = np.full(self.width, self.ridge)
        ridges[:OTHER] = RIDGE
        return ridges

    def matrix(self) -> NDArray[np.float64]:
        """Sum of squared differences as a quadratic form."""
        if self.steps is None:
            return np.eye(self.width)
        out = np.zeros((self.width, self.width))
        low, high = self.steps.T
        np.add.at(out, (low, low), 1.0)
        np.add.at(out, (high, high), 1.0)
        np.add.at(out, (low, high), -1.0)
        np.add.at(out, (high, low), -1.0)
        return out

    def costs(self) -> NDArray[np.float64]:
        """Eigenvalues of the quadratic form that are not zero."""
        if self.steps is None:
            return np.ones(self.width)
        if self.is_line:
            bins = self.width - OTHER
            return 2.0 - 2.0 * np.cos(np.pi * np.arange(1, bins) / bins)
        values = np.linalg.eigvalsh(self.matrix())
        return np.asarray(values[values > 1e-9], np.float64)


def grid_penalty(pair: Pair, cells: NDArray[np.intp], ordered: tuple[bool, bool]) -> Penalty:
    """For a pair: neighbouring bands of an ordered feature should be alike; without such a feature, size is paid for.

    Args:
        pair: its bands; the first two of either side are MISSING and OTHER and have no neighbours.
        cells: intp[size], column of each joint code, -1 where no row has it.
        ordered: whether the first and the second feature have an order.
    """
    grid = cells[1:].reshape(-1, pair.width)
    steps = []
    if ordered[0]:
        steps.append(np.stack([grid[OTHER:-1].ravel(), grid[OTHER + 1 :].ravel()], axis=1))
    if ordered[1]:
        steps.append(np.stack([grid[:, OTHER:-1].ravel(), grid[:, OTHER + 1 :].ravel()], axis=1))
    width = int(cells.max(initial=-1)) + 1
    if not steps:
        return Penalty(width)
    every = np.concatenate(steps)
    return Penalty(width, every[(every >= 0).all(axis=1)])
