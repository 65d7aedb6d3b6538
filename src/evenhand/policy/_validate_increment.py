"""Rules about deciding by what an offer changes: what must be declared, and what cannot go with it."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.terms import Role, Target

from ._campaign import Campaign
from ._finding import PolicyFinding, found

__all__ = ["review_increment"]


def review_increment(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong about the control, and about an increment that is asked for."""
    yield from _control(campaign)
    if campaign.model.target is Target.INCREMENT:
        yield from _increment(campaign)
    elif _could_go_by_increments(campaign):
        yield found(
            "EH-POL-047",
            ("model", "target"),
            "The history is randomised and has a control, and the decision goes by who responds, with or without an "
            "offer.",
            "Set model: target: increment to decide by what an offer changes, or write response if that is meant.",
        )


def _could_go_by_increments(campaign: Campaign) -> bool:
    """Everything is there for it, and nobody said which is meant."""
    unsaid = "target" not in campaign.model.model_fields_set
    return unsaid and campaign.history.control is not None and campaign.history.randomised


def _control(campaign: Campaign) -> Iterator[PolicyFinding]:
    history = campaign.history
    if history.control is None:
        return
    if history.offer is None and len({offer.id for offer in campaign.offers}) == 1:  # with more it is missed anyhow
        yield found(
            "EH-POL-028",
            ("history", "offer"),
            "There is a control, and no column of which it is a value.",
            "Name the history column that says which offer was shown, or the control: history: offer: COLUMN.",
        )
    if history.control in {offer.id for offer in campaign.offers}:
        yield found(
            "EH-POL-029",
            ("history", "control"),
            "The control is the id of an offer.",
            "Name the value that stands where nothing was shown; a control is never offered to anybody.",
        )


def _increment(campaign: Campaign) -> Iterator[PolicyFinding]:
    history = campaign.history
    if history.control is None:
        yield found(
            "EH-POL-026",
            ("history", "control"),
            "What an offer changes is asked for, and nobody is named who was shown nothing.",
            "Name the value of the offer column in their rows: history: control: VALUE. Without such rows use "
            "model: target: response.",
        )
    if not history.randomised:
        yield found(
            "EH-POL-027",
            ("history", "randomised"),
            "What an offer changes is asked for, and nobody declares that chance decided who was shown it.",
            "Set history: randomised: true if people were drawn by lot, and only then; else use model: target: "
            "response.",
        )
    for name in campaign.names(Role.FEATURE):
        if campaign.columns[name].per_offer:
            yield found(
                "EH-POL-045",
                ("columns", name, "per_offer"),
                f"The feature {name} has a value per offer, and people who were shown nothing have none.",
                "Leave it out, or use model: target: response.",
            )
    for place in campaign.conditions:
        yield found(
            "EH-POL-080",
            ("offers", place, "eligible"),
            f"The offer {campaign.offers[place].id} has a condition; the control may hold people who did not meet it.",
            "Keep only history rows of people who met it, shown or not; else their own ways are taken for the offer's.",
        )
    if campaign.model.kind == "pooled":
        yield found(
            "EH-POL-046",
            ("model", "kind"),
            "One fit for all offers is asked for, and what an offer changes is fitted for each by itself.",
            "Take kind out, or write kind: per_offer.",
        )
