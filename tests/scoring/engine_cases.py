"""Random models, and rows that lie where engines could disagree: on borders, beside them, infinite, missing, odd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from builders import random_pairs
from evenhand.features import encode
from evenhand.scoring import model_digest
from evenhand.terms import Binning, FeatureView, Model, score_of, term_contributions

ODD_TEXTS = (
    "1", "1.0", "01", "1e3", "nan", "NULL", "true", "it's", 'say "hi"', "back\\slash", "a\\'b", "semi;colon -- no", "é",
    "e\u0301", "日本", "🙂", " lead", "trail ", "tab\there", "line\nbreak", "ſ", "S", "s", "{x}", "%s", "$1",
    ":name", "?",
)  # fmt: skip
ODD_NAMES = ('a "b"', "it's", "back`tick", "sel ect;--", "naïve", "x@y", "%s", "{z}", "back\\slash")


def odd_model(rng: np.random.Generator, offers: int = 2) -> Model:
    """Numbers, categories and per-offer features with odd names and texts, pairs of them, and large sums at times."""
    names = [f"{name} {place}" for place, name in enumerate(rng.permutation(ODD_NAMES)[: rng.integers(1, 7)].tolist())]
    binnings = tuple(_binning(rng, name) for name in names)
    pairs = random_pairs(rng, binnings, int(rng.integers(0, 4)))
    spread = int(rng.choice([1_000, 900_000, 1_500_000_000]))
    tables = []
    for part in (*binnings, *pairs):
        table = rng.integers(-spread, spread, (offers, part.size)).astype(np.int32)
        table[:, 0] = 0
        tables.append(table)
    base = rng.integers(-spread, spread, offers)
    ids = tuple(f"offer '{j}'" for j in range(offers))
    view = FeatureView("Marketing", binnings, "0" * 64)
    return Model(view, ids, base, tuple(tables), {}, {}, model_digest(view, ids, base, tuple(tables), pairs), pairs)


def _binning(rng: np.random.Generator, name: str) -> Binning:
    per_offer = bool(rng.random() < 0.25)
    if rng.random() < 0.4:
        texts = rng.permutation(ODD_TEXTS)[: rng.integers(0, 12)].tolist()
        return Binning(name, "category", categories=tuple(sorted(texts)), per_offer=per_offer)
    raw = np.concatenate(
        [rng.normal(size=8), rng.normal(size=4) * 10.0 ** rng.integers(-300, 300, 4), [0.0, 0.1, 5e-324]]
    )
    cuts = np.unique(rng.choice(raw, rng.integers(0, 12)))
    return Binning(name, "number", cuts=tuple(cuts.tolist()), per_offer=per_offer)


def odd_column(rng: np.random.Generator, binning: Binning, people: int) -> list[Any]:
    """Raw values of one column."""
    if binning.kind == "category":
        pool: list[Any] = [*ODD_TEXTS, *binning.categories, "", None, "never seen"]
        return [pool[place] for place in rng.integers(0, len(pool), people)]
    near = [math.nextafter(cut, way) for cut in binning.cuts for way in (-math.inf, math.inf)]
    pool = [*binning.cuts, *near, 0.0, -0.0, math.inf, -math.inf, math.nan, None, 1e308, -1e308, 5e-324, 1.0, 0.1]
    return [pool[place] for place in rng.integers(0, len(pool), people)]


def odd_rows(rng: np.random.Generator, model: Model, people: int) -> dict[str, list[Any]]:
    """Columns of raw values, with those of every offer."""
    columns: dict[str, list[Any]] = {}
    for binning in model.view.binnings:
        for name in [f"{binning.name}@{o}" for o in model.offers] if binning.per_offer else [binning.name]:
            columns[name] = odd_column(rng, binning, people)
    return columns


def in_numpy(model: Model, columns: dict[str, list[Any]], offer: int) -> tuple[np.ndarray, np.ndarray]:
    """Score and contributions of every row, by the batch's own road from raw values on."""
    codes = []
    for binning in model.view.binnings:
        names = [f"{binning.name}@{o}" for o in model.offers] if binning.per_offer else [binning.name]
        own = [encode(binning, np.array(columns[name], object)) for name in names]
        codes.append(np.stack(own) if binning.per_offer else own[0])
    people = len(next(iter(columns.values())))
    which = np.full(people, offer)
    parts = term_contributions(model, tuple(codes), which)
    return score_of(model, parts, which), parts
