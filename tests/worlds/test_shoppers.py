"""Shoppers: any number, lean in memory, with groups that lie apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evenhand.worlds import shoppers


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 200), offers=st.integers(1, 12), features=st.integers(1, 9))
def test_columns_have_the_asked_size_and_small_types(seed, n, offers, features):
    """One number per person and feature in float32, codes in one byte, history rows of people and offers that exist."""
    world = shoppers(n, offers, features, np.random.default_rng(seed), history=50)
    assert len(world) == n
    assert len(world.features) == features
    assert all(column.dtype == np.float32 and len(column) == n for column in world.features.values())
    assert world.sex.codes.dtype == world.age.codes.dtype == world.history_offer.codes.dtype == np.int8
    assert len(world.history_person) == len(world.history_offer) == len(world.history_response) == 50
    assert world.history_person.max() < n
    assert world.history_offer.codes.max() < offers
    assert np.isfinite(np.concatenate(list(world.features.values()))).all()


def test_groups_lie_apart_in_the_features_that_lean_and_nowhere_else():
    """Every third feature has another mean for men than for women; the others do not."""
    world = shoppers(50_000, 2, 6, np.random.default_rng(2))
    for place, column in enumerate(world.features.values()):
        gap = abs(column[world.sex.codes == 1].mean() - column[world.sex.codes == 0].mean()) / column.std()
        assert (gap > 0.2) == (place % 3 == 0), place


def test_responses_depend_on_the_features():
    """The people whose weighted features are high respond more often."""
    world = shoppers(20_000, 1, 4, np.random.default_rng(3), history=20_000)
    signal = sum(
        weight * (column - column.mean()) / column.std()
        for weight, column in zip(world.weights[0], world.features.values(), strict=True)
    )[world.history_person]
    response = world.history_response == 1
    assert signal[response].mean() > signal[~response].mean() + 0.2


def test_the_same_seed_gives_the_same_shoppers():
    """Drawn again, everything is equal."""
    one, other = (shoppers(300, 3, 5, np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(one.features[name], other.features[name]) for name in one.features)
    assert np.array_equal(one.history_response, other.history_response)
    assert np.array_equal(one.sex.codes, other.sex.codes)
