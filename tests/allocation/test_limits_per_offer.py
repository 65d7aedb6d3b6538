"""Disparity limits over each offer by itself, or over a set of offers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import SPREADS, compared_offers, linear_optimum
from evenhand.allocation import allocate, campaign_frontier
from evenhand.policy import Campaign
from evenhand.terms import Allocated, Measure

OVER = [{"per": "offer"}, {"offers": ["o0", "o2"]}, {"offers": ["o1"]}, {"offers": ["o0", "o2"], "per": "offer"}]


def leaning(people: int, seed: int) -> tuple[NDArray[np.int64], list[str], list[NDArray[np.uint8]]]:
    """Three offers that different groups like, and codes that tell a good deal about the group."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], people, p=[0.5, 0.3, 0.2])
    likes = {"a": [9e5, 0, -3e5], "b": [0, 7e5, 0], "c": [-4e5, 0, 8e5]}
    value = (rng.normal(size=(3, people)) * 1e6 + np.array([likes[g] for g in group]).T).astype(np.int64)
    place = np.unique(group, return_inverse=True)[1]
    codes = [
        np.clip(rng.normal(size=people) * 1.5 + 8 + 2 * (place == k), 3, 15).astype(np.uint8) for k in (0, 0, 1, 2)
    ]
    return value, group.tolist(), codes


def rates(allocated: Allocated, campaign: Campaign, group: list[str]) -> list[list[float]]:
    """Rate of each group, for each set of offers that the campaign's first limit compares."""
    names = np.array(group)
    return [
        [float(np.isin(allocated.offer[names == g], taken).mean()) for g in np.unique(names)]
        for taken in compared_offers(campaign.limits.disparity[0], campaign)
    ]


@pytest.mark.parametrize("over", OVER, ids=str)
@pytest.mark.parametrize("measure", SPREADS)
def test_the_bound_is_close_above_the_optimum_that_highs_finds(measure: Measure, over: dict[str, Any]) -> None:
    """Aware, with places and a budget beside: the certificate holds, and so does every compared offer."""
    value, group, _ = leaning(240, 5)
    bound = 0.8 if measure.is_least else 0.05
    campaign = campaign_with(
        costs=[300_000, 200_000, 100_000],
        capacities=[40, 60, None],
        budget=24_000_000,
        disparity=[{"id": "d", "groups": ["g"], "measure": measure, "bound": bound, "mode": "aware", **over}],
    )
    allocated = allocate(scored_with(value), campaign, PlainWall({"g": group}))
    optimum = linear_optimum(value, campaign, {"g": group})
    assert optimum - 2 <= allocated.certificate.bound <= optimum * 1.002
    assert optimum * 0.97 <= allocated.certificate.value <= allocated.certificate.bound
    for one in rates(allocated, campaign, group):
        if measure is Measure.SELECTION_RATE_RATIO:
            assert min(one) >= 0.8 * max(one) - 1e-12
        elif measure is Measure.SELECTION_RATE_DIFFERENCE:
            assert max(one) - min(one) <= 0.05 + 1e-12
    assert all(limit.held for limit in allocated.limits)


@pytest.mark.parametrize("over", OVER, ids=str)
def test_a_blind_limit_per_offer_holds_on_true_groups(over: dict[str, Any]) -> None:
    """Without the limit the offers are far apart; with it each compared offer keeps it, and no decision saw a group."""
    value, group, codes = leaning(2500, 1)
    limit = {"id": "d", "groups": ["g"], "bound": 0.7, **over}
    campaign = campaign_with(costs=[0, 0, 0], capacities=[300, 300, 300], disparity=[limit])
    wall = PlainWall({"g": group})
    allocated = allocate(scored_with(value, codes=codes), campaign, wall)
    before = [
        min(one) / max(one)
        for one in rates(
            allocate(scored_with(value), campaign_with(costs=[0, 0, 0], capacities=[300, 300, 300]), wall),
            campaign,
            group,
        )
    ]
    after = [min(one) / max(one) for one in rates(allocated, campaign, group)]
    (outcome,) = (one for one in allocated.limits if one.id == "d")
    assert min(before) < 0.6
    assert min(after) >= 0.7
    assert outcome.held
    assert outcome.used == pytest.approx(min(after))


def test_the_worst_offer_is_what_the_outcome_tells() -> None:
    """A limit that is too loose to matter is measured all the same, at the offer where groups differ most."""
    value, group, _ = leaning(400, 2)
    limit = {"id": "d", "groups": ["g"], "bound": 0.01, "mode": "aware", "per": "offer"}
    campaign = campaign_with(costs=[0, 0, 0], capacities=[50, 50, 50], disparity=[limit])
    allocated = allocate(scored_with(value), campaign, PlainWall({"g": group}))
    found = [min(one) / max(one) for one in rates(allocated, campaign, group)]
    assert allocated.limits[-1].used == pytest.approx(min(found))
    assert not allocated.limits[-1].binding


def test_the_sweep_of_a_limit_per_offer_counts_each_offer() -> None:
    """Each point names the offers that its counts are of."""
    value, group, _ = leaning(400, 3)
    limit = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware", "per": "offer"}
    campaign = campaign_with(costs=[0, 0, 0], capacities=[90, 90, 90], disparity=[limit])
    swept = campaign_frontier(scored_with(value), campaign, PlainWall({"g": group}), None, (0.5, 0.9))
    assert {share.offers for share in swept.points[0].groups} == {(0,), (1,), (2,)}
    assert [point.held for point in swept.points] == [True, True]
    assert swept.points[0].reached is not None
    assert swept.points[0].reached >= 0.5
