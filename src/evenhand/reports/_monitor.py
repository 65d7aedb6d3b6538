"""How a campaign stands, as one page: states, bands over events, and what happened. No script, no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.explanation import LANGUAGES, number, percent, text
from evenhand.terms import SMALLEST_SHOWN

from ._monitor_words import (
    comparison_name,
    evidence_words,
    figures_words,
    happened_words,
    points,
    state_words,
    stopped_words,
    stream_words,
)
from ._render import environment, templates
from ._words import Words

__all__ = ["monitor_page", "monitor_streams"]

MOST_BYTES = 50_000
MOST_CHARTS, MOST_ROWS, MOST_ENTRIES = 12, 32, 12
_WIDTH, _HEIGHT = 200, 80
_ORDER = {"skewed": 0, "within-again": 1, "no-evidence": 2}
_NICE = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_HEADS = ("compared", "state", "group", "others", "band", "evidence", "events")


def monitor_page(monitored: Mapping[str, Any], *, lang: str = "en") -> str:
    """The page as one HTML file of at most 50 kB: what is skewed is drawn first, and what does not fit is counted.

    Args:
        monitored: as from `assembly.Monitored.to_dict`; it may have been through JSON.
        lang: ``nl`` or ``en``.

    Raises:
        KeyError: something is missing, or there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)

    page = ""
    for smaller in (1, 2, 4, 8, 16):
        page = _page(monitored, lang, smaller)
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def monitor_streams(monitored: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """The streams of a look as words and drawings, for a page that has a frame of its own; skewed ones first.

    Args:
        monitored: as of `monitor_page`.
        lang: ``nl`` or ``en``.
    """
    room = 2 * max(1, len(monitored["streams"]))
    return [_stream(one, place, lang, room) for place, one in enumerate(monitored["streams"], 1)]


def _page(monitored: Mapping[str, Any], lang: str, smaller: int) -> str:
    """The page with so many times fewer drawings, rows and entries."""

    def t(key: str, **values: object) -> str:
        return text(f"report.{key}", lang, **values)

    words = Words({"campaign": {"currency": "EUR"}, "not_used": [], "model": {"terms": []}}, lang, SMALLEST_SHOWN)
    room = smaller * max(1, len(monitored["streams"]))
    compared = [one["state"] == "skewed" for stream in monitored["streams"] for one in stream["comparisons"]]
    paused, history = monitored["paused"], list(reversed(monitored["history"]))
    entries = history[: MOST_ENTRIES // smaller]
    return (
        environment()
        .get_template("monitor.html")
        .render(
            t=t,
            lang=lang,
            style=templates()["style.css"],
            title=t("monitor.title", campaign=monitored["campaign"]),
            moment=words.moment(monitored["at"]),
            streams=[_stream(one, place, lang, room) for place, one in enumerate(monitored["streams"], 1)],
            skewed=t("monitor.is-skewed", count=sum(compared), total=len(compared)) if any(compared) else "",
            paused=paused and stopped_words(paused, words.moment(paused["at"]), lang),
            command="evenhand monitor resume CAMPAIGN --by NAME --reason TEXT",
            heads=[t(f"monitor.head.{head}") for head in _HEADS],
            history=[
                {"entry": one["entry"], "at": words.moment(one["at"]), "said": happened_words(one, lang)}
                for one in entries
            ],
            older=len(history) - len(entries),
        )
    )


def _stream(stream: Mapping[str, Any], place: int, lang: str, room: int) -> dict[str, Any]:
    """One stream: its words, its drawings and its table; a share of the page's room, and at least one of each."""
    told = sorted(stream["comparisons"], key=lambda one: (_ORDER[one["state"]], one["offer"] != ""))
    drawn = [one for one in told if one["course"]][: max(1, MOST_CHARTS // room)]
    rows = told[: max(1, MOST_ROWS // room)]
    tolerance = stream["tolerance"]
    return {
        "id": stream["watch"] or stream["kind"],
        "kind": stream["kind"],
        "on_alarm": stream["on_alarm"],
        "said": stream_words(stream, lang),
        "tolerance": number(round(100 * tolerance, 4), lang),
        "alpha": percent(stream["alpha"], lang),
        "charts": [_chart(one, f"c{place}-{at}", tolerance, lang) for at, one in enumerate(drawn, 1)],
        "undrawn": len(told) - len(drawn),
        "rows": [_row(one, lang) for one in rows],
        "unlisted": len(told) - len(rows),
    }


def _row(one: Mapping[str, Any], lang: str) -> dict[str, Any]:
    figures = one["figures"]
    cells = ["–"] * 5
    if figures is not None:
        cells = [
            percent(figures["rate"]["group"], lang),
            percent(figures["rate"]["others"], lang),
            f"{points(figures['lower'], lang)} … {points(figures['upper'], lang)}",
            evidence_words(figures["evidence"], lang),
            number(figures["events"], lang, 0),
        ]
    return {"name": comparison_name(one, lang), "tag": _tag(one), "state": state_words(one, lang), "cells": cells}


def _tag(one: Mapping[str, Any]) -> str:
    return {"skewed": "error", "within-again": "warning", "no-evidence": "note"}[one["state"]]


def _chart(one: Mapping[str, Any], mark: str, tolerance: float, lang: str) -> dict[str, Any]:
    """The band of the difference over events, on a field of 200 x 80 with zero in the middle."""
    course: Sequence[Mapping[str, Any]] = one["course"]
    half = _half(course, tolerance)
    most: float = course[-1]["events"]

    def x(events: float) -> float:
        return round(_WIDTH * events / most, 1)

    def y(gap: float) -> float:
        return round(_HEIGHT / 2 * (1 - min(max(gap / half, -1.0), 1.0)), 1)

    upper = [f"{x(point['events']):g} {y(point['upper']):g}" for point in course]
    lower = [f"{x(point['events']):g} {y(point['lower']):g}" for point in reversed(course)]
    middle = [f"{x(point['events']):g} {y(point['gap']):g}" for point in course]
    name, last = comparison_name(one, lang), course[-1]
    return {
        "mark": mark,
        "name": name,
        "tag": _tag(one),
        "state": state_words(one, lang),
        "figures": figures_words(one["figures"], lang),
        "band": "M" + "L".join([*upper, *lower]) + "Z",
        "line": "M" + "L".join(middle) if len(middle) > 1 else "",
        "dot": {"x": x(last["events"]), "y": y(last["gap"])},
        "tolerance": {"y": y(tolerance), "height": round(y(-tolerance) - y(tolerance), 1)},
        "scale": text("report.monitor.chart", lang, bottom=points(-half, lang), top=points(half, lang)),
        "last": number(most, lang, 0),
        "desc": text(
            "report.monitor.chart-desc",
            lang,
            name=name,
            events=number(most, lang, 0),
            lower=points(last["lower"], lang),
            upper=points(last["upper"], lang),
        ),
    }


def _half(course: Sequence[Mapping[str, Any]], tolerance: float) -> float:
    """Half of a scale that holds the later half of the course whole, and the tolerance with room."""
    later = course[len(course) // 2 :]
    edges = [abs(float(point[edge])) for point in later for edge in ("lower", "upper")]
    reach = max(*edges, 1.5 * tolerance)
    return next((top for top in _NICE if reach <= top), reach)
