"""What a person wants, read from a form: one of a few typed words, or nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

__all__ = [
    "Ask",
    "Consent",
    "Factors",
    "Intent",
    "Objection",
    "Personalisation",
    "Right",
    "intent_of",
    "is_protective",
    "lacks_words",
    "typed_in",
]


@unique
class Right(StrEnum):
    """What a person may ask for, from these pages."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    PORTABILITY = "portability"
    ERASURE = "erasure"
    HUMAN_REVIEW = "human_review"


@dataclass(frozen=True, slots=True)
class Factors:
    """These facts may not count any more, or may again."""

    names: tuple[str, ...]
    off: bool


@dataclass(frozen=True, slots=True)
class Personalisation:
    """No personal fact may count any more, or it may again."""

    off: bool


@dataclass(frozen=True, slots=True)
class Objection:
    """No more advertising by personal data at all, or the objection is taken back."""

    made: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """Yes to one purpose, or no any more."""

    purpose: str
    given: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the organisation.

    Attributes:
        right: what is asked.
        words: what the person wrote, which may be personal.
        about: id of the decision that a human is to look at.
    """

    right: Right
    words: str = ""
    about: str = ""


Intent = Factors | Personalisation | Objection | Consent | Ask
_LONGEST = 2_000
_MOST = 200
_DECISION = re.compile(r"[A-Za-z0-9-]{1,60}\.[0-9]{1,12}")


def intent_of(
    form: Mapping[str, Sequence[str]], *, factors: Collection[str] = (), purposes: Collection[str] = ()
) -> Intent | None:
    """What a submitted form asks; None where it asks nothing that can be done here.

    Args:
        form: values by field: ``do`` says what (and behind a space about what), ``name`` about what, ``words`` what the
            person wrote (of a right its own box, such as ``words-access``, where there is one), ``about`` which
            decision.
        factors: columns that exist for this person; other names ask nothing.
        purposes: likewise DPV terms.

    Example:
        >>> intent_of({"do": ["factor-off"], "name": ["visits"]}, factors={"visits"})
        Factors(names=('visits',), off=True)
        >>> intent_of({"do": ["factor-off"], "name": ["income"]}, factors={"visits"}) is None
        True
    """
    do, _, one = form.get("do", [""])[-1].partition(" ")
    names = (one,) if one else tuple(dict.fromkeys(form.get("name", [])))[:_MOST]
    plain: dict[str, Intent] = {
        "personal-off": Personalisation(off=True),
        "personal-on": Personalisation(off=False),
        "object": Objection(made=True),
        "object-back": Objection(made=False),
    }
    if do in plain:
        return plain[do]
    if do in ("factor-off", "factor-on") and names and all(name in factors for name in names):
        return Factors(names, off=do == "factor-off")
    if do in ("give", "withdraw") and len(names) == 1 and names[0] in purposes:
        return Consent(names[0], given=do == "give")
    if do == "ask" and len(names) == 1 and names[0] in list(Right):
        right, about = Right(names[0]), form.get("about", [""])[-1]
        if right is Right.HUMAN_REVIEW and not _DECISION.fullmatch(about):
            return None
        return Ask(right, _words(form, right).strip()[:_LONGEST], about if right is Right.HUMAN_REVIEW else "")
    return None


def lacks_words(form: Mapping[str, Sequence[str]]) -> bool:
    """Whether a form asks to correct something and does not say what."""
    asks = (form.get("do", [""])[-1], form.get("name", [""])[-1]) == ("ask", Right.RECTIFICATION)
    return asks and not _words(form, Right.RECTIFICATION).strip()


def typed_in(form: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What stands in the box of each right in a form of the own page, whether or not it is asked."""
    return {right.value: (form.get(f"words-{right.value}") or [""])[-1][:_LONGEST] for right in Right}


def _words(form: Mapping[str, Sequence[str]], right: Right) -> str:
    return (form.get(f"words-{right.value}") or form.get("words") or [""])[-1]


def is_protective(intent: Intent) -> bool:
    """Whether it only lessens what is done with a person's data: what a link to one decision may do, and no more."""
    match intent:
        case Factors(off=off) | Personalisation(off=off):
            return off
        case Objection(made=made):
            return made
        case Consent(given=given):
            return not given
        case Ask():
            return False
