"""How far must bounds give way before anything fits? A linear problem over counts, without the people's values.

Whether limits can be kept together does not depend on what anybody is worth: it is a matter of how many people of each
class there are, which offers they can get, and the rows. Every row may give way at a cost, so there is always an
answer; it is found by the predictor-corrector method of Mehrotra (1992), the classes' own rows eliminated first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Classes", "least_excess"]

_STEPS = 100
_ENOUGH = 1e-11


@dataclass(frozen=True, slots=True)
class Classes:
    """People whom no row tells apart.

    Attributes:
        use: float64[C, K, m], what one person of a class uses of each row on each offer.
        size: float64[C], people of each class, above zero.
        allowed: bool[C, m], which offers they can get.
    """

    use: NDArray[np.float64]
    size: NDArray[np.float64]
    allowed: NDArray[np.bool_]


def least_excess(
    classes: Classes, bound: NDArray[np.float64], level: NDArray[np.float64], cost: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how much each row is exceeded where the excess costs least in all; float64[K], in units of the row.

    Args:
        classes: the people.
        bound: float64[K].
        level: float64[K, L], coefficients of the free levels, each between 0 and 1.
        cost: float64[K], of one unit of excess of a row whose largest coefficient is 1.
    """
    if not len(bound):
        return np.zeros(0)
    some = classes.allowed.any(axis=1)
    size = classes.size[some]
    people = max(1.0, float(size.sum()))
    of, offer = np.nonzero(classes.allowed[some])
    use, lever = classes.use[some][of, :, offer].T, level / people
    scale = np.maximum(np.abs(use).max(axis=1, initial=0.0), np.abs(lever).max(axis=1, initial=0.0))
    scale = np.where(scale > 0, scale, 1.0)
    problem = _Problem(use / scale[:, None], lever / scale[:, None], bound / people / scale, of, size / people, cost)
    excess: NDArray[np.float64] = problem.excess() * scale * people
    return excess


class _Problem:
    """``matrix z = right``, people of each class + unused = size, all at or above zero, least ``cost z``.

    The columns: people of a class on an offer, levels, excess and unused part of each row, unused part of each level.
    """

    def __init__(
        self, use: NDArray[np.float64], level: NDArray[np.float64], bound: NDArray[np.float64], of: NDArray[np.intp],
        size: NDArray[np.float64], cost: NDArray[np.float64],
    ) -> None:  # fmt: skip
        rows, levels = level.shape
        one, each = np.eye(rows), np.eye(levels)
        self.matrix = np.block(
            [
                [use, level, -one, one, np.zeros((rows, levels))],
                [np.zeros((levels, use.shape[1])), each, np.zeros((levels, 2 * rows)), each],
            ]
        )
        self.right = np.concatenate([bound, np.ones(levels)])
        self.of, self.size = of, size
        self.cost = np.zeros(self.matrix.shape[1])
        self._excess = slice(use.shape[1] + levels, use.shape[1] + levels + rows)
        self.cost[self._excess] = cost
        share = size / (np.bincount(of, minlength=len(size)) + 1)
        over = use @ share[of] + level.sum(axis=1) / 2 - bound
        spare = np.maximum(over, 0) + 1
        half = np.full(levels, 0.5)
        self._start = np.concatenate([share[of], half, spare, spare - over, half]), share

    def _people(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the first columns of z add up to, per class."""
        return _sums(self.of, z[: len(self.of)], len(self.size))

    def _turned(self, row: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
        """The transposed matrix times prices of the rows and of the classes."""
        turned: NDArray[np.float64] = self.matrix.T @ row
        turned[: len(self.of)] += own[self.of]
        return turned

    def excess(self) -> NDArray[np.float64]:
        """Excess of each row at the optimum."""
        z, idle = self._start
        q, lazy = np.maximum(self.cost, 1.0), np.ones(len(idle))
        row, own = np.zeros(len(self.right)), np.zeros(len(idle))
        for _ in range(_STEPS):
            short = self.right - self.matrix @ z, self.size - self._people(z) - idle
            dear = self.cost - self._turned(row, own) - q, -own - lazy
            mean = float(z @ q + idle @ lazy) / (len(z) + len(idle))
            worst = max(float(np.abs(part).max(initial=0.0)) for part in (*short, *dear))
            if mean < _ENOUGH and worst < 1e-9:
                break
            try:
                solve = self._solver(z / q, idle / lazy)
                aimed = solve(short, dear, (-z, -idle))
                step, pace = _longest((z, idle), aimed[2:]), _longest((q, lazy), self._slack(aimed, dear))
                dq, dl = self._slack(aimed, dear)
                after = float((z + step * aimed[2]) @ (q + pace * dq) + (idle + step * aimed[3]) @ (lazy + pace * dl))
                centre = (after / (len(z) + len(idle)) / mean) ** 3 * mean
                aimed = solve(
                    short,
                    dear,
                    ((centre - aimed[2] * dq) / q - z, (centre - aimed[3] * dl) / lazy - idle),
                )
            except np.linalg.LinAlgError:
                break
            dq, dl = self._slack(aimed, dear)
            step = 0.995 * _longest((z, idle), aimed[2:], 1 / 0.995)
            pace = 0.995 * _longest((q, lazy), (dq, dl), 1 / 0.995)
            z, idle = z + step * aimed[2], idle + step * aimed[3]
            row, own, q, lazy = row + pace * aimed[0], own + pace * aimed[1], q + pace * dq, lazy + pace * dl
        return z[self._excess]

    def _slack(
        self, aimed: tuple[NDArray[np.float64], ...], dear: tuple[NDArray[np.float64], ...]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How the slack of the prices changes."""
        return dear[0] - self._turned(aimed[0], aimed[1]), dear[1] - aimed[1]

    def _solver(self, d: NDArray[np.float64], spare: NDArray[np.float64]) -> _Solver:
        return _Solver(self, d, spare)


class _Solver:
    """One Newton system at weights d of the columns and `spare` of the people without an offer."""

    def __init__(self, problem: _Problem, d: NDArray[np.float64], spare: NDArray[np.float64]) -> None:
        self._problem, self._d, self._spare = problem, d, spare
        wide = problem.matrix * d
        places = len(problem.of)
        firsts = np.searchsorted(problem.of, np.arange(len(spare)))
        self._beside = np.add.reduceat(wide[:, :places], firsts, axis=1) if places else np.zeros((len(wide), 0))
        self._own = problem._people(d) + spare
        self._wide = wide
        inner = wide @ problem.matrix.T - (self._beside / self._own) @ self._beside.T
        inner[np.diag_indices_from(inner)] += 1e-14 * max(float(np.diag(inner).max()), 1e-30)
        self._inner = inner

    def __call__(
        self,
        short: tuple[NDArray[np.float64], ...],
        dear: tuple[NDArray[np.float64], ...],
        pull: tuple[NDArray[np.float64], ...],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Changes of the rows' prices, the classes' prices, the columns and the people without an offer."""
        problem, d, spare = self._problem, self._d, self._spare
        still, rest = pull[0] - d * dear[0], pull[1] - spare * dear[1]
        rows = short[0] - problem.matrix @ still
        classes = short[1] - problem._people(still) - rest
        row = np.linalg.solve(self._inner, rows - self._beside @ (classes / self._own))
        own = (classes - self._beside.T @ row) / self._own
        return row, own, still + d * problem._turned(row, own), rest + spare * own


def _sums(of: NDArray[np.intp], weight: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.bincount(of, weights=weight, minlength=size).astype(np.float64, copy=False)


def _longest(at: tuple[NDArray[np.float64], ...], way: tuple[NDArray[np.float64], ...], most: float = 1.0) -> float:
    """The longest step, up to `most`, that leaves everything at or above zero."""
    for here, there in zip(at, way, strict=True):
        falling = there < -1e-300
        if falling.any():
            most = min(most, float((-here[falling] / there[falling]).min()))
    return most
