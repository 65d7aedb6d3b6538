"""From rows to prices: the homotopy. Wide smoothing on a small sample first, narrow smoothing on those who matter last.

Every narrowing starts from the prices of the one before. Once the smoothing is narrow, almost everybody's choice is
settled, so only the people near a tie are passed over again; the rest are counted once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd, sample
from ._dual import Hard, decide, screen
from ._limits import Rows
from ._newton import Point, minimise

__all__ = ["Solved", "scale_of", "solve"]

_SHRINK = 0.2
_SMALL, _MIDDLE = 20_000, 120_000
_NARROWEST = 0.02
_TINY = 4000


@dataclass(frozen=True, slots=True)
class Solved:
    """Prices, and what they are good for.

    Attributes:
        dual: float64[K].
        level: float64[L].
        beta: the last width, micro-money.
    """

    dual: NDArray[np.float64]
    level: NDArray[np.float64]
    beta: float


def scale_of(crowd: Crowd) -> float:
    """The scale of the values in micro-money: their spread, or their size where all are equal; at least 1."""
    few = sample(crowd, _SMALL).value
    if not few.size:
        return 1.0
    spread = float(np.std(few))
    return max(1.0, spread if spread > 1.0 else float(np.abs(few).max()))


def solve(
    crowd: Crowd,
    rows: Rows,
    scale: float,
    start: Solved | None = None,
    *,
    is_near: bool = True,
    floor: float = _NARROWEST,
) -> Solved:
    """Find the prices.

    Args:
        crowd: everybody (or a weighted sample, which then counts as everybody).
        rows: the limits.
        scale: see `scale_of`.
        start: prices of a problem like this one, to start from.
        is_near: whether they can be expected to be nearly right; else the homotopy starts wider, on a sample.
        floor: narrowest width, micro-money; wider is enough for an estimate.
    """
    levels = np.full(rows.level.shape[1], 0.5)
    if not len(rows):
        return Solved(np.zeros(0), levels, _NARROWEST)
    size = int(crowd.starts[-1])
    people = max(1.0, float(np.diff(crowd.starts) @ crowd.weight))
    dual = np.zeros(len(rows)) if start is None else start.dual
    is_near = is_near and start is not None
    beta = min(max(30 * start.beta, 2e-3 * scale), 0.02 * scale) if start is not None and is_near else 0.5 * scale
    few, some = (sample(crowd, k) if size > k else crowd for k in (_SMALL, _MIDDLE))
    while not is_near and beta > 5e-3 * scale and size > _SMALL:
        point = minimise(few, rows, dual, beta=beta, people=people, steps=25, tolerance=3e-3 * people)
        dual, levels, beta = point.dual, point.level, beta * _SHRINK
    while not is_near and beta > 1e-3 * scale and size > _SMALL:
        point = minimise(some, rows, dual, beta=beta, people=people, steps=12, tolerance=1e-3 * people)
        dual, levels, beta = point.dual, point.level, beta * _SHRINK
    return _narrow(crowd, rows, dual, scale, beta, people, floor)


def _narrow(
    crowd: Crowd, rows: Rows, dual: NDArray[np.float64], scale: float, beta: float, people: float, floor: float
) -> Solved:
    """The last part of the homotopy, on everybody near a tie."""
    full = crowd if int(crowd.starts[-1]) > _SMALL else sample(crowd, _SMALL)
    is_tiny = int(crowd.starts[-1]) <= _TINY
    near, made_at, width = full, rows.price(dual), np.inf
    before: NDArray[np.float64] = np.zeros(0)
    widened, unit = 0, float(crowd.weight.max(initial=1.0))
    while True:
        price = rows.price(dual)
        if beta <= 5e-3 * scale and not is_tiny:
            width = 120 * beta
            near, made_at = screen(full, price, width), price
        point = minimise(
            near,
            rows,
            dual,
            beta=beta,
            people=people,
            steps=25,
            tolerance=unit * max(0.3, 20 * beta / scale),
        )
        moved = float(np.abs(rows.price(point.dual) - made_at).max())
        if moved > (width - 16 * beta) / 2:
            point = _follow(full, rows, point, beta, people)
        dual = point.dual
        if point.off(beta) > 50 + 1e-3 * people and widened < 3 and beta < 0.05 * scale:
            widened, beta = widened + 1, min(25 * beta, 0.1 * scale)
            near, made_at, width = full, rows.price(dual), np.inf
            continue
        if beta <= 1e-3 * scale:
            hard = decide(near, rows.price(dual))
            stays = is_tiny and np.array_equal(hard.count, before)
            if _is_settled(hard, rows, point, beta, max(2 * unit, 0.02 * people if stays else 0)):
                return Solved(dual, point.level, beta)
            before = hard.count
        if beta <= floor:
            return Solved(dual, point.level, beta)
        beta *= _SHRINK


def _follow(full: Crowd, rows: Rows, point: Point, beta: float, people: float) -> Point:
    """The prices moved further than the people near a tie were chosen for: choose again, at most four times."""
    for _ in range(4):
        price, width = rows.price(point.dual), 240 * beta
        near = screen(full, price, width)
        point = minimise(
            near, rows, point.dual, beta=beta, people=people, steps=8, tolerance=0.3 * float(full.weight.max())
        )
        if float(np.abs(rows.price(point.dual) - price).max()) <= (width - 16 * beta) / 2:
            break
    return point


def _is_settled(hard: Hard, rows: Rows, point: Point, beta: float, most: float) -> bool:
    """Whether whole decisions at these prices are within a few people of every row that has a price."""
    slack = rows.bound - rows.used(hard.count) - rows.level @ point.level + rows.soft * point.dual
    off = np.where(point.dual > 0.01 * beta, np.abs(slack), np.maximum(-slack, 0))
    return bool(off.max() <= most)
