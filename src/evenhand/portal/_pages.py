"""The pages: plain values into templates, escaped, in the reader's language; no script, and one style sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, Lang, day, number, percent, text
from evenhand.rights import State

from ._facts import Me, Why
from ._intents import Right
from ._why_view import why_view

__all__ = [
    "MOST_ROWS",
    "Place",
    "asset",
    "code_page",
    "door_page",
    "enter_page",
    "fragment",
    "how_page",
    "left_page",
    "me_page",
    "refused_page",
    "root_page",
    "style",
    "why_page",
]

_HOW = (("ai", 6), ("not", 4), ("control", 4), ("proof", 2), ("signal", 1))
_MAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_NOTHING: Mapping[str, str] = {}
MOST_ROWS = 10
"""So many decisions, requests and choices stand on the own page at once."""
_MOST_FACTS = 30
"""Likewise facts on the page of one decision."""
_NAMES = {"nl": "Nederlands", "en": "English"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands among the others; all are paths of the same server, "" where there is none.

    Attributes:
        here: this page.
        style: the style sheet.
        act: where choices are sent.
        ask: where requests are sent.
        me: the person's own page; "" behind a link to one decision, which shows nothing else.
        why: what stands before the id of a decision.
        how: the page on how it works.
        leave: ends the visit.
        receipt: the receipt of this decision.
        file: this decision as JSON.
        enter: where somebody without a link asks for a code.
        csrf: what a form must send back.
        back: where a form was sent from, below the mount.
        done: what was done just now: the second part of a key ``portal.done.*``; "" = nothing.
        proof: a receipt of this decision that holds nothing of the person.
    """

    here: str
    style: str
    how: str
    act: str = ""
    ask: str = ""
    me: str = ""
    why: str = ""
    leave: str = ""
    receipt: str = ""
    file: str = ""
    enter: str = ""
    csrf: str = ""
    back: str = ""
    done: str = ""
    proof: str = ""


def why_page(why: Why, place: Place, *, browser_says_no: bool = False, past: int = 0) -> str:
    """One decision: the sentence, two buttons, and all of it for whoever opens it. The language is that of `why.told`.

    Args:
        why: the decision.
        place: where the page stands.
        browser_says_no: the browser sends Global Privacy Control with this very request; the page says what that did.
        past: how many of the facts that counted most are not shown; of all others thirty are.

    Raises:
        KeyError: there is no such language.
    """
    lang = why.told.lang
    controller, view = why.campaign.controller, why_view(why, own=bool(place.me))
    past = min(past, max(0, len(view["facts"]) - 1))
    return _filled(
        "why.html",
        lang,
        place,
        sender=controller.name,
        contact=controller.contact,
        view=view,
        most=_MOST_FACTS,
        past=past,
        shown=view["facts"][past : past + _MOST_FACTS],
        gpc=_gpc(why) if browser_says_no else "",
    )


def _gpc(why: Why) -> str:
    """What a browser's signal did: personalisation is off, or nothing here is what it is about, or the person chose
    otherwise later."""
    if why.personalisation.off or why.objection:
        return "on"
    return "nothing" if why.gpc_means == "nothing" else "but"


def me_page(
    me: Me,
    place: Place,
    lang: Lang,
    *,
    typed: Mapping[str, str] = _NOTHING,
    past_asked: int = 0,
    past_chosen: int = 0,
) -> str:
    """The person's own page: what was decided, what may count, what they asked and chose.

    Args:
        me: what it shows.
        place: where it stands.
        lang: ``nl`` or ``en``.
        typed: by right, what stood in its box when the language was changed.
        past_asked, past_chosen: how many of the newest requests and choices are not shown; of all others ten are.
    """
    past_asked = min(past_asked, max(0, len(me.requests) - 1))
    past_chosen = min(past_chosen, max(0, len(me.choices) - 1))
    rights = [right.value for right in Right if right is not Right.HUMAN_REVIEW]
    closed = [state.value for state in State if state.is_closed]
    more = {
        "me": me,
        "rights": rights,
        "closed": closed,
        "typed": {one.value: typed.get(one.value, "") for one in Right},
        "most": MOST_ROWS,
        "asked": me.requests[past_asked : past_asked + MOST_ROWS],
        "past_asked": past_asked,
        "chosen": me.choices[past_chosen : past_chosen + MOST_ROWS],
        "past_chosen": past_chosen,
    }
    return _filled("me.html", lang, place, sender=me.sender, contact=me.contact, **more)


def how_page(sender: str, contact: str, place: Place, lang: Lang) -> str:
    """How it works: what the computer does and does not do."""
    return _filled("how.html", lang, place, sender=sender, contact=contact, parts=_HOW)


def door_page(sender: str, contact: str, place: Place, lang: Lang, *, minutes: int) -> str:
    """What a link to the person's own page opens: nothing about anybody, and one button.

    A link that is only looked at, as mail programs do, is not used up.
    """
    say = text("portal.door.say", lang, minutes=minutes)
    return _note(place, lang, sender, contact, title="portal.door.title", say=say, enter=True)


def enter_page(sender: str, contact: str, place: Place, lang: Lang, *, problem: Literal["", "busy"] = "") -> str:
    """Where somebody without a link says under which id or address they are known."""
    said = "portal.enter.busy" if problem else ""
    values = {"title": "portal.enter.title", "is_code": False, "problem": said, "minutes": 0}
    return _filled("enter.html", lang, place, sender=sender, contact=contact, **values)


def code_page(sender: str, contact: str, place: Place, lang: Lang, *, minutes: int, is_wrong: bool = False) -> str:
    """Where they fill in the code that was brought to them. It is the same whether they are known or not."""
    said = "portal.code.wrong" if is_wrong else ""
    values = {"title": "portal.code.title", "is_code": True, "problem": said, "minutes": minutes}
    return _filled("enter.html", lang, place, sender=sender, contact=contact, **values)


def refused_page(
    why: Literal["link", "no-visit", "session", "form", "unknown", "erased", "not-now", "fault"],
    sender: str,
    contact: str,
    place: Place,
    lang: Lang,
    *,
    minutes: int = 0,
) -> str:
    """What is shown instead, where a link, a visit or a form is not good. It is the same whoever asks, and whyever.

    Args:
        why: what is the matter; ``no-visit`` where nobody came in here yet, ``session`` where their time is up.
        sender, contact: whose pages these are, and where a human answers.
        place: where the page stands; with `Place.enter` it says that a code opens the own page too.
        lang: ``nl`` or ``en``.
        minutes: for how long an own page stays open.
    """
    say = {
        "link": "portal.refused.link",
        "no-visit": "portal.refused.no-visit-code" if place.enter else "portal.refused.no-visit",
        "session": "portal.refused.session",
        "form": "portal.refused.form",
        "unknown": "portal.refused.unknown",
        "erased": "portal.refused.erased",
        "not-now": "portal.refused.not-now",
        "fault": "portal.refused.fault",
    }[why]
    title = {
        "no-visit": f"{say}.title",
        "erased": f"{say}.title",
        "session": "portal.left.title",
        "not-now": "portal.refused.trouble",
        "fault": "portal.refused.trouble",
    }.get(why, "portal.refused.title")
    return _note(place, lang, sender, contact, title=title, say=text(say, lang, minutes=minutes), enter=False)


def left_page(sender: str, contact: str, place: Place, lang: Lang) -> str:
    """The visit was ended."""
    say = text("portal.left.say", lang)
    return _note(place, lang, sender, contact, title="portal.left.title", say=say, enter=False)


def root_page(
    sender: str, contact: str, place: Place, lang: Lang, *, programs: str, how: str = "", me: str = "", staff: str = ""
) -> str:
    """What a browser is shown at the address of a service itself: what it is, and what stands there.

    Args:
        sender: whose service it is; "" where it serves no campaign yet.
        contact: where a human answers.
        place: where it stands.
        lang: ``nl`` or ``en``.
        programs: the description of what programs can ask.
        how, me: the page on how it works and the person's own one; "" = there are no pages of people.
        staff: where who works here begins; "" = nowhere.
    """
    more = {"programs": programs, "how": how, "me": me, "staff": staff}
    return _filled("root.html", lang, place, sender=sender, contact=contact, **more)


def style() -> str:
    """The style sheet of all pages."""
    return _parts()["portal.css"]


def fragment(template: str, **values: Any) -> str:
    """A part of a page that stands elsewhere, escaped."""
    return _environment().get_template(template).render(**values)


@cache
def asset(name: str) -> str:
    """A file that is given as it is."""
    return (files(__package__) / "page" / name).read_text("utf-8")


def _note(place: Place, lang: Lang, sender: str, contact: str, **values: Any) -> str:
    return _filled("note.html", lang, place, sender=sender, contact=contact, **values)


def _filled(template: str, lang: str, place: Place, **values: Any) -> str:
    if lang not in LANGUAGES:
        raise KeyError(lang)

    def t(key: str, **more: object) -> str:
        return text(key, lang, **more)

    def day_of(moment: datetime | date) -> str:
        return day(moment if isinstance(moment, datetime) else datetime.combine(moment, time()), lang)

    own: Mapping[str, Any] = {
        "contact_link": _contact_link(str(values["contact"])),
        "lang": lang,
        "languages": _NAMES,
        "place": place,
        "t": t,
        "day": day_of,
        "number": lambda value: number(value, lang, 0),
        "percent": lambda share: percent(share, lang, 0),
    }
    return _environment().get_template(template).render(**own, **values)


def _contact_link(contact: str) -> str:
    """Where a link to a human leads; "" where the contact is neither an e-mail address nor a secure page."""
    if _MAIL.fullmatch(contact):
        return f"mailto:{contact}"
    return contact if contact.startswith("https://") and not set(contact) & set(" <>\"'") else ""


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "page"
    return {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith((".html", ".css"))}


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader(_parts()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
