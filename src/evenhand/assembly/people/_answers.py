"""The answers: what a request leads to, done and recorded, with the files and the letter that the person gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.keys.personal_seal import seal
from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.ledger import facts, open_run
from evenhand.policy import Campaign
from evenhand.rights import (
    NOTED,
    PORTABILITY_SCHEMA,
    Entry,
    Letter,
    Request,
    RequestKind,
    State,
    Step,
    Stream,
    check_step,
)
from evenhand.terms import DataError, DecisionFacts, UsageError, in_one_line

from ..records._records import open_ledger
from ..records._vault_store import vault_correct
from ..records._why import reviews_about
from ._correction_fits import refuse_unfit
from ._entries import entry
from ._lapsed import is_erased, lapse
from ._package import package_about, portability_of
from ._requests import Found, find_request, refuse_another, take, to_be_told
from ._rights import take_out_person

__all__ = ["Answered", "answer_request", "files_for"]

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
    to_tell, told = to_be_told(place, number, found.handle, by, at) if request.kind in _TOLD else ((), ())
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
    done = take_out_person(place, who, at)
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
    refuse_unfit(place, values, at, sure=sure)
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


def _reviewed(place: Home, found: Found, outcome: str, offer: str, reason: str) -> _Done:
    if outcome not in ("keep", "change") or not in_one_line(reason):
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
