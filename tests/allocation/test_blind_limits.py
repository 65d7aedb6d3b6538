"""Blind limits: which of them bind, and what is said where none can be kept."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import allocate
from evenhand.policy import Campaign
from evenhand.terms import Allocated, DataError, Scored

_EASED = re.compile(r"the bound of (\S+) to ([\d.]+)")
_LEFT_OUT = re.compile(r"Leave out (.*?), or relax far")


def _problem(seed: int, lean: float, people: int = 300) -> tuple[Scored, PlainWall]:
    """Two columns of groups, codes that tell little of them, and values that lean towards some groups."""
    rng = np.random.default_rng(seed)
    sex, region = rng.integers(0, 2, people), rng.integers(0, 3, people)
    value = rng.normal(size=(2, people)) * 1e6 + lean * 1e6 * (sex - 0.5) + lean * 5e5 * (region == 2)
    codes = [np.clip(rng.normal(size=people) + 8 + sex, 3, 15).astype(np.uint8) for _ in range(2)]
    groups = {"sex": [str(s) for s in sex], "region": [str(r) for r in region]}
    return scored_with(value.astype(np.int64), codes=codes), PlainWall(groups)


def _campaign(bounds: dict[str, float]) -> Campaign:
    limits: list[dict[str, Any]] = [{"id": name, "groups": [name], "bound": bound} for name, bound in bounds.items()]
    return campaign_with(costs=[0, 0], contacts=80, disparity=limits)


def _selected_rates(allocated: Allocated, groups: list[str]) -> list[float]:
    return [float(np.mean(allocated.unlimited_offer[np.array(groups) == g] >= 0)) for g in sorted(set(groups))]


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.floats(0, 0.4))
def test_blind_limits_that_hold_by_themselves_do_not_bind(seed: int, lean: float) -> None:
    """Where the outcome without them keeps every blind limit, they have no price and change nobody's decision."""
    scored, wall = _problem(seed, lean)
    free = allocate(scored, campaign_with(costs=[0, 0], contacts=80), wall)
    reached = {}
    for name in ("sex", "region"):
        rates = _selected_rates(free, wall.columns[name])
        reached[name] = min(rates) / max(rates) - 0.002
    limited = allocate(scored, _campaign({name: max(0.0, round(at, 6)) for name, at in reached.items()}), wall)
    disparity = [limit for limit in limited.limits if limit.kind == "disparity"]
    assert [(limit.held, limit.binding, limit.money, limit.people) for limit in disparity] == [(True, False, 0, 0)] * 2
    assert not limited.prices.group.any()
    assert limited.certificate.value == pytest.approx(free.certificate.value, rel=1e-4)
    np.testing.assert_array_equal(limited.offer, limited.unlimited_offer)


def test_a_blind_limit_that_changes_decisions_binds_beside_one_that_does_not() -> None:
    """Only the one that the outcome without limits breaks has a price."""
    scored, wall = _problem(3, 0.5)
    limited = {limit.id: limit for limit in allocate(scored, _campaign({"sex": 0.8, "region": 0.05}), wall).limits}
    assert limited["sex"].binding
    assert not limited["region"].binding
    assert (limited["region"].money, limited["region"].people) == (0, 0)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_the_relaxation_that_an_unreachable_limit_names_can_be_kept(seed: int) -> None:
    """Either the limits hold, or the campaign with the bounds that the error names, or without the limits that it says
    to leave out, is decided, and keeps them."""
    scored, wall = _problem(seed, 2.0, people=160)
    bounds = {"sex": 0.97, "region": 0.97}
    try:
        allocated = allocate(scored, _campaign(bounds), wall)
    except DataError as error:
        eased = {name: float(bound) for name, bound in _EASED.findall(error.remedy)}
        if out := _LEFT_OUT.search(error.remedy):
            eased = dict.fromkeys(out[1].split(" and "), 0.0)
        assert eased
        assert all(0 <= bound < bounds[name] for name, bound in eased.items())
        allocated = allocate(scored, _campaign(bounds | eased), wall)
    assert all(limit.held for limit in allocated.limits)
