"""The chapter on how good a calculation of increments is: measured changes, their order, and whether they come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._figures import changes, gain_curve
from ._words import Words

__all__ = ["chance_words", "increment_view", "qini_sentences"]

View = dict[str, Any]


def increment_view(report: Mapping[str, Any], words: Words) -> View:
    """One part per offer: what it was learned from, whether that was a draw, what was measured on rows kept apart."""
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    measured = report["model"]["evaluation"].get("offers", {})
    return {
        "say": words.t("increment.say"),
        "increments": [_offer(texts.get(name, name), one, words) for name, one in measured.items()],
    }


def _offer(name: str, one: Mapping[str, Any], words: Words) -> View:
    held_out = one["held_out"]
    learned = words.t(
        "increment.learned", shown=words.people(one["training_rows"]), control=words.people(one["control_rows"])
    )
    sentences = [learned, _draw(one["assignment"], words)]
    if not held_out["enough"]:
        sentences.append(words.t("evaluation.too-few", rows=words.people(held_out["rows"])))
        return {"name": name, "sentences": sentences, "enough": False}
    value, lower, upper = (words.points(part) for part in held_out["increment"])
    rows = words.people(held_out["rows"])
    sentences.append(words.t("increment.effect", rows=rows, value=value, lower=lower, upper=upper))
    sentences += qini_sentences(held_out, words)
    table = held_out["reliability"]
    chart = changes(table)
    curve = gain_curve(held_out["curve"])
    return {
        "name": name,
        "sentences": sentences,
        "enough": True,
        "figure": words.t("increment.figure", offer=name),
        "chart": chart,
        "ends": (words.points(chart["low"]), words.points(chart["high"])),
        "rows": [
            (
                words.points(row["predicted"]),
                words.points(row["increment"]),
                f"{words.points(row['lower'])} \N{EN DASH} {words.points(row['upper'])}",
                words.people(row["rows"]),
            )
            for row in table
        ],
        "curve_figure": words.t("increment.curve-figure", offer=name),
        "curve": curve,
        "gains": [
            (words.percent(share, 0), words.number(1000 * gain, 1))
            for share, gain in held_out["curve"]
            if share in (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
        ],
    }


def qini_sentences(held_out: Mapping[str, Any], words: Words) -> list[str]:
    """The coefficient with its interval, and whether that shows anything."""
    coefficient: Sequence[float] | None = held_out.get("coefficient")
    if coefficient is None:
        return []
    value, lower, upper = (words.number(part, 3) for part in coefficient)
    said = [words.t("increment.qini", value=value, lower=lower, upper=upper)]
    if coefficient[1] <= 0.0 <= coefficient[2]:
        said.append(words.t("increment.not-shown"))
    elif coefficient[2] < 0.0:
        said.append(words.t("increment.worse"))
    instead: Sequence[float] | None = held_out.get("by_response")
    if instead is not None:
        value, lower, upper = (words.number(part, 3) for part in instead)
        said.append(words.t("increment.by-response", value=value, lower=lower, upper=upper))
        if instead[0] > coefficient[0]:
            said.append(words.t("increment.response-better"))
    return said


def chance_words(chance: float, words: Words) -> str:
    """How often chance alone does something, as a percentage."""
    return words.percent(chance, 0 if chance >= 0.1 else 2)


def _draw(found: Mapping[str, Any], words: Words) -> str:
    if not found["feature"]:
        return words.t("increment.draw-even")
    return words.t(
        "increment.draw", feature=words.column(found["feature"]), chance=chance_words(found["chance"], words)
    )
