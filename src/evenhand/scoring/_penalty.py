"""What one term pays for: its size, or the steps between neighbouring bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER

__all__ = ["RIDGE", "Penalty"]

RIDGE = 1.0
"""Penalty on the square of a coefficient that has no neighbours, and on that of all that have, together."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one term pays for, squared: each coefficient, or each step between neighbouring bins.

    MISSING and OTHER of an ordered term have no neighbours.

    Attributes:
        width: columns of the term.
        ordered: whether bins have neighbours.
    """

    width: int
    ordered: bool

    def differences(self, effect: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
        """The numbers whose squares are paid for."""
        if not self.ordered:
            return effect
        return np.diff(effect.take(range(OTHER, self.width), axis=axis), axis=axis)

    @property
    def ridge(self) -> float:
        """Penalty on the square of each coefficient of a bin: small where neighbours hold it too.

        A full ridge on each of many small bins would pull a sure trend towards zero.
        """
        return RIDGE / max(self.width - OTHER, 1) if self.ordered else RIDGE

    def ridges(self) -> NDArray[np.float64]:
        """Penalty on the square of each coefficient, float64[width]."""
        ridges = np.full(self.width, self.ridge)
        ridges[:OTHER] = RIDGE
        return ridges

    def matrix(self) -> NDArray[np.float64]:
        """Sum of squared differences as a quadratic form."""
        if not self.ordered:
            return np.eye(self.width)
        steps = self.differences(np.eye(self.width))
        product: NDArray[np.float64] = np.einsum("ki,kj->ij", steps, steps)
        return product

    def costs(self) -> NDArray[np.float64]:
        """Eigenvalues of the quadratic form that are not zero."""
        if not self.ordered:
            return np.ones(self.width)
        bins = self.width - OTHER
        return 2.0 - 2.0 * np.cos(np.pi * np.arange(1, bins) / bins)
