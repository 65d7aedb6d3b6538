"""One decision told whole: the sentences of `explanation`, and its sum drawn as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._words import Words

__all__ = ["story_view"]

_DRAWN = 6
_MICRO = 1_000_000


def story_view(story: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The badge, the sentences, and the parts of the score: base, largest factors, the rest, total.

    Args:
        story: as from `Explanation.to_dict`.
        words: the reader's language.
    """
    standing = story["standing"]
    kind = standing if standing != "personalised" else story["outcome"]["key"]
    factors = story["factors"]
    rest = factors[_DRAWN:] if len(factors) > _DRAWN + 1 else []
    shown = factors[: len(factors) - len(rest)]
    bars = [(words.t("stories.base"), "", story["base"])] if factors else []
    bars += [(one["meaning"], one["value"], one["contribution"]) for one in shown]
    if rest:
        total = sum(one["contribution"] for one in rest)
        bars.append((words.t("stories.rest", count=len(rest)), "", total))
    return {
        "kind": kind,
        "badge": words.t(f"stories.{kind}"),
        "person": words.t("stories.person", subject=story["subject"][:8]),
        "decision": story["decision_id"],
        "headline": story["headline"],
        "lines": [line for line in story["lines"] if line["layer"] < 3],
        "more": [line for line in story["lines"] if line["layer"] == 3],
        "sum": [_sum_row(row, words) for row in story["sum"]],
        "sum_title": words.t("stories.sum" if story["offer"] else "stories.sum-none"),
        "offer": story["offer"] or story["runner_up"],
        "runner_up": story["runner_up"] if story["offer"] else "",
        "bars": _bars(bars, words),
        "total": words.points(story["score"] / _MICRO),
        "base": {"exact": words.micro(story["base"]), "points": words.points(story["base"] / _MICRO)},
        "score": {"exact": words.micro(story["score"]), "points": words.points(story["score"] / _MICRO)},
        "factors": [
            {
                "meaning": one["meaning"],
                "value": one["value"],
                "origin": one["origin_text"],
                "points": words.points(one["contribution"] / _MICRO, 1),
                "exact": words.micro(one["contribution"]),
            }
            for one in factors
        ],
        "not_used": story["not_used"],
    }


def _sum_row(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    other = row["other_micro"]
    return {
        "key": row["key"],
        "label": row["label"],
        "own": words.exact(row["own_micro"]),
        "other": None if other is None else words.exact(other),
    }


def _bars(parts: list[tuple[str, str, int]], words: Words) -> list[dict[str, Any]]:
    """A waterfall: each part starts where the one before it ended; places in percent of the track."""
    if not parts:
        return []
    edges, at = [0], 0
    for _, _, amount in parts:
        at += amount
        edges.append(at)
    low, high = min(edges), max(edges)
    span = max(high - low, 1)

    def place(micro: int) -> float:
        return round(2 + 96 * (micro - low) / span, 2)

    out, at = [], 0
    for meaning, value, amount in parts:
        start, at = at, at + amount
        left, right = sorted((place(start), place(at)))
        points = words.points(amount / _MICRO)
        out.append(
            {
                "meaning": meaning,
                "value": value,
                "points": points,
                "x": left,
                "width": round(max(right - left, 0.4), 2),
                "end": place(at),
                "sign": "up" if amount > 0 else "down",
                "zero": place(0),
                "desc": words.t("stories.bar-desc", meaning=meaning, points=points),
            }
        )
    return out
