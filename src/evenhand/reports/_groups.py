"""The chapter on groups: rates with intervals before and after the limits, and the bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._figures import axis_top, to_percent
from ._words import Words

__all__ = ["RATIO", "compared", "conditions_view", "groups_view", "worst"]

Report = Mapping[str, Any]
View = dict[str, Any]

RATIO = "selection_rate_ratio"
"""The measure whose bound is a least ratio; the other one bounds a difference."""


def groups_view(report: Report, words: Words) -> list[View]:
    """One entry per comparison of groups: rows with marks, bound, sentences."""
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    return [_chapter(chapter, texts, words) for chapter in report["groups"]]


def conditions_view(report: Report, words: Words) -> list[str]:
    """One sentence for each condition of an offer and each sensitive column: how many of each group meet it."""
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    return [
        words.t(
            "groups.condition",
            offer=texts[one["offer"]],
            condition=one["meaning"][words.lang],
            feature=words.columns(one["met"]["features"]),
            shares="; ".join(f"{words.group(rate['group'])} {_said(rate, words)}" for rate in one["met"]["rates"]),
        )
        for one in report.get("conditions", ())
    ]


def compared(chapter: Mapping[str, Any], texts: Mapping[str, str], words: Words) -> str:
    """The columns of a chapter, and the offers where not any offer counts.

    Args:
        chapter: of the report's groups.
        texts: what each offer says, by id.
        words: the language.
    """
    feature = words.columns(chapter["features"])
    offers = [texts.get(name, name) for name in chapter.get("offers", ())]
    return words.t("groups.over", feature=feature, offers=" + ".join(offers)) if offers else feature


def _chapter(chapter: Mapping[str, Any], texts: Mapping[str, str], words: Words) -> View:
    before, after = chapter["before"], chapter["after"]
    top = axis_top([rate["upper"] for side in (before, after) for rate in side["rates"] if rate["rows"] is not None])
    earlier = {tuple(rate["group"]): rate for rate in before["rates"]}
    rows = [_row(rate, earlier[tuple(rate["group"])], top, words) for rate in after["rates"]]
    ratio = chapter["measure"] in ("", RATIO)
    bound = None
    best = next((rate["rate"] for rate in after["rates"] if rate["group"] == after["best"]), None)
    if chapter["limit"] and best is not None:
        bound = best * chapter["bound"] if ratio else best - chapter["bound"]
    feature = compared(chapter, texts, words)
    return {
        "title": words.t("groups.by", feature=feature),
        "feature": feature,
        "limit": chapter["limit"],
        "rows": rows,
        "bound": None if bound is None else to_percent(max(bound, 0.0), top),
        "ticks": [{"x": to_percent(top * part, top), "text": words.percent(top * part, 0)} for part in (0, 0.5, 1)]
        if top >= 0.1
        else [{"x": to_percent(top * part, top), "text": words.percent(top * part, 1)} for part in (0, 0.5, 1)],
        "sentences": _sentences(chapter, ratio, words),
        "name": words.t("groups.figure", feature=feature),
    }


def _sentences(chapter: Mapping[str, Any], ratio: bool, words: Words) -> list[str]:
    before, after = (worst(chapter[side], chapter["measure"]) for side in ("before", "after"))
    say = (lambda value: words.number(value, 2)) if ratio else words.percent
    kind = "ratio" if ratio else "difference"
    out = []
    if after is None:
        out.append(words.t("groups.not-judged"))
    elif before is None or not chapter["limit"]:
        out.append(words.t("groups.ratio-same", after=say(after)))
    else:
        out.append(words.t(f"groups.{kind}-moved", before=say(before), after=say(after)))
    if not chapter["limit"]:
        return [*out, words.t("groups.no-limit")]
    bound = words.percent(chapter["bound"], 0 if chapter["bound"] * 100 % 1 < 1e-9 else 1)
    return [*out, words.t(f"groups.bound-{kind}", bound=bound), words.t(f"groups.{chapter['mode']}")]


def _row(after: Mapping[str, Any], before: Mapping[str, Any], top: float, words: Words) -> View:
    name = words.group(after["group"])
    said = [_said(side, words) for side in (before, after)]
    return {
        "name": name,
        "people": words.people(after["rows"]),
        "note": words.t(f"groups.note.{after['note']}") if after["note"] else "",
        "before": _marks(before, top),
        "after": _marks(after, top),
        "before_text": said[0],
        "after_text": said[1],
        "before_interval": _interval(before, words),
        "after_interval": _interval(after, words),
        "desc": words.t("groups.desc", group=name, before=said[0], after=said[1]),
    }


def _said(rate: Mapping[str, Any], words: Words) -> str:
    if rate["rate"] is not None:
        return words.percent(rate["rate"])
    if rate["rows"] is None:
        return words.t("hidden")
    return words.t("groups.hidden-rate", lower=words.percent(rate["lower"]), upper=words.percent(rate["upper"]))


def _interval(rate: Mapping[str, Any], words: Words) -> str:
    if rate["rows"] is None:
        return words.t("hidden")
    return f"{words.percent(rate['lower'])} – {words.percent(rate['upper'])}"


def _marks(rate: Mapping[str, Any], top: float) -> View | None:
    """Dot and whisker on the track; no dot where the number is hidden, nothing where the group is."""
    if rate["rows"] is None:
        return None
    dot = None if rate["rate"] is None else to_percent(rate["rate"], top)
    return {"x": dot, "low": to_percent(rate["lower"], top), "high": to_percent(rate["upper"], top)}


def worst(comparison: Mapping[str, Any], measure: str) -> float | None:
    """Lowest ratio, or largest difference, of the judged groups; None where none is known."""
    if measure and measure != RATIO:
        return max((-gap["difference"] for gap in comparison["gaps"] if gap["difference"] is not None), default=None)
    return min((gap["ratio"] for gap in comparison["gaps"] if gap["ratio"] is not None), default=None)
