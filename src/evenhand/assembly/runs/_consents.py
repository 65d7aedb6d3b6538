"""What people said, opened and put into the book of gate 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evenhand.adapters.data.consent_table import ConsentColumns, consent_columns, read_consents
from evenhand.adapters.data.tables import DataTable
from evenhand.features import Register
from evenhand.permission import ConsentBook, Heard, hear, weigh
from evenhand.policy import EVIDENCE_NAMES, Campaign, SignalsClause, Table
from evenhand.rights import is_no

from ._frames import Frames, open_one

__all__ = ["AS_OPT_OUTS", "book_of", "open_consents", "together"]

AS_OPT_OUTS = SignalsClause()
"""How signals that the home recorded are understood by a campaign that declares none: every opt-out reaches it."""


def open_consents(
    campaign: Campaign, frames: Frames, folder: Path, register: Register
) -> tuple[DataTable, ConsentColumns] | None:
    """The consents table and what stands in it; None where the campaign has none and no frame stands in.

    Raises:
        DataError: the table is not what the campaign says.
        StoreError: a database cannot be reached.
    """
    source = campaign.consents
    if source is None and frames.consents is None:
        return None
    table = open_one(source or Table(), frames.consents, folder, consent_columns(source), may_be_empty=True)
    return table, read_consents(table, register, source)


def book_of(
    campaign: Campaign,
    said: ConsentColumns | None,
    erased: Mapping[bytes, int],
    at: datetime,
    told: ConsentColumns | None = None,
) -> ConsentBook:
    """The book of what people said, of what their browsers and apps said for them, and of who was erased.

    Args:
        campaign: says which signals are heard.
        said: the consents table; None where there is none.
        erased: pseudonyms (16 bytes) of people who were erased, with the moment in microseconds since 1970 (UTC).
        at: the moment of the decision. An erasure binds every decision made after it, also one as of an earlier moment;
            so does a no that the home recorded.
        told: what the home itself recorded; None where it recorded nothing. It counts beside the table, and the later
            of two counts, whichever it stands in.
    """
    table = said
    if told is not None:
        said = together(said, _binding(told, at))
    if erased:
        said = _with_erasures(said, erased, at)
    if said is None:
        return ConsentBook.empty()
    source = campaign.consents
    return ConsentBook.from_columns(
        subjects=said.subjects,
        kinds=said.kinds,
        purposes=said.purposes,
        statuses=said.statuses,
        at=said.at,
        heard=_heard(said, table, campaign),
        evidence=None if source is None or source.evidence is None else weigh(_whole(said), source),
    )


def _heard(said: ConsentColumns, table: ConsentColumns | None, campaign: Campaign) -> Heard | None:
    """What the signals amount to. Those that the home recorded are heard also where a campaign declares none, as
    opt-outs; a table with signals that no campaign declares is refused, by whoever gets None."""
    if campaign.consents is not None and campaign.consents.signals is not None:
        return hear(said.signals, said.at, campaign, subjects=said.subjects)
    undeclared = table is not None and any(kind.lower() == "signal" for kind in set(table.kinds))
    if undeclared or not said.signals:
        return None
    return hear(said.signals, said.at, campaign, AS_OPT_OUTS, said.subjects)


def _whole(said: ConsentColumns) -> dict[str, list[str | None]]:
    """Evidence of every record; None where a piece is not known."""
    return {name: said.evidence.get(name) or [None] * len(said.at) for name in EVIDENCE_NAMES}


def _with_erasures(said: ConsentColumns | None, erased: Mapping[bytes, int], at: datetime) -> ConsentColumns:
    """What people said, with a record of each erasure."""
    count = len(erased)
    gone = np.array([pseudonym.hex() for pseudonym in erased], dtype="S32")
    now = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
    since = np.minimum(np.array(list(erased.values()), dtype="datetime64[us]"), now)
    if said is None:
        said = ConsentColumns(gone[:0], [], [], [], since[:0])  # neither signals nor evidence
    return ConsentColumns(
        np.concatenate([said.subjects, gone]),
        [*said.kinds, *["erasure"] * count],
        [*said.purposes, *[""] * count],
        [*said.statuses, *["Erased"] * count],
        np.concatenate([said.at, since]),
        {name: [*column, *[None] * count] for name, column in said.signals.items()},
        {name: [*column, *[None] * count] for name, column in said.evidence.items()},
    )


def together(said: ConsentColumns | None, told: ConsentColumns) -> ConsentColumns:
    """What one source says and what another does, such as a table and the home's own records, as one."""
    if said is None:
        return told
    none, none_told = [None] * len(said.at), [None] * len(told.at)
    return ConsentColumns(
        np.concatenate([said.subjects, told.subjects]),
        [*said.kinds, *told.kinds],
        [*said.purposes, *told.purposes],
        [*said.statuses, *told.statuses],
        np.concatenate([said.at, told.at]),
        {
            name: [*said.signals.get(name, none), *told.signals.get(name, none_told)]
            for name in dict.fromkeys([*said.signals, *told.signals])
        },
        {
            name: [*first, *second]
            for (name, first), second in zip(_whole(said).items(), _whole(told).values(), strict=True)
        },
    )


def _binding(told: ConsentColumns, at: datetime) -> ConsentColumns:
    """With a no that stands now counting from the moment of the decision, where that is earlier than the no."""
    now = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
    if not (told.at > now).any():
        return told
    last: dict[tuple[bytes, str, str], int] = {}
    for row in np.argsort(told.at, kind="stable").tolist():
        last[told.subjects[row], told.kinds[row], told.purposes[row]] = row
    moments = told.at.copy()
    for row in last.values():
        if is_no(told.statuses[row]):
            moments[row] = min(moments[row], now)
    return replace(told, at=moments)
