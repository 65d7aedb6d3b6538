"""How large is the difference that a monitor watches, and how many events would show one? From its sums alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._bets import BETS, BOTH, Sums
from ._monitor import Monitor
from ._monitor_rule import MonitorRule

__all__ = ["gap_estimate", "gap_interval", "until_shown"]

_STEPS = 80
_HALVINGS = 24
_MOST_EVENTS = 10**9
_BETS = np.array(BETS)[:, None]
_COST = -np.log1p(-_BETS) - _BETS


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
    most = rule.largest
    middle = gap_estimate(sums)
    if middle is None:
        return -most, most
    middle = min(max(middle, -most), most)
    return _edge(sums, rule, middle, -most), _edge(sums, rule, middle, most)


def _edge(sums: Sums, rule: MonitorRule, inside: float, end: float) -> float:
    """The farthest difference from `inside` towards `end` that is not left out."""
    tried = np.linspace(end, inside, _STEPS + 1)
    kept = np.flatnonzero(_won(sums, rule, tried) < 1 / rule.alpha)
    if not len(kept):
        return inside
    first = int(kept[0])
    if first == 0:
        return end
    out, in_ = float(tried[first - 1]), float(tried[first])
    for _ in range(_HALVINGS):
        half = (out + in_) / 2
        if _won(sums, rule, np.array([half]))[0] < 1 / rule.alpha:
            in_ = half
        else:
            out = half
    return out


def _won(sums: Sums, rule: MonitorRule, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """A lower bound of what bets against each of these differences would have won."""
    weight, part, square, mixed, parts = sums
    bound = rule.largest + np.abs(gaps)
    drift = (part - gaps * weight) / bound
    spread = (parts - 2 * gaps * mixed + gaps * gaps * square) / (bound * bound)
    each = np.concatenate((_BETS * drift - _COST * spread, -_BETS * drift - _COST * spread))
    return np.asarray(np.exp(np.minimum(each, 600.0)).sum(axis=0) / BOTH)


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
