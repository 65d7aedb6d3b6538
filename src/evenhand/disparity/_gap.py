"""How large is the difference that a monitor watches, and how many events would show one? From its sums alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._bets import BETS, BOTH, Sums
from ._monitor import Monitor
from ._monitor_rule import MonitorRule

__all__ = ["gap_estimate", "gap_interval", "gap_intervals", "until_shown"]

_STEPS = 80
_HALVINGS = 24
_MOST_EVENTS = 10**9
_BETS = np.array(BETS)[:, None]
_COST = -np.log1p(-_BETS) - _BETS

Numbers = NDArray[np.float64]


def gap_estimate(sums: Sums) -> float | None:
    """Mean difference between the group and the others over the blocks, by weight; None before the first block."""
    return sums[1] / sums[0] if sums[0] > 0 else None


def gap_interval(sums: Sums, rule: MonitorRule) -> tuple[float, float]:
    """Every difference that the blocks so far do not speak against: valid at all times together with chance 1 - alpha.

    A difference g is left out where bets against it would have won 1/alpha. What they would have won is bounded from
    below by log(1 + b y) >= b y + (log(1 - b) + b) y^2 for y >= -1 (Fan, Grama and Liu 2015), so five sums are enough
    for every g. It is for a difference that stays as it is.

    Args:
        sums: over the blocks, with w the weight and d the difference: w, w d, w w, w w d and w w d d.
        rule: for alpha and the largest amount.

    Example:
        >>> gap_interval((0.0,) * 5, MonitorRule())
        (-1.0, 1.0)
    """
    return gap_intervals([sums], rule)[0]


def gap_intervals(many: Sequence[Sums], rule: MonitorRule) -> list[tuple[float, float]]:
    """`gap_interval` of each of these sums, all at once."""
    sums = np.array(many, dtype=np.float64).reshape(-1, 5)
    most = rule.largest
    some = sums[:, 0] > 0
    middle = np.clip(np.divide(sums[:, 1], sums[:, 0], out=np.zeros(len(sums)), where=some), -most, most)
    lower, upper = (np.where(some, _edges(sums, rule, middle, end), end) for end in (-most, most))
    return list(zip(lower.tolist(), upper.tolist(), strict=True))


def _edges(sums: Numbers, rule: MonitorRule, inside: Numbers, end: float) -> Numbers:
    """Of each the farthest difference from `inside` towards `end` that is not left out."""
    share = np.arange(_STEPS + 1)[:, None] / _STEPS
    tried = end + (inside - end) * share
    kept = _won(sums, rule, tried) < 1 / rule.alpha
    kept[-1] = True  # the estimate itself stays where everything is left out
    first = np.argmax(kept, axis=0)
    each = np.arange(len(sums))
    out, in_ = tried[np.maximum(first - 1, 0), each], tried[first, each]
    for _ in range(_HALVINGS):
        half = (out + in_) / 2
        holds = _won(sums, rule, half[None])[0] < 1 / rule.alpha
        out, in_ = np.where(holds, out, half), np.where(holds, half, in_)
    return np.asarray(np.where(first == 0, end, in_))


def _won(sums: Numbers, rule: MonitorRule, gaps: Numbers) -> Numbers:
    """[tried, sums], a lower bound of what bets against each of these differences would have won."""
    weight, part, square, mixed, parts = sums.T
    bound = rule.largest + np.abs(gaps)
    drift = (part - gaps * weight) / bound
    spread = (parts - 2 * gaps * mixed + gaps * gaps * square) / (bound * bound)
    gain, loss = _BETS[..., None] * drift, _COST[..., None] * spread
    won = np.exp(np.minimum(gain - loss, 600.0)).sum(axis=0) + np.exp(np.minimum(-gain - loss, 600.0)).sum(axis=0)
    return np.asarray(won / BOTH)


def until_shown(monitor: Monitor, gap: float) -> int | None:
    """About how many more events until a difference of `gap` would raise the alarm, were it there from now on.

    From what each bet has won, and from how blocks went so far: about half of such streams need fewer events. None
    before the first block, where `gap` is within the tolerance, or where a thousand million events are not enough.
    """
    rule = monitor.rule
    if not monitor.blocks or not gap > rule.tolerance:
        return None
    bound = rule.largest + rule.tolerance
    weight = monitor.whole[0] / monitor.blocks
    drift = weight * (gap - rule.tolerance) / bound
    spread = monitor.whole[4] / monitor.blocks / (bound * bound)
    per_block = monitor.events / monitor.blocks
    won = np.array(monitor.bets()[0])
    blocks = _first(won, _growth(drift, spread), BOTH * monitor.threshold)
    if blocks is None or blocks * per_block > _MOST_EVENTS:
        return None
    return math.ceil(blocks * per_block)


def _growth(drift: float, spread: float) -> NDArray[np.float64]:
    """How much the logarithm of each bet grows per block, to second order."""
    bets = _BETS[:, 0]
    return np.asarray(bets * drift - bets * bets * (spread + drift * drift) / 2)


def _first(won: NDArray[np.float64], grows: NDArray[np.float64], wanted: float) -> float | None:
    """After how many blocks the bets together hold what is wanted."""
    with np.errstate(divide="ignore"):
        logs = np.log(won)

    def reached(blocks: float) -> bool:
        each = logs + blocks * grows
        top = float(each.max())
        return top > -math.inf and top + math.log(float(np.exp(each - top).sum())) >= math.log(wanted)

    high = 1.0
    while not reached(high):
        high *= 2
        if high > _MOST_EVENTS:
            return None
    low = 0.0
    for _ in range(_HALVINGS):
        half = (low + high) / 2
        low, high = (low, half) if reached(half) else (half, high)
    return high
