"""What people ask, and the steps of whoever answers: recorded, each with its letter."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import SubjectKey, facts
from evenhand.rights import (
    CODE_DAYS,
    NOTED,
    Happening,
    Law,
    RequestKind,
    ReviewFigures,
    Step,
    Stream,
    check_actor,
    code_of,
    is_code,
    local_moment,
    public_holidays,
    request_of,
    review_figures,
    said_now,
)
from evenhand.terms import DataError, UsageError

from ..records._records import open_ledger
from ._declared import campaigns_of, country_of
from ._entries import entry
from ._known import refuse_odd_id
from ._requests import AT_ONCE, Stepped, entry_of, find_request, letter_for, list_requests, new_number, take
from ._same_person import with_linked
from ._trail import key_of_person, trail_of

__all__ = [
    "ask",
    "ask_identity",
    "extend_request",
    "refuse_request",
    "review_report",
    "show_identity",
    "start_request",
    "withdraw_request",
]

_APPLIES = {Law.GDPR: datetime(2018, 5, 25, tzinfo=UTC), Law.CCPA: datetime(2020, 1, 1, tzinfo=UTC)}
"""From when each law applies (GDPR 99(2), CCPA 1798.198(a))."""


def ask(
    who: str,
    kind: str,
    *,
    home: str | Path | None = None,
    at: datetime,
    received: datetime | None = None,
    law: str = "gdpr",
    lang: str = "nl",
    by: str = "person",
    purpose: str = "",
    decision: str = "",
    note: str = "",
    stands: Callable[[str], bool] | None = None,
) -> Stepped:
    """Record that a person asks something. An objection, an opt-out and a restriction hold from now on.

    Args:
        who: the person's own id, as it stands in the subjects table.
        kind: ``access``, ``portability``, ``rectification``, ``erasure``, ``restriction``, ``objection``, ``opt_out``
            (of sale and sharing) or ``human_review``.
        home: the home folder; see `find_home`.
        at: now.
        received: when it came, where that was earlier; deadlines count from then. Without a zone it is by the clocks of
            the controller's country.
        law: ``gdpr`` or ``ccpa``; which one applies is a person's judgement.
        lang: ``nl`` or ``en``, in which the person is answered.
        by: who records it: a role, a staff number, or ``person``.
        purpose: of an objection or restriction; "" = all marketing.
        decision: id of the decision to review.
        note: what the person said; it is kept encrypted under their key.
        stands: as of `say`.

    Raises:
        UsageError: the id is odd.
        UsageError: an unknown kind, or one that the law does not know; a moment in the future, or before the law
            applied; nobody who records it; or a decision that is not about this person.
        StoreError: it cannot be written.
    """
    what, by_law = _known(kind, law)
    by, place = check_actor(by), find_home(home)
    refuse_odd_id(who, place, stands)
    campaigns = campaigns_of(place)
    country = country_of(campaigns)
    came = local_moment(received, country) if received else at
    _refuse_moment(came, by_law, at)
    came = came.astimezone(UTC)
    key = key_of_person(place, who, make=True)
    assert key is not None
    if what is RequestKind.HUMAN_REVIEW:
        _refuse_another_persons(place, key, decision)
    number = new_number(at)
    details = {"kind": what.value, "law": by_law.value, "lang": lang, "country": country}
    happened = Happening(Step.RECEIVE, came, by, details)
    private = {name: value for name, value in (("decision", decision), ("note", note)) if value}
    entries = [entry_of(number, happened, key, private, at)]
    if what in AT_ONCE:
        said = said_now(AT_ONCE[what][0], purpose, at, method=f"request {number}", actor=by)
        entries.append(entry(Stream.CONSENT, said.to_body(), at=at, recorded=at, handle=key.handle))
    with trail_of(place) as trail:
        trail.append(with_linked(place, who, entries))
    request = request_of(number, [happened], public_holidays(country))
    return Stepped(request, letter_for(request, place, written=at))


def ask_identity(
    number: str, *, home: str | Path | None = None, by: str, at: datetime, days: int = CODE_DAYS
) -> Stepped:
    """Ask the person to prove that the request is theirs: a code that you send to an address that is on file.

    Args:
        number: of the request.
        home: the home folder; see `find_home`.
        by: who has a reasonable doubt (GDPR 12(6)).
        at: now.
        days: for which the code is good.
    """
    nonce = secrets.token_hex(8)
    code = code_of(find_home(home).key(make=False), number, nonce)
    return take(number, Step.ASK_IDENTITY, home=home, by=by, at=at, details={"nonce": nonce, "days": days}, code=code)


def show_identity(
    number: str, *, home: str | Path | None = None, at: datetime, code: str = "", known: str = "", by: str = "person"
) -> Stepped:
    """Record that the person showed who they are, by the code, or as an officer notes it.

    A wrong code is recorded as a try; after five a new one must be sent.

    Raises:
        UsageError: no code was sent, it has expired or was tried too often; or neither code nor note is given.
    """
    found = find_request(number, home=home)
    if not code:
        if not known.strip() or by == "person":
            raise UsageError(
                "identity-nothing",
                "Neither a code is given, nor a note by somebody of how the person is known.",
                rule="GDPR 12(6)",
                remedy="pass --code, or --known with --by",
            )
        step, details = Step.SHOW_IDENTITY, {"identity": NOTED}
        return take(number, step, home=home, by=by, at=at, details=details, private={"known": known})
    if is_code(found.request, code, find_home(home).key(make=False), at):
        done = take(number, Step.SHOW_IDENTITY, home=home, by=by, at=at, details={"identity": "code"})
        return Stepped(done.request, done.letter, is_right=True)
    done = take(number, Step.FAIL_IDENTITY, home=home, by=by, at=at)
    return Stepped(done.request, None, is_right=False)


def start_request(number: str, *, home: str | Path | None = None, by: str, at: datetime) -> Stepped:
    """Record that somebody works on it; of a human review the time spent counts from here."""
    return take(number, Step.START, home=home, by=by, at=at)


def extend_request(number: str, reason: str, *, home: str | Path | None = None, by: str, at: datetime) -> Stepped:
    """Take two months more, once, within the first month, for a reason of `rights.EXTENSIONS`. A person decides it."""
    return take(number, Step.EXTEND, home=home, by=by, at=at, details={"reason": reason})


def refuse_request(number: str, reason: str, *, home: str | Path | None = None, by: str, at: datetime) -> Stepped:
    """Refuse, on a ground of `rights.REFUSALS`. A person decides it. A restriction that held meanwhile ends."""
    return take(number, Step.REFUSE, home=home, by=by, at=at, details={"reason": reason})


def withdraw_request(number: str, *, home: str | Path | None = None, by: str = "person", at: datetime) -> Stepped:
    """Record that the person takes the request back. What held from when it came ends with it."""
    return take(number, Step.WITHDRAW, home=home, by=by, at=at)


def review_report(*, home: str | Path | None = None) -> ReviewFigures:
    """How people review decisions in this home: time, and how often one was changed."""
    return review_figures(list_requests(home=home, everything=True))


def _known(kind: str, law: str) -> tuple[RequestKind, Law]:
    try:
        what, by_law = RequestKind(kind), Law(law)
    except ValueError:
        raise UsageError(
            "request-kind",
            "The kind of request or the law is none that evenhand knows.",
            rule="G-12",
            remedy=f"kinds: {', '.join(RequestKind)}; laws: {', '.join(Law)}",
        ) from None
    if by_law not in what.laws:
        raise UsageError(
            "request-law",
            f"The law {by_law.value} does not know the request {what.value}.",
            rule=what.article,
            remedy="which law applies is a person's judgement; without --law it is the GDPR",
        )
    return what, by_law


def _refuse_moment(came: datetime, law: Law, at: datetime) -> None:
    """Refuse a moment at which the request cannot have come; one that is recorded stands for good."""
    since = _APPLIES[law]
    if came > at:
        raise UsageError(
            "request-future",
            "The request is dated in the future.",
            rule="G-12: deadlines count from the day on which it came",
            remedy="correct the moment",
        )
    if came < since:
        raise UsageError(
            "request-long-ago",
            f"The request is dated before {since.date().isoformat()}, the day from which its law applies.",
            rule="G-12: deadlines count from the day on which it came",
            remedy="correct the moment",
        )


def _refuse_another_persons(place: Home, key: SubjectKey, decision: str) -> None:
    try:
        with open_ledger(place) as store:
            about = facts(store, decision).subject
    except DataError:
        about = ""
    if about != key.pseudonym.hex():
        raise UsageError(
            "review-decision",
            "There is no decision with this id about this subject.",
            rule="GDPR 22(3): a person contests a decision about themselves",
            remedy="name it with --decision, as evenhand why tells it",
        )
