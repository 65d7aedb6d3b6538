"""Limits on modelled responses: expected benefit and modelled true-positive rate, aware, blind, hard, soft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import linear_optimum
from evenhand.allocation import allocate, campaign_frontier, check_policy, policy_of, response_rates
from evenhand.policy import Campaign
from evenhand.terms import Allocated, DataError, Measure, Scored, UsageError

WEIGHTED = [measure for measure in Measure if measure.is_weighted and not measure.is_floor]
FLOORS = [measure for measure in Measure if measure.is_weighted and measure.is_floor]
MONEY = np.array([5.0, 8.0, 12.0])
LEAN = {"a": 0.0, "b": -0.6, "c": -1.0}


def world(people: int, seed: int, lean: float = 1.0) -> tuple[Scored, dict[str, list[str]]]:
    """Three offers, three groups with fewer and fewer modelled responses, and codes that tell them apart."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list(LEAN), people, p=[0.5, 0.3, 0.2]).tolist()
    logit = rng.normal(size=(3, people)) * 0.8 - 2.5 + lean * np.array([LEAN[g] for g in group])
    chance = (1e6 / (1 + np.exp(-logit))).astype(np.int32)
    value = (MONEY[:, None] * chance).astype(np.int64) - 150_000
    codes = [
        np.clip(rng.normal(size=people) * 0.5 + 6 + 3 * list(LEAN).index("b") * (np.array(group) == own), 3, 15).astype(
            np.uint8
        )
        for own in LEAN
    ]
    return scored_with(value, codes=codes, probability=chance), {"g": group}


def limit_on(measure: Measure, **more: Any) -> dict[str, Any]:
    """A limit with a bound that binds in `world`."""
    bounds = {"ratio": 0.8, "ratio_to_mean": 0.9, "difference": 0.01 if measure.rate == "expected_benefit" else 0.06}
    bound = bounds.get(measure.comparison, 0.0)
    return {"id": "w", "groups": ["g"], "measure": measure, "bound": bound, "mode": "aware", "minimum_size": 10} | more


def campaign_on(people: int, *limits: dict[str, Any], **more: Any) -> Campaign:
    """Places for a tenth of the people per offer, an offer for a fifth."""
    return campaign_with(
        costs=[0] * 3, capacities=[people // 10] * 3, disparity=limits, **({"contacts": people // 5} | more)
    )


def rates(allocated: Allocated, groups: list[str], measure: Measure, choice: NDArray[np.int16]) -> dict[str, float]:
    """The rate of each group, worked out here from the probabilities."""
    chance, found = allocated.scored.probability.astype(np.float64) / 1e6, {}
    for name in sorted(set(groups)):
        mine = np.flatnonzero(np.array(groups) == name)
        given = mine[choice[mine] >= 0]
        over = len(mine) if measure.rate == "expected_benefit" else chance[:, mine].max(axis=0).sum()
        found[name] = float(chance[choice[given], given].sum() / over)
    return found


def kept(rate: dict[str, float], weight: dict[str, float], measure: Measure, bound: float) -> bool:
    """Whether the bound holds for these rates."""
    low, high = min(rate.values()), max(rate.values())
    if measure.comparison == "difference":
        return high - low <= bound + 1e-12
    mean = sum(rate[g] * weight[g] for g in rate) / sum(weight.values())
    return low >= bound * (high if measure.comparison == "ratio" else mean) - 1e-12


@pytest.mark.parametrize("per", ["campaign", "offer"])
@pytest.mark.parametrize("measure", WEIGHTED)
def test_an_aware_limit_on_responses_has_the_bound_of_highs_and_comes_close(measure: Measure, per: str) -> None:
    """Everybody's own probability stands in the rows: the proof is the optimum of the linear problem, to six digits."""
    scored, groups = world(900, 1)
    campaign = campaign_on(900, limit_on(measure, per=per))
    found = allocate(scored, campaign, PlainWall(groups))
    best = linear_optimum(scored.value, campaign, groups, probability=scored.probability)
    assert found.certificate.bound == pytest.approx(best, rel=1e-5)
    assert found.certificate.bound >= best - 2
    assert best >= found.certificate.value >= best * (0.99 if per == "campaign" else 0.95)
    outcome = found.limits[-1]
    assert outcome.held
    assert outcome.binding
    if per == "campaign":
        chance = scored.probability.max(axis=0) / 1e6
        mine = {g: np.array(groups["g"]) == g for g in set(groups["g"])}
        benefit = measure.rate == "expected_benefit"
        weight = {g: float(one.sum() if benefit else chance[one].sum()) for g, one in mine.items()}
        assert kept(
            rates(found, groups["g"], measure, found.offer), weight, measure, campaign.limits.disparity[0].bound
        )
        assert not kept(rates(found, groups["g"], measure, found.unlimited_offer), weight, measure, outcome.declared)


@pytest.mark.parametrize("measure", FLOORS)
def test_a_floor_on_responses_lets_no_group_lose_and_agrees_with_highs(measure: Measure) -> None:
    """Four fifths of selection rates takes from some; the floor forbids that their expected responses fall."""
    scored, groups = world(600, 2)
    scored = replace(scored, value=scored.value - 600_000)
    even = {"id": "e", "groups": ["g"], "bound": 0.8, "mode": "aware", "minimum_size": 10}
    free = campaign_with(costs=[0] * 3, disparity=[even, limit_on(measure, bound=0.004)])
    found = allocate(scored, free, PlainWall(groups))
    before, after = (rates(found, groups["g"], measure, choice) for choice in (found.unlimited_offer, found.offer))
    assert all(after[g] >= before[g] - 0.004 - 1e-12 for g in before)
    best = linear_optimum(scored.value, free, groups, unlimited=found.unlimited_offer, probability=scored.probability)
    assert best - 2 <= found.certificate.bound <= best * 1.003 + 1e4
    assert found.certificate.value >= best * 0.95
    assert found.limits[-1].used == pytest.approx(max(0.0, *(before[g] - after[g] for g in before)))


@pytest.mark.parametrize("measure", WEIGHTED)
def test_a_blind_limit_on_responses_holds_on_the_true_groups(measure: Measure) -> None:
    """The prices see bin codes alone; the sums behind the wall hold."""
    scored, groups = world(1500, 3)
    campaign = campaign_on(1500, limit_on(measure, mode="blind"))
    found = allocate(scored, campaign, PlainWall(groups))
    assert found.limits[-1].held
    told = response_rates(found, campaign, PlainWall(groups))[0]
    assert told.after == pytest.approx(tuple(rates(found, groups["g"], measure, found.offer).values()))
    assert told.figure_after == pytest.approx(found.limits[-1].used)
    worse = told.figure_before < told.figure_after if measure.is_least else told.figure_before > told.figure_after
    assert worse


@pytest.mark.parametrize("measure", [Measure.EXPECTED_BENEFIT_RATIO, Measure.MODELLED_TRUE_POSITIVE_RATIO])
def test_a_soft_limit_on_responses_is_kept_up_to_its_ceiling(measure: Measure) -> None:
    """The strictest bound that costs no more, in place of the whole one."""
    scored, groups = world(900, 4)
    found = allocate(scored, campaign_on(900, limit_on(measure, bound=0.98, ceiling=0.003)), PlainWall(groups))
    soft = found.limits[-1].soft
    assert soft is not None
    assert soft.bound is not None
    assert 0 < soft.bound < 0.98
    assert found.limits[-1].used >= soft.bound
    assert soft.cost <= 0.003 * soft.without


def test_everybody_pays_for_their_own_responses_and_nobody_is_moved_but_a_few() -> None:
    """The recorded price is the offer's, the group's, and one response's times the person's own probability."""
    scored, groups = world(900, 5)
    found = allocate(scored, campaign_on(900, limit_on(Measure.EXPECTED_BENEFIT_RATIO)), PlainWall(groups))
    prices = found.prices
    assert prices.response is not None
    cell = np.array([1 + sorted(set(groups["g"])).index(g) for g in groups["g"]])
    taken = np.flatnonzero(found.offer >= 0)
    offer = found.offer[taken]
    own = prices.response[cell[taken], offer] * scored.probability[offer, taken] // 1_000_000
    expected = prices.offer[offer] + prices.group[cell[taken], offer] + own
    np.testing.assert_array_equal(found.price[taken], expected)
    assert not prices.response[0].any()
    assert found.certificate.moved < 20


def test_a_limit_on_responses_beside_one_on_selection_and_a_blind_one() -> None:
    """Three kinds of rows at once, each held on whole decisions."""
    scored, groups = world(2000, 6)
    groups["sex"] = np.random.default_rng(6).choice(["f", "m"], 2000).tolist()
    campaign = campaign_on(
        2000,
        limit_on(Measure.MODELLED_TRUE_POSITIVE_RATIO),
        {"id": "even", "groups": ["g"], "bound": 0.5, "mode": "aware"},
        {"id": "sex", "groups": ["sex"], "bound": 0.9, "mode": "blind"},
    )
    found = allocate(scored, campaign, PlainWall(groups))
    assert all(outcome.held for outcome in found.limits)


def test_the_sweep_of_a_limit_on_responses_costs_more_as_it_gets_stricter() -> None:
    """The figure without the limit is that of the measure, and each bound is reached."""
    scored, groups = world(900, 7)
    campaign = campaign_on(900, limit_on(Measure.MODELLED_TRUE_POSITIVE_RATIO))
    swept = campaign_frontier(scored, campaign, PlainWall(groups, minimum_cell=1), "w", (0.5, 0.7, 0.9))
    assert swept.unlimited < 0.7
    assert all(point.held and point.reached is not None and point.reached >= point.bound for point in swept.points)
    assert swept.points[0].value is not None
    assert swept.points[-1].value is not None
    assert swept.points[0].value >= swept.points[-1].value


def test_later_people_and_several_offers_are_refused_where_a_limit_counts_responses() -> None:
    """The prices kept for later people have no price per response, so nobody is decided about by them."""
    scored, groups = world(300, 8)
    campaign = campaign_on(300, limit_on(Measure.EXPECTED_BENEFIT_RATIO, mode="blind", bound=0.1))
    found = allocate(scored, campaign, PlainWall(groups))
    prices = {"offer": found.prices.offer.tolist(), "group": found.prices.group.tolist(),
              "by_limit": dict(found.prices.by_limit), "cell_tables": found.prices.cell_tables}  # fmt: skip
    model = scored.minimised.model
    policy = policy_of(prices, campaign, model=model.digest, campaign_digest="c", run="r")
    with pytest.raises(DataError, match="pays by their own modelled response"):
        check_policy(policy, campaign, "c", model)
    contacts = campaign.limits.contacts.model_copy(update={"offers_each": 2})
    limits = campaign.limits.model_copy(update={"contacts": contacts})
    several = campaign.model_copy(update={"limits": limits})
    with pytest.raises(UsageError, match="these are not done: w"):
        allocate(scored, several, PlainWall(groups))


def test_a_floor_on_responses_that_nothing_keeps_is_refused() -> None:
    """All places are given, so what one group gains another loses; nothing is decided."""
    scored, groups = world(600, 9)
    even = {"id": "e", "groups": ["g"], "bound": 0.95, "mode": "aware", "minimum_size": 10}
    with pytest.raises(DataError, match="No decisions were found that keep w"):
        allocate(scored, campaign_on(600, even, limit_on(Measure.EXPECTED_BENEFIT_FLOOR)), PlainWall(groups))
