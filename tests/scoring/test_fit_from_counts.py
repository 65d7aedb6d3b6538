"""The fit: exact in any order, close to its oracle, centred, and finite on bad data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from evenhand.scoring import contributions, fit, fit_terms
from evenhand.terms import DataError


def _fit(campaign, world, order=None, **change):
    parts = {"codes": world.codes, "offer": world.offer, "outcome": world.outcome, "held_out": world.held_out} | change
    if order is not None:
        parts = {key: tuple(c[order] for c in v) if key == "codes" else v[order] for key, v in parts.items()}
    return fit(campaign, world.view, parts["codes"], parts["offer"], parts["outcome"], parts["held_out"])


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["per_offer", "pooled"]))
def test_the_order_of_the_rows_changes_no_integer_and_no_shape(world_of, campaign_of, seed, kind):
    """Sums are exact, so any permutation of the history gives the same model, bit for bit."""
    world = world_of(rows=800, offers=2)
    order = np.random.default_rng(seed).permutation(800)
    one, other = _fit(campaign_of(2, kind), world), _fit(campaign_of(2, kind), world, order)
    assert one.digest == other.digest
    assert one.evaluation == other.evaluation
    for key, shapes in one.shapes.items():
        for mine, its in zip(shapes, other.shapes[key], strict=True):
            assert mine.lower.tobytes() == its.lower.tobytes()


def test_the_chunks_that_rows_are_counted_in_change_nothing(world_of):
    """A history longer than one chunk, cut at other places by another order, gives the same bits."""
    world = world_of(rows=150_000)
    order = np.random.default_rng(1).permutation(150_000)
    sizes = tuple(item.size for item in world.view.binnings)
    one = fit_terms(world.codes, sizes, (True, False, True), world.outcome)
    other = fit_terms(tuple(c[order] for c in world.codes), sizes, (True, False, True), world.outcome[order])
    assert one.intercept == other.intercept
    for mine, its in zip(one.effects, other.effects, strict=True):
        assert mine.tobytes() == its.tobytes()


def test_a_fixed_penalty_agrees_with_scikit_learn_on_the_one_hot_table(world_of):
    """Ridge 1 plus smoothing 3 on categories is LogisticRegression with C = 1/4; coefficients agree to 1e-5."""
    world = world_of(rows=3000, missing=0.1)
    sizes = tuple(item.size for item in world.view.binnings)
    fitted = fit_terms(world.codes, sizes, (False,) * 3, world.outcome, smoothing=(3.0,) * 3)
    hot = np.hstack([np.eye(size)[column][:, 1:] for column, size in zip(world.codes, sizes, strict=True)])
    oracle = LogisticRegression(C=0.25, tol=1e-10, max_iter=2000).fit(hot, world.outcome)
    assert np.abs(np.concatenate([effect[1:] for effect in fitted.effects]) - oracle.coef_[0]).max() < 1e-5
    assert abs(fitted.intercept - oracle.intercept_[0]) < 1e-5


def test_the_smoothing_found_is_near_the_best_marginal_likelihood(world_of):
    """Fellner-Schall's answer has a Laplace marginal likelihood no lower than its neighbours', to 0.05."""
    world = world_of(rows=4000)
    sizes, ordered = tuple(item.size for item in world.view.binnings), (True, False, True)

    def evidence(smoothing):
        fitted = fit_terms(world.codes, sizes, ordered, world.outcome, smoothing=smoothing)
        logit = fitted.intercept + sum(e[c] for e, c in zip(fitted.effects, world.codes, strict=True))
        chance = 1 / (1 + np.exp(-logit))
        loss = (np.logaddexp(0, logit) - world.outcome * logit).sum()
        hot = np.hstack([np.ones((4000, 1))] + [np.eye(s)[c][:, 1:] for c, s in zip(world.codes, sizes, strict=True)])
        penalty = np.zeros(hot.shape[1])
        penalty[1:] = 1.0
        matrix = np.diag(penalty)
        start = 1
        for size, smooth, order in zip(sizes, smoothing, ordered, strict=True):
            block = np.eye(size - 1)
            if order:
                difference = np.diff(np.eye(size - 3), axis=0)
                block = np.zeros((size - 1, size - 1))
                block[2:, 2:] = difference.T @ difference
            matrix[start : start + size - 1, start : start + size - 1] += smooth * block
            start += size - 1
        beta = np.concatenate([[fitted.intercept], *(effect[1:] for effect in fitted.effects)])
        curvature = hot.T @ (hot * (chance * (1 - chance))[:, None])
        known = np.linalg.slogdet(matrix[1:, 1:])[1]
        return -loss - 0.5 * beta @ matrix @ beta + 0.5 * known - 0.5 * np.linalg.slogdet(curvature + matrix)[1]

    found = fit_terms(world.codes, sizes, ordered, world.outcome).smoothing
    best = evidence(found)
    for t in (0, 1):
        for factor in (0.5, 2.0):
            near = tuple(weight * (factor if k == t else 1.0) for k, weight in enumerate(found))
            assert evidence(near) <= best + 0.05


def test_the_model_is_calibrated_and_finds_the_shapes_of_a_generated_world(world_of, campaign_of):
    """Held-out intervals cover predictions, a term without effect is flat, and intervals cover the true curve."""
    world = world_of(rows=30_000)
    model = _fit(campaign_of(), world)
    table = model.evaluation["overall"]["reliability"]
    assert sum(line["lower"] <= line["predicted"] <= line["upper"] for line in table) >= 8
    curve, _, nothing = model.shapes["offer-0"]
    assert np.abs(nothing.effect).max() < 0.15
    true = np.sin(np.arange(23) / 4.0)[3:] * 1.2
    true = true - true.mean()
    shown = curve.effect[3:] - curve.effect[3:].mean()
    half = (curve.upper - curve.lower)[3:] / 2
    assert (np.abs(shown - true) <= half).mean() >= 0.85
    assert (half > 0).all()
    assert (half < 0.5).all()


@pytest.mark.parametrize("kind", ["per_offer", "pooled"])
def test_tables_have_weighted_mean_zero_and_the_base_is_the_average_logit(world_of, campaign_of, kind):
    """Over the training rows, to the last half micro-logit per row; the withheld entry is zero."""
    world = world_of(offers=2)
    model = _fit(campaign_of(2, kind), world)
    training = ~world.held_out
    for j in range(2):
        rows = training & (world.offer == j) if kind == "per_offer" else training
        for table, column in zip(model.tables, world.codes, strict=True):
            assert abs(table[j][column[rows]].mean()) <= 1.0
            assert table[j, 0] == 0
        parts = contributions(model, tuple(c[rows] for c in world.codes), np.full(rows.sum(), j))
        assert abs((model.base[j] + parts.sum(axis=1)).mean() - model.base[j]) <= 3.0


def test_held_out_rows_teach_nothing(world_of, campaign_of):
    """Turning every held-out outcome round leaves the model as it is."""
    world = world_of(rows=1500)
    turned = np.where(world.held_out, 1 - world.outcome, world.outcome).astype(np.uint8)
    assert _fit(campaign_of(), world).digest == _fit(campaign_of(), world, outcome=turned).digest


def test_rows_with_a_withheld_value_teach_nothing_and_are_counted(world_of, campaign_of):
    """A person who withheld a value is left out of the fit whole."""
    world = world_of(rows=1500)
    withheld = np.arange(1500) < 100
    codes = (np.where(withheld, 0, world.codes[0]).astype(np.uint8), *world.codes[1:])
    model = _fit(campaign_of(), world, codes=codes)
    without = fit(
        campaign_of(),
        world.view,
        tuple(column[100:] for column in codes),
        world.offer[100:],
        world.outcome[100:],
        world.held_out[100:],
    )
    assert model.digest == without.digest
    assert model.evaluation["rows"]["withheld"] == 100


def test_an_offer_with_a_small_or_one_sided_history_falls_back_to_all_offers_and_it_is_told(world_of, campaign_of):
    """Offer 1 has few rows, offer 2 only one outcome, offer 3 was never shown; offer 0 has a fit of its own."""
    world = world_of(rows=4000)
    offer = np.zeros(4000, np.intp)
    offer[:40] = 1
    offer[40:600] = 2
    outcome = np.where(offer == 2, 0, world.outcome).astype(np.uint8)
    model = _fit(campaign_of(4), world, offer=offer, outcome=outcome, held_out=np.zeros(4000, bool))
    notes = model.evaluation["offers"]
    assert [notes[f"offer-{j}"]["fit"] for j in range(4)] == ["own", "pooled", "pooled", "pooled"]
    assert [notes[f"offer-{j}"]["why"] for j in range(4)] == ["", "too-few-rows", "one-outcome-only", "never-shown"]
    assert set(model.shapes) == {"", "offer-0"}
    assert (model.tables[0][1] == model.tables[0][3]).all()
    assert model.base[2] < model.base[3]


def test_an_offer_that_is_no_longer_there_still_teaches_the_pooled_fit(world_of, campaign_of):
    """History rows with offer -1 count in a pooled fit, and a new offer is taken for an average one."""
    world = world_of(rows=3000, offers=2)
    model = _fit(campaign_of(1, "pooled"), world, offer=np.full(3000, -1))
    assert model.evaluation["rows"]["training"] > 2000
    assert model.evaluation["offers"]["offer-0"]["why"] == "never-shown"
    average = world.logit[~world.held_out].mean()
    assert abs(model.base[0] / 1e6 - average) < 0.2


def test_a_column_that_separates_perfectly_gives_finite_scores(view_of, campaign_of):
    """The ridge keeps the fit finite and the intervals wide."""
    view = view_of(("number", 4), ("category", 2))
    rng = np.random.default_rng(0)
    codes = (rng.integers(3, 7, 400).astype(np.uint8), rng.integers(3, 5, 400).astype(np.uint8))
    outcome = (codes[1] == 4).astype(np.uint8)
    model = fit(campaign_of(), view, codes, np.zeros(400, int), outcome, np.zeros(400, bool))
    assert 2_000_000 < model.tables[1][0, 4] < 20_000_000


def test_a_constant_column_tells_nothing(world_of, campaign_of):
    """A column with one value has an entry of zero there."""
    world = world_of(rows=2000)
    codes = (*world.codes[:2], np.full(2000, 5, np.uint8))
    model = _fit(campaign_of(), world, codes=codes)
    assert abs(int(model.tables[2][0, 5])) <= 1


def test_bins_with_few_people_show_no_count(world_of, campaign_of):
    """A shape's count is 0 below the campaign's minimum bin."""
    world = world_of(rows=2000, missing=0.002)
    shape = _fit(campaign_of(), world).shapes["offer-0"][0]
    assert shape.count[1] == 0
    assert shape.count[3] >= 20


def test_an_outcome_of_one_class_is_refused(world_of, campaign_of):
    """There is nothing to learn where everybody or nobody responded."""
    world = world_of(rows=500)
    for value in (0, 1):
        with pytest.raises(DataError, match="same outcome"):
            _fit(campaign_of(), world, outcome=np.full(500, value, np.uint8))


def test_three_rows_are_refused(view_of, campaign_of):
    """A model from three people would tell about them, also where each of them has many rows."""
    for each in (1, 30):
        with pytest.raises(DataError, match=f"Only {3 * each} history rows, of 3 people"):
            fit(
                campaign_of(),
                view_of(("number", 3)),
                (np.repeat(np.array([3, 4, 5], np.uint8), each),),
                np.zeros(3 * each, int),
                np.repeat(np.array([0, 1, 0], np.uint8), each),
                np.zeros(3 * each, bool),
                np.repeat(np.arange(3), each),
            )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": np.full(500, 2, np.uint8)}, "other than 0 and 1"),
        ({"offer": np.full(500, 7)}, "names an offer"),
        ({"held_out": np.zeros(3, bool)}, "different numbers of rows"),
        ({"codes": (np.full(500, 3, np.uint8),) * 2}, "3 features and 2 columns"),
        ({"codes": (np.full(500, 200, np.uint8),) * 3}, "not one of its bins"),
    ],
)
def test_history_that_does_not_fit_together_is_refused(world_of, campaign_of, change, message):
    """What is wrong is said before anything is fitted."""
    with pytest.raises(DataError, match=message):
        _fit(campaign_of(), world_of(rows=500), **change)
