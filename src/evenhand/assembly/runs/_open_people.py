"""A few people out of the campaign's table, in the order in which they came, with everything that their road needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.data.tables import DataTable
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.features import ColumnSource, Register, Values
from evenhand.journey import Stores
from evenhand.permission import permit
from evenhand.terms import Asked, DataError, Role, Standing, UsageError
from evenhand.vault import Vault

from ..people._trail import Told, told_to
from ..records._ledger import keys_of
from ..records._vault_store import group_values
from ._consents import book_of, open_consents
from ._frames import Frames, open_one
from ._given import HomeOffers
from ._law import law_of
from ._lost_noes import refuse_lost_noes
from ._open import feature_columns, subject_columns, taken_in
from ._rows_digest import digest_by_rows, picked, row_digests

__all__ = ["People", "named", "open_people", "recorded_before"]


@dataclass(frozen=True, slots=True)
class People:
    """Some of the campaign's subjects.

    Attributes:
        asked: they and the moment.
        ids: their own ids, in the same order.
        stores: consents, raw columns and groups, of these people alone.
        digest: SHA-256 (hex) of what the table says about them, and of what they said up to the moment.
        told: what they told the home themselves.
    """

    asked: Asked
    ids: list[str] = field(repr=False)
    stores: Stores = field(repr=False)
    digest: str
    told: Told = field(default_factory=Told, repr=False)


class _Picked:
    """Columns of some rows of a table, in another order. Implements `features.ColumnSource`."""

    def __init__(self, whole: ColumnSource, rows: NDArray[np.intp], total: int) -> None:
        self._whole, self._rows, self._total = whole, rows, total

    def read(self, name: str, rows: NDArray[np.bool_]) -> Values:
        """Values for the people where `rows` is true; see `features.ColumnSource.read`."""
        wanted = self._rows[rows]
        mask = np.zeros(self._total, dtype=bool)
        mask[wanted] = True
        values: Values = self._whole.read(name, mask)[np.argsort(np.argsort(wanted))]
        return values


def named(register: Register, subjects: Sequence[str]) -> NDArray[np.intp]:
    """Rows of the people with these ids, in this order.

    Raises:
        UsageError: nobody is named, or somebody twice.
        DataError: somebody is not in the table; counts only, never an id.
    """
    if not subjects or len(set(subjects)) != len(subjects):
        raise UsageError(
            "subjects-named",
            "Nobody was named." if not subjects else "A subject was named twice.",
            rule="each person is decided about once in a run",
            remedy="name each subject once, by the id that the subjects table has",
        )
    rows = register.rows_of(subjects)
    unknown = int((rows < 0).sum())
    if unknown:
        raise DataError(
            "subject-unknown",
            f"{unknown} of {len(subjects)} subjects are not in the campaign's subjects table.",
            rule="who is decided about stands in the subjects table, with what is known of them",
            remedy="add them to the table first, or correct their ids",
        )
    return rows


def recorded_before(register: Register, pseudonyms: NDArray[np.bytes_]) -> NDArray[np.intp]:
    """Rows of the people with these pseudonyms, in this order.

    Raises:
        DataError: somebody is no longer in the table.
    """
    place = dict(zip(register.pseudonyms.tolist(), range(len(register.pseudonyms)), strict=True))
    rows = np.array([place.get(one, -1) for one in pseudonyms.tolist()], dtype=np.intp)
    if (rows < 0).any():
        raise DataError(
            "replay-other-data",
            f"{int((rows < 0).sum())} of {len(rows)} people of this run are no longer in the subjects table.",
            rule="G-15h: a replay needs the same inputs",
            remedy="put the table back as it was; the ledger itself is checked by: evenhand ledger verify",
        )
    return rows


def open_people(
    loaded: LoadedCampaign,
    *,
    folder: Path,
    place: Home,
    at: datetime,
    frames: Frames,
    acted: datetime | None = None,
    before: str = "",
    heard: int | None = None,
    who: Sequence[str] | NDArray[np.bytes_],
    by_rows: bool = False,
) -> People:
    """Open the subjects table and the consents, and hand out these people only.

    Args:
        loaded: the campaign.
        folder: folder that its tables are relative to.
        place: the home, for its key and for who was erased from it.
        acted: when the decision is really made; None = now. An erasure made by then binds.
        before: a run; of earlier offers those count that were recorded before it. "" = all.
        heard: number of the last entry of what people told the home that counts; None = all.
        at: the moment of the decision.
        frames: frames that stand in for the tables.
        who: ids, or pseudonyms (an array) of people who were decided about before.
        by_rows: make the digest as a service makes it (`digest_by_rows`).

    Raises:
        UsageError, DataError: see `named`, `recorded_before` and `refuse_lost_noes`; or a table is not what the
            campaign says.
        StoreError: a database cannot be reached.
    """
    campaign = loaded.campaign
    table = open_one(campaign.subjects, frames.subjects, folder, subject_columns(campaign))
    ids = table.ids(campaign.identifier, unique=True)
    register = Register(ids, place.key(make=False))
    rows = recorded_before(register, who) if isinstance(who, np.ndarray) else named(register, who)
    asked = Asked(register.pseudonyms[rows], at)
    told = told_to(place, until=heard, who=asked.subjects)
    table = told.corrected(table, register.pseudonyms)
    opened = open_consents(campaign, frames, folder, register)
    said = None if opened is None else opened[1]
    if opened is not None:
        refuse_lost_noes(campaign, *opened, register, lambda: ids, at=at, acted=acted)
    consents = book_of(campaign, said, keys_of(place).suppressed(asked.subjects, acted), at, told.said)
    law = law_of(loaded, table, len(ids), folder=folder, at=at).rows(rows)
    countable = permit(asked, campaign, consents, law).standing == Standing.PERSONALISED
    groups = {}
    for name in campaign.names(Role.SENSITIVE):
        values = group_values(table, name, campaign, place=place, ids=ids)
        groups[name] = taken_in([values[row] for row in rows.tolist()], countable)
    columns = _Picked(table.columns(feature_columns(campaign)), rows, len(ids))
    if by_rows:
        whole = b"".join(row_digests(table, subject_columns(campaign), rows.tolist()))
        mine = None if said is None else picked(said, np.flatnonzero(np.isin(said.subjects, asked.subjects)))
        digest = digest_by_rows(whole, mine, at)
    else:
        digest = _digest(table, subject_columns(campaign), rows, said, asked)
    return People(
        asked,
        [ids[row] for row in rows.tolist()],
        Stores(consents, columns, Vault(groups, countable), HomeOffers(place, before), law),
        digest,
        told,
    )


def _digest(
    table: DataTable, names: Sequence[str], rows: NDArray[np.intp], said: ConsentColumns | None, asked: Asked
) -> str:
    """What is known of these people, whoever else is in the tables."""
    content: dict[str, object] = {"columns": {}, "said": []}
    picked = {}
    for name in names:
        texts = table.texts(name)
        picked[name] = [texts[row] for row in rows.tolist()]
    content["columns"] = picked
    if said is not None:
        until = np.datetime64(asked.at.astimezone(UTC).replace(tzinfo=None), "us")
        mine = np.flatnonzero(np.isin(said.subjects, asked.subjects) & (said.at <= until))
        content["said"] = sorted(
            (
                *(said.subjects[i].decode(), said.kinds[i], said.purposes[i], said.statuses[i], str(said.at[i])),
                *(column[i] or "" for column in (*said.signals.values(), *said.evidence.values())),
            )
            for i in mine.tolist()
        )
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
