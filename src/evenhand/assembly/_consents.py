"""What people said, opened and put into the book of gate 1."""

from __future__ import annotations

from pathlib import Path

from evenhand.adapters.consent_table import ConsentColumns, consent_columns, read_consents
from evenhand.adapters.tables import DataTable
from evenhand.features import Register
from evenhand.permission import ConsentBook, hear
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
    table = open_one(source or Table(), frames.consents, folder, consent_columns(source))
    return table, read_consents(table, register, source)


def book_of(campaign: Campaign, said: ConsentColumns | None) -> ConsentBook:
    """The book of what people said, and of what their browsers and apps said for them."""
    if said is None:
        return ConsentBook.empty()
    declared = campaign.consents is not None and campaign.consents.signals is not None
    return ConsentBook.from_columns(
        subjects=said.subjects,
        kinds=said.kinds,
        purposes=said.purposes,
        statuses=said.statuses,
        at=said.at,
        heard=hear(said.signals, said.at, campaign) if declared else None,
    )
