"""What limits between groups did to one decision: their part of the price, and whether they decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import DecisionFacts, Model, Standing, expected_value, score_of, score_ppm, term_contributions

from ._line import Line, meaning_of, offer_words
from ._text import money, text

__all__ = ["GroupPart", "group_line", "group_part", "group_words", "offer_values"]


@dataclass(frozen=True, slots=True)
class GroupPart:
    """The part of limits between groups in one decision, where it is not nothing.

    Attributes:
        amount: micro-money by which they made the place of the offer explained dearer; below zero: cheaper.
        mode: ``blind`` where the cell came from the person's own features, ``aware`` where from the recorded group,
            ``both`` where from the two.
        columns: what these limits compare.
        is_rate: whether all of them compare who gets an offer.
        without: offers of which the person would have got one without this part, at the same prices of places; (-1,)
            for none. () where the answer is the same, or cannot be told.
    """

    amount: int
    mode: Literal["blind", "aware", "both"]
    columns: tuple[str, ...]
    is_rate: bool
    without: tuple[int, ...] = ()


def group_part(
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    places: Sequence[int] | None,
    by_limit: Mapping[str, int],
) -> GroupPart | None:
    """The part of the limits between groups.

    Args:
        facts: the decision.
        campaign: as it was.
        model: as it was.
        places: price of a place of each offer apart from these limits; None = not known.
        by_limit: price of each limit by its id, as far as it is known; one that is 0 had no part.

    Returns:
        None where there was none, or it is sealed or not known.
    """
    if facts.standing is not Standing.PERSONALISED or facts.outcome.is_by_lot or facts.sealed or places is None:
        return None
    focus, price = (facts.offer, facts.price) if facts.offer >= 0 else (facts.runner_up, facts.runner_up_price)
    if focus < 0:
        return None
    other = facts.runner_up_price - places[facts.runner_up] if facts.runner_up >= 0 else 0
    amount = price - places[focus]
    limits = [limit for limit in campaign.limits.disparity if by_limit.get(limit.id, 1)] or campaign.limits.disparity
    if not limits or not (amount or other):
        return None
    modes = {limit.mode for limit in limits}
    return GroupPart(
        amount,
        "both" if len(modes) > 1 else modes.pop(),
        tuple(dict.fromkeys(name for limit in limits for name in limit.groups)),
        not any(limit.measure.is_weighted or limit.measure.is_floor for limit in limits),
        _without(facts, campaign, model, places),
    )


def _without(facts: DecisionFacts, campaign: Campaign, model: Model, places: Sequence[int]) -> tuple[int, ...]:
    if (facts.moved and not facts.used_up) or not campaign.is_each_by_itself:
        return ()
    values = offer_values(facts.codes, campaign, model)
    left = {j: value - places[j] for j, value in enumerate(values) if j not in facts.excluded and j not in facts.full}
    top = max(left.values(), default=0)
    best = tuple(j for j, one in left.items() if one == top) if top > 0 else (-1,)
    return () if facts.offer in best or not facts.later_full.keys().isdisjoint(best) else best


def offer_values(codes: tuple[NDArray[np.uint8], ...], campaign: Campaign, model: Model) -> list[int]:
    """What each offer is worth for whoever has these codes, in micro-money, by the declared costs: exactly as gate 3
    says it."""
    values = []
    for place, offer in enumerate(campaign.offers):
        at = np.array([place])
        score = score_of(model, term_contributions(model, codes, at), at)
        values.append(int(expected_value(offer.value_micro, offer.cost_micro, score_ppm(score, model.link))[0]))
    return values


def group_words(part: GroupPart, campaign: Campaign, lang: str) -> str:
    """The sentences for a headline, where these limits decided: that they did, and what the answer was without."""
    if -1 in part.without:
        return text("headline.groups-none", lang, **_aim(part, campaign, lang))
    others = '" / "'.join(offer_words(campaign, offer, lang) for offer in part.without)
    return text("headline.groups-offer", lang, **_aim(part, campaign, lang), other=others)


def group_line(part: GroupPart, campaign: Campaign, lang: str) -> Line:
    """What these limits did to the price of the person's place, and by what; the amount only where it tells no group
    that was recorded."""
    way = "dear" if part.amount > 0 else "cheap" if part.amount < 0 else "other"
    words = _aim(part, campaign, lang)
    if part.mode == "blind":
        amount = money(abs(part.amount), campaign.currency, lang)
        done = text(f"why.groups-did-{way}", lang, amount=amount)
    else:
        done = text(f"why.groups-told-{way}", lang)
    said = text(f"why.groups-{part.mode}", lang, **words, done=done)
    return Line("groups", 1 if part.without else 2, said)


def _aim(part: GroupPart, campaign: Campaign, lang: str) -> dict[str, str]:
    names = ", ".join(meaning_of(campaign, name, lang) for name in part.columns)
    return {"aim": text("why.groups-aim" if part.is_rate else "why.groups-aim-other", lang), "names": names}
