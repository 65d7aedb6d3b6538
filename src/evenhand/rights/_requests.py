"""One request: a trail of events, and the state that follows from it. The rules of the steps are data."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from evenhand.terms import LedgerError, UsageError

from ._actors import check_actor
from ._asking_again import asking_again_after
from ._deadlines import NO_HOLIDAYS, Deadlines, deadlines_of, local_day
from ._words import EXTENSIONS, REFUSALS, Law, RequestKind, State, Step

__all__ = [
    "NOTED",
    "STEPS",
    "Happening",
    "Request",
    "can_extend",
    "check_step",
    "grounds_of",
    "next_happening",
    "request_of",
]

NOTED = "noted"
"""The person was known to an officer, who noted how."""

_OPEN = frozenset(state for state in State if not state.is_closed) - {State.CARRYING_OUT}
_BEFORE_WORK = frozenset({State.RECEIVED, State.IDENTITY_SHOWN, State.IN_PROGRESS, State.EXTENDED})
_CODE_IS_OUT = frozenset({State.IDENTITY_ASKED, State.EXTENDED, State.IN_PROGRESS})
"""States in which a person may hold a code: whoever takes more time, or begins, does not take it from them."""

STEPS: Mapping[Step, tuple[frozenset[State], State | None]] = MappingProxyType(
    {
        Step.ASK_IDENTITY: (_OPEN, State.IDENTITY_ASKED),
        Step.FAIL_IDENTITY: (_CODE_IS_OUT, State.IDENTITY_ASKED),
        Step.SHOW_IDENTITY: (_CODE_IS_OUT | {State.RECEIVED}, State.IDENTITY_SHOWN),
        Step.START: (_BEFORE_WORK, State.IN_PROGRESS),
        Step.EXTEND: (_OPEN, State.EXTENDED),
        Step.DECIDE: (_BEFORE_WORK, State.CARRYING_OUT),
        Step.ANSWER: (_BEFORE_WORK | {State.CARRYING_OUT}, State.ANSWERED),
        Step.REFUSE: (_OPEN, State.REFUSED),
        Step.WITHDRAW: (_OPEN, State.WITHDRAWN),
        Step.LAPSE: (_OPEN, State.LAPSED),
        Step.TELL: (frozenset({State.ANSWERED}), None),
        Step.REVEAL: (frozenset(State), None),
    }
)
"""Of each step: the states in which it may be taken, and the state that it leads to; None = it stays."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a trail.

    Attributes:
        step: what happened.
        at: when.
        by: who did it: a role or a staff number, ``person`` for the one whose request it is.
        details: what belongs to it, as plain values, none of them personal.
    """

    step: Step
    at: datetime
    by: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"step": self.step.value, "at": self.at.isoformat(), "by": self.by, **self.details}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands.

    Attributes:
        number: how it is called.
        kind: what is asked.
        law: by which law it is answered.
        lang: in which language the person is answered.
        country: of the controller, for its calendar.
        state: where it stands.
        dates: its deadlines.
        identity: how the person was known: ``code`` when they proved control of an address on file, `NOTED` where an
            officer noted it (the note is kept encrypted under their key; before version 0.2 it stood here), or "" where
            that is open.
        trail: everything that happened, in order.
    """

    number: str
    kind: RequestKind
    law: Law
    lang: str
    country: str
    state: State
    dates: Deadlines
    identity: str
    trail: tuple[Happening, ...]

    @property
    def asked(self) -> Mapping[str, Any]:
        """What was said when it came."""
        return self.trail[0].details

    @property
    def is_extended(self) -> bool:
        """Whether it was extended: that is possible once."""
        return any(one.step is Step.EXTEND for one in self.trail)

    @property
    def due(self) -> date:
        """The day to work to."""
        return self.dates.latest if self.is_extended else self.dates.due

    @property
    def tries(self) -> int:
        """Wrong codes since the last code was asked for."""
        count = 0
        for one in self.trail:
            if one.step is Step.ASK_IDENTITY:
                count = 0
            count += one.step is Step.FAIL_IDENTITY
        return count

    @property
    def may_ask_again_from(self) -> date | None:
        """Of an opt-out that was not taken back: the first day on which anybody may ask the person for a yes again."""
        is_over = self.state in (State.WITHDRAWN, State.REFUSED)
        return None if self.kind is not RequestKind.OPT_OUT or is_over else asking_again_after(self.trail[0].at)

    def days_left(self, at: datetime) -> int:
        """Days until `due`; negative where it is past."""
        return (self.due - local_day(at, self.country)).days

    def is_overdue(self, at: datetime) -> bool:
        """Whether it is open and its day is past: computed, never recorded."""
        return not self.state.is_closed and self.days_left(at) < 0

    def to_dict(self, at: datetime) -> dict[str, Any]:
        """Plain JSON values, as of a moment."""
        return {
            "number": self.number,
            "kind": self.kind.value,
            "article": self.kind.article,
            "law": self.law.value,
            "lang": self.lang,
            "state": self.state.value,
            "due": self.due.isoformat(),
            "days_left": None if self.state.is_closed else self.days_left(at),
            "overdue": self.is_overdue(at),
            "identity": self.identity,
            "dates": {name: day.isoformat() if day else None for name, day in self.dates.days.items()},
            "may_ask_again_from": self.may_ask_again_from.isoformat() if self.may_ask_again_from else None,
            "counted_by": [one.to_dict() for one in self.dates.counted_by],
            "trail": [one.to_dict() for one in self.trail],
        }


def request_of(number: str, trail: Iterable[Happening], holidays: Container[date] = NO_HOLIDAYS) -> Request:
    """The request that a trail tells of.

    Raises:
        LedgerError: the trail takes a step that its state does not allow, so somebody altered it.
    """
    happened = tuple(trail)
    first = happened[0] if happened else None
    if first is None or first.step is not Step.RECEIVE:
        raise _impossible(number)
    kind, law = RequestKind(first.details["kind"]), Law(first.details["law"])
    country = str(first.details["country"])
    state, identity = State.RECEIVED, ""
    for one in happened[1:]:
        allowed, leads_to = STEPS.get(one.step, (frozenset(), None))
        if state not in allowed:
            raise _impossible(number)
        state = leads_to or state
        identity = str(one.details.get("identity", identity))
    return Request(
        number=number,
        kind=kind,
        law=law,
        lang=str(first.details["lang"]),
        country=country,
        state=state,
        dates=deadlines_of(kind, law, local_day(first.at, country), holidays),
        identity=identity,
        trail=happened,
    )


def next_happening(request: Request, step: Step, *, at: datetime, by: str, **details: Any) -> Happening:
    """The event of a step that may be taken now; nothing is recorded.

    Raises:
        UsageError: see `check_step`.
    """
    check_step(request, step, at=at, by=by, **details)
    return Happening(step, at, check_actor(by), details)


def check_step(request: Request, step: Step, *, at: datetime, by: str, **details: Any) -> None:
    """Refuse a step that the state, the deadline or the kind does not allow.

    Raises:
        UsageError: it is not allowed now, or it lacks who judges, why, or how the person is known.
    """
    allowed, _ = STEPS[step]
    if request.state not in allowed:
        raise UsageError(
            "request-step",
            f"Request {request.number} is {request.state.value}; it cannot take the step {step.value} now.",
            rule="G-12: a request goes from state to state, and its trail is kept",
            remedy=f"see: evenhand rights show {request.number}",
        )
    check_actor(by)
    check = _CHECKS.get(step)
    if check is not None:
        check(request, at, details)


def grounds_of(kind: RequestKind) -> tuple[str, ...]:
    """Codes of the grounds on which a request of a kind may be refused; whether one holds is a person's judgement."""
    if kind is RequestKind.OBJECTION:
        return ()
    grounds = REFUSALS.items()
    return tuple(code for code, one in grounds if kind in one.kinds or (not one.kinds and not kind.is_at_once))


def can_extend(request: Request, at: datetime) -> bool:
    """Whether a request may still be extended, as far as its kind, its trail and the day go."""
    until = request.dates.extend_until
    is_open = request.state in STEPS[Step.EXTEND][0]
    return is_open and until is not None and not request.is_extended and local_day(at, request.country) <= until


def _check_extension(request: Request, at: datetime, details: Mapping[str, Any]) -> None:
    until = request.dates.extend_until
    if until is None:
        raise UsageError(
            "extend-at-once",
            f"A request of kind {request.kind.value} takes effect at once and cannot be extended.",
            rule="G-21b, C-7026",
            remedy="answer it",
        )
    if request.is_extended:
        raise UsageError(
            "extend-twice",
            f"Request {request.number} was extended before.",
            rule="GDPR 12(3): once",
            remedy=f"answer it by {request.due.isoformat()}",
        )
    if local_day(at, request.country) > until:
        raise UsageError(
            "extend-too-late",
            f"Request {request.number} could be extended until {until.isoformat()}.",
            rule="GDPR 12(3): the person is told within the first month, with the reason",
            remedy="answer it now",
        )
    _check_code("extend-reason", str(details.get("reason", "")), EXTENSIONS, "GDPR 12(3)")


def _check_refusal(request: Request, _: datetime, details: Mapping[str, Any]) -> None:
    if request.kind is RequestKind.OBJECTION:
        raise UsageError(
            "refuse-objection",
            "An objection to direct marketing cannot be refused.",
            rule="G-21b: it is absolute, with no balancing",
            remedy="answer it; it already holds",
        )
    _check_code("refuse-reason", str(details.get("reason", "")), grounds_of(request.kind), request.kind.article)


def _check_answer(request: Request, _: datetime, details: Mapping[str, Any]) -> None:
    if not request.kind.is_at_once and not (request.identity or str(details.get("identity", "")).strip()):
        raise UsageError(
            "answer-identity",
            f"Nobody noted how the person of request {request.number} is known.",
            rule="GDPR 12(6): whoever has no reasonable doubt says why, whoever has one asks",
            remedy="ask with: evenhand rights identity; or answer with --identity 'asked while logged in'",
        )


def _check_decision(request: Request, at: datetime, details: Mapping[str, Any]) -> None:
    if request.kind is not RequestKind.ERASURE:
        raise _kind_has_no(request, Step.DECIDE)
    _check_answer(request, at, details)


def _check_lapse(request: Request, _: datetime, __: Mapping[str, Any]) -> None:
    if not request.kind.lapses:
        raise _kind_has_no(request, Step.LAPSE)


def _check_asking(request: Request, _: datetime, __: Mapping[str, Any]) -> None:
    if request.kind.is_at_once:
        raise UsageError(
            "identity-needless",
            f"A request of kind {request.kind.value} needs no proof of identity, so nobody is asked for it.",
            rule="C-7026, G-21b: it holds from the moment it came; whoever says no need not show who they are",
            remedy="nothing is needed; it holds already. Tell them: "
            f"evenhand rights answer {request.number} SUBJECT --by ROLE",
        )


_CHECKS: Mapping[Step, Callable[[Request, datetime, Mapping[str, Any]], None]] = MappingProxyType(
    {
        Step.ASK_IDENTITY: _check_asking,
        Step.EXTEND: _check_extension,
        Step.REFUSE: _check_refusal,
        Step.DECIDE: _check_decision,
        Step.ANSWER: _check_answer,
        Step.LAPSE: _check_lapse,
    }
)


def _kind_has_no(request: Request, step: Step) -> UsageError:
    return UsageError(
        "request-kind-step",
        f"A request of kind {request.kind.value} does not know the step {step.value}.",
        rule="G-12: an erasure is decided before it is done; what needs the person's data ends with the person's data",
        remedy=f"see: evenhand rights show {request.number}",
    )


def _check_code(code: str, given: str, known: Iterable[str], rule: str) -> None:
    allowed = tuple(known)
    if given not in allowed:
        raise UsageError(
            code,
            "The reason is none of the reasons that this step can have.",
            rule=rule,
            remedy="choose one of: " + ", ".join(allowed),
        )


def _impossible(number: str) -> LedgerError:
    return LedgerError(
        "request-trail",
        f"The trail of request {number} takes a step that its state does not allow.",
        rule="G-5-2",
        remedy="run: evenhand rights verify. Keep what is there as evidence, and restore a copy that verifies",
    )
