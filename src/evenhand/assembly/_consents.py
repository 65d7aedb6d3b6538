"""What people said, opened and put into the book of gate 1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evenhand.adapters.consent_table import ConsentColumns, consent_columns, read_consents
from evenhand.adapters.tables import DataTable
from evenhand.features import Register
from evenhand.permission import ConsentBook, hear, weigh
from evenhand.policy import Campaign, Table

from ._frames import Frames, open_one

__all__ = ["book_of", "open_consents"]


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


def book_of(campaign: Campaign, said: ConsentColumns | None, erased: Mapping[bytes, int], at: datetime) -> ConsentBook:
    """The book of what people said, of what their browsers and apps said for them, and of who was erased.

    Args:
        campaign: says which signals are heard.
        said: the consents table; None where there is none.
        erased: pseudonyms (16 bytes) of people who were erased, with the moment in microseconds since 1970 (UTC).
        at: the moment of the decision. An erasure binds every decision made after it, also one as of an earlier moment.
    """
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
        heard=hear(said.signals, said.at, campaign) if source is not None and source.signals is not None else None,
        evidence=weigh(said.evidence, source) if source is not None and source.evidence is not None else None,
    )


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
