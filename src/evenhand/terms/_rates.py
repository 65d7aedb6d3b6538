"""The 95 % interval of a rate: one for every room that shows one."""

from __future__ import annotations

import math

__all__ = ["Z95", "wilson"]

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
