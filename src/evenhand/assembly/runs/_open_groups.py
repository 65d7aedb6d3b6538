"""The groups of a campaign's people behind the wall, and nothing else of them: no feature, no history is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.features import Register
from evenhand.permission import permit
from evenhand.terms import Asked, Role, Standing
from evenhand.vault import Vault

from ..people._trail import told_to
from ..records._ledger import keys_of
from ..records._vault_store import group_values, in_vault
from ._consents import book_of, open_consents
from ._frames import Frames, open_one
from ._law import law_columns, law_of

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


def open_groups(loaded: LoadedCampaign, *, folder: Path, place: Home, at: datetime, frames: Frames) -> GroupedPeople:
    """Open the identifier and the sensitive columns of the subjects, what the law asks of them, and the consents.

    Raises:
        DataError: a table is not what the campaign says.
        StoreError: a database cannot be reached.
    """
    campaign = loaded.campaign
    sensitive = campaign.names(Role.SENSITIVE)
    own = [name for name in sensitive if name not in in_vault(campaign)]
    named = tuple(dict.fromkeys((campaign.identifier, *own, *law_columns(campaign))))
    subjects = open_one(campaign.subjects, frames.subjects, folder, named)
    ids = subjects.ids(campaign.identifier, unique=True)
    register = Register(ids, place.key(make=False))
    asked = Asked(register.pseudonyms, at)
    opened = open_consents(campaign, frames, folder, register)
    erased = keys_of(place).suppressed(asked.subjects)
    consents = book_of(campaign, None if opened is None else opened[1], erased, at, told_to(place).said)
    law = law_of(loaded, subjects, len(ids), folder=folder, at=at)
    countable = permit(asked, campaign, consents, law).standing == Standing.PERSONALISED
    kept = countable.tolist()
    groups: dict[str, list[str | None]] = {
        name: [value if taken else None for value, taken in zip(values, kept, strict=True)]
        for name, values in ((name, group_values(subjects, name, campaign, place=place, ids=ids)) for name in sensitive)
    }
    return GroupedPeople(asked.subjects, Vault(groups, countable), countable)
