"""Up to so many offers for one person, with HiGHS beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import LimitsContradictError, allocate, allocate_several
from evenhand.policy import Campaign
from evenhand.terms import Measure, UsageError


def optimum(
    value: NDArray[np.int64], campaign: Campaign, at_most: int, groups: Mapping[str, Sequence[str]], *, whole: bool
) -> float:
    """By HiGHS, with one more unknown per person: whether they get anything. In shares, or in whole numbers."""
    offers, people = value.shape
    size = offers * people
    rows: list[NDArray[np.float64]] = []
    most: list[float] = []

    def row(of_offers: NDArray[np.float64], of_people: NDArray[np.float64], bound: float) -> None:
        rows.append(np.concatenate([of_offers.ravel(), of_people]))
        most.append(bound)

    none, nobody = np.zeros((offers, people)), np.zeros(people)
    for person in range(people):
        me, mine = np.eye(people)[person], none.copy()
        mine[:, person] = 1
        row(mine, -at_most * me, 0)
        row(-mine, me, 0)
        for offer in range(offers):
            one = none.copy()
            one[offer, person] = 1
            row(one, -me, 0)
    if campaign.limits.contacts.total is not None:
        row(none, np.ones(people), campaign.limits.contacts.total)
    for index, offer in enumerate(campaign.offers):
        only = none.copy()
        only[index] = 1
        if offer.capacity is not None:
            row(only, nobody, offer.capacity)
        if offer.minimum is not None:
            row(-only, nobody, -offer.minimum)
    if campaign.limits.budget is not None:
        costs = np.array([offer.cost_micro / 1e6 for offer in campaign.offers])[:, None] * np.ones(people)
        row(costs, nobody, float(campaign.limits.budget))
    for limit in campaign.limits.disparity:
        names = np.array(groups[limit.groups[0]])
        of = {g: (names == g) / (names == g).sum() for g in np.unique(names)}
        for index in range(offers) if limit.per == "offer" else [-1]:
            for low in of:
                for high in of:
                    rate = limit.bound * of[high] - of[low]
                    only = none.copy()
                    if index >= 0:
                        only[index] = rate
                    row(only, nobody if index >= 0 else rate, 0)
    found = milp(
        np.concatenate([-value.ravel(), nobody]),
        integrality=np.full(size + people, int(whole)),
        bounds=(0, 1),
        constraints=LinearConstraint(np.array(rows), -np.inf, np.array(most)),
    )
    assert found.status == 0, found.message
    return float(-found.fun)


@pytest.mark.parametrize("per", ["campaign", "offer"])
@pytest.mark.parametrize("at_most", [2, 3])
def test_the_bound_is_that_of_highs(at_most: int, per: str) -> None:
    """Places, a minimum, money per offer, contacts per person and groups: close above the optimum in shares."""
    rng = np.random.default_rng(at_most)
    group = rng.choice(["a", "b"], 120).tolist()
    value = (rng.normal(size=(4, 120)) * 1e6 + 4e5 * (np.array(group) == "a")).astype(np.int64)
    limit = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware", "per": per}
    campaign = campaign_with(
        costs=[300_000, 200_000, 0, 100_000],
        capacities=[30, 25, None, 40],
        minimums=[None, None, None, 12],
        budget=15_000_000,
        contacts=60,
        disparity=[limit],
    )
    found = allocate_several(scored_with(value), campaign, PlainWall({"g": group}), at_most)
    best = optimum(value, campaign, at_most, {"g": group}, whole=False)
    assert best - 2 <= found.certificate.bound <= best * 1.002
    assert best * 0.97 <= found.certificate.value <= found.certificate.bound
    assert all(one.held for one in found.limits)
    assert found.given.sum(axis=0).max() == at_most


@pytest.mark.parametrize("seed", range(3))
def test_whole_decisions_are_near_the_best_ones(seed: int) -> None:
    """HiGHS in whole numbers on forty people: no more than two persons' worth better."""
    rng = np.random.default_rng(seed)
    value = (rng.normal(size=(3, 40)) * 1e6).astype(np.int64)
    campaign = campaign_with(costs=[100_000, 0, 0], capacities=[9, 8, 7], contacts=15, budget=600_000)
    found = allocate_several(scored_with(value), campaign, PlainWall({}), 2)
    best = optimum(value, campaign, 2, {}, whole=True)
    assert best - 2 * np.abs(value).max() <= found.certificate.value <= best + 1
    assert found.certificate.bound >= best - 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_no_limit_is_violated_and_nobody_gets_more_than_so_many(seed: int, at_most: int) -> None:
    """Whatever the problem: counted afresh, in whole numbers; and the value is that of what is given."""
    rng = np.random.default_rng(seed)
    people, offers = int(rng.integers(1, 70)), int(rng.integers(1, 5))
    value = rng.choice([-1.0, 0, 1, 2], size=(offers, people)).astype(np.int64) * 10**6
    eligible = rng.random((offers, people)) < rng.choice([0.5, 1.0])
    scored = scored_with(value)
    scored = dataclasses.replace(scored, minimised=dataclasses.replace(scored.minimised, eligible=eligible))
    limit: dict[str, Any] = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware", "minimum_size": 10}
    campaign = campaign_with(
        costs=rng.choice([0, 250_000], offers).tolist(),
        capacities=[int(rng.integers(0, people + 1)) for _ in range(offers)],
        budget=int(rng.integers(0, people * 300_000)),
        contacts=int(rng.integers(0, people + 1)),
        disparity=[limit] if rng.random() < 0.5 else [],
    )
    found = allocate_several(scored, campaign, PlainWall({"g": rng.choice(["x", "y"], people).tolist()}), at_most)
    assert found.given.sum(axis=0).max(initial=0) <= at_most
    assert not (found.given & ~eligible).any()
    assert all(one.held for one in found.limits)
    counts = found.given.sum(axis=1)
    for offer, taken in zip(campaign.offers, counts.tolist(), strict=True):
        assert offer.capacity is None or taken <= offer.capacity
    spent = sum(taken * offer.cost_micro for offer, taken in zip(campaign.offers, counts.tolist(), strict=True))
    assert spent <= (campaign.limits.budget or 0) * 10**6
    assert found.given.any(axis=0).sum() <= (campaign.limits.contacts.total or 0)
    assert found.certificate.value == int(value[found.given].sum())
    assert found.certificate.value <= found.certificate.bound


def test_with_one_offer_each_it_is_the_allocation_of_one() -> None:
    """The same value and the same bound, to the micro-unit."""
    rng = np.random.default_rng(3)
    value = (rng.normal(size=(3, 300)) * 1e6).astype(np.int64)
    campaign = campaign_with(costs=[0, 0, 0], capacities=[30, 40, 50], contacts=100)
    one = allocate(scored_with(value), campaign, PlainWall({}))
    several = allocate_several(scored_with(value), campaign, PlainWall({}), 1)
    np.testing.assert_array_equal(several.given, [one.offer == j for j in range(3)])
    assert several.certificate.bound == one.certificate.bound


def test_a_blind_limit_holds_for_unique_people() -> None:
    """Reach counts people, not offers: whoever has two counts once."""
    rng = np.random.default_rng(4)
    group = rng.choice(["a", "b"], 2000).tolist()
    lean = np.array(group) == "a"
    value = (rng.normal(size=(3, 2000)) * 1e6 + 7e5 * lean - 4e5).astype(np.int64)
    codes = [np.clip(rng.normal(size=2000) * 1.5 + 8 + 3 * lean, 3, 15).astype(np.uint8) for _ in range(3)]
    campaign = campaign_with(costs=[0, 0, 0], contacts=500, disparity=[{"id": "d", "groups": ["g"], "bound": 0.8}])
    found = allocate_several(scored_with(value, codes=codes), campaign, PlainWall({"g": group}), 2)
    reached = found.given.any(axis=0)
    rates = [reached[np.array(group) == g].mean() for g in ("a", "b")]
    assert min(rates) >= 0.8 * max(rates)
    assert reached.sum() <= 500 < found.given.sum()


def test_what_is_not_done_is_refused() -> None:
    """Too many sets, no offer at all, and floors and soft limits each say so; contradictions are told as ever."""
    value = np.full((20, 5), 10**6)
    many = campaign_with(costs=[0] * 20)
    with pytest.raises(UsageError, match="make 1350 sets of offers"):
        allocate_several(scored_with(value), many, PlainWall({}), 3)
    with pytest.raises(UsageError, match="Up to 0 of 20 offers"):
        allocate_several(scored_with(value), many, PlainWall({}), 0)
    floor = {"id": "f", "groups": ["g"], "bound": 0.0, "measure": Measure.SELECTION_RATE_FLOOR}
    for limit in (floor, {"id": "f", "groups": ["g"], "bound": 0.8, "ceiling": 0.1}):
        with pytest.raises(UsageError, match="these are not done: f"):
            allocate_several(
                scored_with(value[:1]), campaign_with(costs=[0], disparity=[limit]), PlainWall({"g": ["a"] * 5}), 2
            )
    with pytest.raises(LimitsContradictError, match="ask for fewer people for o0: from 9 to 5"):
        allocate_several(scored_with(value[:1]), campaign_with(costs=[0], minimums=[9]), PlainWall({}), 2)
