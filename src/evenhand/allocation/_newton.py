"""Projected Newton on the smoothed dual: the prices at which the people themselves keep the limits.

Each step minimises a quadratic model of the dual over prices >= 0 (a small dense problem: one row per limit row). A
diagonal term that vanishes at the optimum keeps a step within some forty widths, where the model can be trusted
(ALGORITHMS 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd
from ._dual import smooth
from ._limits import Rows
from ._products import outer_product, row_sums
from ._quadratic import settle_step

__all__ = ["Point", "evaluate", "minimise"]

_REACH = 40.0


@dataclass(frozen=True, slots=True)
class Point:
    """The smoothed dual at some prices.

    Attributes:
        dual: float64[K], price of each row, micro-money per unit of the row.
        slope: float64[K], bound minus use: below zero where the row is exceeded.
        curve: float64[K, K], second derivatives.
        count: float64[S, columns], expected people (and responses).
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
    curve = _curve(rows, passed.inner) / beta
    width = beta * people / 8
    lean = np.clip(-row_sums(rows.level.T, dual) / width, -500, 500)
    level = 1 / (1 + np.exp(-lean))
    for lever, weight in zip(rows.level.T, level * (1 - level) / width, strict=True):
        on = np.flatnonzero(lever)
        curve[np.ix_(on, on)] += weight * np.outer(lever[on], lever[on])
    curve[np.arange(len(rows)), np.arange(len(rows))] += rows.soft
    slope = rows.bound - rows.used(passed.count) - row_sums(rows.level, level) + rows.soft * dual
    return Point(dual, slope, curve, passed.count, level)


def _curve(rows: Rows, inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[K, K], sum over cells of ``use inner use'``, worked out once for each pair of shapes."""
    shapes = len(rows.shape)
    turned = np.matmul(rows.shape.transpose(1, 0, 2), inner).transpose(1, 0, 2).reshape(shapes, -1)
    curve = outer_product(turned, rows.shape.reshape(shapes, -1))
    wide: NDArray[np.float64] = curve.take(rows.of, axis=0).take(rows.of, axis=1)
    wide *= rows.sign[:, None]
    wide *= rows.sign
    return wide


def minimise(
    crowd: Crowd,
    rows: Rows,
    dual: NDArray[np.float64],
    *,
    beta: float,
    people: float,
    steps: int,
    tolerance: float,
    room: float = np.inf,
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
        room: stop when the price of some cell and offer has moved by more than this.
    """
    point = evaluate(crowd, rows, dual, beta, people)
    for _ in range(steps):
        if point.off(beta) <= tolerance or crowd.stretch(rows.price(point.dual - dual)) > room:
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
