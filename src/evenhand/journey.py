"""READ FIRST. The road of one decision: six gates, each taking only the shape that the gate before it makes.

People go in as rows, and only counts, codes and prices come out. People who are refused on the way ride along with
their reason and are recorded too; people who opted out of personalisation get the contextual decision, from the same
road with no personal column in it. There is no switch that skips a gate.
"""

from __future__ import annotations

from dataclasses import dataclass

from evenhand.allocation import CampaignFrontier, GivenPrices, Wall, allocate, campaign_frontier
from evenhand.explanation import explain
from evenhand.features import ColumnSource, minimise
from evenhand.ledger import Run, record
from evenhand.permission import ConsentBook, OffersGiven, hold_back, permit
from evenhand.policy import Campaign
from evenhand.rules import Law
from evenhand.scoring import score
from evenhand.terms import Asked, Explained, Model, Recorded

__all__ = ["Stores", "decide", "propose", "sweep"]


@dataclass(frozen=True, slots=True)
class Stores:
    """What the gates look things up in.

    Attributes:
        consents: what people said, for gate 1.
        columns: raw values of the subjects, for gate 2 alone.
        wall: the groups, behind counts, for gate 4.
        given: what people were offered before, for gate 1; a campaign that limits offers over time needs it.
        law: the rules and where people are, for gate 1; None where everybody is under the same, by the campaign's word.
    """

    consents: ConsentBook
    columns: ColumnSource
    wall: Wall
    given: OffersGiven | None = None
    law: Law | None = None


def propose(
    asked: Asked, campaign: Campaign, model: Model, stores: Stores, given: GivenPrices | None = None
) -> Explained:
    """Walk the first five gates: what would be decided, and why. Writes nothing.

    With `given` the fourth decides by the prices of an earlier run: one person, or a few, on the same road.
    """
    permitted = hold_back(permit(asked, campaign, stores.consents, stores.law), campaign, stores.given)
    minimised = minimise(permitted, model, stores.columns, campaign.conditions, campaign.costs)
    scored = score(minimised, campaign)
    allocated = allocate(scored, campaign, stores.wall, given)
    return explain(allocated, campaign)


def decide(
    asked: Asked, campaign: Campaign, model: Model, stores: Stores, run: Run, given: GivenPrices | None = None
) -> Recorded:
    """Walk the whole road, gate by gate, and append every decision to the run.

    The run is durable when `ledger.finish` returns: either every decision of it is in the ledger then, or none is.
    """
    return record(propose(asked, campaign, model, stores, given), run)


def sweep(
    asked: Asked, campaign: Campaign, model: Model, stores: Stores, limit: str | None, bounds: tuple[float, ...]
) -> CampaignFrontier:
    """Walk three gates once and the fourth for each bound of one limit: what does it cost? Writes nothing."""
    permitted = hold_back(permit(asked, campaign, stores.consents, stores.law), campaign, stores.given)
    minimised = minimise(permitted, model, stores.columns, campaign.conditions, campaign.costs)
    return campaign_frontier(score(minimised, campaign), campaign, stores.wall, limit, bounds)
