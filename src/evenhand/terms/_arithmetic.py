"""The sums that every gate must do alike: integers in, integers out, the same bits on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._model import Model

__all__ = ["SCORE_BOUND", "expected_value", "score_of", "term_contributions"]

_PPM = 1_000_000
SCORE_BOUND = 2_000_000_000
"""A score is clipped to plus or minus this many micro-logits, so that it fits 32 bits."""


def expected_value(
    value_micro: int | NDArray[np.int64], cost_micro: int | NDArray[np.int64], probability: NDArray[np.integer]
) -> NDArray[np.int64]:
    """What showing an offer is expected to bring: ``floor(value x probability / 1,000,000) - cost``, micro-money.

    Exact for every amount that the campaign file admits (the product is never formed whole, so nothing overflows).

    Args:
        value_micro: money gained when the subject responds, micro-units; one amount, or one for each probability.
        cost_micro: money spent on showing it once, micro-units; likewise.
        probability: parts per million.

    >>> expected_value(30_000_000, 500_000, np.array([0, 100_000, 1_000_000])).tolist()
    [-500000, 2500000, 29500000]
    """
    value = np.asarray(value_micro, dtype=np.int64)
    whole, rest = value // _PPM, value % _PPM
    p = np.asarray(probability, dtype=np.int64)
    return np.asarray(p * whole + p * rest // _PPM - cost_micro, dtype=np.int64)


def term_contributions(
    model: Model, codes: tuple[NDArray[np.uint8], ...], offer: NDArray[np.integer]
) -> NDArray[np.int32]:
    """Each term's exact share of the score for one offer per person.

    Args:
        model: the tables.
        codes: one array per feature, [n] or [m, n] for a per-offer feature.
        offer: [n], index of the offer; must not be negative.

    Returns:
        int32[n, T], micro-logits; with ``model.base[offer]`` they add up to the score.
    """
    rows = np.arange(len(offer))
    offer = offer.astype(np.intp)
    out = np.empty((len(offer), len(model.tables)), dtype=np.int32)
    for t, (table, code) in enumerate(zip(model.tables, model.term_codes(codes), strict=True)):
        own = code if code.ndim == 1 else code[offer, rows]
        out[:, t] = table.ravel().take(offer * table.shape[1] + own)
    return out


def score_of(model: Model, contributions: NDArray[np.int32], offer: NDArray[np.integer]) -> NDArray[np.int64]:
    """``base + sum of contributions``, clipped to `SCORE_BOUND`; int64[n], micro-logits."""
    total = model.base[offer.astype(np.intp)] + contributions.sum(axis=1, dtype=np.int64)
    return np.asarray(np.clip(total, -SCORE_BOUND, SCORE_BOUND), dtype=np.int64)
