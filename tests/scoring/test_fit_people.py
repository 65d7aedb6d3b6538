"""People with several rows: what their rows have in common is not taken for a pattern."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import evenhand as eh
from evenhand.scoring import Plan, RowSource, fit_source
from evenhand.terms import DataError

ROWS_EACH = 12


def _people_with_habits(
    seed: int, people: int = 600
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.intp]]:
    """Five columns that say nothing, each the same in all rows of a person; people differ by a habit of their own."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), ROWS_EACH)
    features = rng.normal(size=(people, 5))[person]
    habit = rng.normal(0.0, 2.0, people)[person]
    return features, (rng.random(len(person)) < 1 / (1 + np.exp(1.5 - habit))).astype(np.int64), person


def test_habits_of_people_are_no_pattern_where_it_is_said_whose_rows_they_are() -> None:
    """Told whose rows they are, the fit finds hardly any freedom, and rarely a pair; untold, it follows habits."""
    told, untold, pairs = [], [], 0
    for seed in range(3):
        columns, y, person = _people_with_habits(seed)
        for whose, spent in ((person, told), (None, untold)):
            model = eh.AdditiveClassifier(pairs=0).fit(columns, y, person=whose).model_
            spent.append(sum(term["freedom"] for term in model.evaluation["terms"].values()))
        pairs += len(eh.AdditiveClassifier(pairs=3).fit(columns, y, person=person).model_.pairs)
    assert max(told) < 15 < 40 < min(untold)
    assert pairs <= 2


def test_intervals_are_as_wide_as_the_people_are_few() -> None:
    """The interval of a curve covers the truth (no effect) about as often as it says, for rows that repeat people."""
    outside = []
    for seed in range(8):
        columns, y, person = _people_with_habits(seed, 300)
        for shape in eh.AdditiveClassifier(pairs=0).fit(columns, y, person=person).shapes_.values():
            known = shape.count > 0
            outside.append(((shape.lower > 0) | (shape.upper < 0))[known].mean())
    assert np.mean(outside) < 0.1


def test_ids_may_be_anything_and_rows_stand_in_any_order() -> None:
    """Names or numbers, sorted or not: the same integers."""
    columns, y, person = _people_with_habits(1, 200)
    names = np.array([f"household {one}" for one in person], dtype=object)
    order = np.random.default_rng(0).permutation(len(y))
    first = eh.AdditiveClassifier(pairs=2).fit(columns, y, person=person).model_
    second = eh.AdditiveClassifier(pairs=2).fit(columns[order], y[order], person=names[order]).model_
    assert first.digest == second.digest


def test_an_id_of_its_own_for_every_row_changes_nothing() -> None:
    """Where nobody has two rows, saying so is the same as not saying it."""
    columns, y, _ = _people_with_habits(2, 200)
    alone = eh.AdditiveClassifier(pairs=2).fit(columns, y, person=np.arange(len(y))).model_
    assert alone.digest == eh.AdditiveClassifier(pairs=2).fit(columns, y).model_.digest


def test_amounts_know_people_too() -> None:
    """For amounts the spread of the residuals grows by what a person's rows have in common."""
    columns, _, person = _people_with_habits(3, 200)
    rng = np.random.default_rng(4)
    spend = 100 + rng.normal(0, 3, 200)[person] + rng.normal(0, 1, len(person))
    told = eh.AdditiveRegressor(pairs=0).fit(columns, spend, person=person).model_
    untold = eh.AdditiveRegressor(pairs=0).fit(columns, spend).model_
    freedom = [sum(term["freedom"] for term in one.evaluation["terms"].values()) for one in (told, untold)]
    assert freedom[0] < 10 < 40 < freedom[1]


@pytest.mark.parametrize("person", [[1, 2], [None] * 40, [float("nan")] * 40, [[1] * 40]])
def test_ids_that_do_not_fit_the_rows_are_refused(person: object) -> None:
    """One id per row, and none missing."""
    columns, y, _ = _people_with_habits(5, 4)
    with pytest.raises(DataError, match="whose row it is"):
        eh.AdditiveClassifier().fit(columns[:40], y[:40], person=person)


def test_a_source_that_does_not_say_whose_its_rows_are_is_refused() -> None:
    """A plan with people over rows without persons is an error, not a fit that ignores them."""
    source = RowSource((np.array([1, 2, 1, 2]),), np.array([0, 1, 1, 0]))
    with pytest.raises(IndexError, match="nobody's"):
        fit_source(source, Plan((4,), (True,), people=2))
