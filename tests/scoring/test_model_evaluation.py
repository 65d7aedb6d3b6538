"""What a model is worth, measured on rows that it has not seen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from evenhand.scoring import contributions, fit, probability_ppm


@pytest.fixture(scope="module")
def fitted(world_of, campaign_of):
    """A world, its model, and the held-out scores worked out by hand."""
    world = world_of(rows=9000, offers=2)
    model = fit(campaign_of(2), world.view, world.codes, world.offer, world.outcome, world.held_out)
    here = world.held_out
    parts = contributions(model, tuple(column[here] for column in world.codes), world.offer[here])
    return world, model, model.base[world.offer[here]] + parts.sum(axis=1)


def test_measures_agree_with_scikit_learn(fitted):
    """AUROC, log loss and Brier score of the held-out rows."""
    world, model, scores = fitted
    outcome, measured = world.outcome[world.held_out], model.evaluation["overall"]
    chance = probability_ppm(scores) / 1e6
    assert measured["auroc"][0] == pytest.approx(roc_auc_score(outcome, scores), abs=1e-12)
    assert measured["log_loss"] == pytest.approx(log_loss(outcome, chance), abs=1e-9)
    assert measured["brier"] == pytest.approx(brier_score_loss(outcome, chance), abs=1e-9)
    assert measured["base_rate"][0] == outcome.mean()


def test_the_interval_of_the_auroc_agrees_with_a_bootstrap(fitted):
    """DeLong's half width is within a fifth of that of 200 resamples."""
    world, model, scores = fitted
    outcome = world.outcome[world.held_out]
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(scores), len(scores)) for _ in range(200)]
    spread = np.std([roc_auc_score(outcome[draw], scores[draw]) for draw in draws])
    value, lower, upper = model.evaluation["overall"]["auroc"]
    assert (upper - value) / 1.96 == pytest.approx(spread, rel=0.2)
    assert lower < value < upper


def test_gain_and_reliability_count_everybody_once(fitted):
    """Bins add up to the held-out rows; the top fifth holds more than a fifth of the responses."""
    world, model, _ = fitted
    measured = model.evaluation["overall"]
    assert sum(line["rows"] for line in measured["reliability"]) == measured["rows"] == world.held_out.sum()
    assert 0.2 < measured["gain"]["top_20"] <= 1
    assert measured["gain"]["top_10"] < measured["gain"]["top_20"]


def test_each_offer_is_measured_by_itself_and_all_of_it_is_json(fitted):
    """Per offer: which fit, how many rows, and the same measures; nothing that JSON cannot hold."""
    _, model, _ = fitted
    for note in model.evaluation["offers"].values():
        assert note["held_out"]["enough"]
    assert json.loads(json.dumps(model.evaluation, allow_nan=False)) == model.evaluation


def test_too_few_held_out_rows_are_counted_but_not_judged(world_of, campaign_of):
    """Fewer than a hundred rows give no measure."""
    world = world_of(rows=1000)
    held_out = np.arange(1000) < 50
    model = fit(campaign_of(), world.view, world.codes, world.offer, world.outcome, held_out)
    assert model.evaluation["overall"] == {"rows": 50, "enough": False}


def test_scores_that_all_tie_say_nothing(world_of, campaign_of):
    """With one bin for everybody the AUROC is one half and the gain is proportional."""
    world = world_of(rows=2000)
    codes = tuple(np.full(2000, 4, np.uint8) for _ in range(3))
    model = fit(campaign_of(), world.view, codes, world.offer, world.outcome, world.held_out)
    measured = model.evaluation["overall"]
    assert measured["auroc"][0] == 0.5
    assert measured["gain"]["top_20"] == pytest.approx(0.2)
    assert len(measured["reliability"]) == 1
