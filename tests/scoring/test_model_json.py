"""A model is written as JSON and comes back whole, or not at all."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.scoring import fit, model_from_json, model_to_json
from evenhand.terms import DataError, LedgerError


@pytest.fixture(scope="module")
def written(world_of, campaign_of) -> str:
    """A fitted model as JSON text."""
    world = world_of(rows=1200, offers=2)
    model = fit(campaign_of(2), world.view, world.codes, world.offer, world.outcome, world.held_out)
    return json.dumps(model_to_json(model))


def test_a_model_comes_back_from_json_without_loss(written):
    """Writing it again gives the same text: integers, shapes and evaluation."""
    model = model_from_json(json.loads(written))
    assert json.dumps(model_to_json(model)) == written
    assert model.tables[0].dtype == np.int32
    assert model.shapes["offer-0"][0].effect.dtype == np.float64


@given(st.data())
def test_any_altered_entry_is_found(written, data):
    """One micro-logit more in one entry, or a moved cut, and the model is refused."""
    content = json.loads(written)
    t = data.draw(st.integers(0, len(content["tables"]) - 1))
    j = data.draw(st.integers(0, 1))
    code = data.draw(st.integers(0, len(content["tables"][t][j]) - 1))
    content["tables"][t][j][code] += data.draw(st.sampled_from([-1, 1, 1000]))
    with pytest.raises(LedgerError, match="was altered"):
        model_from_json(content)


@pytest.mark.parametrize("part", ["base", "offers", "view", "digest"])
def test_what_decides_is_under_the_digest(written, part):
    """Base, offers, bins and the digest itself cannot be changed unseen."""
    content = json.loads(written)
    if part == "base":
        content["base"][0] += 1
    elif part == "offers":
        content["offers"][0] = "other"
    elif part == "view":
        content["view"]["binnings"][0]["cuts"][0] += 0.5
    else:
        content["digest"] = "0" * 64
    with pytest.raises(LedgerError, match="was altered"):
        model_from_json(content)


@pytest.mark.parametrize("broken", [{}, {"format": 2}, {"format": 1, "view": None}])
def test_something_else_is_not_a_model(broken):
    """A document of another kind is named as such."""
    with pytest.raises(DataError, match="not a model that evenhand wrote"):
        model_from_json(broken)


@pytest.mark.parametrize("part", ["tables", "base", "view", "shapes", "evaluation", "digest", "offers"])
def test_a_model_with_a_part_missing_is_refused(written, part):
    """Every part is needed."""
    content = copy.deepcopy(json.loads(written))
    del content[part]
    with pytest.raises(DataError, match="not a model that evenhand wrote"):
        model_from_json(content)
