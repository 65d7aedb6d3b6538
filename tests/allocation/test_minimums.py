"""An offer that must reach so many people, and limits that cannot be kept together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, linprog, milp

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import linear_optimum
from evenhand.allocation import LimitsContradictError, allocate
from evenhand.terms import DataError, Reason, Standing

AWARE = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware"}


def worths(people: int, seed: int) -> tuple[NDArray[np.int64], list[str]]:
    """Three offers, the last of which is worth something to few; and groups that differ in what they like."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], people)
    value = rng.normal(size=(3, people)) * 1e6 + np.array([[3e5], [0], [-2e6]]) + 6e5 * (group == "a")
    return value.astype(np.int64), group.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_a_minimum_is_met_at_the_least_loss(seed: int) -> None:
    """With places, money and groups beside, HiGHS finds the bound; and the offer that nobody wants reaches enough."""
    value, group = worths(240, seed)
    campaign = campaign_with(
        costs=[300_000, 200_000, 100_000],
        capacities=[40, 30, None],
        minimums=[None, 20, 25],
        budget=25_000_000,
        disparity=[AWARE],
    )
    allocated = allocate(scored_with(value), campaign, PlainWall({"g": group}))
    optimum = linear_optimum(value, campaign, {"g": group})
    assert optimum - 2 <= allocated.certificate.bound <= optimum * 1.003 + 1e4
    assert optimum * 0.97 <= allocated.certificate.value <= allocated.certificate.bound
    assert all(limit.held for limit in allocated.limits)
    assert int((allocated.offer == 2).sum()) >= 25
    outcome = next(limit for limit in allocated.limits if limit.id == "minimum:o2")
    assert (outcome.kind, outcome.declared, outcome.binding) == ("minimum", 25, True)
    assert allocated.prices.offer[2] < 0
    assert allocated.prices.by_limit["minimum:o2"] > 0


@pytest.mark.parametrize("seed", range(3))
def test_whole_decisions_are_near_those_of_a_whole_number_solver(seed: int) -> None:
    """HiGHS in whole numbers: what is reached is within a person's value of the best whole decisions."""
    value, _ = worths(60, seed)
    campaign = campaign_with(costs=[0, 0, 0], capacities=[10, 10, None], minimums=[3, 4, 12], contacts=25)
    allocated = allocate(scored_with(value), campaign, PlainWall({}))
    each = np.kron(np.ones(3), np.eye(60))
    of = np.kron(np.eye(3), np.ones(60))
    found = milp(
        -value.ravel(),
        integrality=np.ones(180),
        bounds=(0, 1),
        constraints=[
            LinearConstraint(each, 0, 1),
            LinearConstraint(of, [3, 4, 12], [10, 10, 60]),
            LinearConstraint(np.ones(180), 0, 25),
        ],
    )
    assert -found.fun - np.abs(value).max() <= allocated.certificate.value <= -found.fun + 1
    assert allocated.certificate.bound >= -found.fun - 1


def test_a_minimum_that_is_reached_anyway_costs_nothing() -> None:
    """The row has no price, and nobody's decision is another one."""
    value, _ = worths(300, 0)
    plain = allocate(scored_with(value), campaign_with(costs=[0, 0, 0]), PlainWall({}))
    asked = campaign_with(costs=[0, 0, 0], minimums=[20, None, None])
    found = allocate(scored_with(value), asked, PlainWall({}))
    np.testing.assert_array_equal(found.offer, plain.offer)
    assert not found.limits[0].binding


def test_a_minimum_beside_a_blind_limit_holds() -> None:
    """Both hold as counted, though no decision saw a group."""
    rng = np.random.default_rng(4)
    value, group = worths(2000, 4)
    codes = [np.clip(rng.normal(size=2000) * 2 + 8 + 2 * (np.array(group) == "a"), 3, 15).astype(np.uint8)]
    limit = {"id": "d", "groups": ["g"], "bound": 0.8}
    campaign = campaign_with(costs=[0, 0, 0], minimums=[None, None, 150], contacts=500, disparity=[limit])
    allocated = allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    assert all(one.held for one in allocated.limits)
    assert int((allocated.offer == 2).sum()) >= 150


CONTRADICTIONS: list[tuple[dict[str, Any], dict[str, float | None]]] = [
    ({"costs": [0, 0], "minimums": [70, None]}, {"minimum:o0": 60}),
    ({"costs": [0, 0], "minimums": [30, 40]}, {"minimum:o0": 20, "minimum:o1": 30}),
    (
        {"costs": [100_000, 0], "minimums": [50, None], "budget": 3_000_000},
        {"minimum:o0": 30, "budget": 5.0},
    ),
    (
        {"costs": [100_000, 0], "minimums": [50, None], "budget": 0},
        {"minimum:o0": 0, "budget": 5.0},
    ),
    (
        {"costs": [0, 0], "minimums": [50, 20], "contacts": 40, "capacities": [45, None]},
        {"contacts": None, "capacity:o0": None, "minimum:o0": 20, "minimum:o1": None},
    ),
]


def test_where_contradictions_are_not_worked_out_nothing_is_said_of_shares_of_people() -> None:
    """With costs of each person's own nobody knows whether there are any decisions; the message does not claim it."""
    scored = scored_with(np.full((2, 40), 10**6))
    cost = np.full((2, 40), 10**6)
    scored = dataclasses.replace(scored, minimised=dataclasses.replace(scored.minimised, cost=cost))
    campaign = campaign_with(costs=[10**6, 10**6], minimums=[10, None], budget=5 * 10**6)
    with pytest.raises(DataError, match="Whether there are any is not worked out") as error:
        allocate(scored, campaign, PlainWall({}))
    assert "shares of people" not in error.value.what


@pytest.mark.parametrize(("declared", "ways"), CONTRADICTIONS, ids=str)
def test_limits_that_contradict_each_other_are_told_with_the_smallest_relaxation_of_each(
    declared: dict[str, Any], ways: dict[str, float | None]
) -> None:
    """Sixty people: each limit alone as far as it must go, and None where that is not enough."""
    value, _ = worths(60, 1)
    with pytest.raises(LimitsContradictError, match="cannot be kept together") as error:
        allocate(scored_with(value[:2]), campaign_with(**declared), PlainWall({}))
    assert {one.limit: one.reachable for one in error.value.relaxations} == pytest.approx(ways)
    for one in error.value.relaxations:
        assert one.limit.split(":")[-1] in str(error.value)


def test_what_is_told_to_be_enough_is_enough() -> None:
    """Each relaxation, put in the campaign in place of the bound, is decided; a step less is not."""
    value, group = worths(90, 2)
    declared: dict[str, Any] = {"costs": [200_000, 0, 0], "minimums": [40, None, None], "budget": 6_000_000}
    limit = AWARE | {"offers": ["o0"], "minimum_size": 20}
    wall = PlainWall({"g": group})
    with pytest.raises(LimitsContradictError, match="raise the budget from 6 to 8") as error:
        allocate(scored_with(value), campaign_with(**declared, disparity=[limit]), wall)
    reachable = {one.limit: one.reachable for one in error.value.relaxations}
    assert reachable == {"budget": 8.0, "minimum:o0": 30, "d": None}
    for change in ({"budget": 8_000_000}, {"minimums": [30, None, None]}):
        found = allocate(scored_with(value), campaign_with(**(declared | change), disparity=[limit]), wall)
        assert all(one.held for one in found.limits)
    for change in ({"budget": 7_990_000}, {"minimums": [31, None, None]}):
        with pytest.raises(LimitsContradictError, match="cannot be kept"):
            allocate(scored_with(value), campaign_with(**(declared | change), disparity=[limit]), wall)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_relaxation_is_as_small_as_highs_finds_it(seed: int) -> None:
    """Random minimums, places, contacts and money: each limit's smallest relaxation is that of the linear problem."""
    rng = np.random.default_rng(seed)
    people, offers = int(rng.integers(20, 80)), int(rng.integers(1, 4))
    minimums = [int(m) for m in rng.integers(1, people, offers)]
    places = [int(m + rng.integers(0, 20)) for m in minimums]
    cost = rng.integers(0, 5, offers) * 100_000
    declared = campaign_with(
        costs=cost.tolist(),
        capacities=places,
        minimums=minimums,
        contacts=int(rng.integers(1, people)),
        budget=int(rng.integers(1, 60)) * 100_000,
    )
    value = rng.integers(-(10**6), 10**6, (offers, people))
    rows = [(np.ones(offers), float(declared.limits.contacts.total or 0), "contacts", 1.0)]
    for j in range(offers):
        rows.append((np.eye(offers)[j], places[j], f"capacity:o{j}", 1.0))
        rows.append((-np.eye(offers)[j], -minimums[j], f"minimum:o{j}", 1.0))
    if cost.any():
        rows.append((cost / 1e6, float(declared.limits.budget or 0), "budget", 0.01))
    if _least(rows, people, None) is not None:
        assert all(limit.held for limit in allocate(scored_with(value), declared, PlainWall({})).limits)
        return
    with pytest.raises(LimitsContradictError, match="cannot be kept together") as error:
        allocate(scored_with(value), declared, PlainWall({}))
    told = {one.limit: one.reachable for one in error.value.relaxations}
    for number, (_, bound, name, grain) in enumerate(rows):
        slack = _least(rows, people, number)
        if slack is None:
            assert told[name] is None
        else:
            reached = told[name]
            assert reached is not None
            assert abs(reached - abs(bound)) == pytest.approx(slack, abs=grain + 1e-6)
            assert abs(reached - abs(bound)) >= slack - 1e-6


def _least(rows: Sequence[tuple[NDArray[np.float64], float, str, float]], people: int, row: int | None) -> float | None:
    """The least by which one row must give way; without one, 0 where all fit; None where nothing fits."""
    offers = len(rows[0][0])
    slack = np.zeros((len(rows), 1))
    if row is not None:
        slack[row] = -1
    matrix = np.vstack([np.hstack([np.array([use for use, *_ in rows]), slack]), np.append(np.ones(offers), 0)])
    most = np.append([bound for _, bound, *_ in rows], people)
    cost = np.append(np.zeros(offers), 1)
    found = linprog(cost, A_ub=matrix, b_ub=most, bounds=(0, None), method="highs")
    return float(found.fun) if found.status == 0 else None


def test_nobody_at_all_cannot_meet_a_minimum() -> None:
    """Where everybody is refused, the minimum says so, with zero as what is left."""
    value, _ = worths(30, 0)
    refused = np.full(30, Standing.REFUSED, dtype=np.uint8)
    with pytest.raises(LimitsContradictError, match="ask for fewer people for o0: from 5 to 0"):
        allocate(
            scored_with(value, standing=refused),
            campaign_with(costs=[0, 0, 0], minimums=[5, None, None]),
            PlainWall({}, np.zeros(30, dtype=bool)),
        )
    found = allocate(scored_with(value, standing=refused), campaign_with(costs=[0, 0, 0]), PlainWall({}))
    assert (found.reason == Reason.CONSENT_WITHDRAWN).all()
