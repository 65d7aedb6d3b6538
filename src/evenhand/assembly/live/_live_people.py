"""The people of a campaign in memory, ready to be handed to the road a few at a time.

What the tables say is read once. Of the few who are asked about, the road gets columns, consents and groups as
`open_people` would give them, so a replay from the tables finds the same people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.asking import Ask, Feature, FeatureError, SubjectError
from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.data.tables import DataTable
from evenhand.adapters.declared.balancing_record import balancing_state
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.features import Register, Values, Words, hold_numbers
from evenhand.journey import Stores
from evenhand.permission import permit
from evenhand.policy import Campaign
from evenhand.rules import Law
from evenhand.terms import Asked, DataError, EvenhandError, Role, Standing, canonical_text
from evenhand.vault import LateVault, Vault

from ..people._signal_means import GPC, GPC_ON
from ..people._trail import Told
from ..records._vault_anchor import vault_noted
from ..records._vault_store import group_values
from ..runs._consents import book_of, open_consents, together
from ..runs._frames import Frames, open_one
from ..runs._law import law_of
from ..runs._lost_noes import refuse_lost_noes
from ..runs._open import feature_columns, subject_columns, taken_in
from ..runs._open_people import People
from ..runs._rows_digest import DIGEST, SaidBefore, picked, row_digests, said_by
from ._live_told import LiveTold

__all__ = ["PeopleKeys", "Profiles", "SaidTable"]

_WIDEST = 1e300
_OPT_OUT = ("opt_out", "Personalisation", "OptedOut")
_BY_BROWSER = ("signal", GPC, "SignalledNo")


class CorrectionUnreadError(DataError):
    """Somebody's correction could not be taken in."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__(
            "correction-unread",
            "A value was corrected, and the tables cannot be read with it; nothing was decided.",
            rule="what was corrected counts in the next decision (GDPR 16)",
            remedy="write the tables so that they can be read; evenhand check says what is wrong",
        )


class PeopleKeys(Protocol):
    """Knows who was erased. `ledger.SubjectKeys` of a home do."""

    def suppressed(self, pseudonyms: NDArray[np.bytes_], until: datetime | None = None) -> Mapping[bytes, int]:
        """Who of these people was erased, with the moment in microseconds since 1970 (UTC)."""
        ...


class Profiles:
    """Everybody in the campaign's subjects table, with what they said; and people whom nobody knows yet.

    Args:
        loaded: the campaign.
        folder: folder that its tables are relative to.
        place: the home, for its key.
        keys: knows who was erased.
        told: what people told the home.
        frames: frames that stand in for the tables.

    Attributes:
        campaign: as declared.
        lost: why a no in the table of consents would be lost; None where none would.

    Raises:
        DataError: a table is not what the campaign says.
        StoreError: a database cannot be reached.
    """

    def __init__(
        self,
        loaded: LoadedCampaign,
        *,
        folder: Path,
        place: Home,
        keys: PeopleKeys,
        told: LiveTold,
        frames: Frames,
    ) -> None:
        self.campaign = loaded.campaign
        self._loaded, self._looked_at = loaded, date.min
        self._keys, self._told = keys, told
        self._folder, self._place, self._frames = folder, place, frames
        self._behind: frozenset[bytes] = frozenset()
        self._read()

    def _read(self) -> None:
        """Read the tables, with what was corrected of them."""
        campaign, folder, frames = self.campaign, self._folder, self._frames
        self._version, self._corrected = self._told.version, self._told.corrections
        table = open_one(campaign.subjects, frames.subjects, folder, subject_columns(campaign))
        ids = table.ids(campaign.identifier, unique=True)
        self._register = Register(ids, self._place.key(make=False))
        table = Told(corrections=self._told.corrections).corrected(table, self._register.pseudonyms)
        source, everybody = table.columns(feature_columns(campaign)), np.ones(len(ids), dtype=bool)
        self._columns = {name: _plain(source.read(name, everybody)) for name in feature_columns(campaign)}
        self.features = frozenset(self._columns)
        self._groups = {
            name: np.array([*group_values(table, name, campaign, place=self._place, ids=ids), None], dtype=object)
            for name in campaign.names(Role.SENSITIVE)
        }
        self.vault = vault_noted(self._place, campaign)
        self._rows = [*row_digests(table, subject_columns(campaign)), bytes(DIGEST)]
        self._law = law_of(self._loaded, table, len(ids), folder=folder, at=datetime.now(UTC))
        opened = open_consents(campaign, frames, folder, self._register)
        self.lost = None if opened is None else _lost(campaign, *opened, self._register, ids)
        self._said = None if opened is None else opened[1]
        self._table = None if self._said is None else SaidTable(self._said)
        self._book = book_of(campaign, self._said, {}, datetime.now(UTC))
        self._words = SaidBefore(self._said)

    def __len__(self) -> int:
        """How many people are known."""
        return len(self._register.pseudonyms)

    def pseudonyms(self, subjects: Sequence[str]) -> list[bytes]:
        """Pseudonyms (16 bytes) of these people."""
        return [bytes.fromhex(one) for one in self._register.pseudonyms_of(subjects).astype("U32").tolist()]

    def look(self) -> None:
        """Whether it can be read who was erased.

        Raises:
            StoreError: it cannot.
        """
        self._keys.suppressed(np.empty(0, dtype="S32"))

    def unheard(self, asks: Sequence[Ask]) -> list[str]:
        """People in the table whose browsers opted out in the question, where the home has not kept it yet."""
        heard = [ask.subject for ask in asks if ask.gpc]
        if not heard:
            return []
        known = self._register.rows_of(heard) >= 0
        return [
            who
            for who, pseudonym, is_known in zip(heard, self._register.pseudonyms_of(heard).tolist(), known, strict=True)
            if is_known and not self._told.has_heard_browser(pseudonym)
        ]

    def check(self, asks: Sequence[Ask]) -> None:
        """Refuse what cannot be asked about, before anything is decided.

        Raises:
            SubjectError: unknown people without features; their places are told, never an id.
            FeatureError: a column that is no declared feature, or a value of another type; columns are named, never a
                value.
        """
        bare = [place for place, ask in enumerate(asks) if ask.features is None]
        rows = self._register.rows_of([asks[place].subject for place in bare])
        if unknown := [bare[at] for at in np.flatnonzero(rows < 0).tolist()]:
            raise SubjectError(
                unknown,
                "Somebody is not in the campaign's subjects table, and the request gives no features of them.",
                rule="who is decided about is known, or is described in the request",
                remedy="add the person to the table and restart the service, or send features",
            )
        for place, ask in enumerate(asks if len(bare) < len(asks) else ()):
            if ask.features:
                self._check_features(place, ask.features)

    def _check_features(self, place: int, features: Mapping[str, Feature]) -> None:
        for name, value in features.items():
            if name not in self.features:
                raise FeatureError(
                    name,
                    "feature-not-declared",
                    f"{name[:80]!r} is no feature of this campaign; nothing was decided.",
                    rule="G-5c: only columns that the campaign declares and a person confirmed are used",
                    remedy="leave it out, or declare it in the campaign file as a confirmed feature",
                    place=place,
                )
            if not _fits(self._columns[name], value):
                raise FeatureError(
                    name,
                    "feature-type",
                    f"The value of {name} is not of the type that the column has.",
                    rule="a feature has one type, in the table and in a request",
                    remedy="send a number for a number column and a text for a text column; null says nothing",
                    place=place,
                )

    def people(self, asks: Sequence[Ask], at: datetime) -> People:
        """These people with everything that their road needs, in the order asked.

        Raises:
            CorrectionUnreadError: a value of one of them was corrected, and the tables cannot be read with it.
        """
        ids = [ask.subject for ask in asks]
        rows = self._register.rows_of(ids)
        asked = Asked(self._register.pseudonyms_of(ids, rows), at)
        if self._version != self._told.version or self._is_behind(asked):
            self._correct()
            if self._is_behind(asked):
                raise CorrectionUnreadError
        told = self._told.of(asked.subjects)
        erased = self._keys.suppressed(asked.subjects)
        if erased or told.said is not None or any(ask.opted_out or ask.gpc for ask in asks):
            said, now = self._table_of(asked.subjects), self._in_request(asked, asks)
            beside = told.said if now is None else together(told.said, now)
            consents = book_of(self.campaign, said, erased, at, beside)
            words = said_by(said if now is None else together(said, now), at)
        else:  # nothing beside the table: everybody's book was made when it was read
            consents, words = self._book, self._words.of(asked.subjects, at, self._table_of)
        law = self._law_on(at.date()).rows(rows)

        def groups() -> Vault:
            countable = permit(asked, self.campaign, consents, law).standing == Standing.PERSONALISED
            own = {name: taken_in(column[rows].tolist(), countable) for name, column in self._groups.items()}
            return Vault(own, countable)

        given = [ask.features for ask in asks]
        columns = _Few(self._columns, rows, given if given.count(None) < len(given) else None)
        whole = b"".join(map(self._rows.__getitem__, rows.tolist()))  # the last stands for whoever is in no row
        stores = Stores(consents, columns, LateVault(tuple(self._groups), groups), law=law)
        return People(asked, ids, stores, sha256(whole + words).hexdigest(), told)

    def _is_behind(self, asked: Asked) -> bool:
        return bool(self._behind) and not self._behind.isdisjoint(asked.subjects.tolist())

    def _correct(self) -> None:
        """Read the tables with what was corrected since. Where they cannot be read, what was read before stands, whole,
        but for whoever was corrected: about them nobody decides until they can."""
        corrections, before = self._told.corrections, self._corrected
        changed = {one for one in {*corrections, *before} if corrections.get(one) != before.get(one)}
        if changed:
            whole = dict(vars(self))
            try:
                self._read()
                changed = set()
            except EvenhandError:
                vars(self).update(whole)
        self._version, self._behind = self._told.version, frozenset(changed)

    def _table_of(self, subjects: NDArray[np.bytes_]) -> ConsentColumns | None:
        """What the table says of these people."""
        table = self._table
        return None if table is None else table.of(subjects)

    def stands(self, who: str) -> bool:
        """Whether an id stands in the table of subjects, or in that of consents; from any thread."""
        if self._register.rows_of([who])[0] >= 0:
            return True
        said = self.said_by(who)
        return said is not None and len(said.at) > 0

    def said_by(self, who: str) -> ConsentColumns | None:
        """What the table says that one person (an id of the organisation's own) said; from any thread."""
        return self._table_of(self._register.pseudonyms_of([who]))

    def _law_on(self, day: date) -> Law:
        """The law of everybody; a signed balancing record is looked at once a day."""
        if day != self._looked_at:
            at = datetime.combine(day, time(), UTC)
            state = balancing_state(self.campaign.balancing, self._folder, at)
            self._law, self._looked_at = replace(self._law, balancing=state), day
        return self._law

    def _in_request(self, asked: Asked, asks: Sequence[Ask]) -> ConsentColumns | None:
        """What people or their browsers say in the request; None where nobody says anything."""
        whose = asked.subjects.tolist()
        own = [place for place, ask in enumerate(asks) if ask.opted_out]
        browsers = [
            place
            for place, ask in enumerate(asks)
            if ask.gpc and not ask.opted_out and not self._told.overrules_browser(whose[place])
        ]
        if not own and not browsers:
            return None
        now = np.datetime64(asked.at.astimezone(UTC).replace(tzinfo=None), "us")
        rows = [*(_OPT_OUT for _ in own), *(_BY_BROWSER for _ in browsers)]
        kinds, purposes, statuses = (list(column) for column in zip(*rows, strict=True))
        signals = {GPC: [*(None for _ in own), *(GPC_ON for _ in browsers)]} if browsers else {}
        at = np.full(len(rows), now)
        return ConsentColumns(asked.subjects[own + browsers], kinds, purposes, statuses, at, signals)


def _lost(
    campaign: Campaign, table: DataTable, said: ConsentColumns, register: Register, ids: Sequence[str]
) -> DataError | None:
    try:
        refuse_lost_noes(campaign, table, said, register, lambda: ids, at=datetime.now(UTC))
    except DataError as error:
        return error
    return None


class SaidTable:
    """What a table says that people said, by person.

    Args:
        said: the table.
    """

    def __init__(self, said: ConsentColumns) -> None:
        self._said = said
        self._order = np.argsort(said.subjects, kind="stable")
        self._whose = said.subjects[self._order]

    def of(self, subjects: NDArray[np.bytes_]) -> ConsentColumns:
        """The rows about these people (pseudonyms)."""
        return picked(self._said, self._order[_runs(self._whose, subjects)])


class _Few:
    """Columns of some rows, and of people who are in no row (-1), with what requests give in their place. Implements
    `features.ColumnSource`."""

    def __init__(
        self,
        columns: Mapping[str, NDArray[np.float64] | NDArray[np.object_]],
        rows: NDArray[np.intp],
        given: Sequence[Mapping[str, Feature] | None] | None,
    ) -> None:
        self._columns, self._rows, self._given = columns, rows, given

    def read(self, name: str, rows: NDArray[np.bool_]) -> Values:
        """Values for the people where `rows` is true; see `features.ColumnSource.read`."""
        column = self._columns[name]
        if self._given is None:
            return column[self._rows[rows]]
        values = column[self._rows].copy()
        for place, given in enumerate(self._given):
            if given is not None and name in given:
                value = given[name]
                if hold_numbers(values):
                    values[place] = np.nan if value is None else float(value)
                else:
                    values[place] = canonical_text(value)
        return values[rows]


def _plain(values: Values) -> NDArray[np.float64] | NDArray[np.object_]:
    """A column with one more row behind it that says nothing, for people who are in no row."""
    if hold_numbers(values):
        return np.append(values, np.nan)
    texts = values.texts[values.place] if isinstance(values, Words) else values
    return np.append(np.asarray(texts, dtype=object), [None])


def _fits(column: NDArray[np.float64] | NDArray[np.object_], value: Feature) -> bool:
    if value is None:
        return True
    if hold_numbers(column):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _WIDEST
    return isinstance(value, str | bool | int | float)


def _runs(whose: NDArray[np.bytes_], subjects: NDArray[np.bytes_]) -> NDArray[np.intp]:
    """Places of everything that is about one of these people, in a sorted column."""
    first, end = (np.searchsorted(whose, subjects, side=side) for side in ("left", "right"))
    counts = end - first
    before = np.cumsum(counts) - counts
    return np.repeat(first - before, counts) + np.arange(int(counts.sum()))
