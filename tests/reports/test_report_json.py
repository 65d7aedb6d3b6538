"""The JSON is the source: plain values, small numbers hidden, nothing personal but three pseudonyms."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from evenhand.reports import SMALLEST_SHOWN


def numbers(value: Any, path: str = "") -> list[tuple[str, float]]:
    """Every number in the report with its path."""
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in numbers(one, f"{path}/{key}")]
    if isinstance(value, list):
        return [found for one in value for found in numbers(one, path)]
    return [(path, value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_a_report_survives_json(report):
    """A round trip changes nothing, and the schema's version is in it."""
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["schema_version"] == 1


def test_small_numbers_of_people_are_hidden(report):
    """No count of people between one and nine is in the report; limits and bin counts included."""
    counts = ("/funnel/people", "/funnel/personalised", "/funnel/contextual", "/drops/people", "/offers/selected")
    counts += ("/limits/people",)
    shown = [value for path, value in numbers(report) if path in counts or path.endswith(("/count", "/rows"))]
    assert len(shown) > 50
    assert not [value for value in shown if 0 < value < SMALLEST_SHOWN]


def test_the_funnel_and_its_reasons_add_up(report, explained):
    """Who is known is permitted or left with a reason; who is permitted is selected or left with a reason."""
    steps = {step["key"]: step["people"] for step in report["funnel"]}
    left = {
        step: sum(d["people"] for d in report["drops"] if d["step"] == step) for step in ("refused", "not-selected")
    }
    assert steps["known"] == len(explained.margin)
    assert steps["known"] - steps["permitted"] == left["refused"]
    assert steps["permitted"] - steps["selected"] == left["not-selected"]
    assert steps["selected"] == int((explained.allocated.offer >= 0).sum())


def test_only_the_three_decisions_carry_a_pseudonym(report, explained):
    """Nobody else can be found in the report."""
    text = json.dumps(report)
    pseudonyms = explained.allocated.scored.minimised.permitted.asked.subjects
    told = {story["nl"]["subject"] for story in report["stories"]}
    assert {one.decode() for one in pseudonyms if one.decode() in text} == told
    assert len(told) == 3


def test_every_term_has_its_shape(report, explained):
    """Effects and intervals of every term and fit, as the model has them."""
    model = explained.allocated.scored.minimised.model
    assert [term["name"] for term in report["model"]["terms"]] == [b.name for b in model.view.binnings]
    for t, term in enumerate(report["model"]["terms"]):
        for key, shape in term["shapes"].items():
            effects = [one["effect"] for one in shape]
            assert np.isin(effects, model.shapes[key][t].effect).all()
