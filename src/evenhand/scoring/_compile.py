"""One fit compiled to integers: every term centred over its training rows and rounded to micro-logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, WITHHELD, FeatureView, TermShape

from ._history import History
from ._newton import FittedTerms

__all__ = ["MICRO_LOGITS", "Compiled", "compiled_terms"]

MICRO_LOGITS = 1e6
"""Micro-logits in one logit."""

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Compiled:
    """One fit as integers: base and one row per term; and its shapes for people."""

    base: int
    rows: tuple[NDArray[np.int32], ...]
    shapes: tuple[TermShape, ...]
    smoothing: tuple[float, ...]
    freedom: tuple[float, ...]


def compiled_terms(view: FeatureView, fitted: FittedTerms, rows: History, minimum: int) -> Compiled:
    """Centre every term over the rows it was fitted on, and round to micro-logits.

    A bin that nobody was in has effect 0, an average one, unless it has neighbours that tell more. Terms of the fit
    beyond the view's (the offer, in a pooled fit) are left to the caller.
    """
    base = fitted.intercept
    tables, shapes = [], []
    for binning, column, raw, covariance in zip(
        view.binnings, rows.codes, fitted.effects, fitted.covariances, strict=False
    ):
        count = np.bincount(column.astype(np.intp), minlength=binning.size)
        share = count / len(column)
        mean = float(share @ raw)
        base += mean
        unseen = count == 0
        if binning.kind == "number":
            unseen[OTHER + 1 :] = False
        effect = np.where(unseen, 0.0, raw - mean)
        effect[WITHHELD] = 0.0
        along = covariance @ share
        variance = np.diag(covariance) - 2.0 * along + float(share @ along)
        half = _Z95 * np.sqrt(np.maximum(variance, 0.0))
        half[WITHHELD] = 0.0
        tables.append(np.rint(effect * MICRO_LOGITS).astype(np.int32))
        shown = np.where(count >= minimum, count, 0).astype(np.int64)
        shapes.append(TermShape(binning.name, effect, effect - half, effect + half, shown))
    terms = len(view.binnings)
    return Compiled(
        round(base * MICRO_LOGITS), tuple(tables), tuple(shapes), fitted.smoothing[:terms], fitted.freedom[:terms]
    )
