"""Rates, their ratios and differences: exact where they are compared, with intervals where they are shown."""

from __future__ import annotations

import math
from fractions import Fraction

from evenhand.terms import wilson

__all__ = ["below_bound", "difference_interval", "impact_ratio", "ratio_interval"]


def impact_ratio(hits: int, rows: int, best_hits: int, best_rows: int) -> Fraction | None:
    """Rate of a group over the rate of the best one, exactly; None where that divides by zero (RULES F-LL144).

    Example:
        >>> impact_ratio(555, 1181, 667, 1390)
        Fraction(771450, 787727)
    """
    if rows <= 0 or best_rows <= 0 or best_hits <= 0:
        return None
    return Fraction(hits * best_rows, rows * best_hits)


def below_bound(hits: int, rows: int, best_hits: int, best_rows: int, bound: Fraction) -> bool:
    """Whether ``hits/rows < bound x best_hits/best_rows``, in integers: exactly four fifths is not below (RULES F-45).

    Args:
        hits: people of the group with the outcome.
        rows: people of the group; above zero.
        best_hits: likewise for the group compared with.
        best_rows: likewise; above zero.
        bound: e.g. ``Fraction(4, 5)``.

    Raises:
        ValueError: a group without people.

    Example:
        >>> below_bound(2, 3, 25, 30, Fraction(4, 5)), (2 / 3) / (25 / 30) < 0.8
        (False, True)
    """
    if rows <= 0 or best_rows <= 0:
        raise ValueError("a group without people has no rate")
    return hits * best_rows * bound.denominator < bound.numerator * best_hits * rows


def difference_interval(hits: int, rows: int, other_hits: int, other_rows: int) -> tuple[float, float]:
    """95 % interval of ``hits/rows - other_hits/other_rows`` from the two Wilson intervals (Newcombe 1998).

    Example:
        >>> [round(limit, 4) for limit in difference_interval(56, 70, 48, 80)]
        [0.0524, 0.3339]
    """
    if rows <= 0 or other_rows <= 0:
        return -1.0, 1.0
    rate, other = hits / rows, other_hits / other_rows
    lower, upper = wilson(hits, rows)
    other_lower, other_upper = wilson(other_hits, other_rows)
    gap = rate - other
    return (
        gap - math.hypot(rate - lower, other_upper - other),
        gap + math.hypot(upper - rate, other - other_lower),
    )


def ratio_interval(hits: int, rows: int, other_hits: int, other_rows: int) -> tuple[float, float] | None:
    """95 % interval of the ratio of two rates from their Wilson intervals (Donner and Zou 2012, MOVER-R).

    Returns:
        (lower, upper), upper infinite where the other rate may be zero; None where there are no rows or no
        `other_hits`.

    Example:
        >>> [round(limit, 3) for limit in ratio_interval(555, 1181, 667, 1390)]
        [0.902, 1.062]
    """
    if rows <= 0 or other_rows <= 0 or other_hits <= 0:
        return None
    rate, other = hits / rows, other_hits / other_rows
    lower, upper = wilson(hits, rows)
    other_lower, other_upper = wilson(other_hits, other_rows)
    product = rate * other
    low_root = max(product**2 - lower * other_upper * (2 * rate - lower) * (2 * other - other_upper), 0.0)
    low = (product - math.sqrt(low_root)) / (other_upper * (2 * other - other_upper))
    high_root = max(product**2 - upper * other_lower * (2 * rate - upper) * (2 * other - other_lower), 0.0)
    floor = other_lower * (2 * other - other_lower)
    high = (product + math.sqrt(high_root)) / floor if floor > 0 else math.inf
    return max(low, 0.0), high
