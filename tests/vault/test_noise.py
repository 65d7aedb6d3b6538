"""Noise is drawn as the law of its distribution says."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from evenhand.terms import UsageError
from evenhand.vault import discrete_laplace, noise_bound

EPSILONS = [Fraction(1, 3), Fraction(1), Fraction(7, 4)]


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_draws_follow_the_discrete_laplace_law(epsilon):
    """Chi-square over -6 to 6 and both tails, of 20,000 draws."""
    rng = random.Random(7)
    drawn = np.array([discrete_laplace(epsilon, rng.randrange) for _ in range(20_000)])
    decay = math.exp(-float(epsilon))
    middle = range(-6, 7)
    chance = [(1 - decay) / (1 + decay) * decay ** abs(n) for n in middle]
    tail = decay**7 / (1 + decay)
    seen = [(drawn < -6).sum(), *((drawn == n).sum() for n in middle), (drawn > 6).sum()]
    expected = np.array([tail, *chance, tail]) * len(drawn)
    big = expected >= 5
    scale = np.array(seen)[big].sum() / expected[big].sum()
    assert chisquare(np.array(seen)[big], expected[big] * scale).pvalue > 1e-4


@settings(max_examples=30)
@given(epsilon=st.fractions(Fraction(1, 50), Fraction(5), max_denominator=60))
def test_the_bound_is_the_smallest_that_holds(epsilon):
    """At most one in twenty draws lies beyond it; one less would not do."""
    decay = math.exp(-float(epsilon))

    def beyond(k):
        return 2 * decay ** (k + 1) / (1 + decay)

    bound = noise_bound(epsilon)
    assert beyond(bound) <= 0.05
    assert bound == 0 or beyond(bound - 1) > 0.05


@pytest.mark.parametrize("epsilon", [Fraction(0), Fraction(-1), Fraction(21)])
def test_a_loss_out_of_bounds_is_refused(epsilon):
    """Nothing is lost by no epsilon, and a large one protects nobody."""
    with pytest.raises(UsageError, match="privacy loss is"):
        discrete_laplace(epsilon, random.Random(1).randrange)


@pytest.mark.oracle
def test_the_law_is_that_of_another_library():
    """OpenDP draws with the same spread, where it is installed."""
    dp = pytest.importorskip("opendp.prelude")
    dp.enable_features("contrib")
    measure = dp.m.make_laplace(dp.atom_domain(T=int), dp.absolute_distance(T=int), scale=2.0)
    theirs = np.array([measure(0) for _ in range(4_000)])
    rng = random.Random(3)
    ours = np.array([discrete_laplace(Fraction(1, 2), rng.randrange) for _ in range(4_000)])
    assert abs(np.abs(theirs).mean() - np.abs(ours).mean()) < 0.2
