"""From monitors that are skewed to alarms in the ledger, and the pause that a clause asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenhand.adapters.stores.home import Home
from evenhand.disparity import LOOK, MonitorState
from evenhand.ledger import (
    AlarmRaised,
    CampaignState,
    EarlierPrices,
    Happened,
    LedgerStore,
    campaign_state,
    open_run,
    raise_alarms,
    runs,
)
from evenhand.policy import Campaign

from ..records._ledger import ledger_of, run_keys_of
from ._monitor_events import Decided
from ._monitor_look import Look

__all__ = ["record_alarms"]


def record_alarms(
    place: Home,
    campaign: Campaign,
    looks: Sequence[Look],
    decided: Decided,
    state: CampaignState,
    at: datetime,
) -> tuple[tuple[Happened, ...], CampaignState]:
    """Put new alarms, and the pause or fall-back that one of them asks for, into the ledger.

    Args:
        place: the home.
        campaign: the campaign.
        looks: where the monitors of each clause are.
        decided: the decisions that the streams are about.
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
    with ledger_of(place) as store:
        added = raise_alarms(
            store,
            campaign.campaign,
            alarms,
            since=state.since,
            at=at,
            earlier=_earlier(store, campaign, looks, decided),
            keys=run_keys_of(place),
        )
        return added, campaign_state(store, campaign.campaign)


def _earlier(store: LedgerStore, campaign: Campaign, looks: Sequence[Look], decided: Decided) -> EarlierPrices | None:
    """The prices that held: those of the last run before the one whose prices decided where an alarm was raised.

    An alarm's place is known to a look, so the first decision that it may be about counts. The prices must be of this
    very campaign, and open: those of an aware limit decide about nobody.
    """
    places = [
        int(look.stream.rows[max(0, min(look.caught.watch.raised(one), len(look.stream.rows)) - LOOK)])
        for look in looks
        if look.clause.on_alarm == "fall_back"
        for one in look.caught.watch.compared
        if look.caught.watch.raised(one)
    ]
    if not places or campaign.aware_limits:
        return None
    listed = {run.run_id: run for run in runs(store) if run.finished and run.campaign == campaign.campaign}
    suspect = listed[decided.run_at(min(places))]
    priced = suspect.priced_by or suspect.policy
    found = None
    for run in listed.values():
        if run.policy == priced:
            break
        if run.policy and open_run(store, run.run_id).campaign == campaign:
            found = EarlierPrices(run.run_id, run.policy)
    return found


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
        for told in [look.told(one)]
        if told["raised"]
    ]
