"""Boosted trees of one and two features come in exactly; others are refused, and it is said why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evenhand.adapters.models.foreign_trees import from_lightgbm, from_xgboost
from evenhand.features import encode
from evenhand.scoring import model_from_json, model_to_json
from evenhand.terms import DataError, score_of, term_contributions

pytestmark = pytest.mark.learners
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def lightgbm():
    """LightGBM itself."""
    return pytest.importorskip("lightgbm", reason="lightgbm is not installed: make test installs it")


@pytest.fixture(scope="module")
def xgboost():
    """XGBoost itself."""
    return pytest.importorskip("xgboost", reason="xgboost is not installed: make test installs it")


def _world(seed, rows=800, missing=0.1):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, 4)) * [1, 10, 1e-3, 1]
    matrix[:, 3] = rng.integers(0, 5, rows)
    matrix[rng.random(matrix.shape) < missing] = np.nan
    signal = np.nan_to_num(matrix[:, 0]) + np.nan_to_num(matrix[:, 1] * (matrix[:, 3] > 2)) / 10
    return matrix, (signal + rng.normal(size=rows) > 0).astype(int)


def _scores(imported, matrix):
    model = imported.model
    position = {f"c{place}": place for place in range(4)}
    codes = tuple(encode(binning, matrix[:, position[binning.name]]) for binning in model.view.binnings)
    offer = np.zeros(len(matrix), np.intp)
    return score_of(model, term_contributions(model, codes, offer), offer) * model.unit


def _beside(cuts, size, rng):
    """Values on the borders and the next ones to either side, and missing ones.

    Not beside LightGBM's own border of zero, 1e-35, which its dump gives to the last digit but one.
    """
    cuts = cuts[(np.abs(cuts) > 1e-30) & (np.abs(cuts) < 1e305)]
    pool = np.concatenate([cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf), [np.nan, 0.0, 1e30, -1e30]])
    return rng.choice(pool, size)


NAMES = ("c0", "c1", "c2", "c3")
LIGHT = {"num_leaves": 4, "max_depth": 2, "verbose": -1, "num_threads": 1, "deterministic": True}


@settings(max_examples=8)
@example(seed=0, use_missing=True, objective="regression")  # holds a question whether a value is missing
@given(SEEDS, st.booleans(), st.sampled_from(["binary", "regression", "poisson"]))
def test_lightgbm_comes_in_exactly(lightgbm, seed, use_missing, objective):
    """Scores differ by rounding alone: on the rows, on every border, and beside it."""
    matrix, outcome = _world(seed)
    data = lightgbm.Dataset(matrix, outcome, params={"verbose": -1})
    booster = lightgbm.train({**LIGHT, "objective": objective, "use_missing": use_missing}, data, 30)
    imported = from_lightgbm(booster, matrix, purpose="Marketing", names=NAMES)
    assert imported.largest_difference <= imported.bound + 1e-9
    rng = np.random.default_rng(seed)
    for binning in imported.model.view.binnings:
        odd = matrix.copy()
        odd[:, NAMES.index(binning.name)] = _beside(np.array(binning.cuts), len(matrix), rng)
        odd[0, NAMES.index(binning.name)] = 1e305
        assert np.abs(_scores(imported, odd) - booster.predict(odd, raw_score=True)).max() <= imported.bound + 1e-9


@settings(max_examples=8)
@given(SEEDS, st.sampled_from(["binary:logistic", "reg:squarederror", "count:poisson"]))
def test_xgboost_comes_in_exactly(xgboost, seed, objective):
    """As it compares: in 32 bits, so that borders lie between 64-bit numbers. Its own sums are rounded to 32 bits."""
    matrix, outcome = _world(seed)
    booster = xgboost.train(
        {"objective": objective, "max_depth": 2, "nthread": 1}, xgboost.DMatrix(matrix, outcome), 30
    )
    imported = from_xgboost(booster, matrix, purpose="Marketing", names=NAMES)
    assert imported.largest_difference <= imported.bound + 2e-5
    rng = np.random.default_rng(seed)
    for binning in imported.model.view.binnings:
        odd = matrix.copy()
        odd[:, NAMES.index(binning.name)] = _beside(np.array(binning.cuts), len(matrix), rng)
        there = booster.predict(xgboost.DMatrix(odd), output_margin=True)
        assert np.abs(_scores(imported, odd) - there).max() <= imported.bound + 2e-5


def test_xgboost_stopped_early_comes_in_as_far_as_it_predicts(xgboost):
    """The trees after the best one are not part of the model."""
    matrix, outcome = _world(7)
    learned = xgboost.XGBClassifier(max_depth=2, n_estimators=300, learning_rate=1.0, early_stopping_rounds=3, n_jobs=1)
    learned.fit(matrix[:500], outcome[:500], eval_set=[(matrix[500:], outcome[500:])], verbose=False)
    assert learned.best_iteration < learned.get_booster().num_boosted_rounds() - 1
    imported = from_xgboost(learned, matrix, purpose="Marketing", names=NAMES)
    there = learned.predict(matrix, output_margin=True)
    assert np.abs(_scores(imported, matrix) - there).max() <= imported.bound + 2e-5


def test_an_imported_model_is_a_model_like_any_other(lightgbm):
    """It is written and read, its terms average to nothing over the rows, and it says where it comes from."""
    matrix, outcome = _world(1)
    learned = lightgbm.LGBMClassifier(n_estimators=20, **LIGHT).fit(matrix, outcome)
    imported = from_lightgbm(learned, matrix, purpose="Marketing", offer="tulips", names=NAMES)
    model = model_from_json(model_to_json(imported.model))
    assert model.digest == imported.model.digest
    assert model.offers == ("tulips",)
    assert model.pairs
    codes = tuple(encode(b, matrix[:, NAMES.index(b.name)]) for b in model.view.binnings)
    parts = term_contributions(model, codes, np.zeros(len(matrix), np.intp))
    assert np.abs(parts.mean(axis=0)).max() < 2
    assert model.evaluation["imported"]["rows"] == len(matrix)
    assert "lightgbm" in model.evaluation["imported"]["origin"]


def test_deeper_trees_come_in_where_constraints_keep_them_to_pairs(lightgbm):
    """What counts is how many features a leaf is about, not how many questions."""
    matrix, outcome = _world(2)
    settings = LIGHT | {"num_leaves": 12, "max_depth": 5, "objective": "binary"}
    data = lightgbm.Dataset(matrix, outcome, params={"verbose": -1})
    free = lightgbm.train(settings, data, 10)
    with pytest.raises(DataError, match="three features"):
        from_lightgbm(free, matrix, purpose="Marketing")
    data = lightgbm.Dataset(matrix, outcome, params={"verbose": -1})
    kept = lightgbm.train({**settings, "interaction_constraints": [[0, 1], [2, 3]]}, data, 10)
    imported = from_lightgbm(kept, matrix, purpose="Marketing")
    assert imported.largest_difference <= imported.bound + 1e-9


def test_too_many_borders_are_refused_or_merged_with_the_loss_told(lightgbm):
    """A bin code is one byte; merging loses something, and the bound holds it."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(6000, 1))
    outcome = np.sin(matrix[:, 0] * 3) + 0.1 * rng.normal(size=6000)
    data = lightgbm.Dataset(matrix, outcome, params={"verbose": -1, "max_bin": 2000, "min_data_in_bin": 1})
    booster = lightgbm.train({**LIGHT, "objective": "regression", "max_bin": 2000, "min_data_in_leaf": 1}, data, 400)
    with pytest.raises(DataError, match="253 ordinary bins at most"):
        from_lightgbm(booster, matrix, purpose="Marketing")
    imported = from_lightgbm(booster, matrix, purpose="Marketing", coarsen=True)
    assert len(imported.model.view.binnings[0].cuts) <= 252
    assert 1e-6 < imported.largest_difference <= imported.bound + 1e-9
    assert imported.bound < 0.2


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"objective": "multiclass", "num_class": 3}, "cannot be brought in"),
        ({"objective": "binary", "sigmoid": 2.0}, "cannot be brought in"),
        ({"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "cannot be brought in"),
        ({"objective": "binary", "zero_as_missing": True}, "takes zero for missing"),
        ({"objective": "regression", "linear_tree": True}, "holds a line"),
        ({"objective": "binary", "categorical_feature": [3]}, "asks about categories"),
    ],
)
def test_what_has_no_exact_counterpart_in_lightgbm_is_refused(lightgbm, changed, match):
    """Several classes, another link, averages, zero for missing, lines and categories."""
    matrix, outcome = _world(4, missing=0.0)
    outcome = np.where(matrix[:, 3] == 3, 1 - outcome, outcome)
    outcome = outcome + (matrix[:, 0] > 1) if "num_class" in changed else outcome
    params = {**LIGHT, "min_data_per_group": 1, **changed}
    categories = params.pop("categorical_feature", "auto")
    data = lightgbm.Dataset(matrix, outcome, params=params, free_raw_data=False, categorical_feature=categories)
    booster = lightgbm.train(params, data, 20)
    with pytest.raises(DataError, match=match):
        from_lightgbm(booster, matrix, purpose="Marketing")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"objective": "multi:softprob", "num_class": 3}, "cannot be brought in"),
        ({"objective": "binary:logistic", "booster": "dart"}, "cannot be brought in"),
        ({"objective": "binary:logistic", "booster": "gblinear"}, "cannot be brought in"),
        ({"objective": "binary:logistic", "max_depth": 4}, "three features"),
    ],
)
def test_what_has_no_exact_counterpart_in_xgboost_is_refused(xgboost, changed, match):
    """Several classes, dropped trees, lines, and deep trees."""
    matrix, outcome = _world(5)
    changed = changed if changed.get("booster") == "gblinear" else {"max_depth": 2, **changed}
    booster = xgboost.train({"nthread": 1, **changed}, xgboost.DMatrix(matrix, outcome), 10)
    with pytest.raises(DataError, match=match):
        from_xgboost(booster, matrix, purpose="Marketing")


def test_the_rows_are_those_that_the_model_knows(lightgbm):
    """By name in a frame, by position in an array."""
    import polars as pl

    matrix, outcome = _world(6)
    data = lightgbm.Dataset(matrix, outcome, params={"verbose": -1}, feature_name=list(NAMES))
    booster = lightgbm.train({**LIGHT, "objective": "binary"}, data, 5)
    frame = pl.DataFrame(matrix, schema=list(NAMES))
    assert from_lightgbm(booster, frame, purpose="Marketing").largest_difference < 1e-4
    with pytest.raises(DataError, match="lack columns of the model: c3"):
        from_lightgbm(booster, frame.drop("c3"), purpose="Marketing")
    with pytest.raises(DataError, match="not the 4 columns"):
        from_lightgbm(booster, matrix[:, :3], purpose="Marketing")
