"""The sums that every gate must do alike: integers in, integers out, the same bits on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._model import Model

__all__ = ["SCORE_BOUND", "expected_value", "score_of", "term_contributions"]

_PPM = 1_000_000
_BLOCK = 8_192
"""People whose shares are looked up at once: they stay in the processor's cache until they are laid out in rows."""

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
        probability: parts per million; negative where showing the offer lowers it.

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
    _check_codes(model, codes)
    people = len(offer)
    single = people > 0 and bool((offer == offer[0]).all())
    tables = [table[int(offer[0])] if single else table.ravel() for table in model.tables]
    widths = [table.shape[1] for table in model.tables]
    out = np.empty((people, len(tables)), dtype=np.int32)
    shares = np.empty((len(tables), min(people, _BLOCK)), dtype=np.int32)
    for start in range(0, people, _BLOCK):
        rows = slice(start, min(start + _BLOCK, people))
        which = offer[rows].astype(np.intp)
        everyone = np.arange(len(which))
        part = shares[:, : len(which)]
        for t, code in enumerate(model.term_codes(tuple(column[..., rows] for column in codes))):
            own = code if code.ndim == 1 else code[which, everyone]
            place = own if single else which * widths[t] + own
            np.take(tables[t], place, out=part[t], mode="clip")  # nothing is out of range: see _check_codes
        out[rows] = part.T
    return out


def _check_codes(model: Model, codes: tuple[NDArray[np.uint8], ...]) -> None:
    for binning, code in zip(model.view.binnings, codes, strict=True):
        if code.size and int(code.max()) >= binning.size:
            raise IndexError(f"a bin code of {binning.name!r} lies outside its bins")


def score_of(model: Model, contributions: NDArray[np.int32], offer: NDArray[np.integer]) -> NDArray[np.int64]:
    """``base + sum of contributions``, clipped to `SCORE_BOUND`; int64[n], micro-logits."""
    total = model.base[offer.astype(np.intp)] + contributions.sum(axis=1, dtype=np.int64)
    return np.asarray(np.minimum(np.maximum(total, -SCORE_BOUND), SCORE_BOUND), dtype=np.int64)
