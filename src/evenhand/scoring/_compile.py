"""One fit compiled to integers: every term centred over its training rows and rounded to micro-logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, WITHHELD, Z95, DataError, FeatureView, Link, Model, Pair, TermShape

from ._json import model_digest
from ._pairs import purified
from ._terms import FittedTerms

__all__ = ["MICRO_LOGITS", "Compiled", "compiled_terms", "model_of", "spent_on"]

MICRO_LOGITS = 1e6
"""Micro-logits in one logit."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One fit as integers: base and one row per term; and its shapes for people. Features first, then pairs."""

    base: int
    rows: tuple[NDArray[np.int32], ...]
    shapes: tuple[TermShape, ...]
    smoothing: tuple[float, ...]
    freedom: tuple[float, ...]
    pairs: tuple[Pair, ...] = ()


def compiled_terms(view: FeatureView, fitted: FittedTerms, minimum: int, unit: float = 1.0 / MICRO_LOGITS) -> Compiled:
    """Centre every term over the rows it was fitted on, and round to whole units.

    What a pair says about either feature alone goes to that feature's own shape first. A bin that nobody was in has
    effect 0, an average one, unless it has neighbours that tell more. Terms of the fit beyond the view's (the offer, in
    a pooled fit) are left to the caller. The intervals are each term's own, around its shape as it stands.

    Args:
        view: the bins.
        fitted: the fit.
        minimum: counts below this are shown as 0.
        unit: what one integer step is worth.
    """
    features = len(view.binnings)
    first_pair = len(fitted.effects) - len(fitted.pairs)
    effects = [effect.copy() for effect in fitted.effects]
    for pair, t in zip(fitted.pairs, range(first_pair, len(effects)), strict=True):
        effects[t], first, second = purified(pair, effects[t], fitted.rows[t])
        effects[pair.first] += first
        effects[pair.second] += second
    kept = (*range(features), *range(first_pair, len(effects)))
    names = [binning.name for binning in view.binnings]
    names += [f"{names[pair.first]} x {names[pair.second]}" for pair in fitted.pairs]
    base = fitted.intercept
    tables, shapes = [], []
    for place, t in enumerate(kept):
        count = fitted.rows[t]
        share = count / max(float(count.sum()), 1.0)
        mean = float(share @ effects[t])
        base += mean
        unseen = count == 0
        if place < features and view.binnings[place].kind == "number":
            unseen[OTHER + 1 :] = False
        effect = np.where(unseen, 0.0, effects[t] - mean)
        effect[WITHHELD] = 0.0
        covariance = fitted.covariances[t]
        variance = np.diag(covariance) - 2.0 * (covariance @ share) + float(share @ covariance @ share)
        half = Z95 * np.sqrt(np.maximum(variance, 0.0))
        half[WITHHELD] = 0.0
        tables.append(_whole(effect / unit))
        shown = np.where(count >= minimum, count, 0).astype(np.int64)
        shapes.append(TermShape(names[place], effect, effect - half, effect + half, shown))
    return Compiled(
        round(base / unit),
        tuple(tables),
        tuple(shapes),
        tuple(fitted.smoothing[t] for t in kept),
        tuple(fitted.freedom[t] for t in kept),
        fitted.pairs,
    )


def model_of(view: FeatureView, fitted: FittedTerms, *, link: Link, minimum: int = 1, unit: float = 1e-6) -> Model:
    """One fit as a model of its own: a single row in every table, for no offer in particular.

    Args:
        view: the bins of its features, in the order of the fit.
        fitted: the fit.
        link: what it was fitted with.
        minimum: counts below this are shown as 0.
        unit: what one integer step of a score is worth.

    Returns:
        the model, with the one offer ``""``; what each term spent is in its evaluation.

    Raises:
        DataError: an effect has no place in 32 bits at this unit.
    """
    compiled = compiled_terms(view, fitted, minimum, unit)
    base, tables = np.array([compiled.base], np.int64), tuple(row[None] for row in compiled.rows)
    digest = model_digest(view, ("",), base, tables, compiled.pairs, link, unit)
    evaluation = {"terms": spent_on(compiled), "steps": fitted.steps, "spread": fitted.spread}
    return Model(view, ("",), base, tables, {"": compiled.shapes}, evaluation, digest, compiled.pairs, link, unit)


def spent_on(compiled: Compiled) -> dict[str, dict[str, float]]:
    """Per term: how much it was smoothed, and how many free bins that leaves."""
    return {
        shape.name: {"smoothing": round(weight, 6), "freedom": round(freedom, 6)}
        for shape, weight, freedom in zip(compiled.shapes, compiled.smoothing, compiled.freedom, strict=True)
    }


def _whole(steps: NDArray[np.float64]) -> NDArray[np.int32]:
    if np.abs(steps).max(initial=0.0) >= 2.0**31:
        raise DataError(
            "model-range",
            "An effect of the model is too large for its unit.",
            rule="every entry of a table is a whole number of 32 bits",
            remedy="look for outcomes that are many thousand times the others, or give the fit a larger unit",
        )
    return np.rint(steps).astype(np.int32)
