"""One person in plain Python has the bits of the batch."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.explanation import REASONS
from evenhand.scoring import one_scorer, probability_ppm
from evenhand.terms import Binning, DataError, FeatureView, Model, UsageError
from scoring.engine_cases import in_numpy, odd_model, odd_rows

SEEDS = st.integers(0, 2**32 - 1)


def _numbers(*cuts: float) -> Model:
    table = np.arange(len(cuts) + 4, dtype=np.int32)[None] * 1000
    view = FeatureView("Marketing", (Binning("age", "number", cuts),), "")
    return Model(view, ("o",), np.array([0]), (table,), {}, {}, "")


@given(SEEDS)
def test_one_person_has_the_bits_of_a_batch(seed):
    """Score, probability and every contribution, from raw values on borders, beside them, infinite, missing, odd."""
    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    columns = odd_rows(rng, model, 12)
    for offer, name in enumerate(model.offers):
        one = one_scorer(model, name)
        score, parts = in_numpy(model, columns, offer)
        for i in range(12):
            got = one({column: values[i] for column, values in columns.items()})
            assert got.score == score[i]
            assert got.contributions == tuple(parts[i].tolist())
            assert got.probability_ppm == int(probability_ppm(score[i : i + 1])[0])


@given(st.integers(-(2**31), 2**31))
def test_the_probability_is_that_of_the_link_table(score):
    """For any score, far beyond both ends of the table too."""
    view = FeatureView("Marketing", (), "")
    got = one_scorer(Model(view, ("o",), np.array([score]), (), {}, {}, ""))({})
    assert got.score == max(-2_000_000_000, min(2_000_000_000, score))
    assert got.probability_ppm == int(probability_ppm(np.array([score]))[0])


@given(SEEDS)
def test_the_reasons_are_the_largest_contributions(seed):
    """Largest absolute contribution first, ties by term order, no zeros: as gate 5 chooses them."""
    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    model = dataclasses.replace(model, tables=tuple(table // 400 for table in model.tables))  # so that ties occur
    columns = odd_rows(rng, model, 4)
    for most in (REASONS, 0, 2, 5):
        one = one_scorer(model, model.offers[0], reasons=most)
        for i in range(4):
            got = one({column: values[i] for column, values in columns.items()})
            order = sorted(range(len(got.contributions)), key=lambda t: -abs(got.contributions[t]))
            expected = [(t, got.contributions[t]) for t in order if got.contributions[t]]
            assert list(got.reasons) == expected[:most]


@given(SEEDS)
def test_people_of_whom_all_is_known_and_people_with_gaps_have_the_bits_of_a_batch(seed):
    """Plain finite numbers throughout take a shorter way: on and beside borders, huge, tiny, with one gap or none."""
    rng = np.random.default_rng(seed)
    model = odd_model(rng, offers=1)
    columns = odd_rows(rng, model, 8)
    for binning in model.view.binnings:
        name = f"{binning.name}@{model.offers[0]}" if binning.per_offer else binning.name
        if binning.kind == "number":
            near = [math.nextafter(cut, way) for cut in binning.cuts for way in (-math.inf, math.inf)]
            pool = [*binning.cuts, *near, 0.0, -0.0, 1e308, -1e308, 5e-324, 0.1]
            columns[name] = [pool[place] for place in rng.integers(0, len(pool), 7)] + columns[name][7:]
    one = one_scorer(model)
    score, parts = in_numpy(model, columns, 0)
    for i in range(8):
        got = one({column: values[i] for column, values in columns.items()})
        assert (got.score, got.contributions) == (score[i], tuple(parts[i].tolist()))


@pytest.mark.parametrize(
    ("value", "code"),
    [(3, 5), (True, 4), (False, 3), (" 2.5 ", 5), ("true", 4), ("inf", 5), ("nan", 1), (np.float64(0.5), 3),
     (np.nan, 1), (math.nextafter(1.0, 0.0), 3), ("", 1), (np.int8(1), 4)],
)  # fmt: skip
def test_a_number_is_a_number_however_it_is_written(value, code):
    """Whole, true, as text, of NumPy: as gate 2 reads it."""
    assert one_scorer(_numbers(1.0, 2.0))({"age": value}).contributions == (code * 1000,)


def test_a_word_is_not_a_number_and_is_not_repeated():
    """The message holds no personal value."""
    with pytest.raises(DataError, match="value is not") as caught:
        one_scorer(_numbers(1.0))({"age": "forty-two"})
    assert "forty" not in str(caught.value)


def test_a_column_that_is_not_given_is_an_error():
    """Forgetting a column is not the same as knowing nothing."""
    with pytest.raises(DataError, match="lacks columns of the model: 'age'"):
        one_scorer(_numbers(1.0))({"aeg": 1.0})


def test_an_offer_is_named_where_there_are_several():
    """And it is one of the model's."""
    model = odd_model(np.random.default_rng(0))
    with pytest.raises(UsageError, match="several offers"):
        one_scorer(model)
    with pytest.raises(UsageError, match="no offer 'roses'"):
        one_scorer(model, "roses")


def test_a_model_of_amounts_has_no_probability():
    """Its score is worth the model's unit, and no chance."""
    assert one_scorer(dataclasses.replace(_numbers(1.0), link="identity"))({"age": 1.0}).probability_ppm is None
