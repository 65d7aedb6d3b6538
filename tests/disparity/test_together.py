"""What pairs of features and the whole view tell about groups, from counts alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OneHotEncoder

from evenhand.terms import Binning, Severity
from planted_histories import Story


def _leaning(seed: int = 1, rows: int = 6_000, lean: float = 0.5) -> Story:
    """Twelve features that each tell a little about sex, and one group that is rare."""
    rng = np.random.default_rng(seed)
    woman = rng.random(rows) < 0.5
    binnings = [Binning(f"x{i}", "number", tuple(np.linspace(-2, 2, 19).tolist())) for i in range(12)]
    values = [rng.normal(lean * woman, 1.0) for _ in binnings]
    codes = [
        (3 + np.searchsorted(one.cuts, value, side="right")).astype(np.uint8)
        for one, value in zip(binnings, values, strict=True)
    ]
    sex = np.where(rng.random(rows) < 0.03, "x", np.where(woman, "f", "m"))
    return Story({"sex": sex}, binnings, codes, (rng.random(rows) < 0.2).astype(np.uint8))


def test_twelve_weak_proxies_are_one_strong_proxy():
    """No feature is named, and all together tell sex on rows that were not learned from."""
    result = _leaning().audit()
    assert not [item for item in result.findings if item.id == "EH-DATA-002"]
    (finding,) = [item for item in result.findings if item.id == "EH-DATA-010"]
    assert finding.severity is Severity.WARNING
    assert finding.measured["auroc"] > 0.8
    (whole,) = result.whole_view
    assert whole.learned + whole.judged == 6_000
    assert {one.group for one in whole.groups} == {"f", "m", "x"}


def test_the_whole_view_from_counts_is_as_good_as_rows_would_give():
    """Within .02 of logistic regression that sees every row and every group, on the same held-out half."""
    story = _leaning(2)
    learn = np.random.default_rng(0).random(6_000) < 0.5
    (whole,) = story.audit(learn_from=learn).whole_view
    design = OneHotEncoder().fit_transform(np.stack(story.codes, axis=1))
    for one in whole.groups:
        member = story.groups["sex"] == one.group
        oracle = LogisticRegression(C=0.3, max_iter=500).fit(design[learn], member[learn])
        best = roc_auc_score(member[~learn], oracle.decision_function(design[~learn]))
        if one.group != "x":
            assert one.auroc == pytest.approx(best, abs=0.02)
        assert one.lower <= one.auroc <= one.upper
        assert one.rows == (member & ~learn).sum()


def test_two_columns_that_mean_nothing_alone_can_mean_all_together():
    """Group = exclusive or of two columns: each tells nothing, the pair tells everything."""
    rng = np.random.default_rng(9)
    first, second = rng.integers(0, 2, 4_000), rng.integers(0, 2, 4_000)
    story = Story(
        {"sex": np.where(first == second, "f", "m")},
        [Binning(name, "category", categories=("a", "b")) for name in ("left", "right")],
        [(3 + first).astype(np.uint8), (3 + second).astype(np.uint8)],
        rng.integers(0, 2, 4_000).astype(np.uint8),
    )
    result = story.audit()
    assert max(proxy.strongest for proxy in result.proxies) < 0.55
    (finding,) = [item for item in result.findings if item.id == "EH-DATA-009"]
    assert finding.measured["auroc"] == 1.0
    assert result.pairs[0].features == ("left", "right")
    assert result.whole_view[0].groups[0].auroc < 0.55  # a sum of columns cannot see it, as the documentation says


def test_pairs_that_were_not_looked_at_are_counted():
    """With three questions for twelve features, 63 of 66 pairs are said to be left out; with none, all."""
    story = _leaning()
    assert story.audit(pair_questions=3).pairs_left_out == 63
    nothing = story.audit(pair_questions=0)
    assert (nothing.pairs, nothing.pairs_left_out) == ((), 66)


def test_people_of_unknown_group_are_not_a_group_to_be_told():
    """Whether somebody's sex is unknown is not judged here; the others are told apart from all."""
    story = _leaning()
    story.groups["sex"] = np.where(story.groups["sex"] == "x", "", story.groups["sex"])
    assert [one.group for one in story.audit().whole_view[0].groups] == ["f", "m"]
