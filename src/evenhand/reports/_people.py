"""How many people, at each step and of each kind: counts for the report, small ones withheld."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Explained, Reason, Standing, is_few, shown, shown_steps, shown_together

__all__ = ["drops", "funnel", "lots", "numbers", "offers", "told_of_offers"]


def funnel(explained: Explained) -> list[dict[str, Any]]:
    """Known, permitted (personalised and contextual), worth an offer, selected; see `_Walk`."""
    walk = _Walk(explained)
    return [
        {"key": key, "people": people, "personalised": personalised, "contextual": contextual}
        for key, people, personalised, contextual in zip(
            _STEPS, walk.told, walk.personalised, walk.contextual, strict=True
        )
    ]


_STEPS = ("known", "permitted", "worthwhile", "selected")


class _Walk:
    """How many people there are at each step, and what may be told of it.

    Who leaves between two told steps is no small number, nor is who is told of at a step; who has an offer is told
    before the steps between. Of the two standings both are told or neither.

    Attributes:
        counts: people per step, as they are.
        told: the same, None where it may not be told.
        personalised, contextual: of the told ones; None likewise.
    """

    def __init__(self, explained: Explained) -> None:
        allocated = explained.allocated
        standing = allocated.scored.minimised.permitted.standing
        allowed = standing != Standing.REFUSED
        personal = standing == Standing.PERSONALISED
        nothing = (Reason.NO_WORTHWHILE_OFFER, Reason.NOT_ELIGIBLE)
        worthwhile = allowed & ~np.isin(allocated.reason[allocated.leads], nothing)
        steps = (np.ones(len(standing), dtype=bool), allowed, worthwhile, allocated.gets())
        self.counts = [int(who.sum()) for who in steps]
        self.told = shown_steps(self.counts, first=(0, 3))
        own = [int((who & personal).sum()) for who in steps]
        other = [int((who & allowed & ~personal).sum()) for who in steps]
        own_told, other_told = shown_steps(own, first=(0, 3)), shown_steps(other, first=(0, 3))
        both = [None not in several for several in zip(self.told, own_told, other_told, strict=True)]
        both[0] = both[1] and self.told[1] is not None  # of everybody known it is said for those who are permitted
        self.personalised = [count if tell else None for count, tell in zip(own, both, strict=True)]
        self.contextual = [count if tell else None for count, tell in zip(other, both, strict=True)]

    def parts(self, leavers: Sequence[Sequence[int]]) -> list[list[int | None]]:
        """What may be told of the parts of those who leave between one step and the next.

        Between two told steps the parts have a told total, so they are told together, whatever steps lie between; where
        the last is not told, who is left then is a part too.
        """
        out: list[list[int | None]] = []
        waiting: list[int] = []
        for step, parts in enumerate(leavers, 1):
            waiting += parts
            if self.told[step] is None and step < len(leavers):
                continue
            more = [] if self.told[step] is not None else [self.counts[step]]
            told = iter(shown_together([*waiting, *more]))
            while len(out) < step:
                out.append([next(told) for _ in leavers[len(out)]])
            waiting = []
        return out


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
    allocated, walk = explained.allocated, _Walk(explained)
    permitted = allocated.scored.minimised.permitted
    after = allocated.reason[allocated.leads][permitted.standing != Standing.REFUSED]
    refused = permitted.reason[permitted.standing == Standing.REFUSED]
    kinds = [_present(refused), list(_NO_OFFER), list(_NOT_CHOSEN)]
    sizes = [
        [int((reasons == reason).sum()) for reason in several]
        for reasons, several in zip((refused, after, after), kinds, strict=True)
    ]
    told = walk.parts(sizes)
    out = [_drop("refused", one, people) for one, people in zip(kinds[0], told[0], strict=True)]
    contextual = permitted.reason[permitted.standing == Standing.CONTEXTUAL]
    present = _present(contextual)
    counts = [int((contextual == reason).sum()) for reason in present]
    others = []  # what the reasons would tell beside themselves
    if walk.told[1] is None:
        others = [len(refused)]
    elif walk.contextual[1] is None:
        others = [walk.counts[1] - len(contextual)]
    out += [
        _drop("contextual", one, people)
        for one, people in zip(present, shown_together([*counts, *others]), strict=False)
    ]
    for several, people in zip(kinds[1:], told[1:], strict=True):
        out += [_drop("not-selected", one, n) for one, n in zip(several, people, strict=True) if n != 0]
    return out


_NO_OFFER = (Reason.NOT_ELIGIBLE, Reason.NO_WORTHWHILE_OFFER)
_NOT_CHOSEN = (Reason.BEYOND_LIMITS, Reason.DRAWN_NOTHING)


def _drop(step: str, reason: Reason, people: int | None) -> dict[str, Any]:
    kind = "forbidden" if reason.is_forbidden else "unconfigured" if reason.is_unconfigured else "outcome"
    return {"step": step, "key": reason.key, "rule": reason.rule, "kind": kind, "people": people}


def _present(codes: np.ndarray[Any, np.dtype[np.uint8]]) -> list[Reason]:
    return [Reason(int(code)) for code in np.unique(codes)]


def offers(explained: Explained, campaign: Campaign) -> list[dict[str, Any]]:
    allocated = explained.allocated
    out = []
    told = told_of_offers(explained, campaign)
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


def told_of_offers(explained: Explained, campaign: Campaign) -> list[int | None]:
    """How often each offer was given; where each has one and who has none are few, they are a part of the total too."""
    given = explained.allocated.offer
    parts = [int((given == j).sum()) for j in range(len(campaign.offers))]
    walk = _Walk(explained)
    more = [walk.counts[0] - walk.counts[3]] if walk.told[3] is None and campaign.offers_each == 1 else []
    return shown_together([*parts, *more])[: len(parts)]


def _own_cost(explained: Explained, offer: int, who: NDArray[np.intp], column: str | None) -> dict[str, Any]:
    """What an offer costs on average with those who get it, where that is each person's own; null for a few people."""
    cost = explained.allocated.scored.minimised.cost
    if column is None or cost is None:
        return {}
    return {"own_cost_micro": None if is_few(len(who)) or not len(who) else round(float(cost[offer, who].mean()))}


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
    left = next((one["people"] for one in drops(explained) if one["key"] == Reason.DRAWN_NOTHING.key), 0)
    parts = shown_together([int((own >= 0).sum()), int((own < 0).sum())])
    hidden = left is None or None in parts  # both are parts of a told number, and one stands among the reasons, too
    return {
        "share": campaign.exploration.share,
        "people": shown(len(drawn)),
        "offers": None if hidden else parts[0],
        "nothing": None if hidden else parts[1],
        "lost_micro": None if is_few(len(drawn)) or not len(drawn) or campaign.aware_limits else lost,
    }
