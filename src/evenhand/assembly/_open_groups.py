"""The groups of a campaign's people behind the wall, and nothing else of them: no feature, no history is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.consent_table import CONSENT_COLUMNS, read_consents
from evenhand.adapters.tables import DataTable, open_frame, open_table
from evenhand.features import Register
from evenhand.permission import ConsentBook, permit
from evenhand.policy import Campaign, Table
from evenhand.terms import Asked, Role, Standing
from evenhand.vault import Vault

from ._open import Frames

__all__ = ["GroupedPeople", "open_groups"]


@dataclass(frozen=True, slots=True)
class GroupedPeople:
    """People, and the wall behind which their groups are.

    Attributes:
        subjects: [n] pseudonyms.
        wall: the groups of those whose data may be used for the purpose now; of the others there is nothing.
        countable: bool[n], who those are.
    """

    subjects: NDArray[np.bytes_] = field(repr=False)
    wall: Vault = field(repr=False)
    countable: NDArray[np.bool_] = field(repr=False)

    def rows_of(self, subjects: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """The row of each of these pseudonyms; -1 for somebody who is no longer there."""
        order = np.argsort(self.subjects, kind="stable")
        near = np.minimum(np.searchsorted(self.subjects[order], subjects), len(order) - 1)
        return np.where(self.subjects[order][near] == subjects, order[near], -1).astype(np.int64)


def open_groups(campaign: Campaign, *, folder: Path, key: bytes, at: datetime, frames: Frames) -> GroupedPeople:
    """Open the identifier and the sensitive columns of the subjects, and the consents.

    Raises:
        DataError: a table is not what the campaign says.
        StoreError: a database cannot be reached.
    """
    sensitive = campaign.names(Role.SENSITIVE)
    subjects = _opened(campaign.subjects, frames.subjects, folder, (campaign.identifier, *sensitive))
    register = Register(subjects.ids(campaign.identifier, unique=True), key)
    asked = Asked(register.pseudonyms, at)
    consents = ConsentBook.empty()
    if campaign.consents is not None or frames.consents is not None:
        said = read_consents(_opened(campaign.consents or Table(), frames.consents, folder, CONSENT_COLUMNS), register)
        consents = ConsentBook.from_columns(
            subjects=said.subjects, kinds=said.kinds, purposes=said.purposes, statuses=said.statuses, at=said.at
        )
    countable = permit(asked, campaign, consents).standing == Standing.PERSONALISED
    kept = countable.tolist()
    groups: dict[str, list[str | None]] = {
        name: [value if taken else None for value, taken in zip(subjects.groups(name, cut), kept, strict=True)]
        for name, cut in ((name, campaign.columns[name].cut) for name in sensitive)
    }
    return GroupedPeople(asked.subjects, Vault(groups, countable), countable)


def _opened(table: Table, frame: Any, folder: Path, columns: Sequence[str]) -> DataTable:
    return open_table(table, folder, columns=columns) if frame is None else open_frame(frame, columns=columns)
