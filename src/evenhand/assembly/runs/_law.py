"""Which law holds for whom: the rules, and the columns of the subjects that say where people are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from evenhand.adapters.data.tables import DataTable
from evenhand.adapters.declared.balancing_record import balancing_state
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.ledger import RunRecord
from evenhand.policy import Campaign
from evenhand.rules import Law

__all__ = ["as_recorded", "law_columns", "law_of"]


def as_recorded(recorded: RunRecord) -> LoadedCampaign:
    """The campaign of a recorded run, with the rules, and the balancing test, that it was decided by."""
    return LoadedCampaign(
        recorded.campaign,
        None,
        recorded.campaign_file_digest,
        (),
        rulebook=recorded.rulebook,
        balancing=recorded.balancing,
    )


def law_columns(campaign: Campaign) -> tuple[str, ...]:
    """Columns of the subjects that gate 1 reads to find which rules hold; of everybody, and nothing else of them."""
    return () if campaign.law is None else campaign.law.columns


def law_of(loaded: LoadedCampaign, subjects: DataTable, people: int, *, folder: Path, at: datetime) -> Law:
    """The law of a campaign's people, row by row of their table.

    Args:
        loaded: the campaign and its rules.
        subjects: opened with `law_columns` among its columns.
        people: how many rows it has.
        folder: folder that files of the campaign are relative to.
        at: the moment of the decision.
    """
    campaign = loaded.campaign
    texts = {name: subjects.texts(name) for name in law_columns(campaign)}
    state = loaded.balancing or balancing_state(campaign.balancing, folder, at)
    return Law.of_people(campaign, texts, people, loaded.rulebook, state)
