"""The answers: what a request leads to, done and recorded, with the files and the letter that the person gets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.data.corrected_table import corrected_table
from evenhand.adapters.data.tables import DataTable, open_table
from evenhand.adapters.keys.personal_seal import seal
from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.ledger import facts, open_run
from evenhand.policy import Campaign, Table
from evenhand.rights import (
    NOTED,
    PORTABILITY_SCHEMA,
    Entry,
    Happening,
    Letter,
    NewGroupError,
    Request,
    RequestKind,
    State,
    Step,
    Stream,
    check_step,
)
from evenhand.terms import DataError, DecisionFacts, EvenhandError, Role, UsageError

from ..records._records import data_folder, open_ledger
from ..records._vault_store import vault_correct, vault_of, vault_values
from ..records._why import reviews_about
from ..runs._open import given_features
from ._declared import campaigns_of
from ._lapsed import is_erased, lapse
from ._package import package_about, portability_of
from ._requests import Found, entry_of, find_request, recipients_here, refuse_another, take
from ._rights import erase
from ._trail import entry

__all__ = ["Answered", "answer_request", "files_for"]

_FEWEST, _WORDS = 10, 20
"""A group of fewer people is not told by its word; nor are more words than these."""
_TOLD = (RequestKind.RECTIFICATION, RequestKind.ERASURE, RequestKind.RESTRICTION)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered.

    Attributes:
        request: as it stands now.
        letter: what the person reads; None where no campaign ran here.
        files: what was written for them.
        to_tell: recipients who are to be told (GDPR 19).
        lapsed: numbers of other requests of a person who was erased; nothing is left to answer them with.
    """

    request: Request
    letter: Letter | None
    files: tuple[Path, ...]
    to_tell: tuple[str, ...]
    lapsed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Done:
    """What an answer adds to the step: open and private details, entries, files."""

    details: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict, repr=False)
    entries: tuple[Entry, ...] = ()
    files: tuple[Path, ...] = ()
    lapsed: tuple[str, ...] = ()


def answer_request(
    number: str,
    who: str,
    *,
    home: str | Path | None = None,
    by: str,
    at: datetime,
    identity: str = "",
    out: str | Path | None = None,
    values: Mapping[str, str] | None = None,
    outcome: str = "",
    offer: str = "",
    reason: str = "",
    sure: bool = False,
) -> Answered:
    """Do what was asked, and record that it was answered. A person decides it.

    An erasure is decided, done and answered, in this order: once it is decided nobody can refuse it any more or take it
    back, and whatever stops it half way, the next call finishes it. Where the person was erased meanwhile, a request
    that needs their data ends as lapsed, with the letter that says so.

    Args:
        number: of the request.
        who: the person's own id, which the home does not keep.
        home: the home folder; see `find_home`.
        by: who answers.
        at: now.
        identity: how the person is known, where no code was given; kept encrypted under their key, and not at all where
            they are erased.
        out: folder for the files of an access or a portability answer.
        values: of a rectification: the right value of each column, as text; "" = unknown.
        outcome: of a human review: ``keep`` or ``change``.
        offer: of a review that changes the decision: the offer's id; "" = no offer.
        reason: of a review: why; kept encrypted under the person's key.
        sure: of a correction: a word of a group that nobody is in yet is right all the same.

    Raises:
        NewGroupError: a correction puts the person in a group of which nobody is, and nobody is `sure` of it.
        UsageError: it cannot be answered now, or something is missing.
        DataError: the request is not of this person.
        StoreError: something cannot be written.
    """
    place = find_home(home)
    found = find_request(number, home=home)
    request = found.request
    known = {"identity": NOTED} if identity else {}
    if request.kind.lapses and not request.state.is_closed and is_erased(place, found, who):
        ended = lapse(place, number, at, by)
        return Answered(ended.request, ended.letter, (), ())
    check_step(request, Step.ANSWER, at=at, by=by, **known)
    _refuse_stranger(place, found, who)
    match request.kind:
        case RequestKind.ACCESS | RequestKind.PORTABILITY:
            done = _files(place, request, who, out, at)
        case RequestKind.RECTIFICATION:
            done = _corrections(place, found, who, values or {}, at, sure=sure)
        case RequestKind.ERASURE:
            done, identity = _erasure(place, request, who, known, by, at), ""  # how they were known is gone with them
        case RequestKind.HUMAN_REVIEW:
            done = _reviewed(place, found, outcome, offer, reason)
        case _:
            done = _Done()
    to_tell = recipients_here(place) if request.kind in _TOLD else ()
    told = tuple(
        entry_of(number, Happening(Step.TELL, at, by, {"recipient": one, "state": "due"}), None, {}, at, found.handle)
        for one in to_tell
    )
    stepped = take(
        number,
        Step.ANSWER,
        home=home,
        by=by,
        at=at,
        details={**known, **done.details},
        private={**done.private, **({"known": identity} if identity else {})},
        recipients=to_tell,
        more=(*done.entries, *told),
    )
    return Answered(stepped.request, stepped.letter, done.files, to_tell, done.lapsed)


def _erasure(place: Home, request: Request, who: str, known: Mapping[str, str], by: str, at: datetime) -> _Done:
    """Say first that it will be done, so that no other step comes between; then do it."""
    if request.state is not State.CARRYING_OUT:
        take(request.number, Step.DECIDE, home=place.folder, by=by, at=at, details=known)
    done = erase(who, home=place.folder, at=at)
    until = [one.until.date().isoformat() for one in done.models]
    return _Done({"models_until": max(until)} if until else {}, lapsed=done.lapsed)


def _refuse_stranger(place: Home, found: Found, who: str) -> None:
    """Nobody gets another's answer. Of whoever was erased only the mark is left: that is enough where no data is handed
    over."""
    if found.request.kind.lapses or not is_erased(place, found, who):
        refuse_another(place, found, who)


def _files(place: Home, request: Request, who: str, out: str | Path | None, at: datetime) -> _Done:
    if out is None:
        raise UsageError(
            "answer-out",
            "No folder is named for the files.",
            rule=f"{request.kind.article}: the person gets a copy",
            remedy="name one with --out; only its owner can read what is written there",
        )
    folder = Path(out)
    content = files_for(place, request, who, at)
    for name, data in content.items():
        write_atomically(folder / name, data, private=True)
    return _Done(files=tuple(folder / name for name in content))


def files_for(place: Home, request: Request, who: str, at: datetime) -> dict[str, bytes]:
    """The files that the person of an access or a portability request gets, by name; whose they are was checked."""
    if request.kind is RequestKind.ACCESS:
        package = package_about(who, home=place.folder, lang=request.lang, at=at)
        return {"access.html": package.to_html().encode(), "access.json": json_bytes(package.to_dict())}
    portable = portability_of(who, home=place.folder, lang=request.lang)
    return {
        "portability.json": json_bytes(portable.to_dict()),
        "portability.csv": portable.to_csv().encode(),
        "portability.schema.json": json_bytes(json.loads(json.dumps(dict(PORTABILITY_SCHEMA)))),
    }


def _corrections(place: Home, found: Found, who: str, values: Mapping[str, str], at: datetime, *, sure: bool) -> _Done:
    if not values:
        raise UsageError(
            "answer-values",
            "Nothing is corrected.",
            rule="GDPR 16",
            remedy="name the column and its right value: --set COLUMN=VALUE",
        )
    key = refuse_another(place, found, who)
    _refuse_unfit(place, values, sure=sure)
    _refuse_no_number(place, who, values)
    vault_correct(place, who, values, at)
    entries = tuple(
        entry(
            Stream.CORRECTION,
            b"{}",
            at=at,
            recorded=at,
            handle=found.handle,
            about=found.request.number,
            sealed=seal({"column": column, "value": value}, key.key, found.request.number),
        )
        for column, value in values.items()
    )
    return _Done({"corrected": len(values)}, {"values": dict(values)}, entries)


def _refuse_unfit(place: Home, values: Mapping[str, str], *, sure: bool) -> None:
    """Refuse a column that no campaign declares, and a value that does not fit it; unless somebody is sure of it, also
    a word of a group that stands in no table of subjects. What the vault has is looked at by nobody for that."""
    groups: dict[str, Counter[str]] = {}
    reached = {one.name for one in vault_of(place).kept()}
    known = set(reached)
    for declared in campaigns_of(place):
        campaign = declared.campaign
        columns = {
            name for name, column in campaign.columns.items() if column.role not in (Role.FORBIDDEN, Role.IDENTIFIER)
        }
        names = {one for one in values if one in columns or one.partition("@")[0] in columns}
        known |= names
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


def _refuse_misfit(source: Table, folder: Path, values: Mapping[str, str]) -> None:
    try:
        table = open_table(Table(**source.model_dump(include={"file", "sql", "table"})), folder)
    except EvenhandError:
        return
    mine = {name: {0: value} for name, value in values.items() if name in table.names}
    fitted = corrected_table(table, mine)
    for name in mine:
        fitted.series(name)


def _refuse_no_number(place: Home, who: str, values: Mapping[str, str]) -> None:
    """Refuse a text where the vault has a number of the person: one text makes a category of the whole column."""
    before = vault_values(place, who)[0] if any(one.name in values for one in vault_of(place).kept()) else {}
    for name, value in values.items():
        if value and _is_number(before.get(name, "")) and not _is_number(value):
            raise DataError(
                "correction-does-not-fit",
                f"A correction of column {name!r} in the vault is no number.",
                rule="G-5d: a corrected value takes the place of the old one",
                remedy="correct it again, as a number",
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refuse_unreached(names: Sequence[str]) -> None:
    """Refuse a column that stands neither in a table of subjects nor in the vault: no correction would count there."""
    if names:
        raise UsageError(
            "correct-column-elsewhere",
            f"The column {', '.join(map(repr, names))} stands in no table of subjects, nor in the vault.",
            rule="G-5d: what is corrected takes the place of what later decisions read",
            remedy="correct it in your own table of what happened before; or put the column in the vault again",
        )


def _reviewed(place: Home, found: Found, outcome: str, offer: str, reason: str) -> _Done:
    if outcome not in ("keep", "change") or not reason.strip():
        raise UsageError(
            "review-outcome",
            "A review says whether the decision stays or changes, and why.",
            rule="GDPR 22(3): a person looks at it, with the authority to change it",
            remedy="pass --outcome keep or --outcome change, and --reason",
        )
    if outcome == "keep" and offer:
        raise UsageError(
            "review-offer",
            "A review that leaves the decision as it is names no offer.",
            rule="GDPR 22(3): what is recorded of a review is one thing or the other",
            remedy="leave --offer out, or pass --outcome change",
        )
    decision = next((str(one["decision"]) for one in found.private if "decision" in one), "")
    decided: DecisionFacts | None = None
    campaign: Campaign | None = None
    with open_ledger(place) as store, suppress(DataError):
        decided = facts(store, decision)
        campaign = open_run(store, decided.run_id).campaign
    if outcome == "change" and offer and campaign and offer not in {one.id for one in campaign.offers}:
        raise UsageError(
            "review-offer",
            "The campaign has no offer with this id.",
            rule="a reviewer chooses among what the campaign can offer, or nothing",
            remedy="name one of: " + ", ".join(one.id for one in campaign.offers),
        )
    if outcome == "change" and decided and campaign and offer == _stands(place, decided, campaign):
        raise UsageError(
            "review-same",
            "The decision is that already, so nothing would change.",
            rule="GDPR 22(3): what is recorded of a review is one thing or the other",
            remedy="pass --outcome keep, or name another offer",
        )
    return _Done({"outcome": outcome}, {"offer": offer, "reason": reason})


def _stands(place: Home, decided: DecisionFacts, campaign: Campaign) -> str:
    """The offer that a decision is by now, after earlier reviews of it; "" = no offer."""
    reviews = reviews_about(place, decided.subject).get(decided.decision_id, ())
    recorded = campaign.offers[decided.offer].id if decided.offer >= 0 else ""
    return next((one.offer for one in reversed(reviews) if one.changed), recorded)
