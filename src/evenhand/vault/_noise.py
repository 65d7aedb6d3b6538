"""Noise for counts that are told outside: the discrete Laplace and Gaussian distributions, drawn exactly, in integers.

Source: Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy", algorithms 1 to 3. No
number with a fraction takes part in a draw, so nothing leaks through how numbers are rounded (Mironov 2012).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from evenhand.terms import UsageError

__all__ = ["discrete_gaussian", "discrete_laplace", "gaussian_bound", "noise_bound"]

Draw = Callable[[int], int]
_LEAST, _MOST = Fraction(1, 1000), Fraction(20)
_LEAST_RHO = Fraction(1, 100_000_000)


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
    return _laplace(epsilon.numerator, epsilon.denominator, draw)


def _laplace(share: int, scale: int, draw: Draw) -> int:
    """A whole number n with a chance proportional to ``exp(-share / scale * |n|)``."""
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


def discrete_gaussian(rho: Fraction, draw: Draw) -> int:
    """A whole number n with a chance proportional to ``exp(-rho * n ** 2)``: a variance of at most ``1 / (2 * rho)``.

    Added to each of several counts of which one person changes one, by one, it makes them ``rho``-zero-concentrated
    differentially private (Bun and Steinke 2016).

    Args:
        rho: the privacy loss, from a hundred-millionth to 20.
        draw: as for `discrete_laplace`.

    Raises:
        UsageError: `rho` is out of bounds.
    """
    _concentrated(rho)
    variance = 1 / (2 * rho)
    scale = math.isqrt(variance.numerator // variance.denominator) + 1
    while True:
        found = _laplace(1, scale, draw)
        beside = abs(found) - variance / scale
        if _bernoulli_exp(beside * beside * rho, draw):
            return found


def gaussian_bound(rho: Fraction, confidence: float = 0.95) -> int:
    """How far from zero the Gaussian noise is at most, with this confidence.

    Example:
        >>> gaussian_bound(Fraction(1, 2)), gaussian_bound(Fraction(1, 200))
        (2, 20)
    """
    _concentrated(rho)
    places = np.arange(math.ceil(12 / math.sqrt(2 * float(rho))) + 1)
    chance = np.exp(-float(rho) * places.astype(np.float64) ** 2)
    inside = np.cumsum(np.where(places > 0, 2.0, 1.0) * chance)
    return int(np.searchsorted(inside, confidence * inside[-1]))


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
    """True with a chance of ``exp(-exponent)``."""
    while exponent > 1:
        if not _bernoulli_exp(Fraction(1), draw):
            return False
        exponent -= 1
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


def _concentrated(rho: Fraction) -> None:
    if not _LEAST_RHO <= rho <= _MOST:
        raise UsageError(
            "noise-rho",
            f"The concentrated privacy loss is {float(rho):g}.",
            rule=f"a rho is between {float(_LEAST_RHO):g} and {float(_MOST):g}",
            remedy="name another --epsilon, such as 0.5",
        )
