"""Whether a correction fits the columns that it is about: those of tables of subjects, and those of the vault."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from evenhand.adapters.data.corrected_table import corrected_table
from evenhand.adapters.data.tables import DataTable, open_table
from evenhand.adapters.stores.home import Home
from evenhand.policy import Campaign, Table
from evenhand.rights import NewGroupError
from evenhand.terms import DataError, EvenhandError, Role, UsageError

from ..records._records import data_folder
from ..records._vault_store import vault_of, vault_words
from ..runs._open import given_features
from ._declared import campaigns_of

__all__ = ["refuse_unfit"]

_FEWEST, _WORDS = 10, 20
"""A group of fewer people is not told by its word; nor are more words than these."""


def refuse_unfit(place: Home, values: Mapping[str, str], at: datetime, *, sure: bool) -> None:
    """Refuse a column that no campaign declares, and a value that does not fit it; unless somebody is sure of it, also
    a word of a group that stands in no table of subjects, and for enough people in the vault.

    Raises:
        UsageError, DataError: a column or a value that does not fit; nothing was recorded.
        NewGroupError: a word of a group that nobody has, or in the vault fewer than ten people.
    """
    groups: dict[str, Counter[str]] = {}
    reached = {one.name for one in vault_of(place).kept()}
    known, in_vault = set(reached), reached & set(values)
    cut: set[str] = set()
    for declared in campaigns_of(place):
        campaign = declared.campaign
        columns = {
            name for name, column in campaign.columns.items() if column.role not in (Role.FORBIDDEN, Role.IDENTIFIER)
        }
        names = {one for one in values if one in columns or one.partition("@")[0] in columns}
        known |= names
        cut |= {name for name in names & in_vault if campaign.columns[name].cut is not None}
        try:
            source = Table(**campaign.subjects.model_dump(include={"file", "sql", "table"}))
            table = open_table(source, data_folder(declared.last, place))
        except EvenhandError:
            reached |= names
            continue
        reached |= names & set(table.names)
        mine = {name: {0: values[name]} for name in names if name in table.names}
        fitted = corrected_table(table, mine)
        for name in mine:
            fitted.series(name)
            groups.setdefault(name, Counter()).update(_words_of(campaign, table, name))
        given = {name: values[name] for name in names & given_features(campaign)}
        _refuse_misfit(campaign.history, data_folder(declared.last, place), given)
    for name in sorted(in_vault):
        groups.setdefault(name, Counter()).update(_words_in_vault(place, name, values[name], at, cut=name in cut))
    _refuse_unreached([name for name in values if name in known and name not in reached])
    for name, words in groups.items():
        if words and not sure and values[name] and values[name] not in words:
            told = [word for word, people in words.most_common(_WORDS) if people >= _FEWEST]
            raise NewGroupError(name, sorted(told))
    unknown = [name for name in values if name not in known]
    if unknown:
        raise UsageError(
            "correct-column",
            f"No campaign that ran here declares the column {', '.join(map(repr, unknown))}.",
            rule="G-5d: what is corrected is what decisions are made from",
            remedy="correct it in your own table; or check the name in the campaign file",
        )


def _words_of(campaign: Campaign, table: DataTable, name: str) -> list[str]:
    """The words of a column of groups that stand in its table as they are; none of a number that is cut into bands."""
    column = campaign.columns.get(name)
    if column is None or column.role is not Role.SENSITIVE:
        return []
    try:
        groups = table.groups(name, column.cut)
    except EvenhandError:
        return []
    return [one for one in groups if one is not None] if groups == table.texts(name) else []


def _words_in_vault(place: Home, name: str, value: str, at: datetime, *, cut: bool) -> dict[str, int]:
    """The words of a column in the vault that enough people have; none of a number that is cut into bands.

    Raises:
        DataError: numbers stand there, and the value is none: it would make a group of each number.
    """
    found = vault_words(place, name, at)
    if found and value and not _is_number(value) and all(map(_is_number, found)):
        raise DataError(
            "correction-does-not-fit",
            f"A correction of column {name!r} in the vault is no number.",
            rule="G-5d: a corrected value takes the place of the old one",
            remedy="correct it again, as a number",
        )
    return {} if cut else {word: people for word, people in found.items() if people >= _FEWEST}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _refuse_misfit(source: Table, folder: Path, values: Mapping[str, str]) -> None:
    try:
        table = open_table(Table(**source.model_dump(include={"file", "sql", "table"})), folder)
    except EvenhandError:
        return
    mine = {name: {0: value} for name, value in values.items() if name in table.names}
    fitted = corrected_table(table, mine)
    for name in mine:
        fitted.series(name)


def _refuse_unreached(names: Sequence[str]) -> None:
    """Refuse a column that stands neither in a table of subjects nor in the vault: no correction would count there."""
    if names:
        raise UsageError(
            "correct-column-elsewhere",
            f"The column {', '.join(map(repr, names))} stands in no table of subjects, nor in the vault.",
            rule="G-5d: what is corrected takes the place of what later decisions read",
            remedy="correct it in your own table of what happened before; or put the column in the vault again",
        )
