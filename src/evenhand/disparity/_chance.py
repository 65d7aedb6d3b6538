"""How likely is a figure like this where there is nothing to find? Tails and thresholds, from the standard library."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["FALSE_ALARM", "beyond", "chi_square_tail"]

FALSE_ALARM = 0.01
"""How often a kind of finding may be named in an audit of data in which there is nothing, all its tests together."""


def beyond(tests: int, *, sides: int = 2) -> float:
    """The z that a figure must pass, so that `tests` of them together give a false alarm in `FALSE_ALARM` of audits.

    Bonferroni's way: it holds whatever the tests have to do with each other.

    Example:
        >>> round(beyond(1), 3), round(beyond(100), 3)
        (2.576, 3.891)
    """
    return NormalDist().inv_cdf(1.0 - FALSE_ALARM / (sides * max(1, tests)))


def chi_square_tail(value: float, freedom: int) -> float:
    """Chance of a chi-square figure of at least `value`, as the finite sum that it is for whole degrees of freedom.

    Args:
        value: the statistic.
        freedom: degrees of freedom; with none there is nothing to find, and the chance is 1.

    Example:
        >>> round(chi_square_tail(18.307, 10), 4), round(chi_square_tail(3.8415, 1), 4), chi_square_tail(3.0, 0)
        (0.05, 0.05, 1.0)
    """
    if freedom < 1 or value <= 0.0:
        return 1.0
    half = value / 2.0
    odd = freedom % 2
    steps = [place + odd / 2.0 for place in range(freedom // 2)]
    terms = [math.exp(step * math.log(half) - half - math.lgamma(step + 1.0)) for step in steps]
    return min(1.0, math.fsum(terms) + (math.erfc(math.sqrt(half)) if odd else 0.0))
