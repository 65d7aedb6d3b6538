"""The 95 % interval of a rate, and the tail of chi-square: one for every room that shows one."""

from __future__ import annotations

import math

__all__ = ["Z95", "chi_square_tail", "wilson"]

Z95 = 1.959963984540054
"""Standard errors to either side of a 95 % interval."""


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate (Wilson 1927); (0, 1) where there are no rows.

    Args:
        hits: how often it happened; a part of a count where ties count in proportion.
        rows: out of how many.

    Example:
        >>> [round(limit, 4) for limit in wilson(48, 100)]
        [0.3846, 0.5768]
    """
    if rows <= 0:
        return 0.0, 1.0
    square = Z95 * Z95
    centre = (hits + square / 2) / (rows + square)
    half = Z95 / (rows + square) * math.sqrt(hits * (rows - hits) / rows + square / 4)
    lower = 0.0 if hits == 0 else max(0.0, centre - half)
    upper = 1.0 if hits == rows else min(1.0, centre + half)
    return lower, upper


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
