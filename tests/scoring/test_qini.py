"""The Qini curve, against values worked out by hand and the definition taken literally."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.scoring import evaluate_increment, qini


def experiment(rows: int, seed: int, strength: float = 0.4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of many ties, shown, and responses whose increment grows with the score."""
    rng = np.random.default_rng(seed)
    score, shown = rng.integers(0, 30, rows), (rng.random(rows) < 0.4).astype(int)
    return score, shown, (rng.random(rows) < 0.2 + strength * shown * (score / 30 - 0.3)).astype(int)


def literal(score, outcome, shown) -> tuple[list[float], list[float]]:
    """The curve by its definition: a loop over the distinct scores, in responses."""
    share, gain = [0.0], [0.0]
    for edge in sorted(set(score.tolist()), reverse=True):
        above = score >= edge
        one, other = above & (shown == 1), above & (shown == 0)
        ratio = one.sum() / other.sum() if other.any() else 0.0
        share.append(above.mean())
        gain.append((outcome[one].sum() - outcome[other].sum() * ratio) / shown.sum())
    return share, gain


def test_a_curve_worked_out_by_hand():
    """Eight people in four levels of one shown and one control each.

    Gains after each level: 1, 1, 1, 0 responses of four shown, so 0.25, 0.25, 0.25, 0 per person. Area:
    (0.125 + 0.25 + 0.25 + 0.125) / 4 = 0.1875, and the line ends at 0. The best order gains 0.25 after the first
    person of eight, stays there until the last, and ends at 0: 0.25 x 7/8 = 0.21875.
    """
    score = np.array([4, 4, 3, 3, 2, 2, 1, 1])
    shown = np.array([1, 0, 1, 0, 1, 0, 1, 0])
    outcome = np.array([1, 0, 0, 0, 0, 0, 0, 1])
    found = qini(score, outcome, shown)
    assert found["area"][0] == pytest.approx(0.1875)
    assert found["coefficient"][0] == pytest.approx(0.1875 / 0.21875)
    assert found["increment"][0] == 0.0
    curve = dict(found["curve"])
    assert [curve[x] for x in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.0, 0.25, 0.25, 0.25, 0.0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(40, 200))
def test_the_curve_is_its_definition(seed, rows):
    """Area and curve equal those of a loop over the levels; the coefficient is the area over that of the best order."""
    score, shown, outcome = experiment(rows, seed)
    if len(set(shown.tolist())) < 2:
        return
    found = qini(score, outcome, shown)
    share, gain = literal(score, outcome, shown)
    area = np.trapezoid(gain, share) - gain[-1] / 2
    assert found["area"][0] == pytest.approx(area, abs=1e-12)
    best_share, best_gain = literal(outcome * (2 * shown - 1), outcome, shown)
    most = np.trapezoid(best_gain, best_share) - best_gain[-1] / 2
    if most > 1e-9:
        assert found["coefficient"][0] == pytest.approx(area / most, abs=1e-9)
    assert found["curve"][-1][1] == pytest.approx(gain[-1], abs=1e-12)
    assert found["increment"][0] == pytest.approx(gain[-1], abs=1e-12)


def test_the_intervals_agree_with_a_bootstrap():
    """Half widths are within a sixth of those of 300 resamples, for coefficient and area."""
    score, shown, outcome = experiment(3_000, 1)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        rows = rng.integers(0, 3_000, 3_000)
        one = qini(score[rows], outcome[rows], shown[rows])
        drawn.append([one["coefficient"][0], one["area"][0], one["increment"][0]])
    found = qini(score, outcome, shown)
    for spread, name in zip(np.std(drawn, axis=0), ("coefficient", "area", "increment"), strict=True):
        value, lower, upper = found[name]
        assert (upper - lower) / 2 / 1.96 == pytest.approx(spread, rel=1 / 6)
        assert lower < value < upper


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 200 experiments ranked at random, the 95 % interval holds zero in all but a few."""
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(200):
        _, shown, outcome = experiment(800, seed)
        _, lower, upper = qini(rng.random(800), outcome, shown)["coefficient"]
        held += lower <= 0.0 <= upper
    assert held >= 182


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_rows_changes_no_bit(seed):
    """Shuffled rows give the same report, intervals and all."""
    score, shown, outcome = experiment(300, seed)
    order = np.random.default_rng(seed).permutation(300)
    first = evaluate_increment(score, outcome, shown)
    assert evaluate_increment(score[order], outcome[order], shown[order]) == first
    assert json.loads(json.dumps(first)) == first


def test_known_chances_weigh_the_rows():
    """Where the best were shown the offer more often, one over the chance gives the increment of everybody back."""
    rng = np.random.default_rng(5)
    score = rng.random(60_000)
    chance = 0.2 + 0.6 * score
    shown = (rng.random(60_000) < chance).astype(int)
    outcome = (rng.random(60_000) < 0.2 + 0.4 * score + 0.2 * shown * score).astype(int)
    found = qini(score, outcome, shown, chance)
    assert found["increment"][0] == pytest.approx(0.10, abs=0.015)
    assert found["curve"][-1][1] == pytest.approx(0.10, abs=0.015)
    assert qini(score, outcome, shown)["increment"][0] > 0.17


def test_increments_that_come_true_are_shown_to():
    """Five bins, each with its measured increment beside the predicted one, and everybody in one of them."""
    rng = np.random.default_rng(6)
    told = rng.integers(-50_000, 150_000, 40_000)
    shown = rng.integers(0, 2, 40_000)
    outcome = (rng.random(40_000) < 0.3 + shown * told / 1e6).astype(int)
    bins = evaluate_increment(told, outcome, shown)["reliability"]
    assert sum(line["rows"] for line in bins) == 40_000
    assert all(line["lower"] - 0.02 < line["predicted"] < line["upper"] + 0.02 for line in bins)
    assert bins[0]["predicted"] < 0.0 < bins[-1]["increment"]


def test_amounts_have_an_area_and_no_coefficient():
    """What the best order of amounts would be is not known, so there is nothing to divide by."""
    score, shown, outcome = experiment(500, 2)
    found = qini(score, outcome * 12.5, shown)
    assert "coefficient" not in found
    assert found["area"][0] == pytest.approx(12.5 * qini(score, outcome, shown)["area"][0])


def test_few_rows_are_counted_and_not_judged():
    """Under a hundred on a side there is no figure that anybody could lean on."""
    score, shown, outcome = experiment(120, 0)
    found = evaluate_increment(score, outcome, shown)
    assert found == {"rows": 120, "enough": False, "shown": int(shown.sum()), "control": int(120 - shown.sum())}


def test_a_side_without_rows_is_an_error():
    """No control, no curve."""
    with pytest.raises(ValueError, match="rows that were not"):
        qini(np.arange(5), np.ones(5), np.ones(5))
