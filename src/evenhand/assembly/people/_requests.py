"""Requests of people as the home keeps them: found, listed, and taken one step further."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evenhand.adapters.keys.personal_seal import seal, unseal
from evenhand.adapters.stores.home import Home, find_home, find_home_that_is
from evenhand.features import pseudonymise
from evenhand.ledger import SubjectKey
from evenhand.rights import (
    Entry,
    Happening,
    Letter,
    Request,
    RequestKind,
    Said,
    Step,
    Stream,
    check_step,
    letter_of,
    next_happening,
    public_holidays,
    request_of,
    said_now,
)
from evenhand.terms import DataError, moment_at

from ..records._ledger import keys_of
from ._declared import campaigns_of, recipients_of, sender_of
from ._entries import entry
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = [
    "AT_ONCE",
    "Found",
    "Stepped",
    "entry_of",
    "find_request",
    "letter_for",
    "list_requests",
    "new_number",
    "recipients_here",
    "refuse_another",
    "reveal_request",
    "take",
    "to_be_told",
]

AT_ONCE = {
    RequestKind.OBJECTION: ("object", "take-back-objection"),
    RequestKind.OPT_OUT: ("opt-out-of-sale", "take-back-opt-out-of-sale"),
    RequestKind.RESTRICTION: ("restrict", "lift-restriction"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A request, and what belongs to it here.

    Attributes:
        request: it.
        handle: the person's; it leads nowhere once they were erased.
        private: what is personal in each of its steps, where the person's key is there.
        last: number of its last entry.
    """

    request: Request
    handle: bytes
    private: tuple[Mapping[str, Any], ...] = field(repr=False)
    last: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step that was recorded.

    Attributes:
        request: as it stands now.
        letter: what the person reads about it; None where no campaign ran here, so nobody is known to answer.
        code: the one-time code to send, where one was asked for.
        is_right: whether a code that was given is the right one; None of other steps.
    """

    request: Request
    letter: Letter | None
    code: str = field(default="", repr=False)
    is_right: bool | None = None


def list_requests(
    *, home: str | Path | None = None, who: str = "", handle: bytes = b"", everything: bool = False
) -> tuple[Request, ...]:
    """Requests, the one that is due first at the top.

    Args:
        home: the home folder; see `find_home_that_is`.
        who: only those of this person.
        handle: likewise of the person to whom this leads.
        everything: also those that are closed.
    """
    place = find_home_that_is(home)
    if not is_trail_there(place):
        return ()
    handles = [handle] if handle else None
    if who:
        key = key_of_person(place, who, make=False)
        handles = [key.handle] if key else []
    with trail_of(place) as trail:
        entries = [one for one in trail.read(Stream.REQUEST, handles=handles) if not one.is_removed]
    by_number: dict[str, list[Entry]] = {}
    for one in entries:
        by_number.setdefault(one.about, []).append(one)
    requests = [_request(number, parts) for number, parts in by_number.items()]
    kept = [one for one in requests if everything or not one.state.is_closed]
    return tuple(sorted(kept, key=lambda one: (one.state.is_closed, one.due, one.number)))


def find_request(number: str, *, home: str | Path | None = None) -> Found:
    """One request with what belongs to it.

    Raises:
        DataError: there is none with this number.
    """
    place = find_home(home)
    entries: list[Entry] = []
    if is_trail_there(place):
        with trail_of(place) as trail:
            entries = list(trail.read(Stream.REQUEST, about=number))
    if not entries:
        raise DataError(
            "request-unknown",
            "There is no request with this number.",
            rule="G-12: every request has a number",
            remedy="list them: evenhand rights list --all",
        )
    handle = entries[0].handle or b""
    key = keys_of(place).of_handles([handle]).get(handle)
    private = tuple(unseal(one.sealed, key.key, number) if key else {} for one in entries)
    return Found(_request(number, entries), handle, private, entries[-1].seq)


def reveal_request(number: str, *, home: str | Path | None = None, by: str, at: datetime) -> Found:
    """One request with what is personal in it, after it was recorded that somebody reads that. Where nothing personal
    is left to read, nothing is recorded.

    Args:
        number: of the request.
        home: the home folder; see `find_home`.
        by: who reads it: a role or a staff number.
        at: now.

    Raises:
        UsageError: nobody is named who reads it.
        StoreError: it cannot be recorded; then nothing is shown.
    """
    found = find_request(number, home=home)
    check_step(found.request, Step.REVEAL, at=at, by=by)
    if not any(found.private):
        return found
    take(number, Step.REVEAL, home=home, by=by, at=at)
    return find_request(number, home=home)


def take(
    number: str,
    step: Step,
    *,
    home: str | Path | None,
    by: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
    code: str = "",
    recipients: tuple[str, ...] = (),
    more: tuple[Entry, ...] = (),
) -> Stepped:
    """Record a step that may be taken now, whole or not at all, with what belongs to it.

    Args:
        number: of the request.
        step: the step.
        home: the home folder.
        by: who takes it.
        at: now.
        details: of the step; nothing personal.
        private: what is personal in it; kept encrypted under the person's key.
        code: to be told in the letter.
        recipients: to be told in the letter.
        more: entries to append in the same transaction.

    Raises:
        UsageError: it may not be taken, or somebody else took one meanwhile.
    """
    place = find_home(home)
    found = find_request(number, home=home)
    request = found.request
    happened = next_happening(request, step, at=at, by=by, **(details or {}))
    key = keys_of(place).of_handles([found.handle]).get(found.handle)
    entries = [entry_of(number, happened, key, private or {}, at, handle=found.handle), *more]
    if request.kind in AT_ONCE and step in (Step.REFUSE, Step.WITHDRAW) and key is not None:
        entries += [
            entry(Stream.CONSENT, said.to_body(), at=at, recorded=at, handle=found.handle)
            for said in _undone(place, request, found.handle, at, by)
        ]
    with trail_of(place) as trail:
        trail.append(entries, only_after=(number, found.last))
    new = request_of(number, [*request.trail, happened], public_holidays(request.country))
    letter = letter_for(new, place, code=code, recipients=recipients, private=private or {}, written=at)
    return Stepped(new, letter, code)


def letter_for(
    request: Request,
    place: Home,
    *,
    code: str = "",
    recipients: tuple[str, ...] = (),
    private: Mapping[str, Any] = MappingProxyType({}),
    written: datetime | None = None,
) -> Letter | None:
    """The letter about the last step, as of when it is written (None = at that step); None where no campaign ran, so
    that nobody is known to answer."""
    campaigns = campaigns_of(place)
    if not campaigns:
        return None
    offers = {one.id: str(getattr(one.text, request.lang)) for each in campaigns for one in each.campaign.offers}
    offer = str(private.get("offer", ""))
    sender = sender_of(campaigns[0].campaign)
    return letter_of(
        request, sender, code=code, recipients=recipients, changed_to=offers.get(offer, offer), written=written
    )


def recipients_here(place: Home) -> tuple[str, ...]:
    """Who is told of a correction, an erasure or a restriction."""
    return recipients_of(campaigns_of(place))


def new_number(at: datetime) -> str:
    """What a new request is called."""
    return f"R-{at:%Y%m%d}-{secrets.token_hex(3)}"


def to_be_told(
    place: Home, number: str, handle: bytes, by: str, at: datetime
) -> tuple[tuple[str, ...], tuple[Entry, ...]]:
    """Who is told of a request that is answered (GDPR 19), and the entries that put it in the outbox."""
    names = recipients_here(place)
    due = (Happening(Step.TELL, at, by, {"recipient": one, "state": "due"}) for one in names)
    return names, tuple(entry_of(number, one, None, {}, at, handle) for one in due)


def refuse_another(place: Home, found: Found, who: str) -> SubjectKey:
    """The key of the person of a request, where `who` is that person.

    Raises:
        DataError: it is somebody else, or they were erased.
    """
    key = keys_of(place).of_handles([found.handle]).get(found.handle)
    pseudonym = bytes.fromhex(pseudonymise([who], place.key(make=False))[0].decode())
    if key is None or key.pseudonym != pseudonym:
        raise DataError(
            "request-of-another",
            "The request is not of this subject, or they were erased since.",
            rule="G-15: nobody gets what is held about somebody else",
            remedy="name the subject whose request it is, as the subjects table has the id",
        )
    return key


def _undone(place: Home, request: Request, handle: bytes, at: datetime, by: str) -> list[Said]:
    """What ends with a request that is refused or taken back: only what was said by this very request."""
    with trail_of(place) as trail:
        said = [Said.from_body(one.body, one.at) for one in trail.read(Stream.CONSENT, handles=[handle])]
    method = f"request {request.number}"
    word = AT_ONCE[request.kind][1]
    by_this = [one for one in said if one.method == method and one.is_no]
    later = max([at, *(one.at + timedelta(microseconds=1) for one in by_this)])
    return [said_now(word, one.purpose, later, method=method, actor=by) for one in by_this]


def _request(number: str, entries: list[Entry]) -> Request:
    trail = [_happening(one) for one in entries]
    country = str(trail[0].details.get("country", ""))
    return request_of(number, trail, public_holidays(country))


def _happening(one: Entry) -> Happening:
    content = json.loads(one.body)
    step, by = Step(content.pop("step")), str(content.pop("by"))
    return Happening(step, moment_at(one.at), by, content)


def entry_of(
    number: str,
    happened: Happening,
    key: SubjectKey | None,
    private: Mapping[str, Any],
    at: datetime,
    handle: bytes | None = None,
) -> Entry:
    """The entry of a step; what is private is encrypted under the person's key.

    Args:
        number: of the request.
        happened: the step.
        key: of the person; None where it is not there, or nothing is private.
        private: what is personal in the step.
        at: now.
        handle: the person's, where the key is not given.
    """
    content = {"step": happened.step.value, "by": happened.by, **happened.details}
    return entry(
        Stream.REQUEST,
        json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
        at=happened.at,
        recorded=at,
        handle=key.handle if key else handle,
        about=number,
        sealed=seal(private, key.key, number) if key and private else b"",
    )
