"""The glass box in scikit-learn's manner."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from evenhand import AdditiveClassifier, AdditiveRegressor
from evenhand.terms import DataError, LedgerError, UsageError, probability_ppm


def people(rows: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """A number that helps, a category that helps, one with gaps, and the answer."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows),
            "region": rng.choice(["north", "east", "south"], rows),
            "spend": np.where(rng.random(rows) < 0.2, np.nan, rng.gamma(2.0, 30.0, rows)),
        }
    )
    logit = -1.0 + (table["age"] > 50) * 1.5 + (table["region"] == "east") * 1.0 - table["spend"].isna() * 1.0
    return table, np.where(rng.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no")


@pytest.fixture(scope="module")
def fitted() -> AdditiveClassifier:
    """Learned from `people`."""
    return AdditiveClassifier(pairs=2).fit(*people())


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator", [AdditiveClassifier(), AdditiveRegressor(), AdditiveRegressor(loss="poisson")], ids=repr
)
def test_scikit_learn_finds_nothing_to_object_to(estimator):
    """Every check of scikit-learn passes; the one for array libraries needs a setting of SciPy's and is not for us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks = check_estimator(estimator, on_skip=None, on_fail=None)
    assert len(checks) > 40
    wrong = {check["check_name"]: check["exception"] for check in checks if check["status"] == "failed"}
    assert not wrong
    assert {check["check_name"] for check in checks if check["status"] == "skipped"} <= {"check_array_api_input"}


def test_it_works_without_scikit_learn():
    """Fit and predict where scikit-learn, pandas and pyarrow cannot be imported; using it unfitted is a UsageError."""
    program = """
import sys
for name in ("sklearn", "pandas", "pyarrow", "scipy"):
    sys.modules[name] = None
import evenhand as eh, numpy as np
from evenhand.terms import UsageError
glass = eh.AdditiveClassifier()
try:
    glass.predict([[1.0]])
except UsageError as error:
    print(error.code)
x = np.arange(200.0).reshape(-1, 1)
print(glass.fit(x, x[:, 0] > 100).score(x, x[:, 0] > 100) > 0.95)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["estimator-not-fitted", "True"], done.stderr


def test_the_probability_is_the_link_table_of_the_sum_of_exact_parts(fitted):
    """base + contributions = score, to the last micro-logit, and the score's ppm is the probability."""
    table, _ = people()
    parts = fitted.explain(table)
    assert isinstance(parts, pd.DataFrame)
    assert list(parts.columns) == ["base", *fitted.model_.terms]
    score = parts.sum(axis=1).to_numpy()
    np.testing.assert_array_equal(score, np.rint(fitted.decision_function(table) * 1e6))
    np.testing.assert_array_equal(probability_ppm(score), np.rint(fitted.predict_proba(table)[:, 1] * 1e6))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_any_frame_gives_the_same_model(fitted, kind):
    """pandas, polars, lazy polars and pyarrow: the same digest, and frames of their own kind back."""
    table, answer = people()
    columns = {name: [None if v != v else v for v in table[name].tolist()] for name in table}
    native = kind(columns)
    other = AdditiveClassifier(pairs=2).fit(native, answer)
    assert other.model_.digest == fitted.model_.digest
    assert type(other.explain(native)) is type(native)
    assert type(other.calibration(native, answer)) is type(native)


def test_a_duckdb_relation_is_read_like_a_frame(fitted):
    """A query's result goes in as it is."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    table, answer = people()
    relation = duckdb.connect().from_arrow(pa.Table.from_pandas(table))
    assert AdditiveClassifier(pairs=2).fit(relation, answer).model_.digest == fitted.model_.digest


def test_a_row_of_weight_three_counts_like_three_rows():
    """The integers are the same, for classes, amounts and counts; weight zero is no row."""
    table, answer = people(400)
    weight = np.random.default_rng(1).integers(0, 4, 400)
    again = table.loc[table.index.repeat(weight)].reset_index(drop=True)
    amounts = np.random.default_rng(2).gamma(2.0, 3.0, 400)
    for estimator, y in (
        (AdditiveClassifier(pairs=2), answer),
        (AdditiveRegressor(pairs=2), amounts),
        (AdditiveRegressor(pairs=2, loss="poisson"), np.rint(amounts)),
    ):
        weighted = clone(estimator).fit(table, y, sample_weight=weight).model_
        repeated = clone(estimator).fit(again, np.repeat(y, weight)).model_
        assert weighted.digest == repeated.digest


def test_amounts_and_counts_are_learned_on_their_own_scale():
    """Squared error finds a curve in money of any size; Poisson multiplies."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, (3000, 2))
    for scale in (1e-6, 1.0, 1e7):
        y = scale * (np.sin(x[:, 0]) + 0.1 * rng.normal(size=3000))
        assert AdditiveRegressor().fit(x, y).score(x, y) > 0.95
    counts = rng.poisson(np.exp(0.2 * x[:, 0]))
    poisson = AdditiveRegressor(loss="poisson").fit(x, counts)
    np.testing.assert_allclose(poisson.predict([[1.0, 5.0], [9.0, 5.0]]), np.exp([0.2, 1.8]), rtol=0.2)


def test_odd_tables_give_sane_results():
    """Constant, separating, infinite, missing and unseen values; ten thousand categories; three rows."""
    rng = np.random.default_rng(0)
    n = 20_000
    table = pl.DataFrame(
        {
            "constant": np.ones(n),
            "empty": pl.Series([None] * n, dtype=pl.Null),
            "separating": np.arange(n),
            "infinite": np.where(rng.random(n) < 0.1, np.inf, np.where(rng.random(n) < 0.1, -np.inf, rng.random(n))),
            "many": rng.integers(0, 10_000, n).astype(str),
        }
    )
    glass = AdditiveClassifier().fit(table, np.arange(n) >= n // 2)
    chance = glass.predict_proba(table)
    assert np.isfinite(chance).all()
    assert glass.score(table, np.arange(n) >= n // 2) > 0.99
    assert glass.shapes_["many"].effect.shape == (253,)
    assert not glass.model_.tables[0].any()
    new = {"constant": [None], "empty": [5.0], "separating": [np.inf], "infinite": [np.nan], "many": ["unseen"]}
    assert glass.predict(pl.DataFrame(new)).tolist() == [True]
    three = AdditiveClassifier().fit([[1.0], [2.0], [np.nan]], [0, 1, 1])
    assert np.isfinite(three.predict_proba([[1.0], [np.inf]])).all()
    assert np.isfinite(AdditiveRegressor().fit([[1.0], [2.0], [3.0]], [5.0, 5.0, 5.0]).predict([[2.0]])).all()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series([f"{i} lives at number {i}" for i in range(200)]), "text that is no category"),
        (pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 7, 18), eager=True), "dates or times"),
        (pl.Series([["a"]] * 200), "cannot read"),
    ],
)
def test_what_is_neither_number_nor_category_is_said_plainly(column, message):
    """Dates, free text and lists are named with their column, and nothing of a value is shown."""
    with pytest.raises(DataError, match=message) as caught:
        AdditiveClassifier().fit(pl.DataFrame({"x": column}), np.arange(200) % 2)
    assert "lives at" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AdditiveClassifier().fit([[1.0], [2.0]], [1, 1]), "only one class"),
        (lambda: AdditiveClassifier().fit([[1.0], [2.0], [3.0]], [0, 1, 2]), "Only binary"),
        (lambda: AdditiveClassifier().fit([[1.0], [2.0]], [0, 1], sample_weight=[1, -1]), "negative"),
        (lambda: AdditiveClassifier().fit([[1.0], [2.0]], [0, 1], sample_weight=[1e-9, 1e-9]), "so small"),
        (lambda: AdditiveClassifier(max_bins=999).fit([[1.0], [2.0]], [0, 1]), "out of range"),
        (lambda: AdditiveClassifier(max_bins="many").fit([[1.0], [2.0]], [0, 1]), "no whole number"),
        (lambda: AdditiveClassifier(pairs=2.5).fit([[1.0], [2.0]], [0, 1]), "no whole number"),
        (lambda: AdditiveClassifier(monotone=[1]).fit([[1.0], [2.0]], [0, 1]), "not a mapping"),
        (lambda: AdditiveClassifier(monotone={"x9": 1}).fit([[1.0], [2.0]], [0, 1]), "does not have"),
        (lambda: AdditiveClassifier(monotone={0: 2}).fit([[1.0], [2.0]], [0, 1]), "direction"),
        (lambda: AdditiveRegressor(loss="poisson").fit([[1.0], [2.0]], [-1, 1]), "negative"),
        (lambda: AdditiveRegressor(loss="absolute").fit([[1.0], [2.0]], [0, 1]), "no loss"),
        (lambda: AdditiveRegressor().fit([[1.0], [2.0]], [0, np.nan]), "contains NaN"),
        (lambda: AdditiveClassifier().set_params(depth=3), "no parameter"),
    ],
)
def test_what_cannot_be_learned_is_a_value_error_with_a_remedy(call, message):
    """Each mistake has its own sentence, and is a ValueError as scikit-learn's users expect."""
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert caught.value.remedy


def test_a_declared_direction_and_a_number_as_category_are_kept():
    """monotone= never falls; categories= splits codes that have no order."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.integers(18, 90, 3000), "code": rng.integers(1, 5, 3000)})
    logit = 0.03 * table["age"] + np.sin(table["age"]) + np.where(table["code"] % 2, 1.0, -1.0) - 1.5
    y = rng.random(3000) < 1 / (1 + np.exp(-logit))
    glass = AdditiveClassifier(monotone={"age": 1}, categories=["code"]).fit(table, y)
    assert (np.diff(glass.shapes_["age"].effect[3:]) >= 0).all()
    assert glass.model_.view.binnings[1].categories == ("1", "2", "3", "4")
    assert all(0 not in (pair.first, pair.second) for pair in glass.model_.pairs)


def test_json_and_pickle_bring_the_same_integers_back(fitted, tmp_path):
    """Both ways; a file that was altered, or of another kind, is refused."""
    table, _ = people(100, seed=5)
    path = tmp_path / "model.json"
    glass = AdditiveClassifier(pairs=2, monotone={0: 1}).fit(*people())
    glass.save(path)
    for again in (AdditiveClassifier.load(path), pickle.loads(pickle.dumps(glass))):
        assert again.get_params() == glass.get_params()
        assert again.feature_names_in_.tolist() == ["age", "region", "spend"]
        np.testing.assert_array_equal(again.predict_proba(table), glass.predict_proba(table))
        np.testing.assert_array_equal(again.predict(table), glass.predict(table))
    with pytest.raises(DataError, match="This is no AdditiveRegressor"):
        AdditiveRegressor.load(path)
    content = json.loads(path.read_text("utf-8"))
    content["model"]["tables"][0][0][5] += 1
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(LedgerError, match="was altered"):
        AdditiveClassifier.load(path)


def test_it_takes_part_in_a_search(fitted):
    """Cloned, set and scored by GridSearchCV."""
    search = GridSearchCV(AdditiveClassifier(), {"pairs": [0, 1], "max_bins": [16]}, cv=2).fit(*people(400))
    assert search.best_params_["max_bins"] == 16
    assert search.best_score_ > 0.6


def test_the_calibration_table_has_intervals(fitted):
    """Most of ten bins of unseen rows hold their prediction; an amount's table has means."""
    told = fitted.calibration(*people(4000, seed=9))
    assert told["rows"].sum() == 4000
    inside = (told["lower"] <= told["predicted"]) & (told["predicted"] <= told["upper"])
    assert inside.mean() >= 0.6
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2000, 1))
    y = 3 * x[:, 0] + rng.normal(size=2000)
    amounts = AdditiveRegressor().fit(x[:1000], y[:1000]).calibration(x[1000:], y[1000:])
    assert isinstance(amounts, pl.DataFrame)
    assert ((amounts["lower"] <= amounts["predicted"]) & (amounts["predicted"] <= amounts["upper"])).mean() >= 0.6


def test_the_card_is_one_piece_and_escapes_names(fitted):
    """Self-contained HTML with a drawing per shape; a hostile column name is text."""
    card = fitted._repr_html_()
    assert card.count("<svg") == len(fitted.model_.terms)
    assert "http" not in card
    assert "<script" not in card
    named = pd.DataFrame({"<script>": np.arange(300.0)})
    assert "<script>" not in AdditiveClassifier().fit(named, np.arange(300) % 3 == 0)._repr_html_()
    assert "not fitted" in AdditiveClassifier(pairs=3)._repr_html_()
    assert repr(AdditiveClassifier(pairs=3)) == "AdditiveClassifier(pairs=3)"


def test_other_columns_are_refused_by_name(fitted):
    """Missing, new and reordered columns are named."""
    table, _ = people(10)
    with pytest.raises(ValueError, match="unseen at fit time:\n- postcode"):
        fitted.predict(table.rename(columns={"age": "postcode"}))
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(table[["region", "age", "spend"]])
    with pytest.raises(UsageError, match="not fitted yet"):
        AdditiveClassifier().predict(table)


@pytest.mark.slow
def test_the_intervals_of_shapes_cover_the_truth():
    """Over 30 generated histories, 95 % intervals hold the true, centred curve for 90 % of the bins or more."""
    inside = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0, 1, (4000, 2))
        true = np.sin(5 * x[:, 0]) + 0.8 * x[:, 1]
        y = rng.random(4000) < 1 / (1 + np.exp(-(true - 0.8)))
        glass = AdditiveClassifier(max_bins=32, pairs=0).fit(x, y)
        shape, binning = glass.shapes_["x0"], glass.model_.view.binnings[0]
        code = np.searchsorted(binning.cuts, x[:, 0], "right") + 3
        rows = np.bincount(code, minlength=binning.size)
        curve = np.bincount(code, np.sin(5 * x[:, 0]), binning.size) / np.maximum(rows, 1)
        curve -= np.average(curve, weights=rows)
        inside.append(((shape.lower <= curve) & (curve <= shape.upper))[3:].mean())
    assert np.mean(inside) >= 0.9


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_the_order_of_rows_changes_nothing(seed, rows):
    """Any few rows with gaps, in any order, give the same digest."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((rows, 3)) < 0.1, np.nan, rng.integers(0, 6, (rows, 3)))
    y = np.arange(rows) % 2
    order = rng.permutation(rows)
    one, other = AdditiveClassifier().fit(x, y), AdditiveClassifier().fit(x[order], y[order])
    assert one.model_.digest == other.model_.digest
