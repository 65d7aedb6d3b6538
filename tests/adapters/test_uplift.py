"""The glass box of increments, in scikit-learn's manner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from evenhand import AdditiveClassifier, AdditiveUplift
from evenhand.adapters.models.uplift import AssignmentWarning
from evenhand.scoring import model_from_json, model_sql, model_to_json, one_scorer, qini
from evenhand.terms import DataError, UsageError

EMAIL = Path(__file__).parents[3] / "shared" / "data" / "hillstrom" / "hillstrom.csv.gz"


def people(rows: int = 6_000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """An experiment: the offer brings 20 points where age is above 50, and costs 10 in the east."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows),
            "region": rng.choice(["north", "east", "south"], rows),
            "spend": np.where(rng.random(rows) < 0.2, np.nan, rng.gamma(2.0, 30.0, rows)),
        }
    )
    shown = rng.integers(0, 2, rows)
    change = 0.2 * (table["age"] > 50) - 0.1 * (table["region"] == "east")
    chance = 0.3 - 0.1 * table["spend"].isna() + shown * change
    return table, shown, (rng.random(rows) < chance).astype(int)


@pytest.fixture(scope="module")
def fitted() -> AdditiveUplift:
    """Learned from `people`."""
    table, shown, answer = people()
    return AdditiveUplift().fit(table, answer, treatment=shown)


def test_an_increment_is_the_sum_of_exact_parts(fitted):
    """base + contributions = increment in millionths, nothing left over, on a frame of the reader's kind."""
    table, _, _ = people()
    parts = fitted.explain(table)
    assert isinstance(parts, pd.DataFrame)
    np.testing.assert_array_equal(parts.sum(axis=1), np.rint(fitted.predict(table) * 1e6))
    assert fitted.model_.link == "identity"
    assert fitted.model_.unit == 1e-6


def test_increments_have_the_sign_of_the_truth(fitted):
    """Old people of the north gain, young people of the east are put off."""
    other = pd.DataFrame({"age": [75, 25], "region": ["north", "east"], "spend": [40.0, 40.0]})
    gain, loss = fitted.predict(other)
    assert gain == pytest.approx(0.2, abs=0.07)
    assert loss == pytest.approx(-0.1, abs=0.07)


def test_the_file_and_one_person_give_the_same_bits(fitted):
    """JSON and back, one person in plain Python, and a saved estimator: one number."""
    table, _, _ = people(50, seed=1)
    model = model_from_json(model_to_json(fitted.model_))
    one = one_scorer(model)
    scores = [one(row).score for row in table.to_dict("records")]
    np.testing.assert_array_equal(scores, np.rint(fitted.predict(table) * 1e6))
    assert one(table.to_dict("records")[0]).probability_ppm is None
    assert "CASE" in model_sql(model, "duckdb", "people")


def test_a_saved_estimator_predicts_the_same(fitted, tmp_path):
    """save, load, predict."""
    table, _, _ = people(50, seed=1)
    fitted.save(tmp_path / "uplift.json")
    again = AdditiveUplift.load(tmp_path / "uplift.json")
    np.testing.assert_array_equal(again.predict(table), fitted.predict(table))


@pytest.mark.parametrize("kind", [pl.DataFrame, pl.LazyFrame])
def test_any_frame_gives_the_same_model(fitted, kind):
    """polars, eager and lazy: the digest of pandas."""
    table, shown, answer = people()
    columns = {name: [None if v != v else v for v in table[name].tolist()] for name in table}
    assert AdditiveUplift().fit(kind(columns), answer, treatment=shown).model_.digest == fitted.model_.digest


def test_the_order_of_the_rows_changes_nothing(fitted):
    """A shuffled experiment gives the same digest."""
    table, shown, answer = people()
    order = np.random.default_rng(3).permutation(len(answer))
    other = AdditiveUplift().fit(table.iloc[order], answer[order], treatment=shown[order])
    assert other.model_.digest == fitted.model_.digest


def test_shapes_have_intervals_in_points_of_probability(fitted):
    """The shape of age rises by about twenty points, and its intervals are wider than nothing."""
    shape = fitted.shapes_["age"]
    middle = len(shape.effect[3:]) * 4 // 9
    assert shape.effect[3:][-middle:].mean() - shape.effect[3:][:middle].mean() == pytest.approx(0.2, abs=0.05)
    assert (shape.upper[3:] > shape.lower[3:]).all()
    assert "Additive" in fitted._repr_html_()


def test_it_is_measured_on_other_rows(fitted):
    """The Qini coefficient of unseen rows is clearly above zero."""
    table, shown, answer = people(6_000, seed=9)
    found = fitted.evaluate(table, answer, treatment=shown)
    assert found["coefficient"][1] > 0.0
    assert found["enough"]


def test_amounts_are_learned_on_their_own_scale():
    """Spend in any currency: five units more for the old."""
    table, shown, _ = people()
    rng = np.random.default_rng(1)
    for scale in (1e-3, 1e4):
        spent = scale * (10 + 5.0 * shown * (table["age"] > 50) + rng.normal(0, 2, len(table)))
        gain = AdditiveUplift().fit(table, spent, treatment=shown).predict(table) / scale
        assert gain[table["age"] > 60].mean() == pytest.approx(5.0, abs=0.5)
        assert gain[table["age"] < 40].mean() == pytest.approx(0.0, abs=0.5)


def test_stated_chances_are_used_in_place_of_the_counted_one():
    """One number that is the counted share changes nothing; a chance per row is taken row by row."""
    table, shown, answer = people()
    counted = AdditiveUplift().fit(table, answer, treatment=shown)
    stated = AdditiveUplift().fit(table, answer, treatment=shown, propensity=shown.mean())
    assert counted.model_.digest == stated.model_.digest
    half = AdditiveUplift().fit(table, answer, treatment=shown, propensity=np.full(len(answer), 0.5))
    assert half.intercept_ == pytest.approx(counted.intercept_, abs=0.005)


def test_a_history_that_chance_did_not_decide_is_said_aloud():
    """The warning names the column; the finding stays on the estimator; an experiment gives no warning."""
    table, _, answer = people()
    rng = np.random.default_rng(2)
    picked = (rng.random(len(answer)) < np.where(table["age"] > 50, 0.8, 0.3)).astype(int)
    with pytest.warns(AssignmentWarning, match="Column 'age' tells who was shown the offer"):
        chosen = AdditiveUplift().fit(table, answer, treatment=picked)
    assert not chosen.assignment_.looks_random(1e-6)


def test_an_experiment_gives_no_warning(fitted, recwarn):
    """Nothing is said where there is nothing to say."""
    table, shown, answer = people()
    assert AdditiveUplift().fit(table, answer, treatment=shown).assignment_.looks_random(1e-3)
    assert not [one for one in recwarn if one.category is AssignmentWarning]


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        (lambda shown: np.where(shown == 1, "Mens E-Mail", "No E-Mail"), "not 0 or 1"),
        (lambda shown: shown + 1, "not 0 or 1"),
        (lambda shown: shown[:-1], "one per row"),
        (lambda shown: np.ones_like(shown), "0 that were shown nothing"),
        (lambda shown: np.zeros_like(shown), "0 rows that were shown the offer"),
        (lambda _: None, "one per row"),
    ],
)
def test_a_treatment_that_says_something_else_is_refused(treatment, expected):
    """Names, ones and twos, a short column, one side only, or none at all."""
    table, shown, answer = people(400)
    with pytest.raises(DataError, match=expected):
        AdditiveUplift().fit(table, answer, treatment=treatment(shown))


@pytest.mark.parametrize("propensity", [0.0, 1.0, 1.5, "often", [0.5, 0.5], np.nan])
def test_a_chance_that_is_none_is_refused(propensity):
    """Zero, one, more than one, a word, a short column, a gap."""
    table, shown, answer = people(400)
    with pytest.raises(DataError, match="above 0 and below 1"):
        AdditiveUplift().fit(table, answer, treatment=shown, propensity=propensity)


def households(seed: int, count: int = 500, each: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns that say nothing, of households drawn as a whole; each has a habit, and a change of its own."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(count), each)
    columns, shown = rng.normal(size=(count, 3))[whose], rng.integers(0, 2, count)[whose]
    chance = (rng.uniform(0.1, 0.5, count) + shown[::each] * rng.uniform(-0.1, 0.5, count))[whose]
    return columns, shown, (rng.random(len(whose)) < chance).astype(int), whose


def freedom(glass: AdditiveUplift) -> float:
    """How much the curves follow."""
    return sum(term["freedom"] for term in glass.model_.evaluation["terms"].values())


@pytest.mark.filterwarnings("ignore::evenhand.adapters.models.uplift.AssignmentWarning")
def test_what_a_household_has_of_its_own_is_no_pattern_where_it_is_said_whose_rows_they_are():
    """Told whose rows they are, curves of columns that say nothing follow less of them, whatever the ids are."""
    told, untold = [], []
    for seed in range(3):
        columns, shown, answer, whose = households(seed)
        untold.append(freedom(AdditiveUplift().fit(columns, answer, treatment=shown)))
        glass = AdditiveUplift().fit(columns, answer, treatment=shown, person=whose)
        told.append(freedom(glass))
        order = np.random.default_rng(seed).permutation(len(whose))
        names = np.array([f"h{one}" for one in whose], dtype=object)[order]
        again = AdditiveUplift().fit(columns[order], answer[order], treatment=shown[order], person=names)
        assert again.model_.digest == glass.model_.digest
    assert sum(told) < 0.6 * sum(untold)


def test_households_that_were_drawn_as_a_whole_are_no_alarm():
    """By rows the columns seem to tell who was shown the offer; by households chance decided, also with its chances."""
    columns, shown, answer, whose = households(3)
    with pytest.warns(AssignmentWarning, match="tells who was shown"):
        AdditiveUplift().fit(columns, answer, treatment=shown)
    for propensity in (None, 0.5):
        glass = AdditiveUplift().fit(columns, answer, treatment=shown, propensity=propensity, person=whose)
        assert glass.assignment_.looks_random(0.01)


@pytest.mark.filterwarnings("ignore::evenhand.adapters.models.uplift.AssignmentWarning")
def test_bins_of_an_uplift_have_their_people():
    """A value of one household in many rows has no bin of its own."""
    columns, shown, answer, whose = households(3)
    columns = np.where((whose == whose[0])[:, None], 31337.0, columns)
    columns, shown, answer, whose = (
        np.concatenate([one, np.repeat(one[:8], 5, axis=0)]) for one in (columns, shown, answer, whose)
    )
    untold = AdditiveUplift(max_bins=128, minimum_bin=20).fit(columns, answer, treatment=shown)
    told = AdditiveUplift(max_bins=128, minimum_bin=20).fit(columns, answer, treatment=shown, person=whose)
    last = [max(glass.model_.view.binnings[0].cuts) for glass in (untold, told)]
    assert last[0] > 100 > last[1]


def test_an_id_of_its_own_for_every_row_changes_nothing(fitted):
    """Where nobody has two rows, saying so is the same as not saying it; too few ids are refused."""
    table, shown, answer = people()
    alone = AdditiveUplift().fit(table, answer, treatment=shown, person=np.arange(len(table)))
    assert alone.model_.digest == fitted.model_.digest
    with pytest.raises(DataError, match="whose row it is"):
        AdditiveUplift().fit(table, answer, treatment=shown, person=[1, 2])


def test_too_few_rows_and_a_constant_outcome_are_refused():
    """Three rows; and two hundred in which nobody responded."""
    table, shown, answer = people(200)
    with pytest.raises(ValueError, match="at least 20 rows with it"):
        AdditiveUplift().fit(table[:3], answer[:3], treatment=[1, 0, 1])
    with pytest.raises(ValueError, match="same outcome"):
        AdditiveUplift().fit(table, np.zeros(200), treatment=shown)


def test_an_unfitted_estimator_says_so():
    """predict before fit is a UsageError."""
    with pytest.raises(UsageError, match="not fitted yet"):
        AdditiveUplift().predict([[1.0]])


def test_parameters_are_read_set_and_copied():
    """scikit-learn's clone gives the same parameters."""
    assert clone(AdditiveUplift(max_bins=16, pairs=2)).get_params()["max_bins"] == 16


def test_a_declared_direction_holds():
    """An increment that may never fall with age does not, whatever the rows say."""
    table, shown, answer = people(2_000, seed=4)
    held = AdditiveUplift(monotone={"age": 1}).fit(table, answer, treatment=shown)
    assert (np.diff(held.shapes_["age"].effect[3:]) >= -1e-12).all()


def test_weights_of_zero_are_no_rows():
    """Rows of weight zero could as well not be there."""
    table, shown, answer = people(1_000)
    weight = (np.arange(1_000) < 800).astype(float)
    weighted = AdditiveUplift().fit(table, answer, treatment=shown, sample_weight=weight)
    assert (
        weighted.model_.digest == AdditiveUplift().fit(table[:800], answer[:800], treatment=shown[:800]).model_.digest
    )


@pytest.mark.skipif(not EMAIL.exists(), reason="Hillstrom's e-mail data are not on this machine")
def test_the_mens_email_is_ranked_nearly_as_well_by_change_as_by_response():
    """What it changes follows who visits anyway; over four splits the Qini coefficients are within a third."""
    table = pl.read_csv(EMAIL).filter(pl.col("segment") != "Womens E-Mail").to_pandas()
    shown, visited = (table["segment"] == "Mens E-Mail").to_numpy(int), table["visit"].to_numpy()
    columns = table.drop(columns=["segment", "visit", "conversion", "spend", "history_segment"])
    found = []
    for seed in range(4):
        later = np.random.default_rng(seed).random(len(table)) < 1 / 3
        change = AdditiveUplift().fit(columns[~later], visited[~later], treatment=shown[~later])
        response = AdditiveClassifier().fit(columns[~later], visited[~later])
        scores = change.predict(columns[later]), response.predict_proba(columns[later])[:, 1]
        found.append([qini(score, visited[later], shown[later])["coefficient"][0] for score in scores])
    by_change, by_response = np.mean(found, axis=0)
    assert by_change > 2 / 3 * by_response > 0
