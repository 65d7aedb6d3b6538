"""The fit itself: penalised Newton steps from counts, with smoothing weights by Fellner-Schall (REML).

Ordered terms pay for first differences between neighbouring bins, categories for their size; every column also has
a ridge of one, which keeps any data finite. Sources: Wood and Fasiolo 2017 (generalised Fellner-Schall); Eilers and
Marx 1996 (difference penalties).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER

from ._counts import Design, Pass, design_of, gram, look

__all__ = ["FittedTerms", "fit_terms"]

RIDGE = 1.0
"""Penalty on the square of every coefficient except the intercept."""

_FIRST_SMOOTHING = 10.0
_SMOOTHING_RANGE = (0.1, 1e6)
_ROUNDS = 6
_UPDATES = 100
_SETTLED_FREEDOM = 0.5
_SETTLED_MOVE = 0.1
_STALE = 0.05
_POLISH = 40
_STEP_ENOUGH = 1e-6


@dataclass(frozen=True, slots=True)
class FittedTerms:
    """An additive logistic fit, before it is centred and turned into integers.

    Attributes:
        intercept: logits.
        effects: per term float64[size], logits by bin code; 0 at WITHHELD.
        covariances: per term float64[size, size], of those effects (posterior; zero at WITHHELD).
        smoothing: per term, the smoothing weight.
        freedom: per term, effective degrees of freedom used.
        steps: looks at the rows that were needed.
    """

    intercept: float
    effects: tuple[NDArray[np.float64], ...]
    covariances: tuple[NDArray[np.float64], ...]
    smoothing: tuple[float, ...]
    freedom: tuple[float, ...]
    steps: int


def fit_terms(
    codes: tuple[NDArray[np.integer], ...],
    sizes: tuple[int, ...],
    ordered: tuple[bool, ...],
    outcome: NDArray[np.uint8],
    *,
    smoothing: tuple[float, ...] | None = None,
) -> FittedTerms:
    """Fit ``logit(p) = intercept + sum of one effect per term and bin`` from counts.

    Args:
        codes: per term int[n], bin codes; none is WITHHELD.
        sizes: number of codes of each term, the three special ones included.
        ordered: True where codes 3, 4, 5 ... stand in order, so that neighbours should be alike.
        outcome: uint8[n], 0 or 1, both present.
        smoothing: weight of each term's penalty; None lets the data choose.

    Returns:
        the fit; the same for any order of the rows.
    """
    design = design_of(codes, sizes, outcome)
    differences = tuple(_differences(size - 1, order) for size, order in zip(sizes, ordered, strict=True))
    solver = _Solver(design, differences, smoothing)
    solver.find_smoothing()
    solver.polish()
    return solver.result()


def _differences(width: int, ordered: bool) -> NDArray[np.float64]:
    """What one term pays for, squared: each coefficient, or each step between neighbouring bins.

    MISSING and OTHER of an ordered term have no neighbours.
    """
    if not ordered:
        return np.eye(width)
    return np.pad(np.diff(np.eye(width - OTHER), axis=0), ((0, 0), (OTHER, 0)))


class _Solver:
    """Coefficients on their way to the optimum, with the factor of the last curvature."""

    def __init__(
        self, design: Design, differences: tuple[NDArray[np.float64], ...], smoothing: tuple[float, ...] | None
    ) -> None:
        self.design = design
        self.differences = differences
        self.penalties = tuple(difference.T @ difference for difference in differences)
        self.costs = tuple(np.linalg.eigvalsh(difference @ difference.T) for difference in differences)
        self.fixed = smoothing is not None
        self.smoothing = np.array(smoothing if smoothing is not None else [_FIRST_SMOOTHING] * len(differences), float)
        self.coefficients = np.zeros(design.columns)
        rate = design.outcome.sum() / len(design.outcome)
        self.coefficients[0] = np.log(rate / (1.0 - rate))
        self.steps = 0
        self.at = self._look(self.coefficients)
        self.counted = self.at.weight
        self.curvature = gram(design, self.counted)
        self._factor()

    def find_smoothing(self) -> None:
        """Newton steps; after each, the smoothing weights that suit the same counts."""
        for _ in range(_ROUNDS):
            solution = self.root.T @ (self.root @ (self.curvature @ self.coefficients + self.at.gradient))
            moved = self._step(solution - self.coefficients)
            change = 0.0 if self.fixed else self._update_smoothing(solution)
            if np.abs(self.at.weight - self.counted).sum() > _STALE * self.counted.sum():
                self.curvature, self.counted = gram(self.design, self.at.weight), self.at.weight
            self._factor()
            if moved < _SETTLED_MOVE and change < _SETTLED_FREEDOM:
                return

    def polish(self) -> None:
        """Go on to the optimum at these smoothing weights, with the curvature at hand while it serves."""
        last = np.inf
        for _ in range(_POLISH):
            push = self.at.gradient - self._penalise(self.coefficients)
            moved = self._step(self.root.T @ (self.root @ push))
            if moved < _STEP_ENOUGH:
                return
            if moved > 0.3 * last:
                self.curvature, self.counted = gram(self.design, self.at.weight), self.at.weight
                self._factor()
                moved = np.inf
            last = moved

    def result(self) -> FittedTerms:
        """Effects by bin code, their covariances and what was spent."""
        effects, covariances, freedom = [], [], []
        for t, block in enumerate(self.design.blocks):
            effects.append(np.concatenate([[0.0], self.coefficients[block]]))
            covariance = self._covariance(block)
            covariances.append(np.pad(covariance, ((1, 0), (1, 0))))
            paid = self.smoothing[t] * np.sum(covariance * self.penalties[t]) + RIDGE * np.trace(covariance)
            freedom.append(float(len(covariance) - paid))
        return FittedTerms(
            intercept=float(self.coefficients[0]),
            effects=tuple(effects),
            covariances=tuple(covariances),
            smoothing=tuple(self.smoothing.tolist()),
            freedom=tuple(freedom),
            steps=self.steps,
        )

    def _look(self, coefficients: NDArray[np.float64]) -> Pass:
        self.steps += 1
        return look(self.design, coefficients)

    def _covariance(self, block: slice) -> NDArray[np.float64]:
        half = self.root[block.start :, block]
        product: NDArray[np.float64] = half.T @ half
        return product

    def _penalise(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """The penalty matrix times the coefficients."""
        product = RIDGE * coefficients
        product[0] = 0.0
        for weight, penalty, block in zip(self.smoothing, self.penalties, self.design.blocks, strict=True):
            product[block] += weight * (penalty @ coefficients[block])
        return product

    def _factor(self) -> None:
        """Inverse of the Cholesky root of curvature plus penalty; its square is the covariance."""
        matrix = self.curvature.copy()
        matrix[np.arange(1, len(matrix)), np.arange(1, len(matrix))] += RIDGE
        for weight, penalty, block in zip(self.smoothing, self.penalties, self.design.blocks, strict=True):
            matrix[block, block] += weight * penalty
        self.root = _lower_inverse(np.linalg.cholesky(matrix))

    def _update_smoothing(self, solution: NDArray[np.float64]) -> float:
        """Each term's best weight with the others as they are; returns the largest change of freedom.

        With V the covariance, D the differences and b the solution at weight w, the eigenvectors of DVD' turn any
        other weight v into scalars: its covariance trace is ``sum(m / (1 + (v - w) m))`` and its squared
        differences are ``sum((c / (1 + (v - w) m))**2)``; so the Fellner-Schall update, v times (trace before the
        data minus trace after) over squared differences, costs nothing to repeat.
        """
        largest = 0.0
        for t, (difference, block) in enumerate(zip(self.differences, self.design.blocks, strict=True)):
            spread, axes = np.linalg.eigh(difference @ self._covariance(block) @ difference.T)
            along = axes.T @ (difference @ solution[block])
            start = weight = self.smoothing[t]
            for _ in range(_UPDATES):
                shrink = 1.0 / (1.0 + (weight - start) * spread)
                free = weight * float((self.costs[t] / (RIDGE + weight * self.costs[t])).sum() - spread @ shrink)
                used = float(np.square(along * shrink).sum())
                before = weight
                weight = float(np.clip(max(free, 0.0) / used if used > 0.0 else np.inf, *_SMOOTHING_RANGE))
                if abs(weight - before) <= 1e-3 * before:
                    break
            shrink = 1.0 / (1.0 + (weight - start) * spread)
            largest = max(largest, abs(float(weight * (spread @ shrink) - start * spread.sum())))
            self.smoothing[t] = weight
        return largest

    def _step(self, direction: NDArray[np.float64]) -> float:
        """Step, halving while the penalised loss rises; returns the largest move of a coefficient."""
        slack = len(self.design.outcome) * 2.0**-20
        before = self.at.loss + 0.5 * float(self.coefficients @ self._penalise(self.coefficients))
        for _ in range(30):
            candidate = self.coefficients + direction
            at = self._look(candidate)
            if at.loss + 0.5 * float(candidate @ self._penalise(candidate)) <= before + slack:
                self.coefficients, self.at = candidate, at
                return float(np.abs(direction).max())
            direction = direction / 2.0
        return 0.0


def _lower_inverse(lower: NDArray[np.floating]) -> NDArray[np.float64]:
    """Inverse of a lower triangular matrix, by halves."""
    size = len(lower)
    if size <= 96:
        return np.tril(np.linalg.inv(lower))
    half = size // 2
    inverse = np.zeros_like(lower)
    first, second = _lower_inverse(lower[:half, :half]), _lower_inverse(lower[half:, half:])
    inverse[:half, :half] = first
    inverse[half:, half:] = second
    inverse[half:, :half] = -second @ (lower[half:, :half] @ first)
    return inverse
