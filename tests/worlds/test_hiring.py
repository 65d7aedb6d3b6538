"""What is planted is there, in the size that was asked for, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.worlds import HiringBias, hiring


def _groups(people):
    gender = people.columns["gender"]
    return gender == "woman", gender == "man"


def _odds(share: float) -> float:
    return share / (1 - share)


def _auroc(values, positive, negative) -> float:
    """Chance that a value of a positive lies above one of a negative, ties half."""
    a, b = values[positive], values[negative]
    ordered = np.sort(b)
    below, upto = np.searchsorted(ordered, a, "left"), np.searchsorted(ordered, a, "right")
    return float((below + upto).mean() / (2 * len(b)))


@pytest.fixture(scope="module")
def people():
    """A population with everything planted."""
    return hiring(40_000, np.random.default_rng(3))


def test_suitability_does_not_depend_on_gender(people):
    """Women and men are suitable in the same share, and would be hired in the same share without the skew."""
    women, men = _groups(people)
    for fact in (people.truth.suitable, people.truth.fair_hired):
        assert abs(fact[women].mean() - fact[men].mean()) < 0.015


def test_the_label_is_skewed_by_the_planted_odds():
    """With only the label skewed, women of equal suitability have the planted odds of being hired."""
    bias = HiringBias(0.45, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    people = hiring(200_000, np.random.default_rng(4), bias)
    women, men = _groups(people)
    hired, suitability = people.columns["hired"] == 1, people.truth.suitability
    for low in (-2.0, -1.0, 0.0):
        alike = (suitability >= low) & (suitability < low + 0.25)
        ratio = _odds(hired[alike & women].mean()) / _odds(hired[alike & men].mean())
        assert 0.38 < ratio < 0.53


def test_nothing_planted_is_nothing_to_find():
    """Without bias the history, and every feature, is the same for women and men."""
    people = hiring(40_000, np.random.default_rng(5), HiringBias.none())
    women, men = _groups(people)
    assert np.array_equal(people.columns["hired"] == 1, people.truth.fair_hired)
    for name in (*people.truth.proxies, *people.truth.leaning, *people.truth.honest):
        column = people.columns[name]
        values = np.unique(column, return_inverse=True)[1] if column.dtype.kind == "U" else column
        assert abs(_auroc(values, women, men) - 0.5) < 0.015, name


def test_proxies_tell_gender_and_the_honest_features_do_not(people):
    """Each proxy separates women from men, strongest first; leaning features do a little; honest ones not at all."""
    women, men = _groups(people)

    def strength(name):
        column = people.columns[name]
        values = np.unique(column, return_inverse=True)[1] if column.dtype.kind == "U" else column
        return abs(_auroc(values, women, men) - 0.5)

    proxies = [strength(name) for name in people.truth.proxies]
    assert proxies == sorted(proxies, reverse=True)
    assert min(proxies) > 0.09
    assert all(0.03 < strength(name) < min(proxies) for name in people.truth.leaning)
    assert all(strength(name) < 0.015 for name in people.truth.honest)


def test_gender_is_unknown_for_a_few(people):
    """About one in fifty is recorded without gender."""
    assert 0.015 < (people.columns["gender"] == "").mean() < 0.025


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 300), first=st.integers(0, 10**6))
def test_the_same_seed_gives_the_same_people(seed, n, first):
    """Every column is equal when drawn again; names are unique and start at `first`."""
    one, other = (hiring(n, np.random.default_rng(seed), first=first) for _ in range(2))
    assert len(one) == n
    for name, column in one.columns.items():
        assert len(column) == n
        assert np.array_equal(column, other.columns[name])
    assert len(set(one.columns["applicant"])) == n
    assert one.columns["applicant"][0] == f"a{first}"
