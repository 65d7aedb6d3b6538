"""What would have been decided without some of a person's facts: by the same integers, at the same prices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.allocation import CLOSED, OneDecider, PricePolicy, one_decider
from evenhand.explanation import offer_values
from evenhand.policy import Campaign
from evenhand.terms import WITHHELD, DecisionFacts, Model, Standing

__all__ = ["Otherwise", "features_of", "otherwise"]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A decision that was not made, because something counted.

    Attributes:
        offer: index of the offer, -1 for none.
        is_same: whether it is the offer (or the lack of one) that was decided.
    """

    offer: int
    is_same: bool


def features_of(model: Model, term: str) -> tuple[str, ...]:
    """The columns that a term is made of: itself, or the two of a joint effect."""
    names = [binning.name for binning in model.view.binnings]
    pairs = {f"{names[pair.first]} x {names[pair.second]}": pair for pair in model.pairs}
    return (names[pairs[term].first], names[pairs[term].second]) if term in pairs else (term,)


def otherwise(
    facts: DecisionFacts, campaign: Campaign, model: Model, policy: PricePolicy | None, off: Collection[str]
) -> Otherwise | None:
    """The same person decided about at the same prices, with some columns switched off.

    It is what gate 2 would have handed on after the switch, scored and decided as gates 3 and 4 do: a later person
    with these codes, decided with the prices of this run, gets exactly this, as long as no other limit is used up
    than those that had nothing left then.

    Args:
        facts: the decision.
        campaign: as it was.
        model: as it was.
        policy: the prices that decided; None where a run has none for later people.
        off: names of the columns.

    Returns:
        None where it cannot be told: nothing personal counted, chance or whole numbers decided rather than the price
        rule, an offer would come out that was full for some people of the same run, a person may get several offers,
        or prices hang on a group or on modelled responses.
    """
    focus = facts.offer if facts.offer >= 0 else facts.runner_up
    if facts.standing is not Standing.PERSONALISED or facts.outcome.is_by_lot or focus < 0:
        return None
    weighted = any(limit.measure.is_weighted for limit in campaign.limits.disparity)
    if policy is None or policy.secret or weighted or not campaign.is_each_by_itself:
        return None
    decider = one_decider(policy, model)
    closed = frozenset((*facts.excluded, *facts.full))
    if _decided(decider, facts, campaign, model, facts.codes, closed) != facts.offer:
        closed = facts.closed
        if _decided(decider, facts, campaign, model, facts.codes, closed) != facts.offer:
            return None
    codes = tuple(
        np.full_like(code, WITHHELD) if binning.name in off else code
        for binning, code in zip(model.view.binnings, facts.codes, strict=True)
    )
    offer = _decided(decider, facts, campaign, model, codes, closed)
    if offer in facts.later_full and offer != facts.offer:
        return None
    return Otherwise(offer, offer == facts.offer)


def _decided(
    decider: OneDecider,
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    codes: tuple[NDArray[np.uint8], ...],
    closed: Collection[int],
) -> int:
    """Index of the offer that the price rule gives to these codes, of those that are not closed."""
    worth = offer_values(codes, campaign, model)
    values = [CLOSED if place in closed else one for place, one in enumerate(worth)]
    flat = [int(one) for code in codes for one in code.ravel()]
    return decider(flat, values, facts.subject.encode()).offer
