"""How many people, at each step and of each kind: counts for the report, small ones withheld."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Explained, Reason, Standing

__all__ = ["SMALLEST_SHOWN", "drops", "funnel", "lots", "numbers", "offers", "shown", "shown_together"]

SMALLEST_SHOWN = 10
"""Counts of people above zero and below this are not shown (null)."""


def shown(people: int) -> int | None:
    return None if 0 < people < SMALLEST_SHOWN else int(people)


def shown_together(people: Sequence[int]) -> list[int | None]:
    """Parts of a total that is told: where the small ones alone are hidden they follow from it, so more are.

    The smallest others are hidden until two at least are, of which one is no small number.

    Example:
        >>> shown_together([3, 40, 500]), shown_together([0, 40, 500])
        ([None, None, 500], [0, 40, 500])
    """
    told = [shown(count) for count in people]
    order = sorted(range(len(people)), key=lambda place: people[place])
    for place in order:
        hidden = [people[at] for at, count in enumerate(told) if count is None]
        if not hidden or (len(hidden) > 1 and max(hidden) >= SMALLEST_SHOWN):
            break
        if told[place]:
            told[place] = None
    return told


def funnel(explained: Explained) -> list[dict[str, Any]]:
    """Known, permitted (personalised and contextual), worth an offer, selected."""
    permitted = explained.allocated.scored.minimised.permitted
    standing = permitted.standing
    allowed = standing != Standing.REFUSED
    personalised = standing == Standing.PERSONALISED
    nothing = (Reason.NO_WORTHWHILE_OFFER, Reason.NOT_ELIGIBLE)
    first = explained.allocated.leads
    worthwhile = allowed & ~np.isin(explained.allocated.reason[first], nothing)
    chosen = explained.allocated.gets()
    steps = (
        ("known", np.ones(len(standing), dtype=bool)),
        ("permitted", allowed),
        ("worthwhile", worthwhile),
        ("selected", chosen),
    )
    return [
        {
            "key": key,
            "people": shown(int(who.sum())),
            "personalised": shown(int((who & personalised).sum())),
            "contextual": shown(int((who & allowed & ~personalised).sum())),
        }
        for key, who in steps
    ]


def numbers(explained: Explained, campaign: Campaign) -> list[dict[str, Any]]:
    """How many people got one offer, two, and so on; nothing where a campaign gives one at most."""
    if campaign.offers_each == 1:
        return []
    allocated = explained.allocated
    each = np.bincount(allocated.person[allocated.offer >= 0])
    told = shown_together([int((each == number).sum()) for number in range(1, campaign.offers_each + 1)])
    return [{"offers": number, "people": people} for number, people in enumerate(told, 1)]


def drops(explained: Explained) -> list[dict[str, Any]]:
    """Why people left the funnel or became contextual, with the rule: one line per reason and step."""
    permitted = explained.allocated.scored.minimised.permitted
    out = []
    for step, standing in (("refused", Standing.REFUSED), ("contextual", Standing.CONTEXTUAL)):
        reasons = permitted.reason[permitted.standing == standing]
        present = _present(reasons)
        told = shown_together([int((reasons == reason).sum()) for reason in present])
        out += [_drop(step, reason, people) for reason, people in zip(present, told, strict=True)]
    first = explained.allocated.leads
    after = explained.allocated.reason[first][permitted.standing != Standing.REFUSED]
    nothing = (Reason.NOT_ELIGIBLE, Reason.NO_WORTHWHILE_OFFER, Reason.BEYOND_LIMITS, Reason.DRAWN_NOTHING)
    told = shown_together([int((after == reason).sum()) for reason in nothing])
    return [*out, *(_drop("not-selected", one, n) for one, n in zip(nothing, told, strict=True) if n != 0)]


def _drop(step: str, reason: Reason, people: int | None) -> dict[str, Any]:
    kind = "forbidden" if reason.is_forbidden else "unconfigured" if reason.is_unconfigured else "outcome"
    return {"step": step, "key": reason.key, "rule": reason.rule, "kind": kind, "people": people}


def _present(codes: np.ndarray[Any, np.dtype[np.uint8]]) -> list[Reason]:
    return [Reason(int(code)) for code in np.unique(codes)]


def offers(explained: Explained, campaign: Campaign) -> list[dict[str, Any]]:
    allocated = explained.allocated
    out = []
    told = shown_together([int((allocated.offer == j).sum()) for j in range(len(campaign.offers))])
    for j, offer in enumerate(campaign.offers):
        who = allocated.person[allocated.offer == j]
        worth = int(allocated.scored.value[j, who].sum()) if told[j] is not None and told[j] else None
        out.append(
            {
                "id": offer.id,
                "text": offer.text.model_dump(),
                "made_by_ai": offer.made_by_ai,
                "value_micro": offer.value_micro,
                "cost_micro": offer.cost_micro,
                "capacity": offer.capacity,
                "selected": told[j],
                "expected_micro": worth,
                **_condition(explained, j, offer.eligible),
                **_own_cost(explained, j, who, offer.cost_column),
            }
        )
    return out


def _own_cost(explained: Explained, offer: int, who: NDArray[np.intp], column: str | None) -> dict[str, Any]:
    """What an offer costs on average with those who get it, where that is each person's own; null for a few people."""
    cost = explained.allocated.scored.minimised.cost
    if column is None or cost is None:
        return {}
    return {"own_cost_micro": round(float(cost[offer, who].mean())) if len(who) >= SMALLEST_SHOWN else None}


def _condition(explained: Explained, offer: int, column: str | None) -> dict[str, Any]:
    """The condition of an offer, and how many of the permitted people meet it; nothing where there is none."""
    minimised = explained.allocated.scored.minimised
    if column is None or minimised.eligible is None:
        return {}
    met = minimised.eligible[offer] & (minimised.permitted.standing != Standing.REFUSED)
    return {"condition": column, "eligible": shown(int(met.sum()))}


def lots(explained: Explained, campaign: Campaign) -> dict[str, Any] | None:
    """What was decided by lot, and what the model expects to be lost by it; None where nothing may be."""
    if campaign.exploration is None:
        return None
    allocated = explained.allocated
    drawn = np.flatnonzero(np.isin(allocated.reason, (Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING)))
    value = allocated.scored.value[:, drawn]
    everyone = np.arange(len(drawn))
    own, other = allocated.offer[drawn], allocated.runner_up[drawn]
    got = np.where(own >= 0, value[own, everyone] - allocated.price[drawn], 0)
    next_best = np.where(other >= 0, value[other, everyone] - allocated.runner_up_price[drawn], 0)
    lost = int((np.maximum(np.maximum(got, next_best), 0) - got).sum())
    return {
        "share": campaign.exploration.share,
        "people": shown(len(drawn)),
        "offers": shown(int((own >= 0).sum())),
        "nothing": shown(int((own < 0).sum())),
        "lost_micro": lost if len(drawn) >= SMALLEST_SHOWN and not campaign.aware_limits else None,
    }
