"""What was left of the limits when a person was decided about with given prices: by what their run recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evenhand.policy import Campaign
from evenhand.terms import DecisionFacts

from ._read import RunRecord

__all__ = ["with_room"]


def with_room(facts: DecisionFacts, recorded: RunRecord) -> DecisionFacts:
    """A decision with the offers of which no place was left for the person (`full`), as far as the record tells.

    A run that decides with the prices of an earlier one records what it could use of each limit, and what it used. So
    what did not fit when it began was full for everybody of it; what no longer fits after as much as those before the
    person may have taken of it, was full for some.

    Args:
        facts: the decision.
        recorded: its run.
    """
    if not recorded.room:
        return facts
    left, used = recorded.room, dict.fromkeys(recorded.room, 0)
    for batch in recorded.batches:
        for limit in batch["limits"]:
            if limit["id"] in used:
                used[limit["id"]] += round(limit["used"])
    full = _full(recorded.campaign, left)
    before = int(facts.decision_id.rpartition(".")[2]) - 1  # each of these took one place at most
    dearest = max(offer.cost_micro for offer in recorded.campaign.offers)
    most = {name: before * (dearest if name == "budget" else 1) for name in left}
    later = _full(recorded.campaign, {name: amount - min(used[name], most[name]) for name, amount in left.items()})
    return replace(facts, full=full, later_full={j: names for j, names in later.items() if j not in full})


def _full(campaign: Campaign, left: Mapping[str, int]) -> dict[int, tuple[str, ...]]:
    """Offers that do not fit what is left, by their index, with the limits that have too little for one."""
    out = {}
    for place, offer in enumerate(campaign.offers):
        uses = {"budget": offer.cost_micro, "contacts": 1, f"capacity:{offer.id}": 1}
        short = tuple(name for name, amount in uses.items() if left.get(name, amount) < amount)
        if short:
            out[place] = short
    return out
