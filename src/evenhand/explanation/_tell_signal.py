"""What a consent or opt-out signal says, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evenhand.signals import (
    SECTION_NAMES,
    GppString,
    TcfCaString,
    TcfQuestion,
    TcfString,
    UnreadSection,
    UsPrivacyString,
    UsSection,
    ask_gpp,
    ask_tcf,
    ask_us_privacy,
    validity_problem,
)
from evenhand.terms import Use

from ._text import day, text

__all__ = ["problem_words", "tell_signal"]

_KNOWN_PURPOSES = range(1, 12)
_FIELDS = {
    Use.SALE: "SaleOptOut",
    Use.SHARING: "SharingOptOut",
    Use.TARGETED_ADVERTISING: "TargetedAdvertisingOptOut",
}


def problem_words(problem: str, lang: str) -> str:
    """Why a signal grants nothing, as the end of a sentence.

    Example:
        >>> problem_words("expired", "en")
        'the choice is older than 13 months'
    """
    return text(f"signal.problem.{problem}", lang)


def tell_signal(
    said: TcfString | GppString | UsPrivacyString | bool, lang: str, *, at: datetime, vendor: int | None = None
) -> tuple[str, ...]:
    """What a signal says, line by line; lines that belong to one above start with two spaces.

    Args:
        said: what was read; a bool is Global Privacy Control, on or off.
        lang: ``nl`` or ``en``.
        at: the moment as of which age counts.
        vendor: id of a vendor about whom to say whether personalised advertising is permitted.

    Example:
        >>> from datetime import UTC
        >>> tell_signal(True, "en", at=datetime(2026, 1, 1, tzinfo=UTC))[0]
        'Global Privacy Control is on: this browser opts out of sale, of sharing and of targeted advertising.'
    """
    match said:
        case bool():
            return (text(f"signal.gpc-{'on' if said else 'off'}", lang), text("signal.gpc-limit", lang))
        case TcfString():
            return (text("signal.kind.tcf", lang), *_tcf(said, lang, at, vendor))
        case UsPrivacyString():
            return (text("signal.kind.us_privacy", lang), _sale(said, lang), text("signal.no-consent", lang))
        case GppString():
            return tuple(_gpp(said, lang, at, vendor))


def _tcf(said: TcfString, lang: str, at: datetime, vendor: int | None) -> Iterator[str]:
    yield text("signal.tcf.made", lang, day=day(said.last_updated, lang), cmp=said.cmp_id, country=said.publisher_cc)
    yield text("signal.tcf.consent", lang) if said.purposes_consent else text("signal.tcf.no-consent", lang)
    for purpose in said.purposes_consent:
        yield f"  {_purpose(purpose, lang)}"
    if said.purposes_li_transparency:
        yield text("signal.tcf.interest", lang)
        for purpose in said.purposes_li_transparency:
            yield f"  {_purpose(purpose, lang)}"
    shown = said.disclosed_vendors
    yield text(
        "signal.tcf.vendors", lang, consent=len(said.vendor_consents), interest=len(said.vendor_legitimate_interests)
    )
    yield (
        text("signal.tcf.disclosed-none", lang)
        if shown is None
        else text("signal.tcf.disclosed", lang, count=len(shown))
    )
    if said.publisher_restrictions:
        yield text("signal.tcf.restrictions", lang, count=len(said.publisher_restrictions))
    problem = validity_problem(said)
    yield text("signal.counts", lang) if problem is None else _grants_nothing(problem, lang)
    if vendor is not None:
        answer = ask_tcf(said, TcfQuestion(vendor), at=at)
        if answer.problem is None:
            yield text("signal.tcf.permitted", lang, vendor=vendor)
        else:
            why = problem_words(answer.problem, lang)
            yield text("signal.tcf.not-permitted", lang, vendor=vendor, why=why)


def _purpose(number: int, lang: str) -> str:
    words = text(f"signal.purpose.{number}", lang) if number in _KNOWN_PURPOSES else text("signal.purpose.other", lang)
    return f"{number}: {words}"


def _grants_nothing(problem: str, lang: str) -> str:
    return text("signal.grants-nothing", lang, why=problem_words(problem, lang))


def _sale(said: UsPrivacyString, lang: str) -> str:
    return text(f"signal.wish.{ask_us_privacy(said, [Use.SALE]).name.lower()}", lang, use=_use(Use.SALE, lang))


def _use(use: Use, lang: str) -> str:
    return text(f"signal.use.{use.value}", lang)


def _gpp(said: GppString, lang: str, at: datetime, vendor: int | None) -> Iterator[str]:
    yield text("signal.kind.gpp", lang, count=len(said.sections))
    for number, section in said.sections:
        name = SECTION_NAMES.get(number, str(number))
        yield text("signal.gpp.section", lang, name=name)
        for line in _section(section, lang, at, vendor):
            yield f"  {line}"
    if any(not isinstance(section, (TcfString, TcfCaString)) for _, section in said.sections):
        yield text("signal.gpp.together", lang)
        for use in Use:
            yield "  " + text(f"signal.wish.{ask_gpp(said, [use]).name.lower()}", lang, use=_use(use, lang))
        yield text("signal.no-consent", lang)


def _section(section: object, lang: str, at: datetime, vendor: int | None) -> Iterator[str]:
    match section:
        case TcfString():
            yield from _tcf(section, lang, at, vendor)
        case TcfCaString():
            yield text("signal.gpp.canada", lang)
        case UsSection():
            for use, field in _FIELDS.items():
                value = section.field(field)
                if value is not None:
                    yield text(f"signal.choice.{value}", lang, use=_use(use, lang))
            if section.gpc is not None:
                yield text(f"signal.gpp.gpc-{'on' if section.gpc else 'off'}", lang)
        case UsPrivacyString():
            yield _sale(section, lang)
        case UnreadSection():
            yield _grants_nothing(section.problem, lang)
