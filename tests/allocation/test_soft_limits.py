"""Soft limits: kept as far as their ceiling reaches, with what the rest would have cost."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import linear_optimum
from evenhand.allocation import allocate
from evenhand.terms import Allocated, LimitOutcome

LIMIT = {"id": "d", "groups": ["g"], "bound": 0.9, "mode": "aware"}


def skewed(people: int, seed: int) -> tuple[NDArray[np.int64], list[str], list[NDArray[np.uint8]]]:
    """Two offers that are worth more to one group, and codes that tell a good deal about it."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], people, p=[0.6, 0.4])
    value = rng.normal(size=(2, people)) * 1e6 + 9e5 * (group == "a") + 4e5
    codes = [np.clip(rng.normal(size=people) * 1.5 + 8 + 3 * (group == "a"), 3, 15).astype(np.uint8) for _ in range(3)]
    return value.astype(np.int64), group.tolist(), codes


def decided(
    limits: list[dict[str, Any]], seed: int = 0, people: int = 300
) -> tuple[Allocated, dict[str, LimitOutcome]]:
    """The allocation with a third of the places, and its outcomes by id."""
    value, group, codes = skewed(people, seed)
    campaign = campaign_with(costs=[0, 0], contacts=people // 3, disparity=limits)
    found = allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    return found, {one.id: one for one in found.limits}


@pytest.mark.parametrize("mode", ["aware", "blind"])
def test_a_soft_limit_that_costs_little_is_kept_whole(mode: str) -> None:
    """With a ceiling far above its cost it is what the hard limit is."""
    people = 300 if mode == "aware" else 2000
    hard, _ = decided([LIMIT | {"mode": mode}], people=people)
    soft, outcomes = decided([LIMIT | {"mode": mode, "ceiling": 0.9}], people=people)
    np.testing.assert_array_equal(soft.offer, hard.offer)
    told = outcomes["d"].soft
    assert told is not None
    assert told.bound == 0.9
    assert told.cost == told.needed
    assert outcomes["d"].held


@pytest.mark.parametrize("mode", ["aware", "blind"])
def test_a_soft_limit_is_given_up_where_it_would_cost_more_than_its_ceiling(mode: str) -> None:
    """It is kept to a bound that costs no more than the ceiling; a slightly stricter one would, as would the whole."""
    people = 300 if mode == "aware" else 2000
    free, _ = decided([], people=people)
    found, outcomes = decided([LIMIT | {"mode": mode, "ceiling": 0.02}], people=people)
    told, outcome = outcomes["d"].soft, outcomes["d"]
    assert told is not None
    assert told.needed is not None
    most = 0.02 * free.certificate.value
    assert told.without == pytest.approx(free.certificate.value, rel=1e-4)
    assert told.needed > most
    assert free.certificate.value - found.certificate.value <= most + 1
    assert 0 < told.bound < 0.9
    assert told.bound <= outcome.used < 0.9
    assert not outcome.held
    assert outcome.declared == 0.9
    stricter, _ = decided([LIMIT | {"mode": mode, "bound": round(told.bound + 0.02, 3)}], people=people)
    assert told.without - stricter.certificate.value > most


def test_the_cost_at_the_ceiling_is_that_of_the_linear_problem() -> None:
    """HiGHS at the bound that was kept loses what is told, within whole numbers, and more at the declared one."""
    value, group, _ = skewed(300, 0)
    _, outcomes = decided([LIMIT | {"ceiling": 0.02}])
    told = outcomes["d"].soft
    assert told is not None
    assert told.needed is not None

    def optimum(limits: list[dict[str, Any]]) -> float:
        return linear_optimum(value, campaign_with(costs=[0, 0], contacts=100, disparity=limits), {"g": group})

    free = optimum([])
    assert free - optimum([LIMIT | {"bound": told.bound}]) <= told.cost + 1 <= 0.02 * free + 2
    assert abs(free - optimum([LIMIT]) - told.needed) <= 2 * np.abs(value).max()


def test_a_ceiling_of_nothing_keeps_only_what_is_free() -> None:
    """Nobody's decision changes; the figure is what it was, and the rest is priced."""
    free, _ = decided([])
    found, outcomes = decided([LIMIT | {"ceiling": 0.0}])
    told = outcomes["d"].soft
    assert told is not None
    assert found.certificate.value >= free.certificate.value - 1
    assert told.cost <= 0
    assert told.needed is not None
    assert told.needed > 0


@pytest.mark.parametrize("mode", ["aware", "blind"])
def test_a_soft_limit_that_holds_by_itself_is_kept_whole_and_free(mode: str) -> None:
    """Where the figure is as good as the bound without asking, nothing is given up, and nobody's decision changes."""
    free, _ = decided([], people=2000)
    _, measured = decided([LIMIT | {"mode": mode, "bound": 0.0}], people=2000)
    bound = math.floor(measured["d"].used * 1000) / 1000
    assert 0 < bound < 0.9
    found, outcomes = decided([LIMIT | {"mode": mode, "bound": bound, "ceiling": 0.0}], people=2000)
    told = outcomes["d"].soft
    assert told is not None
    assert (told.bound, told.cost, told.needed) == (bound, 0, 0)
    assert outcomes["d"].held
    np.testing.assert_array_equal(found.offer, free.offer)


def test_what_cannot_be_kept_at_all_is_told_as_such() -> None:
    """Ten of one group may get the voucher, and it must reach ninety: no price is told for the whole limit."""
    group = ["a"] * 100 + ["b"] * 100
    eligible = np.ones((2, 200), dtype=bool)
    eligible[0, 110:] = False
    scored = scored_with(np.full((2, 200), 10**6))
    scored = dataclasses.replace(scored, minimised=dataclasses.replace(scored.minimised, eligible=eligible))
    limit = LIMIT | {"ceiling": 0.5, "minimum_size": 10}
    campaign = campaign_with(costs=[0, 0], minimums=[90, None], capacities=[None, 0], disparity=[limit])
    found = allocate(scored, campaign, PlainWall({"g": group}))
    told = found.limits[-1].soft
    assert told is not None
    assert told.needed is None
    assert 0.09 < told.bound <= 0.125
    assert (found.offer == 0).sum() >= 90


def test_soft_limits_are_settled_in_the_order_of_the_file() -> None:
    """The second is looked at with the first as settled; both stay within their own ceilings."""
    limits = [
        LIMIT | {"ceiling": 0.01},
        LIMIT | {"id": "o", "per": "offer", "bound": 0.8, "ceiling": 0.01},
    ]
    found, outcomes = decided(limits)
    first, second = outcomes["d"].soft, outcomes["o"].soft
    assert first is not None
    assert second is not None
    assert second.without == first.without - first.cost
    assert found.certificate.value >= second.without - 0.01 * second.without - 1
    assert outcomes["d"].used >= first.bound
    assert outcomes["o"].used >= second.bound
