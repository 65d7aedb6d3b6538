"""The model file: published as a schema, and written so that a pull request shows what changed."""

from __future__ import annotations

import dataclasses
import difflib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from evenhand.scoring import assemble, fit, model_from_json, model_schema, model_to_json, model_to_text
from scoring.engine_cases import odd_model

ROOT = Path(__file__).parents[2]
SEEDS = st.integers(0, 2**32 - 1)


def test_the_published_schema_is_that_of_the_code():
    """docs/model.schema.json; else run tools/publish_reference.py."""
    spec = importlib.util.spec_from_file_location("publish_reference", ROOT / "tools" / "publish_reference.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.MODEL_SCHEMA.read_text("utf-8") == tool.model_schema_text()


@given(SEEDS)
def test_every_model_follows_the_schema_and_comes_back_from_its_text(seed):
    """With odd names and texts, pairs, several offers."""
    model = odd_model(np.random.default_rng(seed))
    content = json.loads(model_to_text(model))
    Draft202012Validator(model_schema()).validate(content)
    assert content == model_to_json(model)
    assert model_to_text(model_from_json(content)) == model_to_text(model)


def test_a_fitted_model_and_a_model_of_amounts_follow_the_schema(world_of, campaign_of):
    """Shapes, evaluation, link and unit too."""
    world = world_of(rows=1500, offers=2)
    fitted = fit(campaign_of(2, pairs=1), world.view, world.codes, world.offer, world.outcome, world.held_out)
    effects = [np.ones(item.size) * 3_000 for item in world.view.binnings]
    amounts = assemble(world.view, "o", 1.0, effects, (), world.codes, link="identity")
    for model in (fitted, amounts):
        content = json.loads(model_to_text(model))
        Draft202012Validator(model_schema()).validate(content)
        assert model_from_json(content).digest == model.digest


@pytest.mark.parametrize("part", sorted(model_schema()["required"]))
def test_a_file_without_a_part_does_not_follow_the_schema(part):
    """Every part that a reader needs is asked for; and nothing else may stand there."""
    content = model_to_json(odd_model(np.random.default_rng(1)))
    with pytest.raises(ValidationError, match="Additional properties"):
        Draft202012Validator(model_schema()).validate({**content, "notes": "x"})
    content.pop(part)
    with pytest.raises(ValidationError, match="is a required property"):
        Draft202012Validator(model_schema()).validate(content)


def test_an_old_file_on_one_line_is_still_read():
    """How a file is broken into lines does not matter."""
    model = odd_model(np.random.default_rng(2))
    assert model_from_json(json.loads(json.dumps(model_to_json(model)))).digest == model.digest


@given(SEEDS)
@example(314)
def test_a_changed_entry_is_a_changed_line(seed):
    """One entry of a long table: a comparison shows that line and nothing else."""
    rng = np.random.default_rng(seed)
    model = odd_model(rng)
    tables = [table.copy() for table in model.tables]
    longest = max(range(len(tables)), key=lambda t: tables[t].shape[1])
    tables[longest][0, -1] -= 1 if tables[longest][0, -1] > 0 else -1
    before = model_to_text(model)
    after = model_to_text(dataclasses.replace(model, tables=tuple(tables)))
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    assert [line[0] for line in lines] == ["@", "-", "+"]
    assert all(len(line) <= 110 for line in lines)
