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
from evenhand.vault import Budget, Loss, discrete_gaussian, discrete_laplace, gaussian_bound, noise_bound

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


RHOS = [Fraction(1, 200), Fraction(1, 8), Fraction(1, 2), Fraction(3)]


@pytest.mark.parametrize("rho", RHOS)
def test_draws_follow_the_discrete_gaussian_law(rho):
    """Chi-square over three standard deviations and both tails, of 8,000 draws."""
    rng = random.Random(11)
    drawn = np.array([discrete_gaussian(rho, rng.randrange) for _ in range(8_000)])
    reach = max(2, round(3 / math.sqrt(2 * float(rho))))
    places = np.arange(-40 * reach, 40 * reach + 1)
    chance = np.exp(-float(rho) * places.astype(float) ** 2)
    chance /= chance.sum()
    middle = (places >= -reach) & (places <= reach)
    seen = [(drawn < -reach).sum(), *((drawn == n).sum() for n in places[middle]), (drawn > reach).sum()]
    tail = chance[places > reach].sum()
    expected = np.array([tail, *chance[middle], tail]) * len(drawn)
    big = expected >= 5
    scale = np.array(seen)[big].sum() / expected[big].sum()
    assert chisquare(np.array(seen)[big], expected[big] * scale).pvalue > 1e-4


@settings(max_examples=30)
@given(rho=st.fractions(Fraction(1, 5000), Fraction(5), max_denominator=6000))
def test_the_gaussian_bound_is_the_smallest_that_holds(rho):
    """At most one in twenty draws lies beyond it; one less would not do."""
    places = np.arange(-5_000, 5_001)
    chance = np.exp(-float(rho) * places.astype(float) ** 2)
    chance /= chance.sum()

    def beyond(k):
        return float(chance[np.abs(places) > k].sum())

    bound = gaussian_bound(rho)
    assert beyond(bound) <= 0.05 + 1e-9
    assert bound == 0 or beyond(bound - 1) > 0.05 - 1e-9


@settings(max_examples=40)
@given(
    epsilon=st.fractions(Fraction(1, 20), Fraction(8), max_denominator=40),
    digits=st.integers(4, 12),
    others=st.lists(st.sampled_from([Loss("laplace", Fraction(1, 4)), Loss("gaussian", Fraction(1, 500))]), max_size=6),
)
def test_an_account_never_tells_too_little(epsilon, digits, others):
    """One Gaussian answer is worth what was asked for; with every further answer of either kind more is spent; and a
    loss and a budget are read back as they were kept."""
    budget = Budget(epsilon, Fraction(1, 10**digits))
    one = budget.gaussian(epsilon)
    assert budget.allows([one])
    assert not budget.allows([one, Loss("gaussian", Fraction(1, 1000))])
    spent = [budget.spent(others[:count]) for count in range(len(others) + 1)]
    assert spent == sorted(spent)
    pure = [other for other in others if other.kind == "laplace"]
    assert Budget(epsilon).spent(pure) == sum((other.size for other in pure), Fraction(0))
    assert not Budget(epsilon).allows([one])
    assert [Loss.of(str(other)) for other in (one, *others)] == [one, *others]
    assert Budget.of(str(budget)) == budget


def test_many_gaussian_answers_lose_less_than_their_sum():
    """A hundred answers of a tenth are worth 10 by adding up, and about one with Gaussian noise."""
    budget = Budget(Fraction(2), Fraction(1, 10**6))
    hundred = [budget.gaussian(Fraction(1, 10))] * 100
    assert 0.9 < float(budget.spent(hundred)) < 1.1


@pytest.mark.parametrize("rho", [Fraction(0), Fraction(-1), Fraction(21)])
def test_a_concentrated_loss_out_of_bounds_is_refused(rho):
    """Nothing is lost by no rho, and a large one protects nobody."""
    with pytest.raises(UsageError, match="concentrated privacy loss is"):
        discrete_gaussian(rho, random.Random(1).randrange)


@pytest.mark.oracle
def test_the_gaussian_law_is_that_of_another_library():
    """OpenDP draws with the same spread, and gives the same loss for it, where it is installed."""
    dp = pytest.importorskip("opendp.prelude")
    dp.enable_features("contrib")
    measure = dp.m.make_gaussian(dp.atom_domain(T=int), dp.absolute_distance(T=int), scale=5.0)
    assert measure.map(d_in=1) == pytest.approx(1 / 50)
    theirs = np.array([measure(0) for _ in range(4_000)])
    rng = random.Random(3)
    ours = np.array([discrete_gaussian(Fraction(1, 50), rng.randrange) for _ in range(4_000)])
    assert abs(theirs.std() - ours.std()) < 0.5


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
