"""The sums that every gate does alike are the sums of whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.terms import (
    Binning,
    FeatureView,
    Model,
    expected_value,
    one_probability_ppm,
    probability_ppm,
    score_of,
    term_contributions,
)

MONEY = st.integers(0, 10**15)
PPM = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=20)


def _model(base: list[int], tables: list[np.ndarray]) -> Model:
    binnings = tuple(
        Binning(f"f{t}", "number", tuple(map(float, range(table.shape[1] - 4)))) for t, table in enumerate(tables)
    )
    return Model(
        view=FeatureView("PersonalisedAdvertising", binnings, ""),
        offers=tuple(f"o{j}" for j in range(len(base))),
        base=np.array(base, dtype=np.int64),
        tables=tuple(table.astype(np.int32) for table in tables),
        shapes={},
        evaluation={},
        digest="",
    )


@given(MONEY, MONEY, PPM)
def test_the_expected_value_is_exact(value, cost, probability):
    """Value times probability in parts per million, rounded down, minus cost: as with unlimited whole numbers."""
    expected = [value * p // 1_000_000 - cost for p in probability]
    assert expected_value(value, cost, np.array(probability, dtype=np.int32)).tolist() == expected


@given(st.data())
def test_contributions_and_base_add_up_to_the_score(data):
    """Nothing is left over, whatever the tables hold, for plain and for per-offer codes."""
    offers, people, terms = (data.draw(st.integers(1, 4)) for _ in range(3))
    entry = st.integers(-(10**8), 10**8)
    tables = [np.array([[data.draw(entry) for _ in range(5)] for _ in range(offers)]) for _ in range(terms)]
    model = _model([data.draw(entry) for _ in range(offers)], tables)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    codes = tuple(
        rng.integers(0, 5, (offers, people) if data.draw(st.booleans()) else people).astype(np.uint8) for _ in tables
    )
    offer = rng.integers(0, offers, people)
    shares = term_contributions(model, codes, offer)
    by_hand = [
        int(model.base[j])
        + sum(
            int(table[j, code[i] if code.ndim == 1 else code[j, i]]) for table, code in zip(tables, codes, strict=True)
        )
        for i, j in enumerate(offer.tolist())
    ]
    assert score_of(model, shares, offer).tolist() == by_hand
    assert (model.base[offer] + shares.sum(axis=1)).tolist() == by_hand


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 5, 8_191, 8_192, 8_193, 20_000]), st.booleans())
@settings(max_examples=20)
def test_contributions_are_the_entries_of_the_tables(seed, people, several):
    """For people in any number of blocks, with one offer for all or each their own."""
    rng = np.random.default_rng(seed)
    tables = [rng.integers(-(2**31), 2**31, (3, size)) for size in (5, 4, 40)]
    model = _model([0, 0, 0], tables)
    codes = tuple(rng.integers(0, table.shape[1], people).astype(np.uint8) for table in tables)
    offer = rng.integers(0, 3, people) if several else np.full(people, rng.integers(0, 3))
    expected = np.stack([table[offer, code] for table, code in zip(tables, codes, strict=True)], axis=1)
    np.testing.assert_array_equal(term_contributions(model, codes, offer), expected)


def test_a_code_outside_the_bins_is_an_error():
    """It is never read from another offer's row."""
    model = _model([0, 0], [np.zeros((2, 5), np.int32)])
    with pytest.raises(IndexError, match="'f0' lies outside"):
        term_contributions(model, (np.array([5], np.uint8),), np.array([0]))


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20), st.lists(st.integers(-16_100_000, 16_100_000)))
def test_one_probability_has_the_bits_of_many(far, near):
    """Asked one by one, the link table says the same."""
    scores = far + near
    assert [one_probability_ppm(score) for score in scores] == probability_ppm(np.array(scores, np.int64)).tolist()
