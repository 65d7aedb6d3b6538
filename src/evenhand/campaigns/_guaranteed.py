"""A mean of weighted rewards between two ends that hold at every number of rows, whatever the weights: by betting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["guaranteed_mean"]

_BETS = 0.9 * 2.0 ** -np.arange(20.0)
"""Shares of its money that each bet puts on a row: small ones find the means of rare, heavy rewards."""

_TAIL = 0.025
"""Risk of each end."""

_HALVINGS = 20


def guaranteed_mean(
    weight: NDArray[np.float64],
    reward: NDArray[np.float64],
    reward_range: tuple[float, float],
    least_chance: float | None,
) -> tuple[float, float]:
    """Both ends by betting, each at half of the risk. What the policy does and nobody could draw counts as the worst
    below and as the best above, so that missing support widens the interval and does not break it."""
    least, highest = reward_range
    above = _Amounts.of(weight * (reward - least))
    below = _Amounts.of(weight * (highest - reward))
    span = highest - least
    most = None if least_chance is None else span / least_chance

    def too_high(mean: float) -> bool:
        """Whether a mean (less the least reward) that is at least this large is refuted."""
        won = [below.won_on_more(span - mean)]
        if most is not None:
            won.append(above.won_on_less(mean, most))
        return float(np.logaddexp.reduce(np.array(won))) - math.log(len(won)) >= -math.log(_TAIL)

    lower = _last(lambda mean: above.won_on_more(mean) >= -math.log(_TAIL), 0.0, span)
    return least + lower, highest - _last(lambda short: too_high(span - short), 0.0, span)


def _last(refuted: Callable[[float], bool], start: float, end: float) -> float:
    """The largest place up to which everything after `start` is refuted, by halving, to a millionth of the way."""
    low, high = start, end
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Amounts that are never negative: those above zero, sorted, and how many are zero."""

    some: NDArray[np.float64]
    zeros: int

    @staticmethod
    def of(amounts: NDArray[np.float64]) -> _Amounts:
        some = np.sort(amounts[amounts > 0.0])
        return _Amounts(some, len(amounts) - len(some))

    def won_on_more(self, mean: float) -> float:
        """Log of what bets on *more than this mean* hold: each starts with 1 and takes ``1 + b (amount / mean - 1)``.

        If the mean is at most this, they hold 1/risk or more with at most that risk (Markov).
        """
        if mean <= 0.0:
            return math.inf if len(self.some) else 0.0
        won = self.zeros * np.log1p(-_BETS) + [np.log1p(bet * (self.some / mean - 1.0)).sum() for bet in _BETS]
        return float(np.logaddexp.reduce(won)) - math.log(len(_BETS))

    def won_on_less(self, mean: float, most: float) -> float:
        """Likewise on *less than this mean*, `most` at most: ``1 + b (mean - amount) / (most - mean)``."""
        if mean >= most:
            return math.inf
        step = _BETS / (most - mean)
        won = self.zeros * np.log1p(step * mean) + [np.log1p(one * (mean - self.some)).sum() for one in step]
        return float(np.logaddexp.reduce(won)) - math.log(len(_BETS))
