"""Up to so many offers for one person, with HiGHS beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import LimitsContradictError, allocate
from evenhand.policy import Campaign
from evenhand.terms import Allocated, Measure, Reason


def given(allocated: Allocated) -> NDArray[np.bool_]:
    """bool[m, n], who gets what."""
    table = np.zeros(allocated.scored.value.shape, dtype=bool)
    has = allocated.offer >= 0
    table[allocated.offer[has], allocated.person[has]] = True
    return table


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
        each=at_most,
    )
    found = allocate(scored_with(value), campaign, PlainWall({"g": group}))
    best = optimum(value, campaign, at_most, {"g": group}, whole=False)
    assert best - 2 <= found.certificate.bound <= best * 1.0005
    assert best * 0.99 <= found.certificate.value <= found.certificate.bound
    assert all(one.held for one in found.limits)
    assert given(found).sum(axis=0).max() == at_most


@pytest.mark.parametrize("seed", range(3))
def test_whole_decisions_are_near_the_best_ones(seed: int) -> None:
    """HiGHS in whole numbers on forty people: no more than two persons' worth better."""
    rng = np.random.default_rng(seed)
    value = (rng.normal(size=(3, 40)) * 1e6).astype(np.int64)
    campaign = campaign_with(costs=[100_000, 0, 0], capacities=[9, 8, 7], contacts=15, budget=600_000, each=2)
    found = allocate(scored_with(value), campaign, PlainWall({}))
    best = optimum(value, campaign, 2, {}, whole=True)
    assert best - 2 * np.abs(value).max() <= found.certificate.value <= best + 1
    assert found.certificate.bound >= best - 1


@settings(max_examples=25, deadline=None)
@drawn(st.integers(0, 2**32), st.integers(1, 3))
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
        each=at_most,
    )
    found = allocate(scored, campaign, PlainWall({"g": rng.choice(["x", "y"], people).tolist()}))
    table = given(found)
    assert table.sum(axis=0).max(initial=0) <= at_most
    assert not (table & ~eligible).any()
    assert all(one.held for one in found.limits)
    counts = table.sum(axis=1)
    for offer, taken in zip(campaign.offers, counts.tolist(), strict=True):
        assert offer.capacity is None or taken <= offer.capacity
    spent = sum(taken * offer.cost_micro for offer, taken in zip(campaign.offers, counts.tolist(), strict=True))
    assert spent <= (campaign.limits.budget or 0) * 10**6
    assert table.any(axis=0).sum() <= (campaign.limits.contacts.total or 0)
    assert found.certificate.value == int(value[table].sum())
    assert found.certificate.value <= found.certificate.bound


def test_of_offers_that_no_limit_tells_apart_the_best_ones_of_each_person_are_given() -> None:
    """Two hundred coupons and up to three each: the optimum of the linear problem, without a list of their sets."""
    rng = np.random.default_rng(7)
    value = (rng.normal(size=(200, 60)) * 1e6 - 2e6).astype(np.int64)
    campaign = campaign_with(costs=[100_000, 200_000] * 100, contacts=40, budget=9_000_000, each=3)
    found = allocate(scored_with(value), campaign, PlainWall({}))
    few = np.sort(value, axis=0)[-6:]
    assert found.certificate.gap < 0.01
    assert all(one.held for one in found.limits)
    assert given(found).sum(axis=0).max() == 3
    assert found.certificate.bound <= few[few > 0].sum()


def test_a_person_is_reached_for_offers_that_are_worth_it_together() -> None:
    """Neither of two offers is worth the price of a contact, and both are: who has two such offers is reached."""
    value = np.array([[600_000] * 5 + [900_000] * 5, [600_000] * 5 + [0] * 5])
    campaign = campaign_with(costs=[0, 0], contacts=5, each=2)
    found = allocate(scored_with(value), campaign, PlainWall({}))
    assert given(found).sum(axis=0).tolist() == [2] * 5 + [0] * 5
    assert found.person.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9]
    assert found.reason.tolist() == [Reason.SELECTED] * 10 + [Reason.BEYOND_LIMITS] * 5


@settings(max_examples=15, deadline=None)
@drawn(st.integers(0, 2**32))
def test_what_a_person_paid_is_the_sum_over_their_decisions(seed: int) -> None:
    """Whoever was not moved has the best offers at the prices, and keeps something above the price of being reached."""
    rng = np.random.default_rng(seed)
    value = (rng.normal(size=(4, 80)) * 1e6).astype(np.int64)
    campaign = campaign_with(costs=[50_000] * 4, capacities=[20, 25, None, 30], contacts=30, budget=3_000_000, each=2)
    found = allocate(scored_with(value), campaign, PlainWall({}))
    price = found.prices.offer
    margin = value - price[:, None]
    paid = np.bincount(found.person, weights=found.price, minlength=80)
    worth = np.where(given(found), value, 0).sum(axis=0)
    own = np.where(given(found), price[:, None], 0).sum(axis=0)
    reached = given(found).any(axis=0)
    assert (paid[reached] == own[reached] + found.prices.contact).all()
    moved = np.zeros(80, dtype=bool)
    moved[found.person[found.moved]] = True
    assert (worth - paid)[reached & ~moved].min(initial=1) > 0
    best = np.maximum(np.sort(margin, axis=0)[-2:], 0).sum(axis=0) - found.prices.contact
    assert np.abs((worth - paid)[reached & ~moved] - best[reached & ~moved]).max(initial=0) == 0
    assert best[~reached & ~moved].max(initial=0) <= 0


def test_a_blind_limit_holds_for_unique_people() -> None:
    """Reach counts people, not offers: whoever has two counts once."""
    rng = np.random.default_rng(4)
    group = rng.choice(["a", "b"], 2000).tolist()
    lean = np.array(group) == "a"
    value = (rng.normal(size=(3, 2000)) * 1e6 + 7e5 * lean - 4e5).astype(np.int64)
    codes = [np.clip(rng.normal(size=2000) * 1.5 + 8 + 3 * lean, 3, 15).astype(np.uint8) for _ in range(3)]
    limit = {"id": "d", "groups": ["g"], "bound": 0.8}
    campaign = campaign_with(costs=[0, 0, 0], contacts=500, disparity=[limit], each=2)
    found = allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    reached = given(found).any(axis=0)
    rates = [reached[np.array(group) == g].mean() for g in ("a", "b")]
    assert min(rates) >= 0.8 * max(rates)
    assert reached.sum() <= 500 < given(found).sum()


def test_floors_and_soft_limits_count_people_too() -> None:
    """A floor keeps each group's reach, and a soft limit costs no more than its ceiling, as with one offer each."""
    rng = np.random.default_rng(5)
    group = rng.choice(["a", "b"], 200).tolist()
    value = (rng.normal(size=(3, 200)) * 1e6 + 8e5 * (np.array(group) == "a")).astype(np.int64)
    wall = PlainWall({"g": group})
    floor = {"id": "f", "groups": ["g"], "bound": 0.02, "measure": Measure.SELECTION_RATE_FLOOR, "mode": "aware"}
    soft = {"id": "s", "groups": ["g"], "bound": 0.95, "ceiling": 0.01, "mode": "aware"}
    for limits in ([floor], [soft], [floor, soft]):
        campaign = campaign_with(costs=[0] * 3, contacts=80, disparity=limits, each=2)
        found = allocate(scored_with(value), campaign, wall)
        assert all(one.held for one in found.limits if one.id == "f")
        assert all(one.soft is not None and one.soft.cost <= 0.01 * one.soft.without + 1 for one in found.limits[-1:] if
                   one.id == "s")  # fmt: skip


def test_contradictions_are_told_with_what_would_do() -> None:
    """A minimum above the people there are names the nearest one that is not."""
    value = np.full((2, 5), 10**6)
    with pytest.raises(LimitsContradictError, match="ask for fewer people for o0: from 9 to 5"):
        allocate(scored_with(value), campaign_with(costs=[0, 0], minimums=[9, None], each=2), PlainWall({}))
