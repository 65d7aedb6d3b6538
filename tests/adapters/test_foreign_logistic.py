"""A logistic regression comes in as steps: exact where there are few values, and as far off as is said elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from evenhand.adapters.models.foreign_logistic import binned_logistic
from evenhand.features import encode
from evenhand.scoring import one_scorer
from evenhand.terms import DataError


@pytest.fixture(scope="module")
def people():
    """A small table and who responded."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 1500).astype(float),
            "spend": rng.lognormal(3, 1, 1500),
            "visits": rng.integers(0, 9, 1500),
            "region": rng.choice(["east", "north", "it's"], 1500),
        }
    )
    logit = 0.03 * (frame["age"] - 50) + 0.01 * frame["spend"] + (frame["region"] == "east")
    return frame, (rng.random(1500) < 1 / (1 + np.exp(-logit))).astype(int)


def test_few_values_and_categories_come_in_exactly(people):
    """A bin for each value: only rounding is left."""
    frame, outcome = people
    prepare = ColumnTransformer(
        [
            ("n", StandardScaler(), ["age"]),
            ("m", MinMaxScaler(), ["visits"]),
            ("c", OneHotEncoder(drop="first"), ["region"]),
        ]
    )
    learned = make_pipeline(prepare, LogisticRegression()).fit(frame, outcome)
    imported = binned_logistic(learned, frame, purpose="Marketing")
    assert imported.largest_difference < 4e-6
    assert imported.bound == math.inf
    one = one_scorer(imported.model)
    for row, there in zip(frame.head(20).to_dict("records"), learned.decision_function(frame.head(20)), strict=True):
        assert abs(one(row).score * 1e-6 - there) < 4e-6


def test_many_values_are_steps_and_more_steps_are_closer(people):
    """The difference that is told is the one that anybody can measure."""
    frame, outcome = people
    numbers = frame[["age", "spend"]]
    learned = LogisticRegression(max_iter=1000).fit(numbers, outcome)
    coarse = binned_logistic(learned, numbers, purpose="Marketing", bins=10)
    fine = binned_logistic(learned, numbers, purpose="Marketing", bins=250)
    assert 1e-4 < fine.largest_difference < coarse.largest_difference
    codes = [encode(b, numbers[b.name].to_numpy()) for b in fine.model.view.binnings]
    tables = [table[0] for table in fine.model.tables]
    score = fine.model.base[0] + sum(table[code].astype(np.int64) for table, code in zip(tables, codes, strict=True))
    there = learned.decision_function(numbers)
    assert np.abs(score * 1e-6 - there).max() == pytest.approx(fine.largest_difference)


def test_an_array_of_numbers_has_columns_by_position(people):
    """Without a frame the features are called x0, x1."""
    frame, outcome = people
    matrix = frame[["age", "visits"]].to_numpy(float)
    imported = binned_logistic(LogisticRegression().fit(matrix, outcome), matrix, purpose="Marketing")
    assert imported.model.terms == ("x0", "x1")
    assert imported.largest_difference < 3e-6


def test_other_steps_are_refused(people):
    """What mixes columns, what groups categories, what is no logistic regression of two classes."""
    frame, outcome = people
    numbers = frame[["age", "spend"]]
    rare = ColumnTransformer([("c", OneHotEncoder(min_frequency=600), ["region"])])
    for learned, rows, match in (
        (make_pipeline(PCA(2), LogisticRegression()), numbers, "step PCA"),
        (make_pipeline(StandardScaler(), StandardScaler(), LogisticRegression()), numbers, "step StandardScaler"),
        (make_pipeline(rare, LogisticRegression()), frame, "step OneHotEncoder"),
        (Ridge(), numbers, "not a logistic regression of two classes"),
    ):
        learned.fit(rows, outcome)
        with pytest.raises(DataError, match=match):
            binned_logistic(learned, rows, purpose="Marketing")
    three = LogisticRegression().fit(numbers, np.arange(len(numbers)) % 3)
    with pytest.raises(DataError, match="not a logistic regression of two classes"):
        binned_logistic(three, numbers, purpose="Marketing")
