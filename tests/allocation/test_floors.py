"""Floors: no group falls below its own reach; and groups compared with the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.oracle import linear_optimum
from evenhand.allocation import LimitsContradictError, allocate, campaign_frontier
from evenhand.terms import Allocated, DataError, Measure

FLOOR = {"id": "floor", "groups": ["g"], "measure": Measure.SELECTION_RATE_FLOOR, "bound": 0.0, "mode": "aware"}
FIFTHS = {"id": "d", "groups": ["g"], "bound": 0.8, "mode": "aware"}


def skewed(people: int, seed: int) -> tuple[NDArray[np.int64], list[str], list[NDArray[np.uint8]]]:
    """Two offers that hardly pay for one group, and codes that tell a good deal about it."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], people, p=[0.5, 0.3, 0.2])
    lean = {"a": 6e5, "b": -2e5, "c": -8e5}
    value = rng.normal(size=(2, people)) * 1e6 + np.array([lean[g] for g in group])
    place = np.unique(group, return_inverse=True)[1]
    codes = [np.clip(rng.normal(size=people) * 1.5 + 8 + 3 * place, 3, 15).astype(np.uint8) for _ in range(3)]
    return value.astype(np.int64), group.tolist(), codes


def reach(choice: NDArray[np.int16], group: list[str]) -> dict[str, int]:
    """People of each group who get an offer."""
    return {g: int((choice[np.array(group) == g] >= 0).sum()) for g in sorted(set(group))}


def allocated_with(limits: list[dict[str, Any]], value: NDArray[np.int64], group: list[str], **more: Any) -> Allocated:
    """The allocation under these limits, without any bound on places."""
    return allocate(scored_with(value), campaign_with(costs=[0, 0], disparity=limits, **more), PlainWall({"g": group}))


@pytest.mark.parametrize("seed", range(4))
def test_groups_become_alike_by_giving_alone(seed: int) -> None:
    """Four fifths by itself takes from the first group; with a floor nobody has less than before, and HiGHS agrees."""
    value, group, _ = skewed(240, seed)
    down = allocated_with([FIFTHS], value, group)
    up = allocated_with([FIFTHS, FLOOR], value, group)
    before, lowered, raised = (reach(one, group) for one in (up.unlimited_offer, down.offer, up.offer))
    assert lowered["a"] < before["a"]
    assert all(raised[g] >= before[g] for g in before)
    assert all(one.held for one in up.limits)
    assert up.certificate.value <= down.certificate.value
    campaign = campaign_with(costs=[0, 0], disparity=[FIFTHS, FLOOR])
    optimum = linear_optimum(value, campaign, {"g": group}, unlimited=up.unlimited_offer)
    assert optimum - 2 <= up.certificate.bound <= optimum * 1.003 + 1e4
    assert up.certificate.value >= optimum * 0.97


def test_a_tolerance_lets_a_group_fall_so_far_and_no_farther() -> None:
    """A bound of 0.2 is a fifth of the group, counted in whole people; the outcome tells the fall that there is."""
    value, group, _ = skewed(300, 1)
    found = allocated_with([FIFTHS, FLOOR | {"bound": 0.2}], value, group, contacts=140)
    before, after = reach(found.unlimited_offer, group), reach(found.offer, group)
    fall = max((before[g] - after[g]) / group.count(g) for g in before)
    assert 0 < fall <= 0.2
    outcome = next(one for one in found.limits if one.id == "floor")
    assert outcome.used == pytest.approx(fall)
    assert outcome.measure is Measure.SELECTION_RATE_FLOOR


def test_where_all_places_are_given_a_floor_and_four_fifths_contradict_each_other() -> None:
    """What one group gains another loses; the message says how far either would have to move, and that is enough."""
    value, group, _ = skewed(300, 2)
    wall = PlainWall({"g": group})
    with pytest.raises(LimitsContradictError, match="cannot be kept together") as error:
        allocate(scored_with(value), campaign_with(costs=[0, 0], contacts=90, disparity=[FIFTHS, FLOOR]), wall)
    ways = {one.limit: one.reachable for one in error.value.relaxations}
    assert set(ways) == {"d", "floor"}
    for name, limit in (("d", FIFTHS), ("floor", FLOOR)):
        eased = [one | {"bound": ways[name]} if one is limit else one for one in (FIFTHS, FLOOR)]
        found = allocate(scored_with(value), campaign_with(costs=[0, 0], contacts=90, disparity=eased), wall)
        assert all(one.held for one in found.limits)


def test_a_floor_with_no_money_at_all_asks_for_nothing() -> None:
    """Without limits nobody would get anything, so nobody can fall."""
    value, group, _ = skewed(100, 3)
    campaign = campaign_with(costs=[100_000, 100_000], budget=0, disparity=[FIFTHS, FLOOR])
    found = allocate(scored_with(value), campaign, PlainWall({"g": group}))
    assert (found.offer < 0).all()
    assert all(one.held for one in found.limits)


def test_a_floor_alone_changes_nothing() -> None:
    """Nothing else takes anything away."""
    value, group, _ = skewed(200, 4)
    found = allocated_with([FLOOR], value, group)
    np.testing.assert_array_equal(found.offer, found.unlimited_offer)
    assert (found.limits[0].used, found.limits[0].money or 0) == (0.0, 0)


def test_a_blind_floor_holds_on_true_groups() -> None:
    """Four fifths without looking, and without any group falling by more than a twentieth."""
    value, group, codes = skewed(3000, 5)
    limits = [one | {"mode": "blind"} for one in (FIFTHS, FLOOR | {"bound": 0.05})]
    campaign = campaign_with(costs=[0, 0], disparity=limits)
    found = allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    before, after = reach(found.unlimited_offer, group), reach(found.offer, group)
    assert all(after[g] >= before[g] - 0.05 * group.count(g) for g in before)
    rates = [after[g] / group.count(g) for g in after]
    assert min(rates) >= 0.8 * max(rates)


def test_a_blind_floor_that_cannot_be_kept_tells_what_can() -> None:
    """With every place given, the message names a bound that was tried."""
    value, group, codes = skewed(2000, 6)
    limits = [one | {"mode": "blind"} for one in (FIFTHS, FLOOR)]
    campaign = campaign_with(costs=[0, 0], contacts=600, disparity=limits)
    with pytest.raises(DataError, match="could not be kept without looking") as error:
        allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    assert "Relax the bound of" in error.value.remedy


def test_where_only_no_limit_can_be_kept_no_bound_is_named() -> None:
    """A relaxation that allows everything is no relaxation: the message says to leave the limit out."""
    value, group, codes = skewed(300, 1)
    even = {"id": "even", "groups": ["g"], "bound": 1.0, "per": "offer", "offers": ["o1"], "minimum_size": 10}
    limits = [one | {"mode": "blind"} for one in (even, FLOOR | {"bound": 0.0, "minimum_size": 10})]
    campaign = campaign_with(costs=[0, 0], contacts=45, minimums=[None, 40], disparity=limits)
    with pytest.raises(DataError, match=r"Limit even .* could not be kept without looking") as error:
        allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    assert "Leave out even, or relax far" in error.value.remedy
    assert "to 0 " not in error.value.remedy


def test_a_floor_per_offer_holds_for_each_offer() -> None:
    """Each group keeps its own reach at each offer."""
    value, group, _ = skewed(400, 7)
    found = allocated_with([FIFTHS | {"per": "offer"}, FLOOR | {"per": "offer", "bound": 0.02}], value, group)
    for offer in (0, 1):
        for g in sorted(set(group)):
            mine = np.array(group) == g
            had, has = (int((one[mine] == offer).sum()) for one in (found.unlimited_offer, found.offer))
            assert has >= had - 0.02 * mine.sum()


def test_the_sweep_of_a_floor_measures_from_what_would_be_without_limits() -> None:
    """Without the floor the other limit takes; the stricter the floor, the less it takes."""
    value, group, _ = skewed(300, 8)
    campaign = campaign_with(costs=[0, 0], disparity=[FIFTHS, FLOOR])
    swept = campaign_frontier(scored_with(value), campaign, PlainWall({"g": group}), "floor", (0.2, 0.05, 0.0))
    assert swept.unlimited > 0
    assert [point.held for point in swept.points] == [True, True, True]
    assert [point.reached for point in swept.points] == sorted((p.reached or 0.0 for p in swept.points), reverse=True)
    assert swept.points[-1].reached == 0


@pytest.mark.parametrize("mode", ["aware", "blind"])
def test_groups_are_held_to_the_mean_of_all(mode: str) -> None:
    """The lowest rate against the rate of all judged groups together, in whole people; the highest is free."""
    value, group, codes = skewed(2500, 9)
    limit = FIFTHS | {"measure": Measure.SELECTION_RATE_RATIO_TO_MEAN, "bound": 0.9, "mode": mode}
    campaign = campaign_with(costs=[0, 0], contacts=900, disparity=[limit])
    found = allocate(scored_with(value, codes=codes), campaign, PlainWall({"g": group}))
    after = reach(found.offer, group)
    rates = {g: after[g] / group.count(g) for g in after}
    mean = sum(after.values()) / len(group)
    assert min(rates.values()) >= 0.9 * mean - 1e-12
    assert found.limits[-1].used == pytest.approx(min(rates.values()) / mean)
    assert max(rates.values()) > min(rates.values()) / 0.9
