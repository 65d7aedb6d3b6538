"""Where the borders of the bins lie."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.features import bin_labels, encode, learn_view
from evenhand.terms import OTHER, Binning, DataError

NUMBER = {"x": {"kind": "number"}}


def _counts(binning, values):
    return np.bincount(encode(binning, values), minlength=binning.size)


@given(
    values=st.lists(
        st.one_of(st.integers(-5, 5).map(float), st.floats(allow_nan=True, allow_infinity=True)),
        min_size=1,
        max_size=300,
    ),
    bins=st.integers(2, 40),
)
def test_bins_of_a_number_are_never_too_small_nor_too_many(make_campaign, values, bins):
    """Each bin holds `minimum_bin` rows or more (or there is one bin), and there are at most `max_bins`."""
    values = np.array(values)
    campaign = make_campaign(NUMBER, max_bins=bins, minimum_bin=10)
    (binning,) = learn_view(campaign, {"x": values}).binnings
    counts = _counts(binning, values)[3:]
    assert len(counts) <= bins
    assert len(counts) == 1 or counts.min() >= 10
    assert all(math.isfinite(cut) for cut in binning.cuts)
    assert list(binning.cuts) == sorted(set(binning.cuts))


@given(seed=st.integers(0, 2**32))
def test_the_order_of_rows_does_not_matter(make_campaign, seed):
    """Shuffled rows give the same view to the last bit."""
    rng = np.random.default_rng(seed)
    columns = {"x": rng.lognormal(0, 2, 500), "c": rng.choice(np.array(["a", "b", "c", None], dtype=object), 500)}
    campaign = make_campaign({"x": {}, "c": {}})
    shuffled = rng.permutation(500)
    one, other = learn_view(campaign, columns), learn_view(campaign, {n: v[shuffled] for n, v in columns.items()})
    assert one == other


def test_a_heavy_value_has_a_bin_of_its_own(make_campaign):
    """A spike at zero is not mixed with its neighbours (ALGORITHMS 1: 'spikes such as 0 capital gain matter')."""
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(800), rng.normal(0, 100, 1200).round(1)])
    (binning,) = learn_view(make_campaign(NUMBER, max_bins=16, minimum_bin=20), {"x": values}).binnings
    code = encode(binning, np.array([0.0]))[0]
    assert set(values[encode(binning, values) == code]) == {0.0}


def test_light_values_are_spread_evenly(make_campaign):
    """Without spikes each of the bins holds about its share: between half and double."""
    values = np.random.default_rng(0).lognormal(3, 1, 20_000)
    (binning,) = learn_view(make_campaign(NUMBER, max_bins=32), {"x": values}).binnings
    counts = _counts(binning, values)[3:]
    assert len(counts) == 32
    assert counts.min() > 20_000 / 64
    assert counts.max() < 20_000 / 16


def test_borders_are_round(make_campaign):
    """A border is a number that people can read, not somebody's value to the cent."""
    values = np.random.default_rng(0).lognormal(3, 1, 20_000)
    (binning,) = learn_view(make_campaign(NUMBER, max_bins=16), {"x": values}).binnings
    assert max(len(f"{cut:g}") for cut in binning.cuts) <= 4
    ages = np.repeat(np.arange(18.0, 90.0), 30)
    (binning,) = learn_view(make_campaign(NUMBER, max_bins=8), {"x": ages}).binnings
    assert all(cut.is_integer() for cut in binning.cuts)


def test_a_constant_column_is_one_bin(make_campaign):
    """A column without difference costs nothing and breaks nothing."""
    (binning,) = learn_view(make_campaign(NUMBER), {"x": np.full(100, 7.0)}).binnings
    assert (binning.cuts, binning.size) == ((), 4)


def test_a_column_that_is_missing_everywhere_is_one_bin(make_campaign):
    """All NaN, or all None, is no error."""
    view = learn_view(make_campaign({"x": {}, "c": {}}), {"x": np.full(9, np.nan), "c": np.full(9, None, dtype=object)})
    assert [binning.size for binning in view.binnings] == [4, 3]


def test_rare_categories_merge(make_campaign):
    """A category with fewer than `minimum_bin` rows is OTHER, so that it gives nobody away."""
    values = np.array(["often"] * 50 + ["rare"] * 9 + [None] * 5, dtype=object)
    (binning,) = learn_view(make_campaign({"c": {}}, minimum_bin=10), {"c": values}).binnings
    assert binning.categories == ("often",)
    assert encode(binning, values)[50] == OTHER


def test_ten_thousand_categories_fit_a_byte(make_campaign):
    """The most frequent 250 keep a code; ties are settled by text, not by order of rows."""
    rng = np.random.default_rng(0)
    values = np.array([f"c{i}" for i in range(10_000) for _ in range(10)], dtype=object)
    rng.shuffle(values)
    (binning,) = learn_view(make_campaign({"c": {}}, minimum_bin=10), {"c": values}).binnings
    assert binning.size == 253
    assert binning.categories == tuple(sorted(f"c{i}" for i in range(10_000))[:250])


def test_the_kind_is_guessed_where_it_is_left_out(make_campaign):
    """Numbers are numbers, all else is a category; a declared kind wins."""
    columns = {"x": np.arange(50.0), "c": np.array(["1", "2"] * 25, dtype=object), "d": np.array([1.0, 2.0] * 25)}
    view = learn_view(make_campaign({"x": {}, "c": {}, "d": {"kind": "category"}}), columns)
    assert [binning.kind for binning in view.binnings] == ["number", "category", "category"]
    assert view.binnings[2].categories == ("1", "2")


def test_the_digest_tells_views_apart(make_campaign):
    """The same data give the same digest; other borders, names or purposes another."""
    one = learn_view(make_campaign(NUMBER), {"x": np.arange(100.0)})
    again = learn_view(make_campaign(NUMBER), {"x": np.arange(100.0)[::-1]})
    other = learn_view(make_campaign(NUMBER), {"x": np.arange(100.0) * 2})
    assert one.digest == again.digest != other.digest
    assert len(one.digest) == 64


def test_unconfirmed_columns_are_not_in_the_view(make_campaign):
    """A drafted feature that nobody confirmed is not used."""
    campaign = make_campaign({"x": {}, "drafted": {"confirmed": False}})
    assert [b.name for b in learn_view(campaign, {"x": np.arange(50.0), "drafted": np.arange(50.0)}).binnings] == ["x"]


def test_a_campaign_without_features_is_told_so(make_campaign):
    """Nothing confirmed means nothing to learn from."""
    with pytest.raises(DataError, match="no confirmed feature"):
        learn_view(make_campaign({"x": {"confirmed": False}}), {})


def test_a_feature_without_history_is_named(make_campaign):
    """A feature column that the history lacks is named in the message."""
    with pytest.raises(DataError, match="without history: x"):
        learn_view(make_campaign(NUMBER), {})


def test_labels_name_every_code():
    """One label per code: three special ones, then ranges or categories, in code order."""
    labels = bin_labels(Binning("x", "number", cuts=(12.5, 30.0)))
    assert [(label.code, label.kind, label.lower, label.upper) for label in labels] == [
        (0, "withheld", None, None),
        (1, "missing", None, None),
        (2, "other", None, None),
        (3, "range", None, 12.5),
        (4, "range", 12.5, 30.0),
        (5, "range", 30.0, None),
    ]
    assert bin_labels(Binning("c", "category", categories=("a",)))[3].text == "a"
