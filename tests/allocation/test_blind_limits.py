"""Blind limits: which of them bind, and what is said where none can be kept."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import allocate, campaign_frontier
from evenhand.policy import Campaign
from evenhand.terms import Allocated, DataError, Scored
from patience import tries

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


@settings(max_examples=tries(8, 30))
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


def _ratio(offer: NDArray[np.int16], groups: list[str]) -> float:
    """The lowest rate over the highest, on true groups."""
    rates = [float(np.mean(offer[np.array(groups) == g] >= 0)) for g in sorted(set(groups))]
    return min(rates) / max(rates) if max(rates) else 1.0


def _figure(allocated: Allocated, name: str) -> float:
    return next(float(limit.used) for limit in allocated.limits if limit.id == name)


@settings(max_examples=tries(8, 30), deadline=None)
@given(st.integers(0, 2**32), st.floats(0.2, 1.0), st.floats(0.6, 0.9), st.sampled_from(["sex", "region"]))
def test_a_second_limit_that_the_outcome_keeps_costs_nothing(seed: int, lean: float, bound: float, first: str) -> None:
    """Declared beside it, before or after, it takes no value away. Where the outcome without limits keeps it too, it
    changes nobody's decision; where it does not, the decisions may be others, if they are worth more."""
    scored, wall = _problem(seed, lean)
    other = "region" if first == "sex" else "sex"
    try:
        alone = allocate(scored, _campaign({first: bound}), wall)
    except DataError:
        assume(False)
    idle = np.floor(_ratio(alone.offer, wall.columns[other]) * 1000) / 1000
    without = _ratio(alone.unlimited_offer, wall.columns[other])
    for bounds in ({first: bound, other: idle}, {other: idle, first: bound}):
        both = allocate(scored, _campaign(bounds), wall)
        assert all(limit.held for limit in both.limits)
        assert both.certificate.value >= alone.certificate.value
        if without >= idle:
            np.testing.assert_array_equal(both.offer, alone.offer)
            assert _figure(both, first) == _figure(alone, first)


@settings(max_examples=tries(2, 6), deadline=None)
@given(st.integers(0, 2**32), st.floats(0.2, 0.8))
def test_a_soft_limit_beside_others_costs_no_more_than_its_ceiling(seed: int, lean: float) -> None:
    """A ceiling of a thousandth is a thousandth, whatever else has to be guessed."""
    scored, wall = _problem(seed, lean, people=1000)
    limits: list[dict[str, Any]] = [{"id": "sex", "groups": ["sex"], "bound": 0.9, "ceiling": 0.001}]
    soft = allocate(scored, campaign_with(costs=[0, 0], contacts=80, disparity=limits), wall)
    free = allocate(scored, campaign_with(costs=[0, 0], contacts=80), wall)
    assert soft.certificate.value >= 0.999 * free.certificate.value - 1
    limits.append({"id": "region", "groups": ["region"], "bound": 0.01})
    beside = allocate(scored, campaign_with(costs=[0, 0], contacts=80, disparity=limits), wall)
    np.testing.assert_array_equal(beside.offer, soft.offer)


def test_nothing_is_guessed_where_no_limit_needs_it() -> None:
    """Limits that hold by themselves leave no recipe of cells behind, and no bin is put to the wall for them."""
    scored, wall = _problem(5, 0.0)
    found = allocate(scored, _campaign({"sex": 0.01, "region": 0.01}), wall)
    assert "blind" not in found.prices.cell_tables
    assert not [why for _, _, why in wall.questions if "bins of" in why]


def test_a_blind_limit_that_changes_decisions_binds_beside_one_that_does_not() -> None:
    """Only the one that the outcome without limits breaks has a price."""
    scored, wall = _problem(3, 0.5)
    limited = {limit.id: limit for limit in allocate(scored, _campaign({"sex": 0.8, "region": 0.05}), wall).limits}
    assert limited["sex"].binding
    assert not limited["region"].binding
    assert (limited["region"].money, limited["region"].people) == (0, 0)


@pytest.mark.parametrize("swept", ["sex", "region"])
def test_what_a_limit_is_said_to_cost_is_what_comes_back_without_it_and_what_the_frontier_says(swept: str) -> None:
    """Of two that bind together: the whole of it, with the guesses made anew for the other; what is told of the
    contacts keeps the guesses, and says so."""
    scored, wall = _problem(8, 0.8, people=1000)
    campaign = _campaign({"sex": 0.9, "region": 0.85})
    found = allocate(scored, campaign, wall)
    told = {limit.id: limit for limit in found.limits}
    assert told["sex"].binding
    assert told["region"].binding
    frontier = campaign_frontier(scored, campaign, wall, swept, (0.8,))
    assert told[swept].money == max(0, frontier.value - found.certificate.value)
    other = "region" if swept == "sex" else "sex"
    without = allocate(scored, _campaign({other: {"sex": 0.9, "region": 0.85}[other]}), wall)
    assert told[swept].people == int(np.count_nonzero(without.offer != found.offer))
    assert (told[swept].note, told["contacts"].note) == ("", "same-guesses")


def test_what_a_limit_costs_is_worked_out_anew_however_many_people_there_are() -> None:
    """Among more than 20,000 people too it is what comes back without it, as the frontier tells; no other number
    stands beside it."""
    scored, wall = _problem(8, 0.8, people=20_500)
    campaign = _campaign({"sex": 0.9})
    found = allocate(scored, campaign, wall)
    (told,) = (limit for limit in found.limits if limit.id == "sex")
    assert told.binding
    assert told.note == ""
    frontier = campaign_frontier(scored, campaign, wall, "sex", (0.9,))
    assert told.money == max(0, frontier.value - found.certificate.value) == frontier.points[0].value_lost


def test_three_one_way_limits_over_ten_offers_are_kept_and_not_given_up_just_below_the_bound() -> None:
    """Near the bound the search makes the whole correction: these were given up at 0.7998 for a bound of 0.8."""
    rng = np.random.default_rng(10_000)
    people, offers = 10_000, 10
    groups = {
        name: rng.choice(len(share), people, p=share)
        for name, share in (("sex", [0.48, 0.52]), ("age", [0.2, 0.3, 0.3, 0.2]), ("origin", [0.6, 0.3, 0.1]))
    }
    cell = groups["sex"] * 12 + groups["age"] * 3 + groups["origin"]
    taste = rng.normal(size=(offers, 24)) * 0.5
    value = rng.normal(size=(offers, people)) * 0.6 + rng.normal(size=(offers, 1)) * 0.3
    value += taste[:, cell]
    lean = (1.5 * groups["sex"], groups["age"], groups["origin"], groups["age"] - groups["sex"])
    codes = [np.clip(rng.normal(size=people) * 2 + 8 + by, 3, 18).astype(np.uint8) for by in lean]
    limit = {"id": "d", "groups": list(groups), "bound": 0.8}
    campaign = campaign_with(
        costs=[200_000 + 30_000 * j for j in range(offers)],
        capacities=[400] * offers,
        budget=600_000_000,
        contacts=2500,
        disparity=[limit],
    )
    scored = scored_with((1e6 * np.exp(value) - 8e5).astype(np.int64), codes=codes)
    wall = PlainWall({name: [str(code) for code in own] for name, own in groups.items()})
    found = allocate(scored, campaign, wall)
    assert found.limits[-1].held
    assert 0.8 <= found.limits[-1].used < 0.82


def test_a_relaxation_is_a_round_bound_whatever_the_draw_of_the_ties() -> None:
    """Another seed draws the ties otherwise; the bound that is named is the same here, and it can be kept."""
    scored, wall = _problem(12, 3.0, people=600)
    asked, told = {"sex": 0.99, "region": 0.97}, set()
    for seed in (0, 1):
        campaign = _campaign(asked).model_copy(update={"seed": seed})
        with pytest.raises(DataError, match="could not be kept without looking") as error:
            allocate(scored, campaign, wall)
        told.add(tuple(_EASED.findall(error.value.remedy)))
    assert len(told) == 1
    bounds = {name: float(bound) for name, bound in told.pop()}
    assert all(round(bound * 20, 6) == round(bound * 20) for bound in bounds.values())
    assert all(limit.held for limit in allocate(scored, _campaign(asked | bounds), wall).limits)


def test_what_is_reached_is_never_told_as_the_bound_that_is_missed() -> None:
    """A figure just short of its bound has as many digits as show that, and a bound of 1 is told for what it asks: not
    "bound 1, reaches about 1"."""
    scored, wall = _problem(15, 0.3, people=1600)
    with pytest.raises(DataError, match="asks for exactly the same rate in every group") as error:
        allocate(scored, _campaign({"sex": 1.0}), wall)
    (reached,) = re.findall(r"reaches about ([0-9.]+[0-9])", error.value.what)
    assert 0.99 < float(reached) < 1


@settings(max_examples=tries(2, 8), deadline=None)
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
