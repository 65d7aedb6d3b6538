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
from ._root import inverse_root

__all__ = ["FittedTerms", "fit_terms"]

RIDGE = 1.0
"""Penalty on the square of every coefficient except the intercept."""

_FIRST_SMOOTHING = 10.0
_SMOOTHING_RANGE = (0.1, 1e6)
_ROUNDS = 6
_UPDATES = 10
_SETTLED_WEIGHT = 0.01
_SETTLED_FREEDOM = 1.0
_SETTLED_MOVE = 0.1
_STALE = 0.05
_STRIP = 32
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
    penalties = tuple(_Penalty(size - 1, order) for size, order in zip(sizes, ordered, strict=True))
    solver = _Solver(design, penalties, smoothing)
    solver.find_smoothing()
    solver.polish()
    return solver.result()


@dataclass(frozen=True, slots=True)
class _Penalty:
    """What one term pays for, squared: each coefficient, or each step between neighbouring bins.

    MISSING and OTHER of an ordered term have no neighbours.
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


class _Solver:
    """Coefficients on their way to the optimum, with the factor of the last curvature."""

    def __init__(self, design: Design, penalties: tuple[_Penalty, ...], smoothing: tuple[float, ...] | None) -> None:
        self.design = design
        self.terms = penalties
        self.penalties = tuple(penalty.matrix() for penalty in penalties)
        self.costs = tuple(penalty.costs() for penalty in penalties)
        self.fixed = smoothing is not None
        self.smoothing = np.array(smoothing if smoothing is not None else [_FIRST_SMOOTHING] * len(penalties), float)
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
            solution = self._solve(np.einsum("ij,j->i", self.curvature, self.coefficients) + self.at.gradient)
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
            moved = self._step(self._solve(push))
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
        """Covariance of one term's coefficients; summed over strips of rows, each product on one thread."""
        half = self.root[block.start :, block]
        strips = np.pad(half, ((0, -len(half) % _STRIP), (0, 0))).reshape(-1, _STRIP, half.shape[1])
        product: NDArray[np.float64] = (strips.transpose(0, 2, 1) @ strips).sum(axis=0)
        return product

    def _solve(self, push: NDArray[np.float64]) -> NDArray[np.float64]:
        """Covariance times a vector (einsum, since a library's threads cost more than they bring here)."""
        solution: NDArray[np.float64] = np.einsum("ki,k->i", self.root, np.einsum("ij,j->i", self.root, push))
        return solution

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
        self.root = inverse_root(matrix)

    def _update_smoothing(self, solution: NDArray[np.float64]) -> float:
        """Each term's best weight with the others as they are; returns the largest change of freedom.

        With V the covariance of the differences d at weight w, those at any other weight v follow from the small
        matrix ``(I + (v - w) V)^-1``, times V and times d. So the Fellner-Schall update, v times (trace of the
        covariance before the data minus trace after) over squared differences, is repeated without a new look.
        """
        largest = 0.0
        for t, (term, block) in enumerate(zip(self.terms, self.design.blocks, strict=True)):
            spread = term.differences(term.differences(self._covariance(block)), axis=1)
            paid, one = term.differences(solution[block]), np.eye(len(spread))
            start = weight = self.smoothing[t]
            trace = float(np.trace(spread))
            for _ in range(_UPDATES):
                used = float(np.square(paid).sum())
                free = weight * float((self.costs[t] / (RIDGE + weight * self.costs[t])).sum() - trace)
                before = weight
                weight = float(np.clip(max(free, 0.0) / used if used > 0.0 else np.inf, *_SMOOTHING_RANGE))
                shrink = np.linalg.inv(one + (weight - start) * spread)
                trace, paid = float((shrink * spread).sum()), shrink @ term.differences(solution[block])
                if abs(weight - before) <= _SETTLED_WEIGHT * before:
                    break
            largest = max(largest, abs(float(weight * trace - start * np.trace(spread))))
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
