"""What a monitor says, in words of one language: the same on its page and in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.explanation import number, percent, text

__all__ = [
    "comparison_name",
    "evidence_words",
    "figures_words",
    "happened_words",
    "points",
    "state_words",
    "stopped_words",
    "stream_words",
]

_MINUS = "\N{MINUS SIGN}"
_ENDLESS = 1e9


def comparison_name(comparison: Mapping[str, Any], lang: str, *, whole: bool = True) -> str:
    """Who is compared with whom, and for which offer.

    >>> told = {"features": ["sex"], "group": ["f"], "offer": "tea", "beside": []}
    >>> comparison_name(told, "en")
    'sex f against the others, offer tea'
    """
    group = f"{' & '.join(comparison['features'])} {' & '.join(comparison['group'])}"
    others = " & ".join(comparison["beside"]) or text("report.monitor.others", lang)
    name = text("report.monitor.against", lang, group=group, others=others) if whole else group
    offer = text("report.monitor.offer", lang, offer=comparison["offer"]) if comparison["offer"] else ""
    return f"{name}, {offer}" if offer else name


def state_words(comparison: Mapping[str, Any], lang: str) -> str:
    """The state now; of a skewed group also whether it gets more or less."""
    state, figures = comparison["state"], comparison["figures"]
    if state == "skewed" and comparison["direction"]:
        way = "more" if comparison["direction"] > 0 else "less"
        return f"{text('report.monitor.state.skewed', lang)}: {text(f'report.monitor.direction.{way}', lang)}"
    until = figures["until"] if figures else None
    if state == "no-evidence" and until and until["events"] is not None:
        events, gap = number(until["events"], lang, 0), number(round(100 * until["gap"], 1), lang)
        return text("report.monitor.state.until", lang, events=events, points=gap)
    return text(f"report.monitor.state.{state}", lang)


def figures_words(figures: Mapping[str, Any] | None, lang: str) -> str:
    """The figures of the last showing; that there are none where too few people were counted."""
    if figures is None:
        return text("report.monitor.few", lang)
    return text(
        "report.monitor.figures",
        lang,
        group=percent(figures["rate"]["group"], lang),
        others=percent(figures["rate"]["others"], lang),
        lower=points(figures["lower"], lang),
        upper=points(figures["upper"], lang),
        evidence=evidence_words(figures["evidence"], lang),
    )


def points(gap: float, lang: str) -> str:
    """A difference as signed points.

    >>> points(-0.0123, "nl")
    '\N{MINUS SIGN}1,2'
    """
    written = number(abs(100 * gap), lang, 1)
    return written if not written.strip("0.,") else (_MINUS if gap < 0 else "+") + written


def evidence_words(evidence: float, lang: str) -> str:
    """An e-value as people read it: the larger, the coarser."""
    if evidence > _ENDLESS:
        return f"> {number(_ENDLESS, lang, 0)}"
    return number(evidence, lang, 0 if evidence >= 100 else 1 if evidence >= 10 else 2)


def stream_words(stream: Mapping[str, Any], lang: str) -> list[str]:
    """How much was counted, and what was odd about it."""
    said = [
        text(
            "report.monitor.events", lang, events=number(stream["events"], lang, 0), new=number(stream["new"], lang, 0)
        )
    ]
    if stream["corrected_from"] is not None:
        said.append(text("report.monitor.corrected", lang, event=number(stream["corrected_from"], lang, 0)))
    if stream["unmatched"]:
        said.append(text("report.monitor.unmatched", lang, rows=number(stream["unmatched"], lang, 0)))
    if stream["not_compared"]:
        named = "; ".join(" & ".join(features) for features in stream["not_compared"])
        said.append(text("report.monitor.not-compared", lang, columns=named))
    return said


def stopped_words(entry: Mapping[str, Any], at: str, lang: str) -> str:
    """That the campaign is paused, or fell back and to what.

    Args:
        entry: the ledger's entry that did so.
        at: its moment, as it is to be read.
        lang: ``nl`` or ``en``.
    """
    if entry["what"] == "fell-back":
        return text("report.monitor.fell-back", lang, at=at, run=entry["run"], entry=entry["entry"])
    if entry["what"] == "paused-by":
        return text("report.monitor.paused-by", lang, at=at, entry=entry["entry"], by=entry["by"])
    return text("report.monitor.paused", lang, at=at, entry=entry["entry"])


def happened_words(entry: Mapping[str, Any], lang: str) -> str:
    """An entry of the ledger about a campaign."""
    if entry["what"] == "paused":
        return text("report.monitor.happened.paused", lang, alarm=entry["alarm"])
    if entry["what"] == "paused-by":
        return text("report.monitor.happened.paused-by", lang, by=entry["by"], reason=entry["reason"])
    if entry["what"] == "fell-back":
        return text("report.monitor.happened.fell-back", lang, run=entry["run"], alarm=entry["alarm"])
    if entry["what"] == "resumed":
        return text("report.monitor.happened.resumed", lang, by=entry["by"], reason=entry["reason"])
    kind = "evidence" if entry["kind"] == "evidence" else "change"
    name, event = comparison_name(entry, lang), number(entry["event"], lang, 0)
    said = text(f"report.monitor.alarm.{kind}", lang, watch=entry["watch"], name=name, event=event)
    if entry["figures"] is None:
        return said
    return f"{said} {text('report.monitor.alarm-figures', lang, figures=figures_words(entry['figures'], lang))}"
