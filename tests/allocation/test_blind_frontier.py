"""The price of a limit at every strictness."""

from __future__ import annotations

import json

import pytest

from allocation.blind_cases import SIZES, CountingWall, people_of
from evenhand.allocation import GroupLimit, blind_frontier
from evenhand.terms import UsageError

LIMITS = (GroupLimit("sex", (("sex",),), 0.8), GroupLimit("region", (("region",),), 0.5))


def _sweep(bounds, swept="sex", **more):
    people = people_of(8_000)
    return blind_frontier(
        people.codes, SIZES, people.value, CountingWall(people.groups), LIMITS, 0.2, swept, bounds,
        outcome=people.outcome, **more,
    )  # fmt: skip


def test_a_stricter_bound_costs_more():
    """Value kept falls from bound to bound, people moved rise, and each bound holds."""
    points = _sweep((0.5, 0.7, 0.9)).points
    assert [point.held for point in points] == [True] * 3
    assert all(point.reached >= point.bound for point in points)
    kept = [point.value_kept for point in points]
    assert 1.0 >= kept[0] > kept[1] > kept[2] > 0.5
    assert points[0].entered < points[2].entered
    assert points[2].value_lost > 0 < points[2].captured_lost


def test_a_sweep_is_plain_data():
    """`to_dict` goes through JSON and has the figures of each point, without tables."""
    plain = json.loads(json.dumps(_sweep((0.6, 0.8)).to_dict()))
    assert plain["limit"] == "sex"
    assert [point["bound"] for point in plain["points"]] == [0.6, 0.8]
    assert {"value_kept", "value_lost", "entered", "left", "given", "taken", "groups"} <= set(plain["points"][0])
    assert "tables" not in json.dumps(plain)


def test_a_bound_out_of_reach_is_a_point_that_says_so():
    """Exactly equal rates are not held; the nearest rule stands there, and it is not called held."""
    point = _sweep((1.0,)).points[0]
    assert not point.held
    assert 0.9 < point.reached < 1.0


@pytest.mark.parametrize(
    ("swept", "bounds", "match"), [("age", (0.8,), "no limit 'age'"), ("sex", (2.0,), "the bound")]
)
def test_a_sweep_of_nothing_is_refused(swept, bounds, match):
    """The swept limit exists, and its bounds say something."""
    with pytest.raises(UsageError, match=match):
        _sweep(bounds, swept)
