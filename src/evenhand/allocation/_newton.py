"""Projected Newton on the smoothed dual: the prices at which the people themselves keep the limits.

Each step minimises a quadratic model of the dual over prices >= 0 (a small dense problem: one row per limit row) by an
interior point method after Mehrotra (1992). A diagonal term that vanishes at the optimum keeps a step within some
forty widths, where the model can be trusted (ALGORITHMS 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd
from ._dual import smooth
from ._limits import Rows

__all__ = ["Point", "evaluate", "minimise", "settle_step"]

_REACH = 40.0


@dataclass(frozen=True, slots=True)
class Point:
    """The smoothed dual at some prices.

    Attributes:
        dual: float64[K], price of each row, micro-money per unit of the row.
        slope: float64[K], bound minus use: below zero where the row is exceeded.
        curve: float64[K, K], second derivatives.
        count: float64[S, m], expected people.
        level: float64[L], the free levels.
    """

    dual: NDArray[np.float64]
    slope: NDArray[np.float64]
    curve: NDArray[np.float64]
    count: NDArray[np.float64]
    level: NDArray[np.float64]

    def off(self, beta: float) -> float:
        """How far from optimal, in units of the row: largest excess, or unused amount of a row that has a price (as far
        as lowering the price to zero would change it)."""
        if not len(self.slope):
            return 0.0
        unused = np.minimum(self.slope, self.dual * (np.diag(self.curve) + np.abs(self.slope) / (_REACH * beta)))
        return float(np.where(self.slope < 0, -self.slope, unused).max())


def evaluate(crowd: Crowd, rows: Rows, dual: NDArray[np.float64], beta: float, people: float) -> Point:
    """Evaluate the smoothed dual and its derivatives at the prices `dual`.

    Each free level is smoothed like one more person who chooses between 0 and 1, at width ``beta * people / 8``.
    """
    passed = smooth(crowd, rows.price(dual), beta)
    offers = passed.count.shape[1]
    inner = -passed.second
    inner[:, np.arange(offers), np.arange(offers)] += passed.count
    if crowd.fixed.any():
        inner[:, np.arange(offers), np.arange(offers)] -= crowd.fixed
    curve = _curve(rows, inner) / beta
    width = beta * people / 8
    lean = np.clip(-(dual @ rows.level) / width, -500, 500)
    level = 1 / (1 + np.exp(-lean))
    curve += (rows.level * (level * (1 - level) / width)) @ rows.level.T
    curve += np.diag(rows.soft)
    slope = rows.bound - rows.used(passed.count) - rows.level @ level + rows.soft * dual
    return Point(dual, slope, curve, passed.count, level)


def _curve(rows: Rows, inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[K, K], sum over cells of ``use inner use'``: many small products, which beat one large one that is handed
    to threads on a busy machine (0.3 against 17 ms was measured)."""
    curve = np.zeros((len(rows), len(rows)))
    for first in range(0, len(inner), 64):
        use = np.ascontiguousarray(rows.use[:, first : first + 64].transpose(1, 0, 2))
        curve += np.matmul(np.matmul(use, inner[first : first + 64]), use.transpose(0, 2, 1)).sum(axis=0)
    return curve


def settle_step(
    curve: NDArray[np.float64], slope: NDArray[np.float64], dual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimise ``slope.(z - dual) + (z - dual)' curve (z - dual) / 2`` over z >= 0 by an interior point method."""
    scale = 1 / np.sqrt(np.maximum(np.diag(curve), 1e-300))
    matrix = curve * np.outer(scale, scale)
    linear = scale * (slope - curve @ dual)
    size = max(float(np.abs(linear).max()), 1e-300)
    linear = linear / size
    x = np.maximum(dual / (scale * size), 0.1)
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
    return np.where(x < 1e-4 * s, 0.0, x * scale * size)


def _longest(x: NDArray[np.float64], dx: NDArray[np.float64]) -> float:
    """Longest step up to 1 that keeps x + step * dx at or above zero."""
    falling = dx < 0
    return min(1.0, float((-x[falling] / dx[falling]).min())) if falling.any() else 1.0


def minimise(
    crowd: Crowd,
    rows: Rows,
    dual: NDArray[np.float64],
    *,
    beta: float,
    people: float,
    steps: int,
    tolerance: float,
) -> Point:
    """Newton steps at one width.

    Args:
        crowd: the people (or a sample of them).
        rows: the limits.
        dual: float64[K], prices to start from.
        beta: width, micro-money.
        people: number of people in all, for the width of the levels.
        steps: at most so many steps.
        tolerance: stop when `Point.off` is at most this.
    """
    point = evaluate(crowd, rows, dual, beta, people)
    for _ in range(steps):
        if point.off(beta) <= tolerance:
            break
        diagonal = np.diag(point.curve)
        steep = np.abs(point.slope) * np.where((point.slope < 0) | (point.dual > 0), 1, 0.05) / (_REACH * beta)
        guard = 1e-6 * diagonal + steep + 1e-9 * diagonal.max() + 1e-12 / beta
        target = settle_step(point.curve + np.diag(guard), point.slope, point.dual)
        target = np.minimum(target, point.dual + 25 * _REACH * beta)
        target[(target < 1e-3 * beta) & (point.slope > 0)] = 0
        way = target - point.dual
        before = float(point.slope @ way)
        if before >= 0:
            break
        point = _along(crowd, rows, point, way, beta, people)
    return point


def _along(crowd: Crowd, rows: Rows, point: Point, way: NDArray[np.float64], beta: float, people: float) -> Point:
    """The point along a descending way where the slope has fallen to less than half: secant steps in a bracket."""
    before = float(point.slope @ way)
    low, low_slope, high, high_slope, stride = 0.0, before, np.inf, 0.0, 1.0
    ahead = point
    for _ in range(10):
        ahead = evaluate(crowd, rows, point.dual + stride * way, beta, people)
        after = float(ahead.slope @ way)
        if abs(after) <= -0.5 * before or (stride == 1.0 and after <= 0):
            break
        if after > 0:
            high, high_slope = stride, after
        else:
            low, low_slope = stride, after
        stride = low + (high - low) * min(0.8, max(0.2, low_slope / (low_slope - high_slope)))
    return ahead
