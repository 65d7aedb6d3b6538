"""An Explainable Boosting Machine comes in with the same bins and the same sums."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenhand.adapters.models.foreign_ebm import from_ebm
from evenhand.scoring import one_scorer
from evenhand.terms import DataError

WRITTEN = Path(__file__).parents[1] / "data" / "ebm.json"


class Kept:
    """What an EBM of InterpretML kept of itself, and its own scores: tests/data/ebm.json, by tools/dump_ebm.py."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.feature_names_in_ = content["feature_names_in_"]
        self.bins_ = [
            [level if isinstance(level, dict) else np.array(level) for level in feature] for feature in content["bins_"]
        ]
        self.term_features_ = [tuple(key) for key in content["term_features_"]]
        self.term_scores_ = [np.array(scores) for scores in content["term_scores_"]]
        self.intercept_ = np.array(content["intercept_"])
        self.link_ = content["link_"]
        self._scores = np.array(content["decision_function"])

    def decision_function(self, rows: object) -> np.ndarray:
        """The scores that it gave to its rows."""
        return self._scores


@pytest.fixture
def content() -> dict[str, Any]:
    """The file."""
    return json.loads(WRITTEN.read_text(encoding="utf-8"))


def _frame(content):
    import polars as pl

    return pl.DataFrame(content["rows"])


def test_a_written_ebm_comes_in_exactly(content):
    """Its own scores of values on its borders, beside them, missing and never seen, but for rounding."""
    imported = from_ebm(Kept(content), _frame(content), purpose="Marketing", offer="tulips")
    assert imported.rows == 60
    assert imported.largest_difference <= imported.bound + 1e-9
    assert imported.bound < 4e-6
    assert len(imported.model.pairs) == 2
    one = one_scorer(imported.model)
    for row, there in zip(_frame(content).to_dicts(), content["decision_function"], strict=True):
        assert abs(one(row).score * 1e-6 - there) <= imported.bound + 1e-9


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda kept: kept.__setattr__("link_", "probit"), "link 'probit'"),
        (lambda kept: kept.term_features_.__setitem__(0, (0, 1, 2)), "several classes"),
        (lambda kept: kept.bins_.__setitem__(2, [{"True": 1, "False": 2, "x": 3}]), "truth values or numbers"),
        (lambda kept: kept.bins_.__setitem__(2, [{"1.0": 1, "2.0": 2, "x": 3}]), "truth values or numbers"),
    ],
)
def test_what_has_no_exact_counterpart_is_refused(content, change, match):
    """Another link, terms of another shape, categories that evenhand would write in another way."""
    kept = copy.deepcopy(Kept(content))
    change(kept)
    with pytest.raises(DataError, match=match):
        from_ebm(kept, _frame(content), purpose="Marketing")


def test_a_term_of_three_features_is_refused(content):
    """A pair is the most."""
    kept = Kept(content)
    kept.term_features_.append((0, 1, 2))
    kept.term_scores_.append(np.zeros((3, 3, 3)))
    with pytest.raises(DataError, match="about three features"):
        from_ebm(kept, _frame(content), purpose="Marketing")


@pytest.mark.interpret
@pytest.mark.parametrize("kind", ["classifier", "regressor", "counts"])
def test_a_live_ebm_comes_in_exactly(kind):
    """Fitted here, with pairs, missing values and categories."""
    glassbox = pytest.importorskip("interpret.glassbox")
    import pandas as pd

    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.normal(size=1500), "b": rng.normal(size=1500), "c": rng.choice(["x", "y"], 1500)})
    signal = frame["a"] + frame["b"] * (frame["c"] == "x") + rng.normal(size=1500)
    options = {"interactions": 2, "max_bins": 64, "outer_bags": 2, "max_rounds": 200, "n_jobs": 1}
    if kind == "classifier":
        learned = glassbox.ExplainableBoostingClassifier(**options).fit(frame, (signal > 0).astype(int))
    elif kind == "regressor":
        learned = glassbox.ExplainableBoostingRegressor(**options).fit(frame, 1000 * signal)
    else:
        counts = rng.poisson(np.exp(np.clip(signal, -2, 2)))
        learned = glassbox.ExplainableBoostingRegressor(objective="poisson_deviance", **options).fit(frame, counts)
    imported = from_ebm(learned, frame, purpose="Marketing")
    assert imported.largest_difference <= imported.bound + 1e-9 * max(1.0, np.abs(signal).max() * 1000)
    assert imported.model.link == {"classifier": "logit", "regressor": "identity", "counts": "log"}[kind]


@pytest.mark.interpret
def test_a_live_ebm_with_more_bins_than_a_byte_holds_is_refused_or_coarsened():
    """As it is by default; the difference stays within what is told."""
    glassbox = pytest.importorskip("interpret.glassbox")

    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(3000, 2))
    options = {"interactions": 1, "outer_bags": 2, "max_rounds": 200, "n_jobs": 1}
    learned = glassbox.ExplainableBoostingRegressor(**options).fit(matrix, np.sin(3 * matrix[:, 0]) + matrix[:, 1])
    with pytest.raises(DataError, match="253 ordinary bins at most"):
        from_ebm(learned, matrix, purpose="Marketing")
    imported = from_ebm(learned, matrix, purpose="Marketing", coarsen=True)
    assert imported.largest_difference <= imported.bound + 1e-9
    assert imported.bound < 0.1
