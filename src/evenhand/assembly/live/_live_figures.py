"""What a campaign that runs came to since its start: its live decisions, why some made no offer, what followed them,
and what is left of each limit.

These numbers grow by single people, and whoever reads them all the time and knows when somebody came would else see
what was decided about that person. So all are told in tens, downwards, as `/metrics` tells them; below ten, nobody too
included, none is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.ledger import Kind, LedgerStore, Tally
from evenhand.policy import MICRO, Campaign
from evenhand.terms import SMALLEST_SHOWN, Reason, Standing, StoreError, in_tens

from ..records._ledger import leases_of
from ..records._records import open_ledger
from ._live import LiveService
from ._live_campaign import LiveCampaign

__all__ = ["LiveFigures", "figures_told", "limits_told"]

_STEPS = ("asked", "permitted", "worthwhile", "selected")
_FOLLOWED = {"delivered": "shown", "clicked": "clicked", "bought": "bought"}
_NO_OFFER = (Reason.NOT_ELIGIBLE, Reason.NO_WORTHWHILE_OFFER)


class LiveFigures:
    """What the campaigns of a service came to since they started.

    Args:
        place: the home.
        live: decides.
    """

    def __init__(self, place: Home, live: LiveService) -> None:
        self._place, self._live = place, live
        self._ends: dict[str, int] = {}

    def begin(self) -> None:
        """Begin to read what was decided before, beside everything else."""
        for one in list(self._live.campaigns.values()):
            self._live.came.look(one.prices, self._end_of(one.priced_by), wait=0.0)

    def of(self, name: str) -> dict[str, Any] | None:
        """Its live decisions; None where it is not served here.

        Raises:
            StoreError: the limits cannot be reached.
        """
        one = self._live.campaigns.get(name)
        if one is None:
            return None
        tally, followed, is_whole = self._live.came.look(one.prices, self._end_of(one.priced_by))
        told = figures_told(one.campaign, tally, followed)
        return {**told, "run": one.priced_by, "is_whole": is_whole, "limits": self.limits(one)}

    def spent(self, name: str) -> bool:
        """Whether a campaign that is served has nothing left to give, or nearly so: less than ten offers."""
        one = self._live.campaigns.get(name)
        with suppress(StoreError):
            return one is not None and is_spent(one.campaign, self.limits(one))
        return False

    def limits(self, one: LiveCampaign) -> list[dict[str, Any]]:
        """What is left of each limit. What other services of the home hold in hand counts as used."""
        with leases_of(self._place) as leases:
            left = leases.left(one.prices, at=datetime.now(UTC))
        hand = one.in_hand()
        return limits_told(one.campaign, {name: amount + hand.get(name, 0) for name, amount in left.items()})

    def _end_of(self, run_id: str) -> int:
        """Number of the last entry of a run."""
        if run_id not in self._ends:
            with open_ledger(self._place) as store:
                self._ends[run_id] = _end(store, run_id)
        return self._ends[run_id]


def _end(store: LedgerStore, run_id: str) -> int:
    return max((row[0] for row in store.about(run_id.encode()) if row[1] == Kind.RUN_FINISHED), default=0)


def figures_told(campaign: Campaign, tally: Tally, followed: Mapping[str, int]) -> dict[str, Any]:
    """Funnel, drops and offers of live decisions, in tens.

    Args:
        campaign: the campaign.
        tally: how many decisions came to what.
        followed: how many of them were told to be shown, clicked and so on.
    """
    steps = dict.fromkeys(_STEPS, 0)
    drops: dict[tuple[str, Reason], int] = {}
    offers = [0] * len(campaign.offers)
    for (offer, standing, permission, outcome), count in tally.items():
        is_permitted, why = standing != Standing.REFUSED, Reason(outcome)
        steps["asked"] += count
        steps["permitted"] += count * is_permitted
        steps["worthwhile"] += count * (is_permitted and why not in _NO_OFFER)
        steps["selected"] += count * (offer >= 0)
        if offer >= 0:
            offers[offer] += count
        if not is_permitted:
            _add(drops, ("refused", Reason(permission)), count)
            continue
        if standing == Standing.CONTEXTUAL:
            _add(drops, ("contextual", Reason(permission)), count)
        if offer < 0:
            _add(drops, ("not-selected", why), count)
    steps |= {step: followed.get(kind, 0) for step, kind in _FOLLOWED.items()}
    return {
        "funnel": [{"key": key, "decisions": _told(count)} for key, count in steps.items()],
        "drops": [
            {"step": step, "key": why.key, "rule": why.rule, "decisions": _told(count)}
            for (step, why), count in sorted(drops.items())
            if count >= SMALLEST_SHOWN
        ],
        "offers": [
            {"id": one.id, "text": one.text.model_dump(), "decisions": _told(count)}
            for one, count in zip(campaign.offers, offers, strict=True)
        ],
    }


def limits_told(campaign: Campaign, left: Mapping[str, int]) -> list[dict[str, Any]]:
    """What is left of each limit that decisions use up, in steps of ten offers; below that none is told.

    A step of the budget is what ten of the dearest offer cost.
    """
    dearest = max((one.cost_micro for one in campaign.offers), default=0)
    out = []
    for kind, id, declared in _declared(campaign):
        unit, step = (MICRO, max(1, 10 * dearest)) if kind == "budget" else (1, SMALLEST_SHOWN)
        amount = min(declared, max(0, left.get(id, 0)))
        told = amount - amount % step
        out.append(
            {"id": id, "kind": kind, "declared": declared / unit, "left": told / unit or None, "is_spent": told == 0}
        )
    return out


def is_spent(campaign: Campaign, limits: list[dict[str, Any]]) -> bool:
    """Whether nobody gets an offer any more, or nearly: the budget or the contacts are spent, or every place is."""
    spent = {one["id"] for one in limits if one["is_spent"]}
    places = {f"capacity:{one.id}" for one in campaign.offers}
    return bool(spent & {"budget", "contacts"}) or places <= spent


def _declared(campaign: Campaign) -> list[tuple[str, str, int]]:
    """Kind, id and amount of every limit that decisions use up."""
    limits, out = campaign.limits, []
    if limits.budget is not None and any(one.cost_micro for one in campaign.offers):
        out.append(("budget", "budget", int(limits.budget * MICRO)))
    if limits.contacts.total is not None:
        out.append(("contacts", "contacts", limits.contacts.total))
    return out + [("capacity", f"capacity:{o.id}", o.capacity) for o in campaign.offers if o.capacity is not None]


def _add(drops: dict[tuple[str, Reason], int], key: tuple[str, Reason], count: int) -> None:
    drops[key] = drops.get(key, 0) + count


def _told(count: int) -> int | None:
    return in_tens(count) or None
