"""One self-contained page from the report's plain values: no script, no request, both languages in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES
from evenhand.terms import SMALLEST_SHOWN

from ._audit_view import audit_view
from ._chapters import (
    evaluation_view,
    findings_view,
    funnel_view,
    hero_view,
    lots_view,
    numbers_view,
    unused_view,
)
from ._groups import beside_said, conditions_view, groups_view
from ._limit_words import limits_view
from ._prices import has_guesses, prices_view
from ._shapes import model_view
from ._stories import story_view
from ._words import Words

__all__ = ["environment", "fill", "render", "render_audit", "templates"]

_CHAPTERS = ("funnel", "groups", "limits", "model", "evaluation", "stories", "data", "unused", "honest", "verify")


def render(report: Mapping[str, Any], *, lang: str = "en") -> str:
    """The report as one HTML file.

    Everything on the page comes from `report`, which may have been through JSON. It holds Dutch and English; the
    reader switches between them without a script, and prints the one in view.

    Args:
        report: as from `build`, with ``head`` where the run was recorded.
        lang: the language that is in view first.

    Raises:
        KeyError: the report lacks something, or there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    pages: dict[str, dict[str, Any]] = {}
    for one in LANGUAGES:
        words = Words(report, one, SMALLEST_SHOWN)
        pages[one] = {
            "words": words,
            "t": words.t,
            "hero": hero_view(report, words),
            "has_guesses": has_guesses(report),
            "funnel": funnel_view(report, words),
            "groups": groups_view(report, words),
            "conditions": conditions_view(report, words),
            "limits": limits_view(report, words),
            "lots": lots_view(report, words),
            "numbers": numbers_view(report, words),
            "prices": prices_view(report, words),
            "model": model_view(report, words),
            "evaluation": evaluation_view(report, words),
            "findings": findings_view(report, words),
            "data": audit_view(report["audit"], words),
            "beside": beside_said(report, words),
            "unused": unused_view(report, words),
            "stories": [story_view(story[one], words) for story in report.get("stories", [])],
        }
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            pages=pages,
            lang=lang,
            languages={"nl": "Nederlands", "en": "English"},
            chapters=_CHAPTERS,
            style=templates()["style.css"],
            title=pages[lang]["t"]("page.title", campaign=report["campaign"]["id"]),
        )
    )


def render_audit(audit: Mapping[str, Any], *, lang: str = "en") -> str:
    """A data audit as one HTML file, in Dutch and English, without a script or a request.

    Args:
        audit: as from `evenhand.disparity.Audit.to_dict`; it may have been through JSON.
        lang: the language that is in view first.

    Raises:
        KeyError: the audit lacks something, or there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    about = {"campaign": {"currency": "EUR"}, "not_used": [], "model": {"terms": []}, "audit": audit}
    pages: dict[str, dict[str, Any]] = {}
    for one in LANGUAGES:
        words = Words(about, one, SMALLEST_SHOWN)
        pages[one] = {
            "words": words,
            "t": words.t,
            "findings": findings_view(about, words),
            "view": audit_view(audit, words),
        }
    return (
        environment()
        .get_template("audit.html")
        .render(
            audit=audit,
            pages=pages,
            lang=lang,
            languages={"nl": "Nederlands", "en": "English"},
            style=templates()["style.css"],
            title=pages[lang]["t"]("audit.title"),
        )
    )


def fill(template: str, **values: object) -> str:
    """One of our templates with these values, each escaped."""
    return environment().get_template(template).render(**values)


@cache
def templates() -> dict[str, str]:
    """The texts of the templates folder, by file name."""
    folder = files(__package__) / "templates"
    return {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith((".html", ".css"))}


@cache
def environment() -> Environment:
    """The one way in which templates are filled: escaped, and strict about what is missing."""
    return Environment(
        loader=DictLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
