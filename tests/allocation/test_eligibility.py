"""Offers with a condition: who does not meet it cannot get them, is told so, and is nobody's missed chance."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import SPREADS, linear_optimum
from evenhand.allocation import LimitsContradictError, allocate
from evenhand.policy import Campaign
from evenhand.terms import Measure, Reason, Scored, Standing


def with_eligible(scored: Scored, eligible: NDArray[np.bool_]) -> Scored:
    """The same values, where these offers are open to these people only."""
    minimised = dataclasses.replace(scored.minimised, eligible=eligible)
    return dataclasses.replace(scored, minimised=minimised)


def case(people: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], list[str]]:
    """Values, who may get what (the third offer hardly anybody), and groups."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], people)
    value = (rng.normal(size=(3, people)) * 1e6 + 5e5 * (group == "a") + 3e5).astype(np.int64)
    eligible = rng.random((3, people)) < np.array([[0.9], [0.5], [0.2]]) + 0.1 * (group == "b")
    return value, eligible, group.tolist()


@pytest.mark.parametrize("per", ["campaign", "offer"])
@pytest.mark.parametrize("measure", SPREADS)
@pytest.mark.parametrize("seed", range(2))
def test_the_bound_is_that_of_highs_with_closed_offers(seed: int, measure: Measure, per: str) -> None:
    """With places, money and groups: the same optimum as the linear problem over those who may get each offer."""
    value, eligible, group = case(240, seed)
    bound = 0.8 if measure.is_least else 0.08
    limit = {"id": "d", "groups": ["g"], "measure": measure, "bound": bound, "mode": "aware", "per": per}
    campaign = campaign_with(
        costs=[300_000, 200_000, 0],
        capacities=[40, 30, None],
        minimums=[None, None, 8],
        budget=16_000_000,
        disparity=[limit | {"minimum_size": 10}],
    )
    allocated = allocate(with_eligible(scored_with(value), eligible), campaign, PlainWall({"g": group}))
    optimum = linear_optimum(value, campaign, {"g": group}, eligible)
    assert optimum - 2 <= allocated.certificate.bound <= optimum * 1.003
    assert optimum * 0.95 <= allocated.certificate.value <= allocated.certificate.bound
    assert all(one.held for one in allocated.limits)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_nobody_gets_or_nearly_gets_an_offer_that_is_closed_to_them(seed: int) -> None:
    """Chosen and second offers are open ones; who has none is told so, whatever the limits are."""
    rng = np.random.default_rng(seed)
    people, offers = int(rng.integers(1, 90)), int(rng.integers(1, 4))
    value = rng.choice([-1.0, 0, 1, 2, 1e6], size=(offers, people)).astype(np.int64) * 10**6
    eligible = rng.random((offers, people)) < rng.choice([0.0, 0.3, 0.9])
    standing = rng.choice(3, people, p=(0.1, 0.2, 0.7)).astype(np.uint8)
    limits: dict[str, Any] = {"contacts": int(rng.integers(0, people + 1))} if rng.random() < 0.5 else {}
    limit = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware", "minimum_size": 10, "per": "offer"}
    campaign = campaign_with(costs=[0] * offers, disparity=[limit] if rng.random() < 0.5 else [], **limits)
    wall = PlainWall({"g": rng.choice(["x", "y"], people).tolist()}, standing == Standing.PERSONALISED)
    found = allocate(with_eligible(scored_with(value, standing=standing), eligible), campaign, wall)
    for choice in (found.offer, found.runner_up, found.unlimited_offer):
        some = np.flatnonzero(choice >= 0)
        assert eligible[choice[some], some].all()
    allowed = standing != Standing.REFUSED
    none = allowed & ~eligible.any(axis=0)
    np.testing.assert_array_equal(found.reason == Reason.NOT_ELIGIBLE, none)
    assert (found.reason[standing == Standing.REFUSED] == Reason.CONSENT_WITHDRAWN).all()
    assert all(one.held for one in found.limits)


def test_groups_are_compared_by_those_who_may_get_the_offer() -> None:
    """Half of one group may not get it: with equal rates among those who may, the ratio is one."""
    group = ["a"] * 100 + ["b"] * 100
    eligible = np.ones((1, 200), dtype=bool)
    eligible[0, 150:] = False
    limit = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware"}
    value = np.full((1, 200), 10**6)
    found = allocate(
        with_eligible(scored_with(value), eligible),
        campaign_with(costs=[0], disparity=[limit]),
        PlainWall({"g": group}),
    )
    assert found.limits[-1].used == 1.0
    assert int((found.offer >= 0).sum()) == 150


def test_a_minimum_above_the_people_who_may_get_it_is_told() -> None:
    """Sixty are asked for, and forty may get it."""
    value, _, _ = case(100, 0)
    eligible = np.ones((3, 100), dtype=bool)
    eligible[1, 40:] = False
    campaign = campaign_with(costs=[0, 0, 0], minimums=[None, 60, None])
    with pytest.raises(LimitsContradictError, match="ask for fewer people for o1: from 60 to 40") as error:
        allocate(with_eligible(scored_with(value), eligible), campaign, PlainWall({}))
    assert [(one.limit, one.reachable) for one in error.value.relaxations] == [("minimum:o1", 40.0)]


def test_a_limit_between_groups_gives_way_as_far_as_a_minimum_needs() -> None:
    """Ten of one group may get the voucher, and it must reach ninety: what is left of the ratio is told, and enough."""
    value = np.full((2, 200), 10**6)
    group = ["a"] * 100 + ["b"] * 100
    eligible = np.ones((2, 200), dtype=bool)
    eligible[0, 110:] = False
    scored, wall = with_eligible(scored_with(value), eligible), PlainWall({"g": group})
    limit = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware", "minimum_size": 10}
    declared: dict[str, Any] = {"costs": [0, 0], "minimums": [90, None], "capacities": [None, 0]}
    campaign = campaign_with(**declared, disparity=[limit])
    with pytest.raises(LimitsContradictError, match=r"the bound of d from 0\.8 to 0\.1") as error:
        allocate(scored, campaign, wall)
    reach = {one.limit: one.reachable for one in error.value.relaxations}
    assert reach["capacity:o1"] == 54
    assert reach["d"] == pytest.approx(0.125, abs=1e-3)
    assert reach["minimum:o0"] == 22
    for change in ({"capacities": [None, 54]}, {"minimums": [22, None]}):
        found = allocate(scored, campaign_with(**(declared | change), disparity=[limit]), wall)
        assert all(one.held for one in found.limits)
    eased = limit | {"bound": reach["d"]}
    assert all(one.held for one in allocate(scored, campaign_with(**declared, disparity=[eased]), wall).limits)


def test_a_blind_limit_per_offer_holds_among_those_who_may_get_it() -> None:
    """True groups are counted among the eligible, for each offer."""
    rng = np.random.default_rng(8)
    value, eligible, group = case(2500, 8)
    value[0] += (8e5 * (np.array(group) == "a")).astype(np.int64)
    place = np.unique(group, return_inverse=True)[1]
    codes = [np.clip(rng.normal(size=2500) * 1.5 + 8 + 2 * (place == k), 3, 15).astype(np.uint8) for k in range(3)]
    limit = {"id": "d", "groups": ["g"], "bound": 0.75, "per": "offer"}
    campaign = campaign_with(costs=[0, 0, 0], capacities=[300, 200, 150], disparity=[limit])
    found = allocate(with_eligible(scored_with(value, codes=codes), eligible), campaign, PlainWall({"g": group}))
    for offer in range(3):
        rates = [(found.offer[(place == g) & eligible[offer]] == offer).mean() for g in range(3)]
        assert min(rates) >= 0.75 * max(rates)


def by_lot(campaign: Campaign, share: float = 0.2) -> Campaign:
    """The same campaign with a share decided about by lot."""
    return Campaign.model_validate(campaign.model_dump(mode="json") | {"exploration": {"share": share}})


def test_nobody_draws_a_lot_for_offers_of_which_one_is_closed_to_them() -> None:
    """A lot falls evenly on all offers, so only people who may get all of them take part."""
    value, eligible, _ = case(400, 1)
    eligible[2] |= np.arange(400) % 2 == 0
    found = allocate(with_eligible(scored_with(value), eligible), by_lot(campaign_with(costs=[0, 0, 0])), PlainWall({}))
    drawn = np.isin(found.reason, (Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING))
    assert 0 < drawn.sum() < 0.2 * 400
    assert eligible[:, drawn].all()
    some = np.flatnonzero(found.offer >= 0)
    assert eligible[found.offer[some], some].all()


@pytest.mark.parametrize("measure", SPREADS)
@pytest.mark.parametrize("seed", range(3))
def test_an_aware_limit_holds_for_everybody_with_some_by_lot(seed: int, measure: Measure) -> None:
    """What the lots give to each group counts within the limit, to the last person."""
    value, eligible, group = case(500, seed)
    limit = {"id": "d", "groups": ["g"], "measure": measure, "mode": "aware", "per": "offer"}
    limit["bound"] = 0.9 if measure.is_least else 0.02
    campaign = by_lot(campaign_with(costs=[0, 0, 0], capacities=[120, 100, 60], disparity=[limit]), 0.1)
    found = allocate(with_eligible(scored_with(value), eligible), campaign, PlainWall({"g": group}))
    assert all(one.held for one in found.limits)
    assert (found.offer >= 0).sum() > 100
