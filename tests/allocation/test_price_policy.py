"""The prices of a run decide about later people as they decided about the run's own."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.cases import PlainWall, campaign_with, scored_with
from allocation.price_cases import DIGEST, boundless, flat, plain, ran, random_policy
from evenhand.allocation import (
    CLOSED,
    GivenPrices,
    PricePolicy,
    Room,
    allocate,
    check_policy,
    one_decider,
    policy_from_dict,
    policy_of,
    price_policy_schema,
)
from evenhand.terms import DataError, LedgerError, Reason, Standing


@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.parametrize("people", [300, 3000])
def test_the_policy_decides_as_the_batch_did_but_for_those_moved_by_rounding(people, groups):
    """Everybody gets what they got in the run, at the same prices, except the few who were moved there."""
    case = ran(people, groups=groups, seed=people + groups)
    assert case.policy.leaf_price, "no blind limit took part"
    again = allocate(case.scored, case.campaign, case.wall, GivenPrices(case.policy, boundless(case.campaign)))
    stayed = ~case.allocated.moved
    assert stayed.sum() > 0.95 * people
    assert not again.moved.any()
    for name in ("offer", "price", "runner_up", "runner_up_price", "reason"):
        mine, theirs = getattr(again, name), getattr(case.allocated, name)
        assert (mine[stayed] == theirs[stayed]).all(), name


def test_decisions_do_not_depend_on_who_else_is_there():
    """One by one, in another order, or all at once: the same decisions, for a limit that nobody exhausts."""
    case = ran(400, seed=5)
    prices = GivenPrices(case.policy, boundless(case.campaign))
    whole = allocate(case.scored, case.campaign, case.wall, prices)
    permitted = case.scored.minimised.permitted
    groups = case.wall.columns["g"]
    for row in range(0, 400, 7):
        one = scored_with(
            case.scored.value[:, [row]],
            standing=permitted.standing[[row]],
            codes=[code[..., [row]] for code in case.scored.minimised.codes],
            subjects=permitted.asked.subjects[[row]],
        )
        alone = allocate(one, case.campaign, PlainWall({"g": [groups[row]]}), prices)
        assert alone.offer[0] == whole.offer[row]
        assert alone.price[0] == whole.price[row]


def test_no_group_is_asked_for_to_decide():
    """The wall is asked for counts of what came out, and would give no other decisions with other groups."""
    case = ran(500, seed=2)
    prices = GivenPrices(case.policy)
    first = allocate(case.scored, case.campaign, case.wall, prices)
    swapped = PlainWall({"g": ["b" if one == "a" else "a" for one in case.wall.columns["g"]]}, case.wall.rows)
    second = allocate(case.scored, case.campaign, swapped, prices)
    assert first.offer.tobytes() == second.offer.tobytes()


@st.composite
def arrivals(draw: st.DrawFn):
    """People with few different values under prices with many ties, and little left of the limits."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    offers, people = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    policy = random_policy(rng, offers, draw(st.integers(1, 3)), draw(st.integers(0, 4)), draw(st.integers(0, 2**64)))
    if draw(st.booleans()):
        policy = replace(policy, columns=(), split_on=(), split_at=(), leaf_price=())
    standing = rng.choice(3, people).astype(np.uint8)
    codes = [rng.integers(0, 19, people).astype(np.uint8) for _ in range(2)]
    codes.append(rng.integers(0, 19, (offers, people)).astype(np.uint8))
    eligible = rng.random((offers, people)) < 0.7 if draw(st.booleans()) else None
    scored = scored_with(rng.integers(-3, 4, (offers, people)), standing=standing, codes=codes, eligible=eligible)
    maybe = st.one_of(st.none(), st.integers(0, people))
    campaign = campaign_with(
        costs=rng.integers(0, 3, offers).tolist(),
        capacities=[draw(maybe) for _ in range(offers)],
        contacts=draw(maybe),
        budget=draw(maybe),
    )
    return scored, campaign, policy


@settings(max_examples=150)
@given(arrivals())
def test_one_person_in_plain_python_is_decided_to_the_bit_as_in_a_batch(case):
    """Offer, runner-up, both prices, moved and reason agree for everybody: with ties, used-up limits, closed offers."""
    scored, campaign, policy = case
    permitted = scored.minimised.permitted
    batch = allocate(scored, campaign, PlainWall({}), GivenPrices(policy))
    alone, room = one_decider(policy, scored.minimised.model), Room(campaign)
    for row, standing in enumerate(permitted.standing.tolist()):
        if standing == Standing.REFUSED:
            continue
        codes = flat(scored.minimised.codes, row) if standing == Standing.PERSONALISED else None
        eligible = scored.minimised.eligible
        open_ = [True] * len(scored.value) if eligible is None else eligible[:, row].tolist()
        value = [one if is_open else CLOSED for one, is_open in zip(scored.value[:, row].tolist(), open_, strict=True)]
        decided = alone(codes, value, permitted.asked.subjects[row], room)
        assert decided.offer == batch.offer[row]
        assert decided.runner_up == batch.runner_up[row]
        assert decided.price == batch.price[row]
        assert decided.runner_up_price == batch.runner_up_price[row]
        assert decided.moved == batch.moved[row]
        assert decided.reason == batch.reason[row]
    declared = Room.declared(campaign)
    assert all(0 <= room.left[name] <= declared[name] for name in declared)
    assert room.used(np.bincount(batch.offer[batch.offer >= 0], minlength=len(campaign.offers)).tolist()) == {
        name: declared[name] - room.left[name] for name in declared
    }


def test_whoever_finds_a_limit_used_up_gets_the_best_offer_that_still_fits():
    """Caps are hard, in the order of arrival; the decision is marked as moved, and nothing is left over below zero."""
    policy = PricePolicy("r", DIGEST, "m", ("o0", "o1"), 0, (0, 0), {"capacity:o0": 5})
    campaign = campaign_with(costs=[1, 1], capacities=[1, 1])
    scored = scored_with(np.array([[5, 5, 5], [3, 3, 3]]))
    allocated = allocate(scored, campaign, PlainWall({}), GivenPrices(policy))
    assert allocated.offer.tolist() == [0, 1, -1]
    assert allocated.moved.tolist() == [False, True, True]
    assert allocated.reason.tolist() == [Reason.SELECTED, Reason.SELECTED, Reason.BEYOND_LIMITS]
    assert [limit.used for limit in allocated.limits] == [1, 1]
    assert all(limit.held for limit in allocated.limits)


def test_a_limit_on_groups_is_told_and_not_demanded_of_a_few():
    """What came of the limit among these people is counted truly, and said to act by prices."""
    case = ran(3000, seed=1)
    unpriced = replace(case.policy, leaf_price=tuple((0, 0, 0) for _ in case.policy.leaf_price), offer_price=(0, 0, 0))
    allocated = allocate(case.scored, case.campaign, case.wall, GivenPrices(unpriced, boundless(case.campaign)))
    limit = next(limit for limit in allocated.limits if limit.kind == "disparity")
    assert limit.note == "by-prices"
    personal = case.wall.rows
    names = np.array(case.wall.columns["g"])
    rates = [((allocated.offer >= 0) & personal & (names == g)).sum() / (personal & (names == g)).sum() for g in "ab"]
    assert limit.used == pytest.approx(min(rates) / max(rates))
    assert limit.held == (limit.used >= 0.8)


def test_a_leaf_that_nobody_was_in_has_the_price_of_those_around_it():
    """The mean of the nearest leaves that somebody of the run was in; the whole tree's where that is all there is."""
    tables = {
        "blind": {
            "columns": [{"term": "f", "offer": -1, "tables": [[0, 1]]}],
            "dimension": [0] * 3,
            "threshold": [0] * 3,
        },
        "cells": [[0, 0], [0, 1], [0, 4]],
    }
    prices = {"offer": [0], "group": [[0], [10], [-5]], "by_limit": {}, "cell_tables": tables}
    policy = policy_of(prices, campaign_with(costs=[0]), model="m", campaign_digest=DIGEST, run="r")
    assert policy.leaf_price == ((10,), (10,), (-5,), (-5,))


def test_an_aware_limit_leaves_no_price_of_a_group_and_decides_about_nobody():
    """The policy of such a run names the secret limits, is the same from the public part, and refuses to decide."""
    case = ran(600, seed=3, mode="aware")
    assert case.policy.secret == ("d",)
    assert case.policy.leaf_price == ()
    public = plain(case.allocated.prices)
    public.pop("group")
    public["by_limit"].pop("d")
    same = policy_of(public, case.campaign, model="a" * 64, campaign_digest=DIGEST, run="run")
    assert same.digest == case.policy.digest
    with pytest.raises(DataError, match=r"has an aware limit \(d\).*sealed"):
        check_policy(case.policy, case.campaign, DIGEST, replace_model(case, "a" * 64))


def replace_model(case, digest):
    """The case's model under another digest."""
    model = copy.copy(case.scored.minimised.model)
    return type(model)(model.view, model.offers, model.base, model.tables, model.shapes, {}, digest)


def test_prices_of_another_model_campaign_or_offers_are_refused():
    """Each is named, with what to do; the right ones pass."""
    case = ran(300, seed=4)
    model = replace_model(case, "a" * 64)
    check_policy(case.policy, case.campaign, DIGEST, model)
    with pytest.raises(DataError, match="The model is not the one whose values run run priced"):
        check_policy(case.policy, case.campaign, DIGEST, replace_model(case, "b" * 64))
    with pytest.raises(DataError, match="not the one that run run decided for"):
        check_policy(case.policy, case.campaign, "d" * 64, model)
    fewer = case.campaign.model_copy(update={"offers": case.campaign.offers[:2]})
    with pytest.raises(DataError, match="o2 of the run's offers is gone"):
        check_policy(case.policy, fewer, DIGEST, model)


def test_a_policy_goes_through_json_and_comes_back_the_same():
    """Nothing is lost, the digest stays, and the text keeps to the published schema."""
    for case in (ran(300, groups=4, seed=6), ran(300, seed=6, mode="aware")):
        content = json.loads(json.dumps(case.policy.to_dict()))
        jsonschema.validate(content, price_policy_schema())
        again = policy_from_dict(content)
        assert again == case.policy
        assert again.digest == case.policy.digest == content["digest"]


def test_an_edited_policy_is_not_used():
    """One number changed, and it is told to be altered."""
    content = ran(300, seed=7).policy.to_dict()
    content["leaf_price"][0][0] += 1
    with pytest.raises(LedgerError, match="was altered"):
        policy_from_dict(content)


@pytest.fixture(scope="module")
def written():
    """A price policy as it is written."""
    return ran(300, seed=8).policy.to_dict()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offers", []),
        ("offers", ["o0", "o0", "o1"]),
        ("offer_price", [1.0, 2, 3]),
        ("offer_price", [True, 2, 3]),
        ("offer_price", [2**60, 2, 3]),
        ("split_on", [99] * 3),
        ("split_at", []),
        ("leaf_price", []),
        ("columns", [{"term": "f0"}]),
        ("columns", [{"term": "f0", "offer": -1, "tables": [[]]}]),
        ("seed", "0"),
        ("schema_version", 2),
        ("kind", "price-list"),
        ("more", 1),
        ("secret", ["d"]),
    ],
)
def test_what_is_no_price_policy_is_not_read(written, field, value):
    """Every number in its place and no field too many, or it is refused before any digest is looked at."""
    content = written | {field: value}
    with pytest.raises(DataError, match="not a price policy that evenhand wrote"):
        policy_from_dict(content)


@pytest.mark.parametrize("content", [None, [], "prices", {}, {"kind": "price-policy"}])
def test_other_json_is_not_a_price_policy(content):
    """A list, a text, nothing: the same clear error."""
    with pytest.raises(DataError, match="not a price policy"):
        policy_from_dict(content)


def test_what_is_left_must_fit_the_limits():
    """Other limits than the campaign bounds, or less than nothing, are refused."""
    campaign = campaign_with(costs=[1], contacts=3)
    for left in ({}, {"contacts": -1}, {"contacts": 1, "budget": 2}):
        with pytest.raises(DataError, match="does not fit the limits"):
            Room(campaign, left)


@given(st.lists(st.integers(0, 4), max_size=12), st.integers(0, 9), st.integers(0, 12))
def test_what_fits_together_is_what_fits_one_after_the_other(takes, contacts, budget):
    """All at once or nobody; where nobody, the same room is left as before."""
    campaign = campaign_with(costs=[1, 2, 0, 5, 1], contacts=contacts, budget=budget)
    room = Room(campaign)
    alone, before = room.again(room.left), room.left
    fits = len([offer for offer in takes if alone.take(offer)]) == len(takes)
    assert room.take_all([takes.count(offer) for offer in range(5)]) == fits
    assert room.left == (alone.left if fits else before)


def test_the_schema_is_published():
    """docs/price-policy.schema.json is what the code says; `python tools/publish_reference.py` renews it."""
    published = json.loads((Path(__file__).parents[2] / "docs" / "price-policy.schema.json").read_text("utf-8"))
    assert published == price_policy_schema()
