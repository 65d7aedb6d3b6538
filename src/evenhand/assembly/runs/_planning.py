"""Plans for whoever thinks about a campaign: with its own limits, or with others; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from evenhand.adapters.asking import BusyError
from evenhand.adapters.campaigning import Simulated
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.policy import Campaign
from evenhand.terms import UsageError

from ._campaign_figures import figures_of
from ._run import plan_campaign

__all__ = ["Planner", "with_limits"]

_PATIENCE = 20.0
"""Seconds to wait for somebody else's plan: a plan reads the tables and learns, so one is made at a time."""


class Planner:
    """Makes plans in one home, one at a time.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place, self._alone = place, Lock()

    def figures(self, loaded: LoadedCampaign, tried: Simulated, *, at: datetime) -> dict[str, Any]:
        """What would be decided, in the form of `figures_of`.

        Raises:
            UsageError: a limit is named that the campaign does not have.
            PolicyError, DataError: as `plan_campaign`.
            BusyError: others are planned now.
        """
        changed = replace(loaded, campaign=with_limits(loaded.campaign, tried))
        if not self._alone.acquire(timeout=_PATIENCE):
            raise BusyError(
                "plan-busy",
                "Other campaigns are being planned now; nothing was planned.",
                rule="one plan at a time",
                remedy="ask again in a while",
            )
        try:
            planned = plan_campaign(changed, home=self._place.folder, at=at)
        finally:
            self._alone.release()
        return figures_of(planned.report)


def with_limits(campaign: Campaign, tried: Simulated) -> Campaign:
    """The campaign with other limits.

    Raises:
        UsageError: a limit is named that it does not have.
    """
    known = {limit.id for limit in campaign.limits.disparity}
    if unknown := [name for name in tried.bounds if name not in known]:
        raise UsageError(
            "limit-unknown",
            f"{len(unknown)} of the limits to try are none of the campaign {campaign.campaign}.",
            rule="another bound is tried of a limit that the campaign declares",
            remedy=f"name one of: {', '.join(sorted(known)) or 'none is declared'}",
        )
    limits = campaign.limits.model_dump(mode="json")
    if tried.budget is not None:
        limits["budget"] = str(tried.budget)
    if tried.contacts is not None:
        limits["contacts"]["total"] = tried.contacts
    for limit in limits["disparity"]:
        limit["bound"] = tried.bounds.get(limit["id"], limit["bound"])
    return campaign.model_copy(update={"limits": type(campaign.limits).model_validate(limits)})
