"""A model out of effects that were learned elsewhere: centred, made whole numbers, and nothing else changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SCORE_BOUND, WITHHELD, DataError, FeatureView, Link, Model, Pair

from ._json import model_digest

__all__ = ["assemble"]

_MICRO = 1e-6
_ROUNDS = 200
_STILL = 1e-12


def assemble(
    view: FeatureView,
    offer: str,
    intercept: float,
    effects: Sequence[NDArray[np.float64]],
    pairs: tuple[Pair, ...],
    codes: tuple[NDArray[np.uint8], ...],
    *,
    link: Link = "logit",
    evaluation: Mapping[str, object] | None = None,
) -> Model:
    """A model of one offer with these effects.

    What a pair says about either feature alone is moved to that feature, and each term is centred on the rows given,
    so that an entry of zero, which a withheld value has, is an average one. Both change no sum. Then every entry is
    rounded: a score differs from the sum of the effects by half a unit for each term and half for the base at most.

    Args:
        view: the bins.
        offer: id of the offer.
        intercept: in logits, or the units of the outcome.
        effects: float64[size] per feature and then per pair, by code; the entry at WITHHELD is not used.
        pairs: the joint terms.
        codes: bin codes of the rows that an average is taken over; uint8[n] per feature.
        link: what a score says.
        evaluation: what was measured, JSON-able.

    Raises:
        DataError: a score could leave its bounds.
    """
    features = len(view.binnings)
    moved = [effect.astype(np.float64) for effect in effects]
    for t, pair in enumerate(pairs, features):
        rows = np.bincount(pair.codes(codes[pair.first], codes[pair.second]), minlength=pair.size)
        moved[t], first, second = _apart(pair, moved[t], rows)
        moved[pair.first] += first
        moved[pair.second] += second
    everyone: list[NDArray[np.integer]] = [*codes]
    everyone += [pair.codes(codes[pair.first], codes[pair.second]) for pair in pairs]
    for t, code in enumerate(everyone):
        mean = float(moved[t].take(code).mean()) if len(code) else 0.0
        moved[t] -= mean
        moved[t][WITHHELD] = 0.0
        intercept += mean
    unit = _unit(intercept, moved, link)
    base = np.array([round(intercept / unit)], np.int64)
    tables = tuple(np.rint(effect / unit).astype(np.int32)[None] for effect in moved)
    digest = model_digest(view, (offer,), base, tables, pairs, link, unit)
    return Model(view, (offer,), base, tables, {}, dict(evaluation or {}), digest, pairs, link, unit)


def _unit(intercept: float, effects: Sequence[NDArray[np.float64]], link: Link) -> float:
    """A millionth; for amounts the power of ten that keeps every score within its bounds with nine digits or more."""
    reach = abs(intercept) + sum(float(np.abs(effect).max(initial=0.0)) for effect in effects)
    if link == "identity" and reach > 0.0 and math.isfinite(reach):
        return float(f"1e{math.ceil(math.log10(reach)) - 9}")
    if not reach <= SCORE_BOUND * _MICRO:
        raise DataError(
            "model-too-large",
            "The effects are too large for a score.",
            rule=f"a score is at most {SCORE_BOUND:,} micro-logits, two thousand logits",
            remedy="regularise the model, or scale what it predicts",
        )
    return _MICRO


def _apart(
    pair: Pair, effect: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A pair without what it says about either feature alone, and that: by bin code of the first and of the second.

    The three add up to the pair for every code, whether it occurs in the rows or not.
    """
    grid = effect[1:].reshape(-1, pair.width).copy()
    weight = rows[1:].reshape(-1, pair.width) + 1e-9
    down, across = np.zeros(grid.shape[0]), np.zeros(grid.shape[1])
    for _ in range(_ROUNDS):
        step = (grid * weight).sum(axis=1) / weight.sum(axis=1)
        grid -= step[:, None]
        other = (grid * weight).sum(axis=0) / weight.sum(axis=0)
        grid -= other
        down += step
        across += other
        if max(np.abs(step).max(), np.abs(other).max()) < _STILL:
            break
    first, second = down.take(pair.first_bands), across.take(pair.second_bands)
    first[WITHHELD] = second[WITHHELD] = 0.0
    return np.concatenate(([0.0], grid.ravel())), first, second
