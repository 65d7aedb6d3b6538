"""From a campaign to everything that the road needs: tables opened, ids made pseudonyms, groups put in the vault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.tables import DataTable, MixedColumn
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.campaigns import History, draws_of, teachable
from evenhand.features import Register
from evenhand.journey import Stores
from evenhand.permission import permit
from evenhand.policy import Campaign
from evenhand.terms import Asked, Origin, Role, Standing, microseconds_of
from evenhand.vault import Vault

from ..people._trail import Told, told_to
from ..records._ledger import keys_of
from ..records._vault_store import group_values, in_vault, vault_digest
from ._consents import book_of, open_consents
from ._frames import Frames, open_one
from ._given import HomeOffers
from ._law import law_columns, law_of
from ._lost_noes import refuse_lost_noes
from ._told_before import ToldBefore

__all__ = ["Opened", "feature_columns", "open_all", "subject_columns", "taken_in"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A campaign with everything that its road needs.

    Attributes:
        loaded: the campaign and where it came from.
        asked: the people and the moment.
        ids: the people's own ids, in the same order; they leave only in the list of decisions.
        stores: consents, raw columns and groups, for the gates.
        earlier: what people were offered before, as in `stores`.
        history: what past offers led to.
        allowed: bool[k], history rows that may teach.
        history_groups: the groups of the history's people, behind the wall.
        digest: SHA-256 (hex) of all data that was read.
        order_is_date: the history is ordered by dates, not by numbers.
        told: what people told the home themselves.
        mixed: sensitive columns of numbers of which some values are none.
        noes_of_others: how many noes in the consents are of nobody in these tables.
        before: what the campaign's last run told of groups.
    """

    loaded: LoadedCampaign
    asked: Asked
    ids: list[str] = field(repr=False)
    stores: Stores = field(repr=False)
    earlier: HomeOffers = field(repr=False)
    history: History = field(repr=False)
    allowed: NDArray[np.bool_] = field(repr=False)
    history_groups: Vault = field(repr=False)
    before: ToldBefore = field(repr=False)
    digest: str
    order_is_date: bool = False
    told: Told = field(default_factory=Told, repr=False)
    mixed: Mapping[str, MixedColumn] = field(default_factory=dict)
    noes_of_others: int = 0

    @property
    def campaign(self) -> Campaign:
        """The campaign."""
        return self.loaded.campaign


def open_all(
    loaded: LoadedCampaign,
    *,
    folder: Path,
    place: Home,
    at: datetime,
    frames: Frames,
    acted: datetime | None = None,
    before: str = "",
    heard: int | None = None,
    taught: bool = True,
) -> Opened:
    """Open tables (or frames) and put each column where its role says.

    Groups are taken in only for people whose data may be used for this purpose now; for all others they are withheld.

    An erasure that was made by the moment `acted` (None = now) binds, whatever moment the decision is as of. Of what
    people told the home itself, entries up to the number `heard` count (None = all). With `taught`, what a person
    corrected takes its place in their rows of the history too, in features that they gave themselves: what was observed
    or worked out at the time was so at the time. Of earlier offers those count from before the run `before` ("" = all).

    Raises:
        DataError: a table is not what the campaign says; or see `refuse_lost_noes`.
        StoreError: a database cannot be reached.
    """
    campaign = loaded.campaign
    subjects = open_one(campaign.subjects, frames.subjects, folder, subject_columns(campaign))
    names = open_one(campaign.history, frames.history, folder, (campaign.identifier,)).names
    own_groups = tuple(name for name in campaign.names(Role.SENSITIVE) if name in names)
    history = open_one(campaign.history, frames.history, folder, _history_columns(campaign, own_groups))
    ids = subjects.ids(campaign.identifier, unique=True)
    register = Register(ids, place.key(make=False))
    asked = Asked(register.pseudonyms, at)
    told = told_to(place, until=heard)
    subjects = told.corrected(subjects, register.pseudonyms)
    digests = [subjects.digest(), history.digest()]
    opened = open_consents(campaign, frames, folder, register)
    people, row_of = _people_of(history.ids(campaign.identifier, unique=False))
    past = register.pseudonyms_of(people)
    keys = keys_of(place)
    looked = acted or datetime.now(UTC)
    of_others = 0
    if opened is not None:
        digests.append(opened[0].digest())
        everybody = partial(chain, ids, people)
        of_others = refuse_lost_noes(campaign, *opened, register, everybody, at=at, acted=acted)
    gone = {**keys.suppressed(asked.subjects, looked), **keys.suppressed(past, looked)}
    told = replace(told, erased_by=microseconds_of(looked) if gone else 0)
    past = past[row_of]
    if taught:
        rightly = told.corrected(history, past, given_features(campaign))
        told, history = replace(told, taught=rightly is not history), rightly
    consents = book_of(campaign, None if opened is None else opened[1], gone, at, told.said)
    law = law_of(loaded, subjects, len(ids), folder=folder, at=at)

    countable = permit(asked, campaign, consents, law).standing == Standing.PERSONALISED
    cuts = {name: campaign.columns[name].cut for name in campaign.names(Role.SENSITIVE)}
    read = {name: group_values(subjects, name, campaign, place=place, ids=ids) for name in cuts}
    if in_vault(campaign):
        digests.append(vault_digest([read[name] for name in in_vault(campaign)]))
    groups = {name: taken_in(values, countable) for name, values in read.items()}
    known = register.rows_of(people)[row_of]
    allowed = teachable(campaign, past, consents, asked, law, known)
    among = known.tolist()
    past_groups = {
        name: taken_in(history.groups(name, cuts[name]), allowed) if name in own_groups else _looked_up(values, among)
        for name, values in groups.items()
    }
    earlier, told_before = HomeOffers(place, before), ToldBefore(place, campaign.campaign)
    return Opened(
        loaded=loaded,
        asked=asked,
        ids=ids,
        stores=Stores(
            consents,
            subjects.columns(feature_columns(campaign)),
            Vault(groups, countable, told=lambda: told_before.releases),
            earlier,
            law,
        ),
        earlier=earlier,
        before=told_before,
        history=History(
            subjects=past,
            columns=history.columns(campaign.names(Role.FEATURE)),
            outcome=history.outcome(campaign.outcome),
            offer=_texts(history, campaign.history.offer),
            order=history.order(campaign.history.order) if campaign.history.order else None,
            draw=None if campaign.history.order else draws_of(people, campaign.seed)[row_of],
        ),
        allowed=allowed,
        history_groups=Vault(past_groups, allowed),
        digest=hashlib.sha256(" ".join(digests).encode()).hexdigest(),
        told=told,
        mixed=_mixed(campaign, subjects),
        noes_of_others=of_others,
        order_is_date=bool(campaign.history.order) and history.kind(campaign.history.order or "") != "number",
    )


def _mixed(campaign: Campaign, subjects: DataTable) -> dict[str, MixedColumn]:
    """See `Opened.mixed`."""
    own = [name for name in campaign.names(Role.SENSITIVE) if name not in in_vault(campaign)]
    return {name: found for name in own if (found := subjects.mixed(name)) is not None}


def given_features(campaign: Campaign) -> frozenset[str]:
    """The features that people gave themselves."""
    return frozenset(name for name in campaign.names(Role.FEATURE) if campaign.columns[name].origin is Origin.GIVEN)


def feature_columns(campaign: Campaign) -> list[str]:
    """The columns that decide, among the subjects: features (one per offer where declared so), conditions, costs."""
    names: list[str] = []
    for name in campaign.names(Role.FEATURE):
        per_offer = campaign.columns[name].per_offer
        names.extend(f"{name}@{offer.id}" for offer in campaign.offers) if per_offer else names.append(name)
    return list(dict.fromkeys([*names, *campaign.conditions.values(), *campaign.own_costs.values()]))


def subject_columns(campaign: Campaign) -> list[str]:
    groups = [name for name in campaign.names(Role.SENSITIVE) if name not in in_vault(campaign)]
    named = (campaign.identifier, *groups, *feature_columns(campaign), *law_columns(campaign))
    return list(dict.fromkeys(named))


def _history_columns(campaign: Campaign, groups: Iterable[str]) -> list[str]:
    source = campaign.history
    named = (campaign.identifier, campaign.outcome, source.offer, source.order, *campaign.names(Role.FEATURE), *groups)
    return list(dict.fromkeys(name for name in named if name is not None))


def _texts(table: DataTable, name: str | None) -> NDArray[np.object_] | None:
    if name is None:
        return None
    texts = table.texts(name)
    out = np.empty(len(texts), dtype=object)
    out[:] = texts
    return out


def _people_of(ids: list[str]) -> tuple[list[str], NDArray[np.intp]]:
    """The different people of rows in which people recur, and the position of each row's person among them."""
    people = list(dict.fromkeys(ids))
    position = dict(zip(people, range(len(people)), strict=True))
    return people, np.fromiter((position[one] for one in ids), dtype=np.intp, count=len(ids))


def taken_in(values: Sequence[str | None], rows: NDArray[np.bool_]) -> list[str | None]:
    """The values of the people who may be counted; nothing of the others."""
    return [value if taken else None for value, taken in zip(values, rows.tolist(), strict=True)]


def _looked_up(values: list[str | None], place: list[int]) -> list[str | None]:
    """Groups of the history's people, from the subjects; None (unknown) for those who are no longer there (-1)."""
    return [values[row] if row >= 0 else None for row in place]
