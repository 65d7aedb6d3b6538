"""What the pages show: requests with the days that are left, and one of them opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from evenhand.rights import STEPS, Letter, Request, RequestKind, State, Step, can_extend, grounds_of

__all__ = [
    "REVIEWING",
    "ModelDue",
    "Opened",
    "Queue",
    "Reach",
    "Urgency",
    "Waiting",
    "letter_is_due",
    "masked",
    "model_due",
    "place_of",
    "steps_of",
    "waiting_of",
]

_SOON = 7
"""Days."""


_LETTERS = 30
"""Days for which a request that an erasure ended stays in the list of letters."""

REVIEWING = frozenset({Step.START, Step.ANSWER, Step.REVEAL})
"""What a reviewer does with a request for a human review; identity, time and refusal stay with the privacy officer."""

_NO_FILES = frozenset({State.IDENTITY_ASKED, State.REFUSED, State.WITHDRAWN, State.LAPSED})
"""States in which nobody gets files: there is doubt again who asks, or the answer is no, or nobody asks any more."""

_BY_ITSELF = frozenset({Step.DECIDE, Step.LAPSE})
"""Steps that no form asks for: they are recorded with an answer, and with an erasure."""


class Reach(StrEnum):
    """How far somebody's role goes."""

    ACTS = "acts"
    """All requests, and every step."""
    REVIEWS = "reviews"
    """Requests for a human review alone, and the steps of `REVIEWING`."""
    LOOKS = "looks"
    """All requests, masked, and no step."""
    LOOKS_AND_REVIEWS = "looks-and-reviews"
    """All requests, masked; and of those for a human review the steps of `REVIEWING`."""

    @property
    def is_of_all(self) -> bool:
        """Whether every request is theirs to see, masked."""
        return self is not Reach.REVIEWS

    def sees(self, request: Request) -> bool:
        """Whether a request is theirs to see."""
        return self.is_of_all or request.kind is RequestKind.HUMAN_REVIEW

    def may(self, step: Step, request: Request) -> bool:
        """Whether they take a step of a request."""
        if self in (Reach.REVIEWS, Reach.LOOKS_AND_REVIEWS):
            return step in REVIEWING and request.kind is RequestKind.HUMAN_REVIEW
        return self is Reach.ACTS


class Urgency(StrEnum):
    """How much time is left."""

    LATE = "late"
    SOON = "soon"
    FINE = "fine"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the list.

    Attributes:
        request: it.
        days: that are left; negative where its day is past.
        urgency: how much that is.
    """

    request: Request
    days: int
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class ModelDue:
    """A model that is to be fitted again without somebody who was erased.

    Attributes:
        campaign: that decides with it.
        run: in which it was fitted.
        until: the day until which it may go on.
        days: that are left; negative where its day is past.
        urgency: how much that is; late = nobody is decided about with it.
    """

    campaign: str
    run: str
    until: date
    days: int
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Queue:
    """The list.

    Attributes:
        waiting: the one that is due first at the top.
        count: how many there are, shown or not.
        late, soon: how many are past their day, and due within a week.
        everything: whether closed ones are in it.
        reach: how far the role of whoever looks goes.
        to_tell: request and recipient of every message that is still to be sent or acknowledged (GDPR 19).
        models: that are to be fitted again after an erasure (GDPR 17), the one that is due first at the top.
        letters: requests that an erasure ended lately, whose letter is to be sent.
    """

    waiting: tuple[Waiting, ...]
    count: int
    late: int
    soon: int
    everything: bool
    reach: Reach
    to_tell: tuple[tuple[str, str], ...]
    models: tuple[ModelDue, ...] = ()
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """One request, opened.

    Attributes:
        waiting: it, with the days that are left.
        private: what is personal in each step, masked unless it was revealed.
        revealed: whether it was.
        letter: about its last step; None where nobody is known to answer, or where it tells what is masked.
        letter_is_masked: a letter is there, and tells what is masked.
        code: a one-time code for the person, shown this once; "" = none.
        decisions: how many decisions about the person can be read; None where their key is gone.
        tables: the organisation's own tables in which data about people stands.
        recipients: who is told of a correction, an erasure or a restriction.
        told: of a review that was revealed: the decision as its person can read it; else "".
        offers: id and text of every offer, for a review that changes a decision.
        to_tell: recipients who did not acknowledge yet what was done, each with how many messages were made (GDPR 19).
        reach: how far the role of whoever looks goes.
        ends: of an erasure: other open requests of the person that end with it, without an answer.
        steps: steps that they may take now.
        grounds: codes on which it may be refused.
    """

    waiting: Waiting
    private: tuple[Mapping[str, Any], ...] = field(repr=False)
    revealed: bool
    letter: Letter | None = field(repr=False)
    letter_is_masked: bool
    decisions: int | None
    tables: tuple[str, ...]
    recipients: tuple[str, ...]
    reach: Reach
    steps: frozenset[Step]
    grounds: tuple[str, ...]
    code: str = field(default="", repr=False)
    told: str = field(default="", repr=False)
    offers: tuple[tuple[str, str], ...] = ()
    to_tell: tuple[tuple[str, int], ...] = ()
    ends: tuple[str, ...] = ()

    @property
    def request(self) -> Request:
        """The request."""
        return self.waiting.request

    @property
    def has_private(self) -> bool:
        """Whether anything personal stands in it."""
        return any(self.private)

    @property
    def tells(self) -> bool:
        """Whether recipients are to be told, and whoever looks may do so."""
        return self.reach is Reach.ACTS and bool(self.to_tell)

    @property
    def asks_for_files(self) -> bool:
        """Whether the person gets files: it is known who they are, it was not refused or taken back, and whoever looks
        may get them."""
        kinds = (RequestKind.ACCESS, RequestKind.PORTABILITY)
        is_theirs = self.request.kind in kinds and bool(self.request.identity)
        return self.reach is Reach.ACTS and is_theirs and self.request.state not in _NO_FILES


def model_due(campaign: str, run: str, until: datetime, at: datetime) -> ModelDue:
    """A model that is to be fitted again, as of a moment."""
    days = (until.date() - at.date()).days
    urgency = Urgency.LATE if at >= until else Urgency.SOON if days <= _SOON else Urgency.FINE
    return ModelDue(campaign, run, until.date(), days, urgency)


def place_of(request: Request) -> str:
    """Where a request stands in the list, as a text that sorts like it: open ones first, then by day and number."""
    return f"{int(request.state.is_closed)} {request.due.isoformat()} {request.number}"


def letter_is_due(request: Request, at: datetime) -> bool:
    """Whether an erasure ended a request so lately that its letter may not have been sent: nobody answered, so nobody
    was shown it."""
    return request.state is State.LAPSED and (at - request.trail[-1].at).days < _LETTERS


def waiting_of(request: Request, at: datetime) -> Waiting:
    """A request as of a moment."""
    days = request.days_left(at)
    if request.state.is_closed:
        return Waiting(request, days, Urgency.CLOSED)
    return Waiting(request, days, Urgency.LATE if days < 0 else Urgency.SOON if days <= _SOON else Urgency.FINE)


def steps_of(request: Request, at: datetime, reach: Reach) -> frozenset[Step]:
    """The steps that a page may offer now: those of the state, less what kind, day, trail and role rule out."""
    found = {step for step, (allowed, _) in STEPS.items() if request.state in allowed and reach.may(step, request)}
    found -= _BY_ITSELF
    if not can_extend(request, at):
        found.discard(Step.EXTEND)
    if not grounds_of(request.kind):
        found.discard(Step.REFUSE)
    if request.kind.is_at_once:
        found -= {Step.ASK_IDENTITY, Step.SHOW_IDENTITY}
    if request.identity and request.state is not State.IDENTITY_ASKED:
        found.discard(Step.SHOW_IDENTITY)
    return frozenset(found)


def masked(private: Mapping[str, Any]) -> dict[str, Any]:
    """What is personal, with its names and without its values: not even how long they are.

    >>> masked({"note": "I moved house"})
    {'note': '••••••'}
    """
    return dict.fromkeys(private, "\u2022" * 6)
