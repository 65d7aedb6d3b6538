"""Decisions by the pure price rule, with the true link table: small, exact, different for every seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from builders import make_campaign, make_explained, make_model
from evenhand.explanation import explain
from evenhand.policy import Campaign
from evenhand.terms import Allocated, Explained, Reason, Standing, Target, expected_value, score_ppm

Decided = tuple[Campaign, Explained]


def decide(campaign: Campaign, people: int, seed: int) -> Allocated:
    """Everybody takes the offer with the highest value less price, if that is above zero."""
    model = make_model(campaign, seed, pairs=seed % 4)
    highest = 1_800_000 if campaign.model.target is Target.RESPONSE else 400_000
    allocated = make_explained(people, campaign, model, seed=seed).allocated
    scored = allocated.scored
    probability = score_ppm(scored.score, model.link)
    value = np.stack(
        [expected_value(o.value_micro, o.cost_micro, probability[j]) for j, o in enumerate(campaign.offers)]
    )
    rng = np.random.default_rng(seed)
    price = rng.integers(-100_000, highest, size=len(campaign.offers))
    net = value - price[:, None]
    order = np.argsort(-net, axis=0, kind="stable")
    second = order[1] if len(order) > 1 else np.full(people, -1)
    everyone = np.arange(people)
    refused = scored.minimised.permitted.standing == Standing.REFUSED
    chosen = ~refused & (net[order[0], everyone] > 0)
    offer = np.where(chosen, order[0], -1).astype(np.int16)
    runner_up = np.where(refused, -1, np.where(chosen, second, order[0])).astype(np.int16)
    outcome = np.where(chosen, Reason.SELECTED, Reason.NO_WORTHWHILE_OFFER)
    return replace(
        allocated,
        scored=replace(scored, probability=probability, value=value),
        offer=offer,
        runner_up=runner_up,
        price=np.where(offer >= 0, price[offer], 0),
        runner_up_price=np.where(runner_up >= 0, price[runner_up], 0),
        reason=np.where(refused, scored.minimised.permitted.reason, outcome).astype(np.uint8),
        prices=replace(allocated.prices, offer=price),
    )


@pytest.fixture(scope="session")
def decided() -> Callable[..., Decided]:
    """Make a batch of decisions and explain it."""

    def make(
        people: int = 60,
        seed: int = 0,
        offers: int = 3,
        terms: int = 4,
        target: Target = Target.RESPONSE,
        **changes: object,
    ) -> Decided:
        campaign = make_campaign(offers, terms, model={"target": target}, **changes)
        return campaign, explain(decide(campaign, people, seed), campaign)

    return make
