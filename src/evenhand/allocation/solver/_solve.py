"""From rows to prices: the homotopy. Wide smoothing on a small sample first, narrow smoothing on those who matter last.

Every narrowing starts from the prices of the one before, and a larger sample from the prices of the smaller one. Once
the smoothing is narrow, almost everybody's choice is settled, so only the people near a tie are passed over again; the
rest are counted once (`Nest`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd, is_open, sample
from ._dual import Hard, decide
from ._limits import Rows
from ._nest import Nest
from ._newton import Point, minimise

__all__ = ["Solved", "narrowed", "scale_of", "solve"]

_SHRINK = 0.2
_SMALL = 20_000
_SAMPLES = (_SMALL, 120_000, 720_000, 4_320_000)
_FINE = 0.7
"""A sample of k people is worth a smoothing of this times ``scale / sqrt(k)``, not less."""
_NARROWEST = 0.02
_CLOSER = 0.02
"""Of the tolerance on a sample, where a person may get several offers: the first prices are farther off then, and what
is left unsettled at a wide smoothing is beyond the reach of the steps at a narrow one."""
_TINY = 4000
_WIDTH, _LEAST, _TAIL = 120, 40, 16
"""In widths of the smoothing: how far from a tie people are kept, at least kept, and have a say at all."""


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
    if not is_open(few).all():
        few = few[is_open(few)]
    if not few.size:
        return 1.0
    spread = float(np.std(few))
    return max(1.0, spread if spread > 1.0 else float(np.abs(few).max()))


def solve(
    nest: Nest,
    rows: Rows,
    scale: float,
    start: Solved | None = None,
    *,
    is_near: bool = True,
    floor: float = _NARROWEST,
    from_beta: float | None = None,
) -> Solved:
    """Find the prices.

    Args:
        nest: everybody (or a weighted sample, which then counts as everybody).
        rows: the limits.
        scale: see `scale_of`.
        start: prices of a problem like this one, to start from.
        is_near: whether they can be expected to be nearly right; else the homotopy starts wider, on a sample.
        floor: narrowest width, micro-money; wider is enough for an estimate.
        from_beta: width to start with, where `start` is known to be as good as that.
    """
    if not len(rows):
        return Solved(np.zeros(0), np.full(rows.level.shape[1], 0.5), _NARROWEST)
    crowd = nest.whole
    people = max(1.0, float(np.diff(crowd.starts) @ crowd.weight))
    dual = np.zeros(len(rows)) if start is None else start.dual
    beta = 0.5 * scale
    if start is not None and is_near:
        beta = from_beta or min(max(30 * start.beta, 2e-3 * scale), 0.02 * scale)
    else:
        for size in _SAMPLES:
            if size < nest.people:
                dual, beta = _on_sample(nest.sample(size), rows, dual, scale, beta, people, _FINE / np.sqrt(size))
    return _narrow(nest, rows, dual, scale, beta, people, floor)


def narrowed(nest: Nest, rows: Rows, scale: float, start: Solved, beta: float) -> Solved:
    """Prices at one narrower width, from prices at a wider one."""
    people = max(1.0, float(np.diff(nest.whole.starts) @ nest.whole.weight))
    tolerance = max(0.01, 0.02 * people * beta / scale)
    point, _ = _minimised(nest, rows, start.dual, scale, beta, people, tolerance)
    return Solved(point.dual, point.level, beta)


def _on_sample(
    part: Nest, rows: Rows, dual: NDArray[np.float64], scale: float, beta: float, people: float, fine: float
) -> tuple[NDArray[np.float64], float]:
    """Prices for a sample, down to the width that it is worth; and the width to go on with."""
    tolerance = fine * people * (1 if part.whole.is_plain else _CLOSER)
    while beta > fine * scale:
        point, _ = _minimised(part, rows, dual, scale, beta, people, tolerance)
        dual, beta = point.dual, beta * _SHRINK
    return dual, beta


def _minimised(
    nest: Nest, rows: Rows, dual: NDArray[np.float64], scale: float, beta: float, people: float, tolerance: float
) -> tuple[Point, Crowd]:
    """Newton at one width, on those near a tie; chosen again where the prices move further than they were chosen for.

    Returns:
        The point, and the people it was found on.
    """
    if beta > 5e-3 * scale or nest.people <= _TINY:
        return minimise(nest.whole, rows, dual, beta=beta, people=people, steps=25, tolerance=tolerance), nest.whole
    for turn in range(6):
        near, reach = nest.near(rows.price(dual), _WIDTH * beta * (turn + 1), _LEAST * beta)
        room = (reach - _TAIL * beta) / 2
        point = minimise(near, rows, dual, beta=beta, people=people, steps=25, tolerance=tolerance, room=room)
        if near.stretch(rows.price(point.dual - dual)) <= room:
            break
        dual = point.dual
    return point, near


def _narrow(
    nest: Nest, rows: Rows, dual: NDArray[np.float64], scale: float, beta: float, people: float, floor: float
) -> Solved:
    """The last part of the homotopy, on everybody."""
    is_tiny = nest.people <= _TINY
    before: NDArray[np.float64] = np.zeros(0)
    widened, unit = 0, float(nest.whole.weight.max(initial=1.0))
    while True:
        tolerance = max(0.3 * unit, 20 * unit * beta / scale, 0.02 * people * beta / scale)
        point, near = _minimised(nest, rows, dual, scale, beta, people, tolerance)
        dual = point.dual
        if point.off(beta) > 50 + 1e-3 * people and widened < 3 and beta < 0.05 * scale:
            widened, beta = widened + 1, min(25 * beta, 0.1 * scale)
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


def _is_settled(hard: Hard, rows: Rows, point: Point, beta: float, most: float) -> bool:
    """Whether whole decisions at these prices are within a few people of every row that has a price."""
    slack = rows.bound - rows.used(hard.count) - rows.level @ point.level + rows.soft * point.dual
    off = np.where(point.dual > 0.01 * beta, np.abs(slack), np.maximum(-slack, 0))
    return bool(off.max() <= most)
