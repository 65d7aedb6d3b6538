"""What one term pays for: its size, or the steps between neighbouring bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER

__all__ = ["RIDGE", "Penalty"]

RIDGE = 1.0
"""Penalty on the square of every coefficient except the intercept."""


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
