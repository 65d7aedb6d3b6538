"""From what a person wants to records of what they said, and back: which switches stand, since when, who said so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from ._facts import Choice
from ._intents import Consent, Factors, Intent, Objection, Personalisation

__all__ = ["Word", "choices_of", "said_once", "signals_out", "since", "standing", "words_of"]

_OFF = ("SwitchedOff", "OptedOut", "Objected")
_NO = (*_OFF, "ConsentWithdrawn", "ConsentRefused", "Restricted", "SaleOptedOut", "SignalledNo")
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
    "ConsentRefused": "refused",
    "Signalled": "signal",
    "SignalledNo": "signal-no",
}

_OF_ALL = frozenset({"personal-off", "personal-on", "object", "object-back"})
"""Keys of what is said of everything, or of one purpose, which is then named."""


@dataclass(frozen=True, slots=True)
class Word:
    """One record of what a person said; kind, about and status as in a consents table.

    Attributes:
        kind: ``consent``, ``objection``, ``opt_out``, ``factor`` or ``signal`` (or another, which is only shown).
        about: a purpose, or of a factor the column, of a signal its name; "" = everything.
        status: the word itself.
        at: when.
        by: ``person``, ``browser``, ``staff``, or ``table`` where it stands in a list of the organisation's own.
        signal: of a signal the string.
    """

    kind: str
    about: str
    status: str
    at: datetime
    by: str = "person"
    signal: str = ""


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


def said_once(history: Iterable[Word]) -> list[Word]:
    """The words without those by which a browser or an app only went on saying what it said last, oldest first.

    As gate 1 takes them (`permission`): the same string is the same statement, from when it was heard first. A TC
    string has a moment of its own, and stays.
    """
    out: list[Word] = []
    last: dict[str, set[str]] = {}
    for _, moment in groupby(sorted(history, key=_at), key=_at):
        words, now = list(moment), dict[str, set[str]]()
        for one in filter(_is_undated, words):
            now.setdefault(one.about, set()).add(one.signal)
        again = {about for about, strings in now.items() if len(strings) == 1 and last.get(about) == strings}
        out += [one for one in words if not (_is_undated(one) and one.about in again)]
        last |= now
    return out


def _at(one: Word) -> datetime:
    return one.at


def _is_undated(one: Word) -> bool:
    return one.kind == "signal" and one.about in ("gpp", "us_privacy") and bool(one.signal)


def words_of(intent: Intent, history: Sequence[Word], at: datetime, by: str = "person") -> tuple[Word, ...]:
    """The records that an intent amounts to; () where it asks for something, or where everything stands so already.

    A no covers everything. Taking it back takes back every no of that kind that stands in this history, whatever it was
    about, so that one click is enough; and it overrules the opt-outs of browsers and apps that stand.
    """
    now = standing(history, at)

    def turned(kind: str, no: str, back: str, *, off: bool) -> tuple[Word, ...]:
        on_record = {about: one.status for (its, about), one in now.items() if its == kind}
        if off:
            return () if on_record.get("") == no else (Word(kind, "", no, at, by),)
        over = {""} if kind == "opt_out" and signals_out(now) else set()
        return tuple(
            Word(kind, about, back, at, by)
            for about in dict.fromkeys([*on_record, *over])
            if on_record.get(about) == no or about in over
        )

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
            before, signal = now.get(("consent", purpose)), now.get(("signal", "tcf"))
            stands = before is not None and before.status == status and (signal is None or signal.at <= before.at)
            return () if stands else (Word("consent", purpose, status, at, by),)
        case _:
            return ()


def signals_out(now: dict[tuple[str, str], Word]) -> tuple[Word, ...]:
    """Signals that say no and stand: the person took no opt-out back since. A TC string is no opt-out."""
    back = [one.at for (kind, _), one in now.items() if kind == "opt_out" and one.status == "OptOutWithdrawn"]
    last = max(back, default=None)
    return tuple(
        one
        for (kind, name), one in now.items()
        if kind == "signal" and name != "tcf" and one.status == "SignalledNo" and (last is None or one.at >= last)
    )


def since(now: dict[tuple[str, str], Word], kind: str, about: str | None = None) -> datetime | None:
    """Since when a no of a kind stands; of several the first. None where none does."""
    found = [
        one.at
        for (its, it), one in now.items()
        if its == kind and one.status in _OFF and (about is None or it == about)
    ]
    return min(found, default=None)


def choices_of(
    history: Iterable[Word],
    about: Callable[[str], str],
    purpose: Callable[[str], str],
    signal: Callable[[str], str] = str,
    status: Callable[[str], str] = str,
) -> list[Choice]:
    """The history of choices, newest first. The same word about the same thing, said again on the same day by the same
    one, is one line.

    Args:
        history: what was said.
        about: what a column means, in the reader's language.
        purpose: likewise a purpose.
        signal: likewise a signal.
        status: likewise a word that has no sentence of its own here, such as that a consent expired.
    """
    out: list[Choice] = []
    last: dict[tuple[str, str], tuple[str, str, date]] = {}
    for one in sorted(history, key=_at):
        key = _KEYS.get(one.status, "other")
        mean = {"factor": about, "signal": signal}.get(one.kind, purpose)
        words = mean(one.about) if one.about else ""
        said = (one.status, one.by, one.at.date())
        if last.get((one.kind, words)) == said:
            continue
        last[one.kind, words] = said
        if key == "other":
            words = f"{status(one.status)}: {words}" if words else status(one.status)
        elif key in _OF_ALL and words:
            key = f"{key}-of"
        out.append(Choice(one.at, key, words, one.by))
    return sorted(out, key=lambda choice: choice.at, reverse=True)
