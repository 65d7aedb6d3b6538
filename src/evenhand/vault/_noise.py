"""Noise for counts that are told outside: the discrete Laplace distribution, drawn exactly, in integers.

Source: Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy", algorithms 1 and 2. No
number with a fraction takes part in a draw, so nothing leaks through how numbers are rounded (Mironov 2012).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from evenhand.terms import UsageError

__all__ = ["discrete_laplace", "noise_bound"]

Draw = Callable[[int], int]
_LEAST, _MOST = Fraction(1, 1000), Fraction(20)


def discrete_laplace(epsilon: Fraction, draw: Draw) -> int:
    """A whole number n with a chance proportional to ``exp(-epsilon * |n|)``.

    Added to a count that one person changes by one, it makes the count ``epsilon``-differentially private.

    Args:
        epsilon: the privacy loss, from 1/1000 to 20.
        draw: gives a whole number from 0 up to and not including its argument, each as likely (`secrets.randbelow`).

    Raises:
        UsageError: `epsilon` is out of bounds.
    """
    _within(epsilon)
    share, scale = epsilon.numerator, epsilon.denominator
    while True:
        rest = draw(scale)
        if not _bernoulli_exp(Fraction(rest, scale), draw):
            continue
        whole = 0
        while _bernoulli_exp(Fraction(1), draw):
            whole += 1
        size = (rest + scale * whole) // share
        is_negative = bool(draw(2))
        if not (is_negative and size == 0):
            return -size if is_negative else size


def noise_bound(epsilon: Fraction, confidence: float = 0.95) -> int:
    """How far from zero the noise is at most, with this confidence.

    Example:
        >>> noise_bound(Fraction(1)), noise_bound(Fraction(1, 10))
        (3, 30)
    """
    _within(epsilon)
    decay, bound = math.exp(-float(epsilon)), 0
    while 2 * decay ** (bound + 1) / (1 + decay) > 1 - confidence:
        bound += 1
    return bound


def _bernoulli_exp(exponent: Fraction, draw: Draw) -> bool:
    """True with a chance of ``exp(-exponent)``, for an exponent from 0 to 1."""
    tries = 1
    while draw(exponent.denominator * tries) < exponent.numerator:
        tries += 1
    return tries % 2 == 1


def _within(epsilon: Fraction) -> None:
    if not _LEAST <= epsilon <= _MOST:
        raise UsageError(
            "noise-epsilon",
            f"The privacy loss is {float(epsilon):g}.",
            rule=f"an epsilon is between {float(_LEAST):g} and {float(_MOST):g}; below 1 is usual",
            remedy="name another --epsilon, such as 0.5",
        )
