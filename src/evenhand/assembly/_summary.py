"""A run in a few lines: the funnel, the limits, the value - as plain values for terminal and JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from evenhand.policy import MICRO, Campaign
from evenhand.terms import Explained, LimitOutcome, Model, Reason, Standing, Target

__all__ = ["summary_of"]

_NOTHING = "no two groups large enough to compare"


def summary_of(explained: Explained, campaign: Campaign) -> dict[str, Any]:
    """Funnel, limits, value and gap of a batch; counts of people only."""
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    standing, chosen, first = permitted.standing, allocated.offer >= 0, allocated.leads
    people = len(standing)
    allowed = int((standing != Standing.REFUSED).sum())
    personalised = int((standing == Standing.PERSONALISED).sum())
    nothing = (allocated.reason == Reason.NO_WORTHWHILE_OFFER) | (allocated.reason == Reason.NOT_ELIGIBLE)
    worthwhile = allowed - int((nothing & first).sum())
    funnel = [
        ("known", people),
        ("permitted", allowed),
        ("  of whom personalised", personalised),
        ("  of whom contextual", allowed - personalised),
        ("worth an offer", worthwhile),
        (
            "selected, within every limit" if all(one.held for one in allocated.limits) else "selected",
            int(allocated.gets().sum()),
        ),
    ]
    if campaign.limits.contacts.each:
        funnel.insert(1, ("  left alone for now", int((permitted.reason == Reason.ENOUGH_OFFERS).sum())))
    if campaign.offers_each > 1:
        each = np.bincount(allocated.person[chosen])
        funnel += [
            (f"  of whom with {number} offer{'s' if number > 1 else ''}", int((each == number).sum()))
            for number in range(1, campaign.offers_each + 1)
        ]
    if campaign.exploration is not None:
        by_lot = np.isin(allocated.reason, (Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING))
        funnel.append(("  of whom by lot", int((by_lot & chosen).sum())))
    counts = np.bincount(allocated.offer[chosen], minlength=len(campaign.offers))
    return {
        "campaign": campaign.campaign,
        "target": campaign.model.target.value,
        "measured": _measured(allocated.scored.minimised.model) if campaign.model.target is Target.INCREMENT else [],
        "funnel": [{"label": label, "people": number} for label, number in funnel],
        "reasons": {reason.key: int((permitted.reason == reason).sum()) for reason in _present(permitted.reason)},
        "offers": {offer.id: None if 0 < n < 10 else int(n) for offer, n in zip(campaign.offers, counts, strict=True)},
        "limits": [_limit(limit, campaign.currency) for limit in allocated.limits],
        "value": allocated.certificate.value / MICRO,
        "value_text": f"{campaign.currency} {allocated.certificate.value / MICRO:,.2f}",
        "gap": allocated.certificate.gap,
        "gap_among": "rules" if "blind" in allocated.prices.cell_tables else "choices",
    }


def _measured(model: Model) -> list[dict[str, Any]]:
    """Of each offer what showing it changes, and the Qini coefficients of both orders, on rows kept apart; null where
    there are few."""
    return [
        {
            "offer": offer,
            "rows": told["held_out"]["rows"],
            "increment": told["held_out"].get("increment"),
            "qini": told["held_out"].get("coefficient"),
            "qini_by_response": told["held_out"].get("by_response"),
        }
        for offer, told in model.evaluation["offers"].items()
    ]


def _present(codes: np.ndarray[Any, np.dtype[np.uint8]]) -> list[Reason]:
    return [Reason(int(code)) for code in np.unique(codes)]


def _soft_text(limit: LimitOutcome, currency: str) -> str:
    """Of a soft limit that was not kept whole: at which ceiling it was given up, and what was needed."""
    soft = limit.soft
    if soft is None or soft.bound == limit.declared:
        return ""
    needed = "could not be kept" if soft.needed is None else f"needs {currency} {soft.needed / MICRO:,.2f} of value"
    return f"; soft, given up at {soft.bound:g}: the whole {needed}, the ceiling is {soft.ceiling:.2%}"


def _limit(limit: LimitOutcome, currency: str) -> dict[str, Any]:
    def quantity(value: float) -> str:
        if limit.kind == "budget":
            return f"{currency} {value / MICRO:,.2f}"
        return f"{value:.3f}" if limit.kind == "disparity" else f"{value:,.0f}"

    few = limit.kind in ("contacts", "capacity", "minimum") and 0 < limit.used < 10
    floor = (limit.measure is not None and limit.measure.is_least) or limit.kind == "minimum"
    price = ""
    if limit.money is not None and limit.people is not None and (limit.money or limit.people):
        price = f"; costs {currency} {limit.money / MICRO:,.2f} of value and changes {limit.people:,} decisions"
    return {
        "id": limit.id,
        "kind": limit.kind,
        "declared": limit.declared,
        "used": None if few else limit.used,
        "declared_text": ("at least " if floor else "at most ") + quantity(limit.declared),
        "used_text": _NOTHING
        if limit.note == "nothing-to-compare"
        else "fewer than 10"
        if few
        else quantity(limit.used),
        "held": limit.held,
        "binding": limit.binding,
        "money": None if limit.money is None else limit.money / MICRO,
        "people": limit.people,
        "price_text": price + _soft_text(limit, currency),
        "note": limit.note,
    }
