"""Projected Newton on the smoothed dual: the prices at which the people themselves keep the limits.

Each step minimises a quadratic model of the dual over prices >= 0 (a small dense problem: one row per limit row). A
diagonal term that vanishes at the optimum keeps a step within some forty widths, where the model can be trusted
(ALGORITHMS 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd
from ._dual import smooth
from ._limits import Rows
from ._products import outer_product, row_sums
from ._quadratic import settle_step

__all__ = ["Point", "evaluate", "minimise"]

_REACH = 40.0


class Bend:
    """How the slopes change with the prices.

    Args:
        rows: the limits.
        inner: of the people, see `Smooth`.
        beta: width, micro-money.
        give: float64[L], how far each free level gives way.
    """

    def __init__(self, rows: Rows, inner: NDArray[np.float64], beta: float, give: NDArray[np.float64]) -> None:
        self._rows, self._inner, self._beta, self._give = rows, inner, beta, give

    @cached_property
    def _turned(self) -> NDArray[np.float64]:
        """float64[P, S * columns], each shape times `inner`."""
        shape = self._rows.shape
        turned: NDArray[np.float64] = np.matmul(shape.transpose(1, 0, 2), self._inner).transpose(1, 0, 2)
        return turned.reshape(len(shape), -1)

    @cached_property
    def diagonal(self) -> NDArray[np.float64]:
        """float64[K], of `curve`, by itself."""
        rows = self._rows
        own = np.einsum("pi,pi->p", self._turned, rows.shape.reshape(len(rows.shape), -1)) / self._beta
        found: NDArray[np.float64] = own[rows.of] + row_sums(rows.level**2, self._give) + rows.soft
        return found

    @cached_property
    def curve(self) -> NDArray[np.float64]:
        """float64[K, K]: sum over cells of ``use inner use'``, once for each pair of shapes; levels and soft rows."""
        rows = self._rows
        of_shapes = outer_product(self._turned, rows.shape.reshape(len(rows.shape), -1))
        of_shapes /= self._beta
        curve: NDArray[np.float64] = of_shapes.take(rows.of, axis=0).take(rows.of, axis=1)
        curve *= rows.sign[:, None]
        curve *= rows.sign
        for lever, weight in zip(rows.level.T, self._give, strict=True):
            on = np.flatnonzero(lever)
            curve[np.ix_(on, on)] += weight * np.outer(lever[on], lever[on])
        curve[np.arange(len(rows)), np.arange(len(rows))] += rows.soft
        return curve


@dataclass(frozen=True, slots=True)
class Point:
    """The smoothed dual at some prices.

    Attributes:
        dual: float64[K], price of each row, micro-money per unit of the row.
        slope: float64[K], bound minus use: below zero where the row is exceeded.
        count: float64[S, columns], expected people (and responses).
        level: float64[L], the free levels.
        bend: second derivatives, worked out when they are asked for: a line search goes through points that need none.
    """

    dual: NDArray[np.float64]
    slope: NDArray[np.float64]
    count: NDArray[np.float64]
    level: NDArray[np.float64]
    bend: Bend

    def off(self, beta: float) -> float:
        """How far from optimal, in units of the row: largest excess, or unused amount of a row that has a price (as far
        as lowering the price to zero would change it)."""
        if not len(self.slope):
            return 0.0
        unused = np.minimum(self.slope, self.dual * (self.bend.diagonal + np.abs(self.slope) / (_REACH * beta)))
        return float(np.where(self.slope < 0, -self.slope, unused).max())


def evaluate(crowd: Crowd, rows: Rows, dual: NDArray[np.float64], beta: float, people: float) -> Point:
    """Evaluate the smoothed dual and its derivatives at the prices `dual`.

    Each free level is smoothed like one more person who chooses between 0 and 1, at width ``beta * people / 8``.
    """
    passed = smooth(crowd, rows.price(dual), beta)
    width = beta * people / 8
    lean = np.clip(-row_sums(rows.level.T, dual) / width, -500, 500)
    level = 1 / (1 + np.exp(-lean))
    slope = rows.bound - rows.used(passed.count) - row_sums(rows.level, level) + rows.soft * dual
    return Point(dual, slope, passed.count, level, Bend(rows, passed.inner, beta, level * (1 - level) / width))


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
        curve = point.bend.curve
        diagonal = point.bend.diagonal
        bent = (
            curve
            + np.diag(1e-6 * diagonal + 1e-9 * diagonal.max() + 1e-12 / beta)
            + _guard(rows, point, beta, is_near=room < np.inf)
        )
        target = settle_step(bent, point.slope, point.dual)
        target = np.minimum(target, point.dual + 25 * _REACH * beta)
        target[(target < 1e-3 * beta) & (point.slope > 0)] = 0
        way = target - point.dual
        before = float(point.slope @ way)
        if before >= 0:
            break
        point = _along(crowd, rows, point, way, beta, people)
    return point


def _guard(rows: Rows, point: Point, beta: float, *, is_near: bool) -> NDArray[np.float64]:
    """float64[K, K]: what keeps a step within some forty widths, the more the farther a row is from its bound.

    Where one group's row from above and its row from below both have a price, only the difference of the two moves
    anybody: the guard is on that, and what they have in common may go in one step. (On the few near a tie, that is; at
    wide smoothing prices are small, and such a system is hard to solve for many rows.)
    """
    live = (point.slope < 0) | (point.dual > 0)
    steep = np.abs(point.slope) * np.where(live, 1, 0.05) / (_REACH * beta)
    guard = np.diag(steep)
    if not is_near:
        return guard
    on = np.flatnonzero(live)
    on = on[np.argsort(rows.of[on], kind="stable")]
    same = np.flatnonzero(rows.of[on[1:]] == rows.of[on[:-1]])
    one, other = on[same], on[same + 1]
    loose = (rows.sign[one] != rows.sign[other]) & (point.slope[one] + point.slope[other] > 0)
    one, other = one[loose], other[loose]
    most = np.maximum(steep[one], steep[other])
    guard[one, one] = guard[other, other] = most
    guard[one, other] = guard[other, one] = -most
    return guard


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
