"""The data audit in figures: rates per group, what features tell, parts, time - for its own page and the report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ._figures import axis_top, to_percent
from ._groups import dark, told_as_ranges
from ._words import Words

__all__ = ["audit_view"]

View = dict[str, Any]
Audit = Mapping[str, Any]

_MOST_ROWS = 10
_MOST_STORIES = 4


def audit_view(audit: Audit, words: Words) -> View:
    """Everything that the page shows of an audit beside its findings. Parts that an older audit lacks are empty."""
    rates = [_rates(comparison, words) for comparison in audit["outcome"]]
    return {
        "singles": [one for one in rates if one["single"]],
        "intersections": [one for one in rates if not one["single"]],
        "too_thin": ", ".join(words.columns(features) for features in audit.get("too_thin", [])),
        "told": _told(audit, words),
        "pairs_left_out": audit.get("pairs_left_out", 0),
        "ranges": told_as_ranges(*audit["outcome"]),
        "parts": _parts(audit.get("parts", []), words),
        "stories": _stories(audit, words),
        "periods": [_period(one, words) for one in audit.get("periods", [])],
        "drift": _drift(audit.get("drift", []), words),
    }


def _rates(comparison: Mapping[str, Any], words: Words) -> View:
    gaps = {tuple(gap["group"]): gap for gap in comparison["gaps"]}
    shown = [rate for rate in comparison["rates"] if not dark(rate)]
    top = axis_top([rate["upper"] for rate in shown if not rate["note"]] or [rate["upper"] for rate in shown])
    feature = words.columns(comparison["features"])
    return {
        "single": len(comparison["features"]) == 1,
        "title": words.t("groups.by", feature=feature),
        "name": words.t("audit.figure", feature=feature),
        "rows": [_row(rate, gaps.get(tuple(rate["group"])), top, words) for rate in comparison["rates"]],
        "ticks": [
            {"x": to_percent(top * part, top), "text": words.percent(top * part, 0 if top >= 0.1 else 1)}
            for part in (0, 0.5, 1)
        ],
    }


def _row(rate: Mapping[str, Any], gap: Mapping[str, Any] | None, top: float, words: Words) -> View:
    name = words.group(rate["group"])
    hidden = dark(rate)
    said = words.t("hidden") if hidden or rate["rate"] is None else words.percent(rate["rate"])
    interval = words.t("hidden") if hidden else f"{words.percent(rate['lower'])} – {words.percent(rate['upper'])}"
    ratio = "–"
    if gap is not None and gap["ratio"] is not None:
        ratio = words.number(gap["ratio"], 3)
        if gap["ratio_lower"] is not None and gap["ratio_upper"] is not None and gap["ratio"] != 1:
            ratio += f" ({words.number(gap['ratio_lower'], 2)} – {words.number(gap['ratio_upper'], 2)})"
    return {
        "name": name,
        "people": words.people_of(rate),
        "note": words.t(f"groups.note.{rate['note']}") if rate["note"] else "",
        "text": said,
        "interval": interval,
        "ratio": ratio,
        "desc": words.t("audit.desc", group=name, rate=said, interval=interval),
        "marks": None
        if hidden
        else {
            "x": None if rate["rate"] is None else to_percent(rate["rate"], top),
            "low": to_percent(rate["lower"], top),
            "high": to_percent(rate["upper"], top),
        },
    }


def _told(audit: Audit, words: Words) -> list[View]:
    """All features together first, then pairs, then single features; what tells most first."""
    out = [
        {
            "which": words.t("audit.all", count=view["features"]),
            "group": f"{words.columns([view['sensitive']])}: {words.group([one['group']])}",
            "auroc": words.number(one["auroc"], 2),
            "interval": f"{words.number(one['lower'], 2)} – {words.number(one['upper'], 2)}",
        }
        for view in audit.get("whole_view", [])
        for one in view["groups"]
    ]
    pairs = [pair for pair in audit.get("pairs", []) if pair["auroc"] - pair["single"] >= 0.02]
    for pair in pairs[:_MOST_ROWS]:
        first, second = (words.column(name) for name in pair["features"])
        which = words.t("audit.both", first=first, second=second)
        out.append(_one(which, pair["sensitive"], pair["group"], pair["auroc"], words))
    singles = [
        (value, proxy["feature"], proxy["sensitive"], group)
        for proxy in audit["proxies"]
        for group, value in [max(proxy["auroc"].items(), key=lambda item: item[1], default=("", 0.5))]
        if group and value > 0.55
    ]
    singles.sort(key=lambda one: (-one[0], one[1:]))
    out += [_one(words.column(name), by, group, value, words) for value, name, by, group in singles[:_MOST_ROWS]]
    return out


def _one(which: str, sensitive: str, group: str, value: float, words: Words) -> View:
    name = f"{words.columns([sensitive])}: {words.group([group])}"
    return {"which": which, "group": name, "auroc": words.number(value, 2), "interval": ""}


def _parts(parts: Sequence[Mapping[str, Any]], words: Words) -> list[View]:
    """The comparisons whose parts say most otherwise than the whole."""
    sizes = Counter((one["sensitive"], one["column"]) for one in parts)
    known = [
        one
        for one in parts
        if one["ratio"]
        and one["pooled_ratio"]
        and one["lower"] is not None
        and (sizes[one["sensitive"], one["column"]] > 2 or one["ratio"] <= 1)  # of two groups the one with less
    ]
    known.sort(key=lambda one: -abs(math.log(one["ratio"] / one["pooled_ratio"])))
    return [
        {
            "group": f"{words.columns([one['sensitive']])}: {words.group([one['group']])}",
            "column": words.column(one["column"]),
            "pooled": words.number(one["pooled_ratio"], 2),
            "within": words.number(one["ratio"], 2),
            "interval": f"{words.number(one['lower'], 2)} – {words.number(one['upper'], 2)}",
        }
        for one in known[:_MOST_ROWS]
    ]


def _stories(audit: Audit, words: Words) -> list[View]:
    """The parts of what was found to differ, one by one."""
    found = [
        (one["subject_matter"], one["measured"]["group"], one["measured"]["column"])
        for one in audit["findings"]
        if one["id"] == "EH-DATA-008"
    ]
    by_key = {(one["sensitive"], one["group"], one["column"]): one for one in audit.get("parts", [])}
    out = []
    for key in found[:_MOST_STORIES]:
        one = by_key.get(key)
        if one is not None and one["parts"]:
            title = words.t("audit.part-title", group=words.group([one["group"]]), column=words.column(one["column"]))
            rows = [
                {
                    "part": words.part(part["part"]),
                    "rows": words.people(part["rows"]),
                    "rate": words.percent(part["rate"]),
                    "other": words.percent(part["other_rate"]),
                    "ratio": "–" if part["ratio"] is None else words.number(part["ratio"], 2),
                }
                for part in one["parts"]
            ]
            out.append({"title": title, "rows": rows})
    return out


def _period(one: Mapping[str, Any], words: Words) -> View:
    return {
        "period": one["period"],
        "rows": words.people(one["rows"]),
        "rate": words.percent(one["rate"]),
        "interval": f"{words.percent(one['lower'])} – {words.percent(one['upper'])}",
    }


def _drift(drifts: Sequence[Mapping[str, Any]], words: Words) -> list[View]:
    moved = sorted((one for one in drifts if one["chance"] < 0.5), key=lambda one: -one["stability"])
    return [
        {
            "subject": words.t("audit.subject.outcome")
            if one["kind"] == "outcome"
            else words.t(f"audit.subject.{one['kind']}", name=words.column(one["subject"])),
            "stability": words.number(one["stability"], 3),
            "chance": f"< {words.number(0.001, 3)}" if one["chance"] < 0.001 else words.number(one["chance"], 3),
            "period": one["period"],
        }
        for one in moved[:_MOST_ROWS]
    ]
