"""The chapter on the model: every term's shape, drawn once and shown in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.terms import Target

from ._figures import flat, reach, shape_marks
from ._words import Words

__all__ = ["model_view"]

_MOST_SHAPES = 160
_LEAST_HALF = {Target.RESPONSE: 0.05, Target.INCREMENT: 0.005}
"""A picture goes this far up and down at least: five points of a logit, half a percentage point of a change."""
_MOST_BINS = 3_000
"""Bins drawn at most, all shapes together; the smallest shapes beyond it stand in the JSON only."""
_MOST_NAMED = 6
_MOST_PAIRS = 12
"""Grids of joint effects shown at most; the others stand in the JSON."""
_MOST_CELLS = 2_000
"""Table cells at most, all terms together."""

View = dict[str, Any]


def model_view(report: Mapping[str, Any], words: Words) -> View:
    """Shapes by offer ("" = all offers together), largest first, and a table per term."""
    terms = report["model"]["terms"]
    texts = {offer["id"]: offer["text"][words.lang] for offer in report["offers"]}
    names = list(dict.fromkeys(offer for term in terms for offer in term["shapes"]))
    drawn = _drawn(terms)
    parts = []
    for name in names:
        mine = [(t, term) for t, term in enumerate(terms) if name in term["shapes"]]
        half = reach([term["shapes"][name] for _, term in mine], _LEAST_HALF[words.target])
        mine.sort(key=lambda one: -_weight(one[1]["shapes"][name]))
        if name:
            title = words.t("model.offer", offer=texts.get(name, name))
        else:
            title = words.t("model.pooled" if len(names) == 1 else "model.pooled-some")
        parts.append(
            {
                "name": name,
                "title": title,
                "half": words.points(half).lstrip("+"),
                "shapes": [
                    _shape(names.index(name), t, term, name, half, words) for t, term in mine if (t, name) in drawn
                ],
            }
        )
    total = sum(len(term["shapes"]) for term in terms)
    return {
        "parts": parts,
        "left_out": total - len(drawn),
        "tables": _tables(terms, names, texts, words),
        "pairs": _pairs(report["model"]["pairs"], texts, words),
    }


def _pairs(pairs: list[dict[str, Any]], texts: Mapping[str, str], words: Words) -> list[View]:
    """A grid per joint term and fit: points of each cell, with a tint as deep as the effect is large."""
    out: list[tuple[float, View]] = []
    for pair in pairs:
        meaning = words.pair(pair["first"][words.lang], pair["second"][words.lang])
        for name, grid in pair["shapes"].items():
            reach_ = max((abs(cell["effect"]) for row in grid for cell in row if cell), default=0.0) or 1.0
            across = [column for column in range(len(grid[0])) if any(row[column] for row in grid)]
            view = {
                "meaning": f"{meaning} ({texts.get(name, name)})" if name else meaning,
                "heads": [words.bin(pair["second_bands"][column]) for column in across],
                "rows": [
                    (words.bin(label), [_tinted(row[column], reach_, words) for column in across])
                    for label, row in zip(pair["first_bands"], grid, strict=True)
                    if any(row)
                ],
            }
            out.append((reach_, view))
    out.sort(key=lambda one: -one[0])
    return [view for _, view in out[:_MOST_PAIRS]]


def _tinted(cell: Mapping[str, Any] | None, reach_: float, words: Words) -> tuple[str, str, int]:
    """Points, which way, and how deep the tint is in per cent."""
    if cell is None:
        return "–", "", 0
    way = "up" if cell["effect"] > 0 else "down"
    return words.points(cell["effect"]), way, round(60 * abs(cell["effect"]) / reach_)


def _weight(shape: list[dict[str, Any]]) -> float:
    """Mean absolute effect over the bins; the order of the pictures."""
    return float(sum(abs(one["effect"]) for one in shape) / max(len(shape), 1))


def _drawn(terms: list[dict[str, Any]]) -> set[tuple[int, str]]:
    every = [(t, name, _weight(shape)) for t, term in enumerate(terms) for name, shape in term["shapes"].items()]
    every.sort(key=lambda one: -one[2])
    drawn, bins = set(), 0
    for t, name, _ in every[:_MOST_SHAPES]:
        bins += len(terms[t]["shapes"][name])
        if bins > _MOST_BINS:
            break
        drawn.add((t, name))
    return drawn


def _shape(part: int, t: int, term: Mapping[str, Any], name: str, half: float, words: Words) -> View:
    shape = term["shapes"][name]
    effects = [one["effect"] for one in shape] or [0.0]
    steps = [one for one in shape if one["label"]["kind"] == "range"]
    meaning = term["meaning"][words.lang]
    lowest, highest = words.points(min(effects)), words.points(max(effects))
    return {
        "id": f"shape-{part}-{t}",
        "meaning": meaning,
        "marks": shape_marks(shape, half),
        "steps": bool(steps),
        "low": words.bin(steps[0]["label"]) if steps else "",
        "high": words.bin(steps[-1]["label"]) if len(steps) > 1 else "",
        "beside": _beside(shape, words, has_steps=bool(steps)),
        "lowest": lowest,
        "highest": highest,
        "flat": flat(shape),
        "desc": words.t("model.shape-desc", meaning=meaning, lowest=lowest, highest=highest),
    }


def _beside(shape: list[dict[str, Any]], words: Words, *, has_steps: bool) -> str:
    """What the bars stand for: those beside the steps, or all of them (the first few are named)."""
    names = [words.bin(one["label"]) for one in shape if one["label"]["kind"] != "range"]
    if not names:
        return ""
    shown = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return words.t("model.beside" if has_steps else "model.categories", values=shown)


def _tables(
    terms: list[dict[str, Any]], names: list[str], texts: Mapping[str, str], words: Words
) -> list[dict[str, Any]]:
    """One table per term: points of each value, per offer; with intervals where there is one shape only."""
    out, cells = [], 0
    for term in terms:
        mine = [name for name in names if name in term["shapes"]]
        rows: dict[str, dict[str, Any]] = {}
        for name in mine:
            for one in term["shapes"][name]:
                rows.setdefault(words.bin(one["label"]), {})[name] = one
        cells += len(rows) * len(mine)
        if cells > _MOST_CELLS:
            break
        single = len(mine) == 1
        heads = [texts.get(name, name) if name else words.t("model.effect") for name in mine]
        out.append(
            {
                "meaning": term["meaning"][words.lang],
                "heads": heads + ([words.t("model.lower"), words.t("model.upper")] if single else []),
                "rows": [(label, _cells(entry, mine, single, words)) for label, entry in rows.items()],
            }
        )
    return out


def _cells(entry: Mapping[str, Any], names: list[str], single: bool, words: Words) -> list[str]:
    cells = [words.points(entry[name]["effect"]) if name in entry else "–" for name in names]
    if single:
        cells += [words.points(entry[names[0]]["lower"]), words.points(entry[names[0]]["upper"])]
    return cells
