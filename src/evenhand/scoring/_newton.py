"""The solver: penalised Newton steps from counts, with smoothing weights by Fellner-Schall (REML).

Ordered terms pay for first differences between neighbouring bins, categories and pairs for their size; every column
also has a small ridge, which keeps any data finite. Sources: Wood and Fasiolo 2017 (generalised Fellner-Schall);
Eilers and Marx 1996 (difference penalties).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._counts import Design, Look, clustering, gram, look
from ._penalty import Penalty
from ._root import Roots
from ._source import Source

__all__ = ["Solver"]

_FIRST_SMOOTHING = 10.0
_SMOOTHING_RANGE = (0.1, 1e6)
_ROUNDS = 8
_UPDATES = 10
_SETTLED_WEIGHT = 0.01
_SETTLED_MOVE = 0.1
_STALE = 0.05
_TILE = 64
_POLISH = 40
_STEP_ENOUGH = 1e-6
_FORBIDDEN = 1e7
"""Price of a step against a term's declared direction."""


class Solver:
    """Coefficients on their way to the optimum, with the factor of the last curvature.

    Args:
        source: the rows.
        design: the columns.
        penalties: one per term.
        smoothing: weight of each term's penalty.
        fixed: leave the weights as they are.
        start: float64[columns], where to begin.
        kept: the weights of so many first terms stay as they are.
        people: how many people the rows are of, where some have several; 0 = each row is somebody else's.

    Attributes:
        coefficients: float64[columns].
        spread: how much more the sums of residuals vary than the loss says: the squared spread of the residuals where
            the loss has one (else 1), times the excess where people have several rows.
        steps: looks at the rows so far.
    """

    def __init__(
        self,
        source: Source,
        design: Design,
        penalties: tuple[Penalty, ...],
        smoothing: NDArray[np.float64],
        *,
        fixed: bool,
        start: NDArray[np.float64],
        kept: int = 0,
        people: int = 0,
    ) -> None:
        self.source = source
        self.design = design
        self.terms = penalties
        self.penalties = [penalty.matrix() for penalty in penalties]
        self.costs = tuple(penalty.costs() for penalty in penalties)
        self.ridges = np.concatenate([[0.0], *(penalty.ridges() for penalty in penalties)])
        self.fixed = fixed
        self.kept = kept
        self.people = people
        self.smoothing = smoothing.astype(np.float64)
        self.held: list[NDArray[np.float64] | None] = [None] * len(penalties)
        self.tried: list[tuple[float, float] | None] = [None] * len(penalties)
        self.coefficients = start.astype(np.float64)
        self.spread = 1.0
        self.steps = 0
        self.at = self._look(self.coefficients)
        self._roots = Roots(design.columns)
        self._matrix = np.empty((design.columns, design.columns))
        self._count()

    @staticmethod
    def first_smoothing(terms: int) -> NDArray[np.float64]:
        """Weights to begin with."""
        return np.full(terms, _FIRST_SMOOTHING)

    def find_smoothing(self, settled: float) -> None:
        """Newton steps; after each, the smoothing weights that suit the same counts, until no term's degrees of
        freedom change by more than `settled`."""
        for _ in range(_ROUNDS):
            solution = self._solve(np.einsum("ij,j->i", self.curvature, self.coefficients) + self.at.gradient)
            moved = self._step(solution - self.coefficients)
            change = 0.0 if self.fixed else self._update_smoothing(solution)
            if abs(self.at.weight - self.counted) > _STALE * self.counted or moved > _SETTLED_MOVE:
                self._count()
            else:
                self._factor()
            if moved < _SETTLED_MOVE and change < settled:
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
                self._count()
                moved = np.inf
            last = moved

    def hold(self, term: int, steps: NDArray[np.bool_]) -> None:
        """Make these steps (bool[steps of an ordered term]) all but impossible, and factor again."""
        differences = self.terms[term].differences(np.eye(self.terms[term].width))[steps]
        self.held[term] = _FORBIDDEN * np.einsum("ki,kj->ij", differences, differences)
        self._factor()

    def covariance(self, term: int) -> NDArray[np.float64]:
        """Posterior covariance of one term's coefficients, float64[width, width]."""
        return self.spread * self._covariance(self.design.blocks[term])

    def freedom(self, term: int) -> float:
        """Effective degrees of freedom that one term uses."""
        block = self.design.blocks[term]
        half = self.root[block.start :, block]  # its square is the covariance
        size = float(np.einsum("ij,ij->j", half, half) @ self.ridges[block])
        steps = self.terms[term].differences(half, axis=1)
        paid = self.smoothing[term] * float(np.einsum("ij,ij->", steps, steps)) + size
        return float(half.shape[1] - paid)

    def _look(self, coefficients: NDArray[np.float64]) -> Look:
        self.steps += 1
        return look(self.source, self.design, coefficients)

    def _count(self) -> None:
        self.curvature, self.counted = gram(self.source, self.design, self.coefficients), self.at.weight
        self._factor()

    def _covariance(self, block: slice) -> NDArray[np.float64]:
        """Summed over square tiles, so small that each product stays on one thread (see `_root`)."""
        half = self.root[block.start :, block]
        width = half.shape[1]
        half = np.pad(half, ((0, -len(half) % _TILE), (0, -width % _TILE)))
        tiles = np.ascontiguousarray(half.reshape(-1, _TILE, half.shape[1] // _TILE, _TILE).transpose(2, 0, 1, 3))
        product = np.empty((len(tiles), _TILE, len(tiles), _TILE))
        for i in range(len(tiles)):
            for j in range(i, len(tiles)):
                part = (tiles[i].transpose(0, 2, 1) @ tiles[j]).sum(axis=0)
                product[i, :, j], product[j, :, i] = part, part.T
        return product.reshape(half.shape[1], half.shape[1])[:width, :width]

    def _solve(self, push: NDArray[np.float64]) -> NDArray[np.float64]:
        """Covariance times a vector (einsum, since a library's threads cost more than they bring here)."""
        solution: NDArray[np.float64] = np.einsum("ki,k->i", self.root, np.einsum("ij,j->i", self.root, push))
        return solution

    def _penalise(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """The penalty matrix times the coefficients."""
        product: NDArray[np.float64] = self.ridges * coefficients
        for t, block in enumerate(self.design.blocks):
            product[block] += self._quadratic(t) @ coefficients[block]
        return product

    def _quadratic(self, term: int) -> NDArray[np.float64]:
        held = self.held[term]
        smooth: NDArray[np.float64] = self.smoothing[term] * self.penalties[term]
        return smooth if held is None else smooth + held

    def _factor(self) -> None:
        """Curvature or penalty is another: the root is worked out when it is asked for."""
        self._factored = False

    @property
    def root(self) -> NDArray[np.float64]:
        """Inverse of the Cholesky root of curvature plus penalty, float64[columns, columns]; its square is the
        covariance."""
        if not self._factored:
            matrix = self._matrix
            np.copyto(matrix, self.curvature)
            matrix[np.arange(len(matrix)), np.arange(len(matrix))] += self.ridges
            for t, block in enumerate(self.design.blocks):
                matrix[block, block] += self._quadratic(t)
            self._root, self._factored = self._roots.of(matrix), True
        return self._root

    def _update_smoothing(self, solution: NDArray[np.float64]) -> float:
        """Each term's best weight with the others as they are; returns the largest change of freedom.

        The Fellner-Schall update is the weight times (trace of the covariance of the differences before the data
        minus trace after) over the squared differences (in units of the residuals' spread). It is repeated without a
        new look, with each difference taken for itself: at variance v and weight w, a weight w + c leaves
        v / (1 + c v) of the variance and 1 / (1 + c v) of the difference. That is near enough on the way, and exact at
        the end, where nothing moves. Where two steps in a row point against each other, the next is taken between them.
        """
        largest = 0.0
        if self.design.loss.has_spread or self.people:
            self._measure_spread()
        for t in range(self.kept, len(self.terms)):
            term, block = self.terms[t], self.design.blocks[t]
            paid = term.differences(solution[block])
            steps = term.differences(self.root[block.start :, block], axis=1)
            variance = np.einsum("ij,ij->j", steps, steps)
            start = weight = self.smoothing[t]
            for _ in range(_UPDATES):
                left = 1.0 / (1.0 + (weight - start) * variance)
                used = float(np.square(paid * left).sum()) / self.spread
                trace = float((variance * left).sum())
                free = weight * float((self.costs[t] / (term.ridge + weight * self.costs[t])).sum() - trace)
                before = weight
                weight = float(np.clip(max(free, 0.0) / used if used > 0.0 else np.inf, *_SMOOTHING_RANGE))
                if abs(weight - before) <= _SETTLED_WEIGHT * before:
                    break
            left = 1.0 / (1.0 + (weight - start) * variance)
            largest = max(largest, abs(float((weight * left - start) @ variance)))
            self.smoothing[t] = self._between(t, start, weight)
        return largest

    def _between(self, term: int, now: float, proposed: float) -> float:
        """The next weight: the proposed one, or by the secant (of logarithms) where the step before overshot."""
        place, step = math.log(now), math.log(proposed) - math.log(now)
        before = self.tried[term]
        self.tried[term] = place, step
        if before is None or before[1] * step >= 0.0:
            return proposed
        return float(np.clip(math.exp(place - step * (place - before[0]) / (step - before[1])), *_SMOOTHING_RANGE))

    def _measure_spread(self) -> None:
        """Residual sum of squares over the degrees of freedom that are left.

        Rows of one person are alike beyond what the features tell. What they have in common is seen in the sums per
        person: those vary more than sums of as many independent rows (the overdispersion of quasi-likelihood,
        McCullagh and Nelder 1989, with the clusters of Liang and Zeger 1986).
        """
        free = 1.0 + sum(self.freedom(t) for t in range(len(self.terms)))
        has_spread = self.design.loss.has_spread
        alone = max(2.0 * self.at.loss / max(self.at.weight - free, 1.0), 2.0**-40) if has_spread else 1.0
        if self.people:
            summed = clustering(self.source, self.design, self.coefficients, self.people)
            left = max(1.0 - free / self.people, 0.1)
            alone = max(alone, summed / max(self.at.weight * left, 1.0))
        self.spread = alone

    def _step(self, direction: NDArray[np.float64]) -> float:
        """Step, halving while the penalised loss rises; returns the largest move of a coefficient."""
        slack = max(self.at.weight, 1.0) * 2.0**-18
        before = self.at.loss + 0.5 * float(self.coefficients @ self._penalise(self.coefficients))
        for _ in range(30):
            candidate = self.coefficients + direction
            at = self._look(candidate)
            if at.loss + 0.5 * float(candidate @ self._penalise(candidate)) <= before + slack:
                self.coefficients, self.at = candidate, at
                return float(np.abs(direction).max(initial=0.0))
            direction = direction / 2.0
        return 0.0
