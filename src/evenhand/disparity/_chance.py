"""How likely is a figure like this where there is nothing to find? Thresholds, from the standard library."""

from __future__ import annotations

from statistics import NormalDist

__all__ = ["FALSE_ALARM", "beyond"]

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
