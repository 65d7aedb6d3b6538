"""Joint effects, declared directions, weights and other outcomes: found where they are, and nowhere else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import PoissonRegressor, Ridge

from evenhand.scoring import Plan, RowSource, contributions, fit, fit_source, fit_terms, model_from_json, model_to_json
from evenhand.terms import LedgerError, Pair


def _crossed(rows: int = 8000, seed: int = 0) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Three features of which the first two act only together (an exclusive or), and one that says nothing."""
    rng = np.random.default_rng(seed)
    codes = tuple(rng.integers(3, size, rows).astype(np.uint8) for size in (13, 7, 9))
    logit = 1.5 * np.where((codes[0] > 7) ^ (codes[1] > 4), 1, -1) - 0.5
    return codes, (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.uint8)


SIZES, ORDERED = (13, 7, 9), (True, False, True)


def _predict(fitted, codes) -> np.ndarray:
    total = np.full(len(codes[0]), fitted.intercept)
    for effect, code in zip(fitted.effects, codes, strict=False):
        total += effect[code]
    for effect, pair in zip(fitted.effects[len(codes) :], fitted.pairs, strict=True):
        total += effect[pair.codes(codes[pair.first], codes[pair.second])]
    return total


def test_a_joint_effect_is_found_and_a_feature_without_one_is_left_alone():
    """An exclusive or has no main effect at all; the pair is the only one named, and it ranks people rightly."""
    codes, outcome = _crossed()
    fitted = fit_terms(codes, SIZES, ORDERED, outcome, pairs=5)
    assert [(pair.first, pair.second) for pair in fitted.pairs] == [(0, 1)]
    logit = _predict(fitted, codes)
    truth = (codes[0] > 7) ^ (codes[1] > 4)
    assert np.abs(logit[truth] - 1.0).max() < 0.6
    assert np.abs(logit[~truth] + 2.0).max() < 0.6


@pytest.mark.parametrize("spread", [0.72, 0.9, 1.0, 1.3])
def test_a_joint_effect_in_amounts_is_judged_by_their_own_spread(spread):
    """The same effect, a seventh of the noise, is found whatever the unit; noise alone names no pair."""
    codes, _ = _crossed(20_000)
    noise = np.random.default_rng(4).normal(size=20_000)
    joint = 0.14 * np.where((codes[0] > 7) ^ (codes[1] > 4), 1, -1)
    fitted = fit_terms(codes, SIZES, ORDERED, spread * (joint + noise), link="identity", pairs=5)
    assert [(pair.first, pair.second) for pair in fitted.pairs] == [(0, 1)]
    assert not fit_terms(codes, SIZES, ORDERED, spread * noise, link="identity", pairs=5).pairs


@pytest.mark.parametrize("seed", range(5))
def test_no_pair_is_found_where_features_only_add_up(world_of, seed):
    """With main effects alone in the data, noise names no pair."""
    world = world_of(rows=4000, seed=seed)
    sizes = tuple(binning.size for binning in world.view.binnings)
    assert fit_terms(world.codes, sizes, (True, False, True), world.outcome, pairs=5).pairs == ()


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_no_bit_of_a_fit_with_pairs(seed):
    """Any permutation of rows and weights gives the same effects."""
    codes, outcome = _crossed(2000)
    weight = np.random.default_rng(5).uniform(0.1, 3.0, 2000)
    order = np.random.default_rng(seed).permutation(2000)
    one = fit_terms(codes, SIZES, ORDERED, outcome, pairs=3, weight=weight)
    other = fit_terms(tuple(c[order] for c in codes), SIZES, ORDERED, outcome[order], pairs=3, weight=weight[order])
    assert one.pairs == other.pairs
    for mine, its in zip(one.effects, other.effects, strict=True):
        assert mine.tobytes() == its.tobytes()


def test_a_weight_of_two_is_a_row_that_stands_there_twice():
    """Weighted rows and repeated rows give the same fit, to the last bit."""
    codes, outcome = _crossed(3000)
    weight = np.random.default_rng(1).integers(1, 4, 3000)
    weighted = fit_terms(codes, SIZES, ORDERED, outcome, weight=weight.astype(float), smoothing=(5.0,) * 3)
    repeated = fit_terms(
        tuple(np.repeat(c, weight) for c in codes), SIZES, ORDERED, np.repeat(outcome, weight), smoothing=(5.0,) * 3
    )
    for mine, its in zip(weighted.effects, repeated.effects, strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 3e6])
def test_amounts_agree_with_ridge_regression_whatever_their_unit(scale):
    """With a fixed penalty the fit is scikit-learn's ridge on the one-hot table of outcomes scaled alike."""
    rng = np.random.default_rng(3)
    codes, _ = _crossed(2000)
    amount = (np.sin(codes[0]) + 0.5 * codes[1] + rng.normal(size=2000)) * scale
    fitted = fit_terms(codes, SIZES, (False,) * 3, amount, smoothing=(3.0,) * 3, link="identity")
    hot = np.hstack([np.eye(size)[column][:, 1:] for column, size in zip(codes, SIZES, strict=True)])
    oracle = Ridge(alpha=4.0, tol=1e-12).fit(hot, amount)
    np.testing.assert_allclose(_predict(fitted, codes), oracle.predict(hot), atol=2e-5 * scale)


def test_counts_agree_with_a_poisson_regression():
    """With a fixed penalty the log-link fit is scikit-learn's Poisson regression (whose penalty is per row)."""
    rng = np.random.default_rng(4)
    codes, _ = _crossed(3000)
    count = rng.poisson(np.exp(0.3 * np.sin(codes[0]) + 0.1 * codes[1]))
    fitted = fit_terms(codes, SIZES, (False,) * 3, count, smoothing=(3.0,) * 3, link="log")
    hot = np.hstack([np.eye(size)[column][:, 1:] for column, size in zip(codes, SIZES, strict=True)])
    oracle = PoissonRegressor(alpha=4.0 / 3000, tol=1e-10, max_iter=5000).fit(hot, count)
    np.testing.assert_allclose(np.exp(_predict(fitted, codes)), oracle.predict(hot), rtol=2e-4)


@pytest.mark.parametrize("way", [1, -1])
def test_a_declared_direction_is_kept_exactly(way):
    """A noisy wave with a direction never goes the other way; without one it does."""
    rng = np.random.default_rng(6)
    code = rng.integers(3, 40, 4000).astype(np.uint8)
    logit = way * 0.05 * code + 0.8 * np.sin(code / 2.0)
    outcome = (rng.random(4000) < 1 / (1 + np.exp(-logit + logit.mean()))).astype(np.uint8)
    free = fit_terms((code,), (40,), (True,), outcome)
    held = fit_terms((code,), (40,), (True,), outcome, directions=(way,))
    assert (way * np.diff(free.effects[0][3:]) < 0).any()
    assert (way * np.diff(held.effects[0][3:]) >= 0).all()
    assert np.abs(held.effects[0][3:]).max() > 0.3


def test_a_pair_keeps_off_what_either_feature_says_alone(campaign_of, view_of):
    """After compiling, a pair's weighted mean is zero over each band of either feature, to a micro-logit a row."""
    rng = np.random.default_rng(0)
    view = view_of(("number", 10), ("category", 4), ("number", 6))
    codes = tuple(rng.integers(3, binning.size, 6000).astype(np.uint8) for binning in view.binnings)
    both = (codes[0] > 7) & (codes[1] > 4)
    outcome = (rng.random(6000) < np.where(both, 0.8, 0.2)).astype(np.uint8)
    model = fit(campaign_of(pairs=3), view, codes, np.zeros(6000, int), outcome, np.zeros(6000, bool))
    assert [(pair.first, pair.second) for pair in model.pairs] == [(0, 1)]
    joint = model.pairs[0].codes(codes[0], codes[1])
    share = model.tables[3][0][joint].astype(float)
    for feature, bands in ((0, model.pairs[0].first_bands), (1, model.pairs[0].second_bands)):
        band = np.array(bands)[codes[feature]]
        mean = np.bincount(band, share) / np.maximum(np.bincount(band), 1)
        assert np.abs(mean).max() < 1.0
    parts = contributions(model, codes, np.zeros(6000, int))
    assert parts.shape == (6000, 4)
    assert abs(parts.sum(axis=1).mean()) < 5.0


def test_a_model_with_pairs_comes_back_from_json_and_an_altered_pair_is_found(campaign_of, view_of):
    """Bands are under the digest, and bands of other bins are no model."""
    codes, outcome = _crossed(4000)
    view = view_of(("number", 10), ("category", 4), ("number", 6))
    model = fit(campaign_of(2, pairs=3), view, codes, np.arange(4000) % 2, outcome, np.zeros(4000, bool))
    text = json.dumps(model_to_json(model))
    again = model_from_json(json.loads(text))
    assert again.pairs == model.pairs
    assert json.dumps(model_to_json(again)) == text
    content = json.loads(text)
    bands = content["pairs"][0]["first_bands"]
    bands[4], bands[-1] = bands[-1], bands[4]
    with pytest.raises(LedgerError, match="was altered"):
        model_from_json(content)


def test_offers_with_pairs_of_their_own_share_one_list_of_terms(campaign_of, view_of):
    """A pair that only one offer's history shows is zero for the other."""
    codes, crossed = _crossed(6000)
    rng = np.random.default_rng(2)
    offer = rng.integers(0, 2, 6000)
    outcome = np.where(offer == 0, crossed, rng.random(6000) < 0.3).astype(np.uint8)
    view = view_of(("number", 10), ("category", 4), ("number", 6))
    model = fit(campaign_of(2, pairs=2), view, codes, offer, outcome, np.zeros(6000, bool))
    assert len(model.pairs) == 1
    assert model.tables[3][0].any()
    assert not model.tables[3][1].any()
    assert model.terms[3] == "f0 x f1"


def test_rows_in_any_chunks_give_the_same_bits():
    """A source that hands its rows over in other pieces changes nothing."""

    class Pieces(RowSource):
        def total(self, work):
            counts = work.start()
            for start in range(0, len(self.outcome), 777):
                rows = slice(start, start + 777)
                part = RowSource(tuple(c[rows] for c in self.codes), self.outcome[rows])
                counts = counts + part.total(work)
            return counts

    codes, outcome = _crossed(5000)
    plan = Plan(SIZES, ORDERED, pairs=2)
    one, other = fit_source(RowSource(codes, outcome), plan), fit_source(Pieces(codes, outcome), plan)
    for mine, its in zip(one.effects, other.effects, strict=True):
        assert mine.tobytes() == its.tobytes()


@given(st.data())
def test_joint_codes_are_withheld_exactly_where_a_feature_is(data):
    """The joint code is 0 where either feature is withheld, and tells the two bands apart elsewhere."""
    sizes = data.draw(st.tuples(st.integers(4, 9), st.integers(4, 9)))
    first, second = ((0, *data.draw(st.lists(st.integers(0, 5), min_size=n - 1, max_size=n - 1))) for n in sizes)
    pair = Pair(0, 1, first, second)
    one, other = np.meshgrid(np.arange(sizes[0]), np.arange(sizes[1]), indexing="ij")
    joint = pair.codes(one, other)
    assert ((joint == 0) == ((one == 0) | (other == 0))).all()
    known = joint > 0
    assert joint.max() < pair.size
    np.testing.assert_array_equal((joint[known] - 1) // pair.width, np.array(first)[one[known]])
    np.testing.assert_array_equal((joint[known] - 1) % pair.width, np.array(second)[other[known]])
