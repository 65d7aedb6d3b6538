"""What is declared is kept, or nothing is decided: what does not go with several offers per person, or own costs."""

from __future__ import annotations

from evenhand.policy import Campaign
from evenhand.terms import UsageError

__all__ = ["refuse_undone"]


def refuse_undone(campaign: Campaign) -> None:
    """Stop a campaign whose check was passed over; `evenhand check` says the same with the place in the file.

    Raises:
        UsageError: with several offers per person lots, modelled responses, or getting any of some offers.
    """
    if campaign.offers_each == 1 and not campaign.own_costs:
        return
    undone = [
        limit.id
        for limit in campaign.limits.disparity
        if limit.measure.is_weighted
        or (campaign.offers_each > 1 and limit.per == "campaign" and 1 < len(limit.offers) < len(campaign.offers))
    ]
    if campaign.exploration is not None:
        undone.append("exploration")
    if undone:
        raise UsageError(
            "several-undone",
            f"With several offers per person, or each person's own costs, these are not done: {', '.join(undone)}.",
            rule="what is declared is kept, or nothing is decided",
            remedy="leave out lots, limits on modelled responses or on any of some offers; or give one offer each",
        )
