"""What the campaigns that ran declare: who is responsible, what for, to whom data goes, how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from evenhand.adapters.home import Home
from evenhand.ledger import RunRecord, open_run, runs
from evenhand.policy import Campaign
from evenhand.rights import ConsentContext, Sender, authority_of

from ._ledger import has_ledger
from ._records import open_ledger

__all__ = ["DeclaredCampaign", "campaigns_of", "context_of", "recipients_of", "sender_of"]


@dataclass(frozen=True, slots=True)
class DeclaredCampaign:
    """A campaign as its last run recorded it.

    Attributes:
        campaign: it.
        last: its last run over a whole table, or the last of later people where there is none.
        runs: how many runs it had.
    """

    campaign: Campaign
    last: RunRecord
    runs: int


def campaigns_of(place: Home) -> tuple[DeclaredCampaign, ...]:
    """Every campaign that ran in a home, as it ran last; the one that ran most recently first."""
    if not has_ledger(place):
        return ()
    counts: dict[str, int] = {}
    last: dict[str, str] = {}
    with open_ledger(place) as store:
        for run in runs(store):
            if run.finished:
                counts[run.campaign] = counts.get(run.campaign, 0) + 1
                last.pop(run.campaign, None)
                last[run.campaign] = run.run_id
        recorded = [open_run(store, run_id) for run_id in reversed(last.values())]
    return tuple(DeclaredCampaign(one.campaign, one, counts[one.campaign.campaign]) for one in recorded)


def sender_of(campaign: Campaign) -> Sender:
    """Who answers people about a campaign."""
    clause, controller = campaign.processing, campaign.controller
    contact = (clause.rights_at if clause else None) or controller.contact
    return Sender(controller.name, contact, controller.country, (clause.authority if clause else None) or "")


def recipients_of(campaigns: tuple[DeclaredCampaign, ...]) -> tuple[str, ...]:
    """Names of everybody who gets data of these campaigns, each once."""
    clauses = [one.campaign.processing for one in campaigns]
    return tuple(dict.fromkeys(one.name for clause in clauses if clause for one in clause.recipients))


def context_of(campaign: Campaign) -> ConsentContext:
    """What a consent record says of a campaign's controller and its processing."""
    clause, controller = campaign.processing, campaign.controller
    meanings = [column.meaning.en for column in campaign.columns.values() if column.meaning and column.confirmed]
    return ConsentContext(
        controller=controller.name,
        contact=controller.contact,
        country=controller.country,
        address=(clause.address if clause else None) or "",
        data=(clause.data if clause else ()) or tuple(dict.fromkeys(meanings)),
        recipients=tuple(one.name for one in clause.recipients) if clause else (),
        stored_in=clause.stored_in if clause else "",
        retention=campaign.retention.consents or campaign.retention.features,
        rights_at=(clause.rights_at if clause else None) or "",
        authority=authority_of(sender_of(campaign)),
    )
