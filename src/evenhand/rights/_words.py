"""The closed vocabularies of requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["EXTENSIONS", "REFUSALS", "Law", "Refusal", "RequestKind", "State", "Step"]


class Law(StrEnum):
    """By which law a request is answered."""

    GDPR = "gdpr"
    CCPA = "ccpa"


class RequestKind(StrEnum):
    """What a person may ask."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    OPT_OUT = "opt_out"
    HUMAN_REVIEW = "human_review"

    @property
    def article(self) -> str:
        """The article that gives the right."""
        return _ARTICLES[self]

    @property
    def is_at_once(self) -> bool:
        """Takes effect when it is asked, needs no proof of identity, and knows no extension (GDPR 21(3), 11 CCR
        7026)."""
        return self in (RequestKind.OBJECTION, RequestKind.OPT_OUT)

    @property
    def lapses(self) -> bool:
        """Whether nothing is left to answer it with once the person is erased. What holds them out, and an erasure, is
        answered all the same."""
        return self not in (RequestKind.ERASURE, RequestKind.OBJECTION, RequestKind.OPT_OUT)

    @property
    def laws(self) -> tuple[Law, ...]:
        """The laws that know this request."""
        return (Law.GDPR,) if self in (RequestKind.RESTRICTION, RequestKind.HUMAN_REVIEW) else (Law.GDPR, Law.CCPA)


_ARTICLES = {
    RequestKind.ACCESS: "GDPR 15",
    RequestKind.PORTABILITY: "GDPR 20",
    RequestKind.RECTIFICATION: "GDPR 16",
    RequestKind.ERASURE: "GDPR 17",
    RequestKind.RESTRICTION: "GDPR 18",
    RequestKind.OBJECTION: "GDPR 21(2)",
    RequestKind.OPT_OUT: "Cal. Civ. Code 1798.120",
    RequestKind.HUMAN_REVIEW: "GDPR 22(3)",
}


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IDENTITY_ASKED = "identity_asked"
    IDENTITY_SHOWN = "identity_shown"
    IN_PROGRESS = "in_progress"
    EXTENDED = "extended"
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CARRYING_OUT = "carrying_out"
    """It was decided to do what is asked, and it is being done: nothing but the answer comes after that."""
    LAPSED = "lapsed"
    """The person was erased before there was an answer, so nothing is left to answer with."""

    @property
    def is_closed(self) -> bool:
        """Nothing is left to do."""
        return self in (State.ANSWERED, State.REFUSED, State.WITHDRAWN, State.LAPSED)


class Step(StrEnum):
    """What can happen to a request; each is one event of its trail."""

    RECEIVE = "receive"
    ASK_IDENTITY = "ask_identity"
    FAIL_IDENTITY = "fail_identity"
    SHOW_IDENTITY = "show_identity"
    START = "start"
    EXTEND = "extend"
    ANSWER = "answer"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    TELL = "tell"
    """A recipient is to be told (GDPR 19), was told, or has acknowledged."""
    DECIDE = "decide"
    """Somebody decided that what was asked is done, before anything of it was done that cannot be taken back."""
    LAPSE = "lapse"
    """The person was erased: what was open and cannot be answered without their data ends."""
    REVEAL = "reveal"
    """Somebody who answers requests read what is personal in it."""

    @property
    def is_aside(self) -> bool:
        """It changes nothing of the request, and no letter is about it."""
        return self in (Step.TELL, Step.REVEAL)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ground on which a request may be refused; whether it holds is a person's judgement.

    Attributes:
        article: where it stands.
        kinds: of which requests; () = of all that can be refused.
    """

    article: str
    kinds: tuple[RequestKind, ...] = ()


_ACCESS = (RequestKind.ACCESS, RequestKind.PORTABILITY)
_ERASURE = (RequestKind.ERASURE,)
REFUSALS = MappingProxyType(
    {
        "unfounded": Refusal("GDPR 12(5)"),
        "excessive": Refusal("GDPR 12(5)"),
        "not-identified": Refusal("GDPR 12(2)"),
        "rights-of-others": Refusal("GDPR 15(4), 20(4)", _ACCESS),
        "other-basis": Refusal("GDPR 20(1)(a)", (RequestKind.PORTABILITY,)),
        "is-accurate": Refusal("GDPR 16", (RequestKind.RECTIFICATION,)),
        "expression": Refusal("GDPR 17(3)(a)", _ERASURE),
        "legal-duty": Refusal("GDPR 17(3)(b)", _ERASURE),
        "public-interest": Refusal("GDPR 17(3)(c), (d)", _ERASURE),
        "legal-claims": Refusal("GDPR 17(3)(e)", _ERASURE),
        "no-ground": Refusal("GDPR 17(1), 18(1)", (RequestKind.ERASURE, RequestKind.RESTRICTION)),
        "no-such-decision": Refusal("GDPR 22(1)", (RequestKind.HUMAN_REVIEW,)),
        "fraudulent": Refusal("11 CCR 7026(e)", (RequestKind.OPT_OUT,)),
    }
)
"""By code. An objection to direct marketing has none: it is absolute (GDPR 21(3), RULES G-21b)."""

EXTENSIONS = ("complex", "many-requests")
"""Why a request may take longer (GDPR 12(3))."""
