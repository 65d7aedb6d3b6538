"""What a limit costs at every strictness, as a picture with its table: from a frontier's `to_dict`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from evenhand.explanation import LANGUAGES, number, percent, text
from evenhand.terms import SMALLEST_SHOWN, is_few

from ._render import environment, templates

__all__ = ["frontier_page", "frontier_picture"]

_HEADS = ("bound", "reached", "kept", "lost", "entered", "left", "given", "taken", "held")


def frontier_picture(frontier: Mapping[str, Any], *, lang: str = "en") -> str:
    """A figure (HTML): an inline SVG with title and description, and a table with every point.

    Args:
        frontier: as from `allocation.Frontier.to_dict` or `allocation.CampaignFrontier.to_dict`; it may have been
            through JSON.
        lang: ``nl`` or ``en``.

    Raises:
        KeyError: something is missing, or there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)

    def t(key: str, **values: object) -> str:
        return text(f"report.{key}", lang, **values)

    rows = [_row(point, lang, t("frontier.yes" if point["held"] else "frontier.no")) for point in frontier["points"]]
    points = sorted(
        (point for point in frontier["points"] if point["value_kept"] is not None),
        key=lambda point: float(point["bound"]),
    )
    low, high = _range([point["value_kept"] for point in points], 0.0, 1.0)
    first, last = _range([point["bound"] for point in points], None, None)
    dots = [
        {
            "x": _place(point["bound"], first, last),
            "y": round(100 - _place(point["value_kept"], low, high), 2),
            "held": point["held"],
        }
        for point in points
    ]
    line = "M" + "L".join(f"{dot['x']} {dot['y']}" for dot in dots) if len(dots) > 1 else ""
    ends = {"low": percent(low, lang), "high": percent(high, lang), "first": number(first, lang),
            "last": number(last, lang)}  # fmt: skip
    desc = ""
    if points:
        desc = t(
            "frontier.desc",
            limit=frontier["limit"],
            first=number(points[0]["bound"], lang),
            first_kept=percent(points[0]["value_kept"], lang),
            last=number(points[-1]["bound"], lang),
            last_kept=percent(points[-1]["value_kept"], lang),
        )
    people, free = _told(frontier["people"], lang), frontier["unlimited"]
    unlimited = _hidden(frontier, "unlimited", lang) if free is None else number(free, lang, 4)
    if "budget" in frontier:
        say = t("frontier.say", people=people, budget=percent(frontier["budget"], lang), unlimited=unlimited)
    else:
        selected = _told(frontier["selected"], lang)
        say = t("frontier.say-campaign", people=people, selected=selected, unlimited=unlimited)
    return (
        environment()
        .get_template("frontier.html")
        .render(
            sweep=frontier, t=t, rows=rows, dots=dots, line=line, ends=ends, desc=desc, say=say,
            heads=[t(f"frontier.{head}") for head in _HEADS],
            mark="frontier-" + re.sub(r"[^A-Za-z0-9-]", "-", frontier["limit"]),
        )
    )  # fmt: skip


def frontier_page(frontier: Mapping[str, Any], *, lang: str = "en") -> str:
    """The picture as one self-contained HTML file, in the report's dress."""
    title = text("report.frontier.title", lang, limit=frontier["limit"])
    return (
        environment()
        .from_string(
            '<!doctype html><html lang="{{ lang }}"><head><meta charset="utf-8"><title>{{ title }}</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><style>{{ style|safe }}</style></head>'
            '<body><main class="wrap"><h1>{{ title }}</h1>{{ figure|safe }}</main></body></html>'
        )
        .render(lang=lang, title=title, style=templates()["style.css"], figure=frontier_picture(frontier, lang=lang))
    )


def _told(count: int | None, lang: str) -> str:
    return text("report.hidden", lang) if count is None else number(count, lang)


def _row(point: Mapping[str, Any], lang: str, held: str) -> list[str]:
    def told(name: str, write: Callable[[Any], str]) -> str:
        return "–" if point[name] is None else write(point[name])

    def people(count: float) -> str:
        if is_few(round(count)):
            return text("report.few", lang, smallest=SMALLEST_SHOWN)
        return number(round(count), lang)

    def kept(name: str, write: Callable[[Any], str]) -> str:
        """A figure of a bound that can be kept: where there is none it is hidden."""
        is_hidden = point[name] is None and point["value_kept"] is not None
        return _hidden(point, name, lang) if is_hidden else told(name, write)

    counts = [kept(name, people) for name in ("entered", "left", "given", "taken")]
    return [
        number(point["bound"], lang),
        kept("reached", lambda figure: number(figure, lang, 4)),
        told("value_kept", lambda share: percent(share, lang)),
        told("value_lost", lambda micro: number(micro / 1e6, lang, 2)),
        *counts,
        held,
    ]


def _hidden(told: Mapping[str, Any], name: str, lang: str) -> str:
    """What is said in place of a figure that is not told."""
    between = told.get(f"{name}_between")
    if between is None:
        return text("report.hidden", lang)
    lower, upper = (number(end, lang, 3) for end in between)
    return text("report.between", lang, lower=lower, upper=upper)


def _range(values: list[float], least: float | None, most: float | None) -> tuple[float, float]:
    """Ends of an axis: a little beyond the values, never without width."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(0.05 * (high - low), 1e-3)
    low, high = low - room if least is not None else low, high + room if most is not None else high
    if least is not None and most is not None:
        low, high = max(low, least), min(max(high, low + 1e-3), most)
    return low, high if high > low else low + 1e-3


def _place(value: float, low: float, high: float) -> float:
    return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)
