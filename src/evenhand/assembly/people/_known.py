"""Is this id anybody's here? For whoever types it at the controller's own desk; an outsider is never told."""

from __future__ import annotations

from pathlib import Path

from evenhand.adapters.data.tables import open_table
from evenhand.adapters.stores.home import find_home
from evenhand.policy import Table
from evenhand.terms import EvenhandError

from ..records._records import data_folder
from ._declared import campaigns_of
from ._trail import key_of_person

__all__ = ["is_known"]


def is_known(who: str, *, home: str | Path | None = None) -> bool:
    """Whether a decision, a choice or a request here is of this id, or a row of a table that a campaign here reads.

    Where no campaign ran yet, or a table cannot be read, nobody can tell: yes. It is asked before
    something is recorded, since what is recorded makes the id known.

    Args:
        who: the id as it was typed.
        home: the home folder; see `find_home`.
    """
    place = find_home(home)
    campaigns = campaigns_of(place)
    if not campaigns or (place.has_key and key_of_person(place, who, make=False) is not None):
        return True
    looked_in = set()
    for declared in campaigns:
        campaign, folder = declared.campaign, data_folder(declared.last, place)
        for source in (campaign.subjects, campaign.history, campaign.consents):
            column = "subject" if source is campaign.consents else campaign.identifier
            if source is None or (str(folder), source.file, source.table, column) in looked_in:
                continue
            looked_in.add((str(folder), source.file, source.table, column))
            try:
                table = open_table(
                    Table(**source.model_dump(include={"file", "sql", "table"})), folder, columns=(column,)
                )
                if who in table.ids(column, unique=False):
                    return True
            except EvenhandError:
                return True
    return False
