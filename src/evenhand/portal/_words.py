"""From what a person wants to records of what they said, and back: which switches stand, since when, who said so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ._facts import Choice
from ._intents import Consent, Factors, Intent, Objection, Personalisation

__all__ = ["Word", "choices_of", "since", "standing", "words_of"]

_OFF = ("SwitchedOff", "OptedOut", "Objected")
_NO = (*_OFF, "ConsentWithdrawn", "ConsentRefused", "Restricted", "SaleOptedOut")
_KEYS = {
    "SwitchedOff": "factor-off",
    "SwitchedOn": "factor-on",
    "OptedOut": "personal-off",
    "OptOutWithdrawn": "personal-on",
    "Objected": "object",
    "ObjectionWithdrawn": "object-back",
    "ConsentGiven": "given",
    "RenewedConsentGiven": "given",
    "ConsentWithdrawn": "withdrawn",
    "ConsentRefused": "withdrawn",
}


@dataclass(frozen=True, slots=True)
class Word:
    """One record of what a person said; kind, about and status as in a consents table.

    Attributes:
        kind: ``consent``, ``objection``, ``opt_out`` or ``factor`` (or another, which is only shown).
        about: a purpose, or of a factor the column; "" = everything.
        status: the word itself.
        at: when.
        by: ``person``, ``browser`` or ``staff``.
    """

    kind: str
    about: str
    status: str
    at: datetime
    by: str = "person"


def standing(history: Iterable[Word], at: datetime) -> dict[tuple[str, str], Word]:
    """The latest word of each kind about each thing, as of a moment; of two at once the one that says no.

    Example:
        >>> from datetime import UTC
        >>> said = Word("factor", "visits", "SwitchedOff", datetime(2026, 1, 1, tzinfo=UTC))
        >>> list(standing([said], datetime(2026, 1, 2, tzinfo=UTC)))
        [('factor', 'visits')]
    """
    latest: dict[tuple[str, str], Word] = {}
    for one in history:
        key = (one.kind, one.about)
        before = latest.get(key)
        if one.at <= at and (before is None or (one.at, one.status in _NO) >= (before.at, before.status in _NO)):
            latest[key] = one
    return latest


def words_of(intent: Intent, history: Sequence[Word], at: datetime, by: str = "person") -> tuple[Word, ...]:
    """The records that an intent amounts to; () where it asks for something, or where everything stands so already.

    A no covers everything. Taking it back takes back every no of that kind that stands in this history, whatever it was
    about, so that one click is enough.
    """
    now = standing(history, at)

    def turned(kind: str, no: str, back: str, *, off: bool) -> tuple[Word, ...]:
        on_record = {about: one.status for (its, about), one in now.items() if its == kind}
        if off:
            return () if on_record.get("") == no else (Word(kind, "", no, at, by),)
        return tuple(Word(kind, about, back, at, by) for about, said in on_record.items() if said == no)

    match intent:
        case Factors(names=names, off=off):
            status = "SwitchedOff" if off else "SwitchedOn"
            said = {about: one.status for (kind, about), one in now.items() if kind == "factor"}
            return tuple(
                Word("factor", name, status, at, by) for name in names if said.get(name, "SwitchedOn") != status
            )
        case Personalisation(off=off):
            return turned("opt_out", "OptedOut", "OptOutWithdrawn", off=off)
        case Objection(made=made):
            return turned("objection", "Objected", "ObjectionWithdrawn", off=made)
        case Consent(purpose=purpose, given=given):
            status = "ConsentGiven" if given else "ConsentWithdrawn"
            before = now.get(("consent", purpose))
            return () if before and before.status == status else (Word("consent", purpose, status, at, by),)
        case _:
            return ()


def since(now: dict[tuple[str, str], Word], kind: str, about: str | None = None) -> datetime | None:
    """Since when a no of a kind stands; of several the first. None where none does."""
    found = [
        one.at
        for (its, it), one in now.items()
        if its == kind and one.status in _OFF and (about is None or it == about)
    ]
    return min(found, default=None)


def choices_of(history: Iterable[Word], about: Callable[[str], str], purpose: Callable[[str], str]) -> list[Choice]:
    """The history of choices, newest first.

    Args:
        history: what was said.
        about: what a column means, in the reader's language.
        purpose: likewise a purpose.
    """
    out = []
    for one in sorted(history, key=lambda word: word.at, reverse=True):
        key = _KEYS.get(one.status, "other")
        words = about(one.about) if one.kind == "factor" else purpose(one.about) if one.about else ""
        if key == "other":
            words = f"{purpose(one.about)} ({one.status})" if one.about else one.status
        out.append(Choice(one.at, key, words, one.by))
    return out
