"""Everything that is held about one person: in the home, and in the organisation's own tables as far as declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.data.consent_table import CONSENT_COLUMNS
from evenhand.adapters.data.tables import DataTable, open_table
from evenhand.adapters.stores.home import Home
from evenhand.explanation import text
from evenhand.ledger import campaign_of_run, decided_about
from evenhand.policy import Campaign, ConsentSource, Table
from evenhand.rights import Item, Request, RequestKind, Said, Step
from evenhand.terms import EvenhandError, LegalBasis, Origin, Role

from ..records._records import data_folder, open_ledger, readable
from ..records._vault_store import vault_values
from ..records._why import why
from ..runs._open import given_features
from ._declared import DeclaredCampaign
from ._events import events_after
from ._signal_means import GPC, GPC_ON, Means, means_of, says_no
from ._trail import is_trail_there, told_to

__all__ = ["Held", "held_about", "reviews_in", "said_in_tables", "said_values"]

_PORTABLE = (LegalBasis.CONSENT, LegalBasis.CONTRACT)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held about a person.

    Attributes:
        items: values of declared columns in the organisation's tables, as corrected, in the vault, and what followed
            decisions.
        portable: those of them that a campaign on consent or contract declares.
        said: what they said, in the tables; what the home itself recorded is not in it.
        decisions: explanations of every decision, as plain values, oldest first.
        not_read: tables that could not be read.
    """

    items: tuple[Item, ...] = field(repr=False)
    portable: tuple[Item, ...] = field(repr=False)
    said: tuple[Mapping[str, str], ...] = field(repr=False)
    decisions: tuple[Mapping[str, Any], ...] = field(repr=False)
    not_read: tuple[str, ...]


def held_about(place: Home, who: str, pseudonym: str, campaigns: Sequence[DeclaredCampaign], lang: str) -> Held:
    """Look everywhere for one person, by their own id and their pseudonym (32 hex digits)."""
    with open_ledger(place) as store:
        ids = decided_about(store, pseudonym) if campaigns else ()
        ids = tuple(one.decision_id for one in readable(store, ids))
        of_run = {run: campaign_of_run(store, run) for run in {one.rpartition(".")[0] for one in ids}}
    decisions = tuple(why(one, home=place.folder, lang=lang).to_dict() for one in ids)
    corrections = told_to(place).corrections.get(pseudonym.encode(), {})
    items: dict[tuple[str, int, str], Item] = {}
    portable: dict[tuple[str, int, str], Item] = {}
    said: dict[tuple[str, ...], Mapping[str, str]] = {}
    not_read: dict[str, None] = {}
    for declared in campaigns:
        campaign, folder = declared.campaign, data_folder(declared.last, place)
        for source, table in (("subjects", campaign.subjects), ("history", campaign.history)):
            try:
                for one in _items(source, table, folder, campaign, who, lang, corrections):
                    place_of = (one.table, one.row, one.name)
                    items.setdefault(place_of, one)
                    if campaign.legal_basis in _PORTABLE:
                        portable.setdefault(place_of, one)
            except EvenhandError:
                not_read[_name(table)] = None
        if campaign.consents is not None:
            try:
                for record in _said(campaign.consents, folder, who):
                    said[tuple(record.values())] = record
            except EvenhandError:
                not_read[_name(campaign.consents)] = None
    kept, unread = vault_values(place, who)
    not_read.update(dict.fromkeys(f"vault: {name}" for name in unread))
    for name, value in kept.items():
        using = [one.campaign for one in campaigns if name in one.campaign.columns]
        column = using[0].columns[name] if using else None
        meaning = getattr(column.meaning, lang) if column and column.meaning else name
        origin = column.origin if column else Origin.OBSERVED
        one = Item("vault", "vault", 1, name, meaning, origin, value, name in corrections)
        items["vault", 1, name] = one
        if any(campaign.legal_basis in _PORTABLE for campaign in using):
            portable["vault", 1, name] = one
    bases = {one.campaign.campaign: one.campaign.legal_basis for one in campaigns}
    for one in _followed(place, ids, lang):
        items[one.table, one.row, one.name] = one
        if bases.get(of_run[one.table.rpartition(".")[0]]) in _PORTABLE:
            portable[one.table, one.row, one.name] = one
    return Held(tuple(items.values()), tuple(portable.values()), tuple(said.values()), decisions, tuple(not_read))


def _items(
    source: str,
    table: Table,
    folder: Path,
    campaign: Campaign,
    who: str,
    lang: str,
    corrections: Mapping[str, str],
) -> Iterator[Item]:
    """The declared columns of a person's rows, in the order of the campaign file."""
    whole = open_table(Table(**table.model_dump(include={"file", "sql", "table"})), folder)
    rows = _rows_of(whole, campaign.identifier, who)
    for name in _declared(whole, campaign):
        base = name.partition("@")[0]
        column = campaign.columns.get(name) or campaign.columns[base]
        unsaid = text("rights.page.your-number", lang) if name == campaign.identifier else name
        meaning = getattr(column.meaning, lang) if column.meaning else unsaid
        texts = whole.texts(name)
        for number, row in enumerate(rows, start=1):
            corrected = name in corrections and (source == "subjects" or name in given_features(campaign))
            value = (corrections[name] or None) if corrected else texts[row]
            yield Item(source, whole.where, number, name, meaning, column.origin, value, corrected)
    if source != "history":
        return
    for read in dict.fromkeys((campaign.history.offer, campaign.history.order)):
        if read and read not in campaign.columns:
            texts = whole.texts(read)
            for number, row in enumerate(rows, start=1):
                yield Item(source, whole.where, number, read, read, Origin.OBSERVED, texts[row])


def _followed(place: Home, decisions: Sequence[str], lang: str) -> Iterator[Item]:
    """What was told to have followed decisions: when, and the number by which it was told."""
    number = dict.fromkeys(decisions, 0)
    for event in events_after(place, decisions) if is_trail_there(place) else ():
        number[event.decision] += 1
        row, source, origin = number[event.decision], "events", Origin.OBSERVED
        at = datetime.fromtimestamp(event.at / 1e6, UTC).isoformat()
        yield Item(source, event.decision, row, event.kind, text(f"rights.event.{event.kind}", lang), origin, at)
        if event.id:
            name = text("rights.event.id", lang)
            yield Item(source, event.decision, row, f"{event.kind}.id", name, origin, event.id)


def _declared(table: DataTable, campaign: Campaign) -> Iterator[str]:
    """Columns of the table that the campaign declares and does not forbid; of each offer where declared so."""
    for name, column in campaign.columns.items():
        if column.role is not Role.FORBIDDEN:
            yield from (one for one in table.names if one == name or (column.per_offer and one.startswith(f"{name}@")))


def _rows_of(table: DataTable, identifier: str, who: str) -> list[int]:
    return [row for row, one in enumerate(table.ids(identifier, unique=False)) if one == who]


def _said(source: Table, folder: Path, who: str) -> Iterator[dict[str, str]]:
    table = open_table(Table(**source.model_dump(include={"file", "sql", "table"})), folder)
    texts = {name: table.texts(name) for name in CONSENT_COLUMNS if name != "subject"}
    for row in _rows_of(table, "subject", who):
        yield {name: column[row] or "" for name, column in texts.items()}


def said_in_tables(campaigns: Sequence[DeclaredCampaign], place: Home, who: str) -> list[Said]:
    """What one person said, as the campaigns' tables of consents have it, and whether each signal in them says no.

    Raises:
        DataError, StoreError: a table cannot be read, so nobody can tell.
    """
    found: dict[tuple[str, ...], Said] = {}
    for declared in campaigns:
        if declared.campaign.consents is not None:
            folder = data_folder(declared.last, place)
            for said in _signalled(declared.campaign, declared.campaign.consents, folder, who):
                found[declared.campaign.campaign, said.purpose, said.status, said.at.isoformat()] = said
            for one in _said(declared.campaign.consents, folder, who):
                kind = one["kind"].strip().lower()
                if kind not in ("signal", "erasure"):
                    at = _moment(one["at"])
                    status = one["status"].strip().rpartition(":")[2].rpartition("#")[2]
                    purpose = one["purpose"].strip().rpartition(":")[2].rpartition("#")[2]
                    found[tuple(one.values())] = Said(kind, purpose, status, at)
    return list(found.values())


def _signalled(campaign: Campaign, source: ConsentSource, folder: Path, who: str) -> Iterator[Said]:
    """The signals of a person in a table, as the campaign understands them: each with whether it says no. What it says
    itself is not kept, since it may say yes to something else."""
    columns = source.signals.columns if source.signals is not None else {}
    if not columns:
        return
    table = open_table(Table(**source.model_dump(include={"file", "sql", "table"})), folder)
    kinds, moments = table.texts("kind"), table.texts("at")
    signals = {name: table.texts(column) for name, column in columns.items()}
    for row in _rows_of(table, "subject", who):
        at = _moment(moments[row] or "")
        for name, column in signals.items():
            signal = column[row]
            if (kinds[row] or "").strip().lower() == "signal" and signal:
                means = means_of(name, signal, campaign, at)
                if means is not Means.NOTHING:
                    status = "SignalledNo" if says_no([means]) else "Signalled"
                    yield Said("signal", name, status, at, signal=GPC_ON if name == GPC else "")


def _moment(written: str) -> datetime:
    at = datetime.fromisoformat(written.strip())
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _name(table: Table) -> str:
    return table.file or table.table or "a data frame"


def reviews_in(requests: Sequence[Request], decisions: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What people decided who reviewed decisions.

    Args:
        requests: of the person.
        decisions: id of the decision that each human review is about, by number of the request.
    """
    for request in requests:
        for one in request.trail:
            if request.kind is RequestKind.HUMAN_REVIEW and one.step is Step.ANSWER:
                yield {
                    "decision": decisions.get(request.number, ""),
                    "at": one.at.isoformat(),
                    "outcome": str(one.details.get("outcome", "")),
                    "offer": str(one.details.get("offer", "")),
                }


def said_values(
    said: Sequence[Said], table: Sequence[Mapping[str, str]], meanings: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What a person said, in the home and in tables, oldest first, as plain values.

    Args:
        said: in the home.
        table: in the organisation's tables.
        meanings: of columns, for factors that were switched off.
    """
    own = [{**one.to_dict(), "source": "home"} for one in said]
    bare = {"notice": "", "notice_hash": "", "language": "", "method": "", "actor": "", "form": ""}
    theirs = [
        {**bare, **one, "at": _iso(one["at"]), "source": "table"}
        for one in table
        if one["kind"].lower() not in ("signal",)
    ]
    everything = [one | {"about": meanings.get(str(one["purpose"]), "")} for one in (*own, *theirs)]
    return sorted(everything, key=lambda one: str(one["at"]))


def _iso(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).isoformat()
    except ValueError:
        return moment
