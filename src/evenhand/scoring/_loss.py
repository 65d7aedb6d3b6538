"""What a fit minimises, row by row: loss, its slope and its curvature in the additive predictor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Link

__all__ = ["Loss", "RowLoss"]

_STEEPEST = 30.0
"""The exponent of a mean is kept below this."""


class RowLoss(NamedTuple):
    """Per row float64: loss, residual (its negative slope) and weight (its curvature)."""

    loss: NDArray[np.float64]
    residual: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loss:
    """Negative log likelihood of a distribution with its natural link.

    Attributes:
        link: ``logit`` (Bernoulli), ``identity`` (normal, up to its spread) or ``log`` (Poisson).
    """

    link: Link

    @property
    def has_spread(self) -> bool:
        """Whether the spread of the residuals is estimated too."""
        return self.link == "identity"

    def start(self, mean: float) -> float:
        """The predictor of a constant model."""
        if self.link == "logit":
            return math.log(mean / (1.0 - mean))
        return math.log(mean) if self.link == "log" else mean

    def rows(self, predictor: NDArray[np.float64], outcome: NDArray[np.float64]) -> RowLoss:
        """Loss, residual and weight of each row."""
        if self.link == "logit":
            tail = np.exp(-np.abs(predictor))
            chance = np.where(predictor >= 0, 1.0, tail) / (1.0 + tail)
            loss = np.maximum(predictor, 0.0) - outcome * predictor + np.log1p(tail)
            return RowLoss(loss, outcome - chance, chance * (1.0 - chance))
        if self.link == "log":
            mean = np.exp(np.minimum(predictor, _STEEPEST))
            return RowLoss(mean - outcome * predictor, outcome - mean, mean)
        residual = outcome - predictor
        return RowLoss(0.5 * np.square(residual), residual, np.ones_like(residual))
