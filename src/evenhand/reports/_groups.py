"""The chapter on groups: rates with intervals before and after the limits, and the bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.terms import Measure

from ._figures import axis_top, to_percent
from ._words import Words

__all__ = [
    "FLOORS",
    "LEAST",
    "beside_said",
    "compared",
    "conditions_view",
    "dark",
    "figures",
    "given_up",
    "groups_view",
    "told_as_ranges",
]

Report = Mapping[str, Any]
View = dict[str, Any]

RATIO, MEAN = Measure.SELECTION_RATE_RATIO.value, Measure.SELECTION_RATE_RATIO_TO_MEAN.value
LEAST = frozenset(measure.value for measure in Measure if measure.is_least)
"""The measures whose bound is a least ratio; the others bound a difference."""
FLOORS = frozenset(measure.value for measure in Measure if measure.is_floor)
"""The measures that hold each group to its own rate without limits between groups."""


def groups_view(report: Report, words: Words) -> list[View]:
    """One entry per comparison of groups: rows with marks, bound, sentences."""
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    kept = given_up(report)
    is_aware = any(chapter["mode"] == "aware" for chapter in report["groups"])
    beside = beside_said(report, words)
    return [_chapter(one, texts, kept.get(one["limit"]), (is_aware, beside), words) for one in report["groups"]]


def given_up(report: Report) -> dict[str, float]:
    """The bound that was kept of each soft limit that was given up at its ceiling, by its id."""
    return {one["id"]: one["soft"]["bound"] for one in report["limits"] if one.get("soft") and not one["held"]}


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


def dark(rate: Mapping[str, Any]) -> bool:
    """Whether nothing is told of a group's rate: its people are hidden, and so few that any rate is possible."""
    return rate["rows"] is None and rate.get("rows_between", (0, 0))[0] == 0


def told_as_ranges(*sides: Mapping[str, Any]) -> bool:
    """Whether a number of these comparisons is told as a range only."""
    return any("rows_between" in rate or "hits_between" in rate for side in sides for rate in side["rates"])


def _chapter(
    chapter: Mapping[str, Any], texts: Mapping[str, str], kept: float | None, about: tuple[bool, str], words: Words
) -> View:
    """One comparison; it is `about` a campaign of which some limit uses groups, or not, and what is said of numbers
    that are told beside earlier ones, or ""."""
    is_aware, beside = about
    before, after = chapter["before"], chapter["after"]
    top = axis_top([rate["upper"] for side in (before, after) for rate in side["rates"] if not dark(rate)])
    earlier = {tuple(rate["group"]): rate for rate in before["rates"]}
    rates = sorted(after["rates"], key=lambda rate: words.order(rate["group"]))
    rows = [_row(rate, earlier[tuple(rate["group"])], top, words) for rate in rates]
    ratio = not chapter["measure"] or chapter["measure"] in LEAST
    bound = None
    best = next((rate["rate"] for rate in after["rates"] if rate["group"] == after["best"]), None)
    if chapter["measure"] == MEAN:
        best = _mean(after)
    if chapter["limit"] and best is not None and chapter["measure"] not in FLOORS and "responses" not in chapter:
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
        "sentences": [
            *_sentences(chapter, ratio, kept, is_aware, words),
            *(_ranges(beside, words) if told_as_ranges(before, after) else []),
        ],
        "name": words.t("groups.figure", feature=feature),
    }


def _ranges(beside: str, words: Words) -> list[str]:
    """Why numbers are told as ranges."""
    said = [words.t("groups.ranges", smallest=words.smallest)]
    return [*said, beside] if beside else said


def beside_said(report: Report, words: Words) -> str:
    """That few people differ from what an earlier run told, or a plan; "" where numbers are told anew."""
    few = {"smallest": words.smallest, "few": words.smallest - 1}
    if run := report.get("beside"):
        return words.t("groups.beside", **few, run=run)
    plan = report.get("beside_plan")
    return words.t("groups.beside-plan", **few, at=words.moment(plan)) if plan else ""


def _sentences(chapter: Mapping[str, Any], ratio: bool, kept: float | None, is_aware: bool, words: Words) -> list[str]:
    """What is said of a chapter; `kept` is the bound that was kept of a soft limit that was given up."""
    before, after = figures(chapter)
    say = (lambda value: words.number(value, 2)) if ratio else words.percent
    beside = "-beside" if is_aware and chapter["mode"] == "blind" else ""
    kind = Measure(chapter["measure"] or RATIO).comparison.removeprefix("ratio_to_")
    out = _responses(chapter, words)
    if kind == "floor":
        fell = after
        out.append(words.t("groups.not-judged") if fell is None else words.t("groups.floor-moved", after=say(fell)))
    elif after is None:
        out.append(words.t("groups.not-judged"))
    elif before is None or not chapter["limit"]:
        out.append(words.t("groups.ratio-same", after=say(after)))
    else:
        out.append(words.t(f"groups.{kind}-moved", before=say(before), after=say(after)))
    if not chapter["limit"]:
        return [*out, words.t("groups.no-limit")]
    out += _moved(chapter, words)
    if kept is not None:
        told = [words.number(one, 3) if ratio else words.percent(one, 2) for one in (kept, chapter["bound"])]
        out.append(words.t("groups.given-up", kept=told[0], whole=told[1]))
        out += [words.t("groups.given-up-line")] if kind != "floor" and "responses" not in chapter else []
        return [*out, words.t(f"groups.blind-given-up{beside}" if chapter["mode"] == "blind" else "groups.aware")]
    bound = words.percent(chapter["bound"], 0 if chapter["bound"] * 100 % 1 < 1e-9 else 1)
    if "responses" in chapter:
        kind = "responses-least" if ratio else "responses-most"
        bound = words.number(chapter["bound"], 3) if ratio else words.percent(chapter["bound"], 2)
    return [*out, words.t(f"groups.bound-{kind}", bound=bound), words.t(f"groups.{chapter['mode']}{beside}")]


def _responses(chapter: Mapping[str, Any], words: Words) -> list[str]:
    """What a limit on modelled responses compares, and the rates; nothing of another limit."""
    if "responses" not in chapter:
        return []

    def said(rate: float | None) -> str:
        return words.t("hidden") if rate is None else words.percent(rate, 2)

    shares = "; ".join(
        words.t(
            "groups.response-rate",
            group=words.group(one["group"]),
            before=said(one["before"]),
            after=said(one["after"]),
        )
        for one in chapter["responses"]["rates"]
    )
    return [
        words.t(f"groups.responses-{Measure(chapter['measure']).rate}"),
        words.t("groups.response-rates", rates=shares),
    ]


def _moved(chapter: Mapping[str, Any], words: Words) -> list[str]:
    """Who gained and who lost by the limits between groups, where every judged count is known; and which was more."""
    changes = _changes(chapter)
    given, taken = sum(max(change, 0) for change in changes), sum(max(-change, 0) for change in changes)
    if not given and not taken:
        return []
    out = [words.t("groups.given-taken", given=words.people(given), taken=words.people(taken))]
    return [*out, words.t("groups.levels-down")] if taken > given else out


def _changes(chapter: Mapping[str, Any]) -> list[int]:
    """People more, or less, of each judged group than without limits between groups; nothing where one is hidden."""
    earlier = {tuple(rate["group"]): rate for rate in chapter["before"]["rates"]}
    pairs = [(earlier.get(tuple(rate["group"])), rate) for rate in chapter["after"]["rates"] if not rate["note"]]
    known = [(one["hits"], other["hits"]) for one, other in pairs if one is not None]
    if len(known) < len(pairs) or any(one is None or other is None for one, other in known):
        return []
    return [other - one for one, other in known]


def _fall(chapter: Mapping[str, Any]) -> float | None:
    """The most that the rate of a judged group has fallen; None where a count is hidden."""
    judged = [rate for rate in chapter["after"]["rates"] if not rate["note"]]
    changes = _changes(chapter)
    if not changes:
        return None
    return max(0.0, *(-change / int(rate["rows"]) for change, rate in zip(changes, judged, strict=True)))


def _mean(comparison: Mapping[str, Any]) -> float | None:
    """The rate of all judged groups together; None where one is hidden."""
    judged = [rate for rate in comparison["rates"] if not rate["note"]]
    if not judged or any(rate["hits"] is None or not rate["rows"] for rate in judged):
        return None
    return float(sum(rate["hits"] for rate in judged) / sum(rate["rows"] for rate in judged))


def _row(after: Mapping[str, Any], before: Mapping[str, Any], top: float, words: Words) -> View:
    name = words.group(after["group"])
    said = [_said(side, words) for side in (before, after)]
    return {
        "name": name,
        "people": words.people_of(after),
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
    if dark(rate):
        return words.t("hidden")
    return words.t("groups.hidden-rate", lower=words.percent(rate["lower"]), upper=words.percent(rate["upper"]))


def _interval(rate: Mapping[str, Any], words: Words) -> str:
    if dark(rate):
        return words.t("hidden")
    return f"{words.percent(rate['lower'])} – {words.percent(rate['upper'])}"


def _marks(rate: Mapping[str, Any], top: float) -> View | None:
    """Dot and whisker on the track; no dot where the number is hidden, nothing where the group is."""
    if dark(rate):
        return None
    dot = None if rate["rate"] is None else to_percent(rate["rate"], top)
    return {"x": dot, "low": to_percent(rate["lower"], top), "high": to_percent(rate["upper"], top)}


def figures(chapter: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """What the limit of a chapter bounds, before and after; None where nothing is known."""
    if "responses" in chapter:
        return chapter["responses"]["before"], chapter["responses"]["after"]
    if chapter["measure"] in FLOORS:
        return None, _fall(chapter)
    before, after = (_worst(chapter[side], chapter["measure"]) for side in ("before", "after"))
    return before, after


def _worst(comparison: Mapping[str, Any], measure: str) -> float | None:
    """Lowest ratio, or largest difference, of the judged groups; None where none is known."""
    if measure == MEAN:
        mean = _mean(comparison)
        lowest = min((rate["rate"] for rate in comparison["rates"] if not rate["note"]), default=None)
        return lowest / mean if mean and lowest is not None else None
    if measure and measure != RATIO:
        return max((-gap["difference"] for gap in comparison["gaps"] if gap["difference"] is not None), default=None)
    return min((gap["ratio"] for gap in comparison["gaps"] if gap["ratio"] is not None), default=None)
