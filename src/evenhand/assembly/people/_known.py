"""Is this id anybody's here? For whoever types it at the controller's own desk; an outsider is never told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from evenhand.adapters.data.tables import open_table
from evenhand.adapters.stores.home import Home, find_home
from evenhand.policy import Table
from evenhand.terms import EvenhandError, UsageError, number_of

from ..records._records import data_folder
from ._declared import DeclaredCampaign, campaigns_of
from ._trail import key_of_person

__all__ = ["is_known", "refuse_odd_id", "refuse_odd_ids"]


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
    return not _not_in_tables({who}, place, campaigns)


def refuse_odd_id(who: str, place: Home, stands: Callable[[str], bool] | None = None) -> None:
    """Refuse an id that nobody writes like this: it begins or ends with white space, or is not in Unicode NFC. What
    would be kept under it would be about nobody. Where the organisation's own tables do write it so, it is right.

    Args:
        who: the id as it was given.
        place: the home.
        stands: whether an id stands in a table as it is; None = the tables of the campaigns that ran are read.

    Raises:
        UsageError: it is such an id, and stands in no table.
    """
    if not _is_odd(who):
        return
    if not stands(who) if stands is not None else _not_in_tables({who}, place, campaigns_of(place)):
        raise _odd("The id begins or ends with white space, or writes")


def refuse_odd_ids(whom: Iterable[str], place: Home) -> None:
    """As `refuse_odd_id`, of many.

    Raises:
        UsageError: some are such ids, and stand in no table of the campaigns that ran.
    """
    odd = {who for who in whom if _is_odd(who)}
    if odd and (nobody := _not_in_tables(odd, place, campaigns_of(place))):
        raise _odd(f"{number_of(len(nobody), 'id begins or ends', 'ids begin or end')} with white space, or writes")


def _is_odd(who: str) -> bool:
    return who != normalize("NFC", who.strip())


def _odd(what: str) -> UsageError:
    return UsageError(
        "subject-odd",
        f"{what} an accent apart from its letter (not Unicode NFC), and stands so in no table. Nothing was recorded.",
        rule="G-21b, G-7: what somebody says is kept under the very id that the tables have",
        remedy="give the id exactly as the subjects table has it",
    )


def _not_in_tables(whom: set[str], place: Home, campaigns: Sequence[DeclaredCampaign]) -> set[str]:
    """Who of these stands in no table of these campaigns; nobody where one of them cannot be read."""
    left = set(whom)
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
                left.difference_update(table.ids(column, unique=False))
            except EvenhandError:
                return set()
            if not left:
                return left
    return left
