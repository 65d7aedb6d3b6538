"""A run in a few lines: the funnel, the limits, the value - as plain values for terminal and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evenhand.policy import MICRO, Campaign
from evenhand.terms import Explained, LimitOutcome, Model, Reason, Standing, Target

__all__ = ["summary_of"]

_NOTHING = "no two groups large enough to compare"
_SAME = "with the guesses of groups as they are; worked out anew without it, more or less may come back"
_ESTIMATED = {
    "estimated-on-sample": "estimated on a sample",
    "same-guesses": _SAME,
    "same-guesses-on-sample": f"{_SAME}; estimated on a sample",
}


def summary_of(explained: Explained, campaign: Campaign, report: Mapping[str, Any]) -> dict[str, Any]:
    """Funnel, limits, value and gap of a batch, with the numbers of people that its report tells; others are null.

    Args:
        explained: the decisions.
        campaign: as declared.
        report: of these decisions; what it hides is told nowhere else.
    """
    allocated = explained.allocated
    steps = {step["key"]: step for step in report["funnel"]}
    selected = "selected, within every limit" if all(one.held for one in allocated.limits) else "selected"
    funnel: list[tuple[str, int | None]] = [("known", steps["known"]["people"])]
    if campaign.limits.contacts.each:
        waiting = (drop["people"] for drop in report["drops"] if drop["key"] == Reason.ENOUGH_OFFERS.key)
        funnel.append(("  left alone for now", next(waiting, 0)))
    funnel += [
        ("permitted", steps["permitted"]["people"]),
        ("  of whom personalised", steps["permitted"]["personalised"]),
        ("  of whom contextual", steps["permitted"]["contextual"]),
        ("worth an offer", steps["worthwhile"]["people"]),
        (selected, steps["selected"]["people"]),
    ]
    for one in report.get("numbers", ()):
        funnel.append((f"  of whom with {one['offers']} offer{'s' if one['offers'] > 1 else ''}", one["people"]))
    if report["lots"] is not None:
        funnel.append(("  of whom by lot", report["lots"]["offers"]))
    return {
        "campaign": campaign.campaign,
        "target": campaign.model.target.value,
        "measured": _measured(allocated.scored.minimised.model) if campaign.model.target is Target.INCREMENT else [],
        "funnel": [{"label": label, "people": number} for label, number in funnel],
        "reasons": _reasons(explained, report),
        "offers": {offer["id"]: offer["selected"] for offer in report["offers"]},
        "limits": [
            _limit(limit, told, campaign.currency)
            for limit, told in zip(allocated.limits, report["limits"], strict=True)
        ],
        "currency": campaign.currency,
        "value": allocated.certificate.value / MICRO,
        "value_text": f"{campaign.currency} {allocated.certificate.value / MICRO:,.2f}",
        "gap": allocated.certificate.gap,
        "gap_among": "rules" if "blind" in allocated.prices.cell_tables else "choices",
    }


def _reasons(explained: Explained, report: Mapping[str, Any]) -> dict[str, int | None]:
    """How many people have each reason of gate 1, as the report tells it."""
    permitted = explained.allocated.scored.minimised.permitted
    present = [Reason(int(code)) for code in np.unique(permitted.reason)]
    told = {one["key"]: one["people"] for one in report["drops"] if one["step"] != "not-selected"}
    personal = np.unique(permitted.reason[permitted.standing == Standing.PERSONALISED])
    if len(personal) == 1:
        told[Reason(int(personal[0])).key] = report["funnel"][1]["personalised"]
    return {reason.key: told.get(reason.key) for reason in present}


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


def _soft_text(limit: LimitOutcome, currency: str) -> str:
    """Of a soft limit that was not kept whole: at which ceiling it was given up, and what was needed."""
    soft = limit.soft
    if soft is None or soft.bound == limit.declared:
        return ""
    needed = "could not be kept" if soft.needed is None else f"needs {currency} {soft.needed / MICRO:,.2f} of value"
    return f"; soft, given up at {soft.bound:g}: the whole {needed}, the ceiling is {soft.ceiling:.2%}"


def _limit(limit: LimitOutcome, told: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A limit with what the report tells of it."""

    def quantity(value: float | None) -> str:
        if value is None:
            return "not shown"
        if limit.kind == "budget":
            return f"{currency} {value / MICRO:,.2f}"
        return f"{value:.3f}" if limit.kind == "disparity" else f"{value:,.0f}"

    def reached() -> str:
        """The figure, or what is told in its place; and where it is no figure whether the limit is kept."""
        if limit.note == "nothing-to-compare":
            return _NOTHING
        if told["used"] is not None:
            return quantity(told["used"])
        kept = "kept" if limit.held else "not kept"
        if between := told.get("used_between"):
            return f"{kept}, between {quantity(between[0])} and {quantity(between[1])}"
        if then := told.get("used_then"):
            return f"{kept}, {quantity(then['used'])} in run {then['run']}"
        return f"{kept}, {quantity(None)}"

    floor = (limit.measure is not None and limit.measure.is_least) or limit.kind == "minimum"
    price = ""
    if limit.money is not None and limit.people is not None and (limit.money or limit.people):
        changes = "a few" if told["people"] is None else f"{limit.people:,}"
        price = f"; costs {currency} {limit.money / MICRO:,.2f} of value and changes {changes} decisions"
        price += f" ({_ESTIMATED[limit.note]})" if limit.note in _ESTIMATED else ""
    return {
        "id": limit.id,
        "kind": limit.kind,
        "declared": limit.declared,
        "used": told["used"],
        "declared_text": ("at least " if floor else "at most ") + quantity(limit.declared),
        **{name: told[name] for name in ("used_between", "used_then") if name in told},
        "used_text": reached(),
        "held": limit.held,
        "binding": limit.binding,
        "money": None if limit.money is None else limit.money / MICRO,
        "people": told["people"],
        "price_text": price + _soft_text(limit, currency),
        "note": limit.note,
    }
