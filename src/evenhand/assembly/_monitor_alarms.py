"""From monitors that are skewed to alarms in the ledger, and the pause that a clause asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenhand.adapters.home import Home
from evenhand.adapters.run_keys import RunKeyFolder
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.disparity import MonitorState
from evenhand.ledger import AlarmRaised, CampaignState, Happened, campaign_state, raise_alarms
from evenhand.policy import Campaign

from ._monitor_look import Look
from ._monitor_told import told_of

__all__ = ["record_alarms"]


def record_alarms(
    place: Home,
    campaign: Campaign,
    looks: Sequence[Look],
    state: CampaignState,
    at: datetime,
) -> tuple[tuple[Happened, ...], CampaignState]:
    """Put new alarms, and the pause that one of them asks for, into the ledger.

    Args:
        place: the home.
        campaign: the campaign.
        looks: where the monitors of each clause are.
        state: how the campaign stood when the ledger was read.
        at: now.

    Returns:
        What was added, and how the campaign stands then.

    Raises:
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    alarms = [alarm for look in looks for alarm in _alarms(look)]
    if not alarms:
        return (), state
    with SqliteLedger(place.ledger, key=place.key_file) as store:
        keys = RunKeyFolder(place.run_keys)
        added = raise_alarms(store, campaign.campaign, alarms, since=state.since, at=at, keys=keys)
        return added, campaign_state(store, campaign.campaign)


def _alarms(look: Look) -> list[AlarmRaised]:
    """The last alarm of every comparison that ever had one; only one that still holds pauses anything."""
    clause, watch = look.clause, look.caught.watch
    return [
        AlarmRaised(
            watch=clause.id,
            clause=clause.model_dump(mode="json"),
            features=one.features,
            group=one.group,
            offer=one.offer,
            beside=one.beside,
            kind=told["alarm"],
            direction=told["direction"],
            event=told["raised"],
            events=watch.looked,
            figures=told["figures"],
            then=clause.on_alarm if told["state"] == MonitorState.SKEWED.value else "notify",
        )
        for one in watch.compared
        for told in [told_of(watch, one)]
        if told["raised"]
    ]
