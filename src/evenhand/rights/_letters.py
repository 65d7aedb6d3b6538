"""The letters of a request: what a person reads at every step, as text and as a page. None holds their name or data."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from evenhand.explanation import article_in_words, catalogue, day, text

from ._asking_again import asking_again_after
from ._countries import country_on
from ._requests import Request
from ._words import REFUSALS, RequestKind, State, Step

__all__ = ["Letter", "Sender", "authority_of", "complaint_to", "letter_of"]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who answers.

    Attributes:
        name: as people know it.
        contact: where they can ask a human.
        country: ISO 3166.
        authority: where they can complain; "" = the authority of the country.
    """

    name: str
    contact: str
    country: str
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter.

    Attributes:
        lang: ``nl`` or ``en``.
        subject: what it is about, one line.
        lines: its paragraphs, with salutation and greeting.
    """

    lang: str
    subject: str
    lines: tuple[str, ...]

    def to_text(self) -> str:
        """As plain text for an e-mail."""
        return f"{self.subject}\n\n" + "\n\n".join(self.lines) + "\n"

    def to_html(self) -> str:
        """As one page that needs nothing else."""
        body = "\n".join(f"<p>{html.escape(line).replace(chr(10), '<br>')}</p>" for line in self.lines)
        title = html.escape(self.subject)
        return (
            f'<!doctype html>\n<html lang="{self.lang}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n"
            "</main>\n</body>\n</html>\n"
        )


_STYLE = (
    ":root{color-scheme:light dark}"
    'body{margin:0 auto;max-width:40rem;padding:1.5rem;font:1.0625rem/1.6 system-ui,"Noto Sans",sans-serif;'
    "overflow-wrap:anywhere}h1{font-size:1.4rem;line-height:1.25}"
)


def authority_of(sender: Sender, day: date | None = None) -> str:
    """Where people can complain: as declared, else the authority of the country on a day (None = as last known); ""
    where that is not known."""
    known = country_on(sender.country, day)
    return sender.authority or (known.complaints if known else "")


def complaint_to(sender: Sender, lang: str, day: date | None = None) -> str:
    """What a person who does not agree can do (GDPR 12(4), 15(1)(f)), in one or two sentences."""
    return _say(lang, "complaint", authority=authority_of(sender, day) or _say(lang, "authority-of-your-country"))


def letter_of(
    request: Request,
    sender: Sender,
    *,
    code: str = "",
    recipients: tuple[str, ...] = (),
    changed_to: str = "",
    written: datetime | None = None,
) -> Letter:
    """The letter that belongs to the step that a request took last.

    Args:
        request: as it stands now.
        sender: who answers.
        code: the one-time code, where one was asked for.
        recipients: names of those who are told of a correction, an erasure or a restriction.
        changed_to: the text of the offer that a review changed the decision to; "" = no offer, or not known here.
        written: when the letter is written; None = at its step. It promises no day that is over by then.

    Example:
        >>> from evenhand.rights import Happening, Law, request_of
        >>> came = Happening(Step.RECEIVE, datetime(2026, 3, 5, tzinfo=UTC), "person",
        ...                  {"kind": "access", "law": "gdpr", "lang": "en", "country": "NL"})
        >>> print(letter_of(request_of("R-1", [came]), Sender("Shop", "privacy@shop.example", "NL")).lines[2])
        You get an answer by 5 April 2026 at the latest. It costs you nothing.
    """
    lang, last = request.lang, next(one for one in reversed(request.trail) if not one.step.is_aside)
    about, now = _received(request), written or last.at
    name = "received"
    match last.step:
        case Step.ASK_IDENTITY | Step.FAIL_IDENTITY:
            name, lines = "identity", [about, *_identity(request, code, now)]
        case Step.EXTEND:
            reason = text(f"rights.letter.because.{last.details['reason']}", lang)
            late = "-late" if request.is_overdue(now) else ""
            lines = [about, _say(lang, f"extended{late}", reason=reason, due=_day(request.due, lang))]
            name = "extended"
        case Step.ANSWER:
            name, lines = "answered", [about, _answered(request)]
            if changed_to and last.details.get("outcome") == "change":
                lines.append(text("rights.page.changed", lang, offer=changed_to))
            if "models_until" in last.details:
                lines.append(_say(lang, "models", until=_day(date.fromisoformat(last.details["models_until"]), lang)))
            if recipients:
                lines.append(_say(lang, "told", recipients=", ".join(recipients)))
        case Step.REFUSE:
            ground = str(last.details["reason"])
            article = article_in_words(REFUSALS[ground].article, lang)
            lines = [about, _say(lang, "refused", reason=text(f"rights.ground.{ground}", lang), article=article)]
            name = "refused"
        case Step.WITHDRAW:
            name, lines = "withdrawn", [about, _say(lang, "withdrawn")]
        case Step.LAPSE:
            name, lines = "lapsed", [about, _say(lang, "lapsed")]
        case _:
            lines = [about, *_came(request, now)]
    if name in ("extended", "refused", "lapsed") or (name == "answered" and not request.kind.is_at_once):
        lines.append(complaint_to(sender, lang, now.date()))
    closing = (
        _say(lang, "number", number=request.number) + " " + _say(lang, "question", contact=sender.contact),
        _say(lang, "regards") + f"\n{sender.name}",
    )
    return Letter(lang, text(f"rights.letter.subject.{name}", lang), (_say(lang, "dear"), *lines, *closing))


def _received(request: Request) -> str:
    kind = text(f"rights.kind.{request.kind.value}", request.lang)
    return _say(request.lang, "received", received=_day(request.dates.received, request.lang), kind=kind)


def _came(request: Request, now: datetime) -> list[str]:
    lang, at_once = request.lang, f"rights.letter.at-once.{request.kind.value}"
    promise = "late" if request.is_overdue(now) else "until"
    until = [] if request.kind.is_at_once else [_say(lang, promise, due=_day(request.due, lang))]
    return [*until, *([text(at_once, lang)] if at_once in catalogue(lang) else [])]


def _identity(request: Request, code: str, now: datetime) -> list[str]:
    lang = request.lang
    asked = next(one for one in reversed(request.trail) if one.step is Step.ASK_IDENTITY)
    until = asked.at + timedelta(days=int(asked.details["days"]))
    use = "code-use" if now < until else "code-late"
    return [_say(lang, "code", code=code), _say(lang, use, until=day(until, lang)), _say(lang, "code-not-yours")]


def _answered(request: Request) -> str:
    outcome = ""
    if request.kind is RequestKind.HUMAN_REVIEW:
        answer = next(one for one in reversed(request.trail) if one.step is Step.ANSWER)
        outcome = f".{answer.details['outcome']}"
    assert request.state is State.ANSWERED
    again = day(datetime.combine(asking_again_after(request.trail[0].at), time()), request.lang)
    return text(f"rights.letter.answered.{request.kind.value}{outcome}", request.lang, again=again)


def _say(lang: str, key: str, **values: object) -> str:
    return text(f"rights.letter.{key}", lang, **values)


def _day(one: date, lang: str) -> str:
    return day(datetime(one.year, one.month, one.day, tzinfo=UTC), lang)
