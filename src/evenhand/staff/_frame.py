"""The frame of all pages for staff: plain values into templates, escaped, in the reader's language; no script."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, Lang, day, number, percent, text

from ._words import Staff, StaffRole

__all__ = [
    "Frame",
    "RefusedWhy",
    "Section",
    "choose_page",
    "page_filler",
    "refused_page",
    "sign_in_page",
    "signed_out_page",
    "start_page",
    "style",
]

RefusedWhy = Literal["role", "session", "form", "unknown", "issuer", "token", "state", "store"]
"""Why somebody of the staff is shown another page than they asked for."""
_NAMES = {"nl": "Nederlands", "en": "English"}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the house for staff, shown in the frame to whoever may open it.

    Attributes:
        path: where it stands, such as ``/officer/``.
        key: of its name in the catalogue.
        roles: who may open it.
    """

    path: str
    key: str
    roles: frozenset[StaffRole]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page.

    Attributes:
        here: the path of this page, without its query.
        style: the path of the style sheet.
        query: what stands in its query besides the language, such as ``state=open``.
        staff: who looks; None where nobody is signed in.
        sections: parts that they may open.
        leave: where a form signs out; "" where nobody is signed in.
        sender: whose house this is; "" where that is not known.
        form: id of the form of this page that goes along when the language is changed, so that nothing typed is lost;
            it is sent with ``do`` = ``lang-nl`` or ``lang-en``. "" = the language is changed by a link.
        form_does: the ``do`` of the button that Enter presses in that form.
        forms: ids of small forms (``act-1``, ``act-2``, ...) of which the one that has something typed in it goes along
            likewise; while there is nothing in them, the language is changed by a link.
    """

    here: str
    style: str
    query: str = ""
    staff: Staff | None = None
    sections: tuple[Section, ...] = ()
    leave: str = ""
    sender: str = ""
    form: str = ""
    form_does: str = ""
    forms: tuple[str, ...] = ()

    def with_language(self, lang: str) -> str:
        """This page in a language."""
        more = f"{self.query}&" if self.query else ""
        return f"{self.here}?{more}lang={lang}"

    def is_within(self, section: Section) -> bool:
        """Whether this page is one of a section."""
        return self.here.startswith(section.path)


def page_filler(folder: Traversable) -> Callable[..., str]:
    """A function that fills the templates of a folder: ``fill("queue.html", frame, lang, requests=...)``.

    A template there says ``{% extends "staff.html" %}``, fills the blocks ``title`` and ``main``, and may import
    ``csrf`` from ``staff_parts.html`` (the hidden fields that every form needs). It has, besides what is given: ``t``
    (a text of the catalogue by key), ``day``, ``moment``, ``number``, ``percent``, ``lang``, ``frame``.

    Args:
        folder: holds templates that end in ``.html``.
    """

    @cache
    def environment() -> Environment:
        parts = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".html")}
        return Environment(
            loader=DictLoader({**_parts(), **parts}),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def fill(template: str, frame: Frame, lang: Lang, **values: Any) -> str:
        if lang not in LANGUAGES:
            raise KeyError(lang)
        own = {
            "frame": frame,
            "lang": lang,
            "languages": _NAMES,
            "t": lambda key, **more: text(key, lang, **more),
            "day": lambda moment: _day_of(moment, lang),
            "moment": lambda moment: f"{_day_of(moment, lang)}, {moment:%H:%M} UTC",
            "number": lambda value: number(value, lang, 0),
            "percent": lambda share: percent(share, lang, 0),
        }
        return environment().get_template(template).render(**own, **values)

    return fill


def sign_in_page(frame: Frame, lang: Lang, *, go: str, issuer: str) -> str:
    """Where whoever works here begins.

    Args:
        frame: around it.
        lang: ``nl`` or ``en``.
        go: where the button leads.
        issuer: host of the organisation's issuer.
    """
    say = text("staff.sign-in.say", lang, issuer=issuer)
    return _own()("staff_note.html", frame, lang, title="staff.sign-in.title", lines=[say], go=go)


def signed_out_page(frame: Frame, lang: Lang, *, go: str, there: str = "") -> str:
    """They signed out.

    Args:
        frame: around it.
        lang: ``nl`` or ``en``.
        go: where they sign in again.
        there: where they sign out at the issuer too; "" = not known.
    """
    lines = [text("staff.signed-out.say", lang), text("staff.signed-out.issuer", lang)]
    more = {"title": "staff.signed-out.title", "lines": lines, "go": go, "there": there}
    return _own()("staff_note.html", frame, lang, **more)


def start_page(frame: Frame, lang: Lang) -> str:
    """The parts of the house that somebody may open; the frame names them."""
    return _own()("staff_start.html", frame, lang)


def choose_page(frame: Frame, lang: Lang, *, people: Sequence[tuple[str, Sequence[StaffRole], str]]) -> str:
    """Who to be, where the sign-in is only tried.

    Args:
        frame: around it.
        lang: ``nl`` or ``en``.
        people: of each their name, their roles, and the link that chooses them.
    """
    return _own()("staff_choose.html", frame, lang, people=people)


def refused_page(
    why: RefusedWhy,
    frame: Frame,
    lang: Lang,
    *,
    go: str = "",
    roles: Collection[StaffRole] = (),
    contact: str = "",
) -> str:
    """What is shown instead, where a role, a sign-in or a form is not good.

    Args:
        why: what is the matter.
        frame: around it.
        lang: ``nl`` or ``en``.
        go: where they can begin anew; "" = nowhere.
        roles: of which one is needed.
        contact: who gives roles; "" = not declared.
    """
    say = {
        "role": "staff.refused.role",
        "session": "staff.refused.session",
        "form": "staff.refused.form",
        "unknown": "staff.refused.unknown",
        "issuer": "staff.refused.issuer",
        "token": "staff.refused.token",
        "state": "staff.refused.state",
        "store": "staff.refused.store",
    }[why]
    lines = [text(say, lang)]
    if why == "role":
        lines.append(text("staff.refused.ask" if contact else "staff.refused.ask-issuer", lang, contact=contact))
    needs = [role for role in StaffRole if role in roles]
    return _own()("staff_note.html", frame, lang, title="staff.refused.title", lines=lines, go=go, needs=needs)


def style() -> str:
    """The style sheet of all pages for staff."""
    return (files(__package__) / "page" / "staff.css").read_text("utf-8")


def _day_of(moment: datetime | date, lang: str) -> str:
    return day(moment if isinstance(moment, datetime) else datetime.combine(moment, time()), lang)


@cache
def _own() -> Callable[..., str]:
    return page_filler(files(__package__) / "page")


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "page"
    return {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".html")}
