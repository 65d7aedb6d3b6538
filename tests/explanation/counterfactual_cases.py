"""Small random models and people to change, and what a change costs in the words of the documentation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builders import make_campaign, make_model
from evenhand.terms import OTHER, Binning, FeatureView, Model, TermShape, score_of, term_contributions

FIRST = OTHER + 1


def small_model(seed: int, terms: int = 4, bins: int = 7) -> Model:
    """A random model of few bins with up to three pairs, a category, and training counts with rare bins."""
    rng = np.random.default_rng(seed)
    model = make_model(make_campaign(2, terms), seed, bins=bins, pairs=seed % 4)
    words = tuple("abcdefgh"[: bins - 3])
    binnings = (Binning(model.view.binnings[0].name, "category", categories=words), *model.view.binnings[1:])
    shapes = {}
    for offer in model.offers:
        shapes[offer] = tuple(
            TermShape(name, zero, zero, zero, rng.choice([1, 40, 200, 900], size=table.shape[1]))
            for name, table in zip(model.terms, model.tables, strict=True)
            for zero in [np.zeros(table.shape[1])]
        )
    return replace(model, view=FeatureView("PersonalisedAdvertising", binnings, "view"), shapes=shapes)


def people(model: Model, n: int, seed: int, lowest: int = 0) -> tuple[np.ndarray, ...]:
    """Random codes; some withheld, missing or other."""
    rng = np.random.default_rng(seed)
    return tuple(
        rng.integers(lowest, b.size, size=(len(model.offers), n) if b.per_offer else n).astype(np.uint8)
        for b in model.view.binnings
    )


def score_with(model: Model, codes: tuple[np.ndarray, ...], offer: int, changes: dict[int, int]) -> int:
    """The score of one person (codes of one row) with some features of this offer elsewhere."""
    own = [code.copy() for code in codes]
    for t, code in changes.items():
        own[t][(offer if own[t].ndim == 2 else slice(None)), ...] = code
    at = np.array([offer])
    return int(score_of(model, term_contributions(model, tuple(own), at), at)[0])


def cost_of(model: Model, offer: int, t: int, was: int, code: int) -> int:
    """The cost in the words of the documentation: the share of the rows in the bins passed or entered."""
    if model.view.binnings[t].kind == "category":
        return 1_000_000
    count = model.shapes[model.offers[offer]][t].count
    bins = range(was + 1, code + 1) if code > was else range(code, was)
    return max(sum(int(count[b]) for b in bins) * 1_000_000 // int(count.sum()), 1)
