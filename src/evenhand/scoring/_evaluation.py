"""How good is the model on rows that it has not seen? Ranking, calibration and gain, with intervals.

Sources: DeLong, DeLong and Clarke-Pearson 1988 (interval of the AUROC); Wilson 1927 (interval of a rate).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import PPM, Z95, probability_ppm, wilson

__all__ = ["ENOUGH_CLASS", "ENOUGH_ROWS", "evaluate", "reliability"]

ENOUGH_ROWS = 100
"""Fewer held-out rows than this are counted but not judged."""
ENOUGH_CLASS = 10
"""Likewise with fewer rows than this of either outcome."""

_BINS = 10


def evaluate(score: NDArray[np.integer], outcome: NDArray[np.uint8]) -> dict[str, object]:
    """Measure scores against outcomes; JSON-able, the same for any order of the rows.

    Args:
        score: int[n], micro-logits.
        outcome: uint8[n], 0 or 1.

    Returns:
        ``rows``, ``enough`` and, where there are enough rows, ``positives``, ``base_rate`` [rate, lower, upper],
        ``auroc`` [value, lower, upper], ``log_loss`` and ``brier`` (with those of the base rate alone beside them),
        ``reliability`` (ten bins of equal size: rows, mean prediction, rate, lower, upper) and ``gain`` (share of
        all positives among the top 10 and 20 %).
    """
    rows, positives = len(outcome), int(outcome.sum())
    if rows < ENOUGH_ROWS or min(positives, rows - positives) < ENOUGH_CLASS:
        return {"rows": rows, "enough": False}
    order = np.lexsort((outcome, score))
    ranked, label = score[order], outcome[order].astype(np.int64)
    ppm = probability_ppm(ranked)
    rate = positives / rows
    chance = np.clip(ppm, 1, PPM - 1) / PPM
    loss = -np.where(label == 1, np.log(chance), np.log1p(-chance))
    return {
        "rows": rows,
        "enough": True,
        "positives": positives,
        "base_rate": [rate, *wilson(positives, rows)],
        "auroc": _auroc(ranked, label),
        "log_loss": math.fsum(loss.tolist()) / rows,
        "log_loss_of_base_rate": -(rate * math.log(rate) + (1 - rate) * math.log1p(-rate)),
        "brier": math.fsum(np.square(ppm / PPM - label).tolist()) / rows,
        "brier_of_base_rate": rate * (1 - rate),
        "reliability": reliability(ranked, label),
        "gain": {"top_10": _gain(ranked, label, 0.1), "top_20": _gain(ranked, label, 0.2)},
    }


def _auroc(ranked: NDArray[np.integer], label: NDArray[np.int64]) -> list[float]:
    """Chance that a positive outranks a negative (ties count half), with DeLong's 95 % interval.

    Where every pair is ranked alike DeLong's variance is zero; the interval then is Wilson's, for as many trials as
    the smaller class has rows.
    """
    positive, negative = ranked[label == 1], ranked[label == 0]
    above = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    below = np.searchsorted(positive, negative, "left") + np.searchsorted(positive, negative, "right")
    pairs = len(positive) * len(negative)
    area = int(above.sum()) / (2 * pairs)
    variance = float(np.var(above / (2 * len(negative)), ddof=1)) / len(positive)
    variance += float(np.var(below / (2 * len(positive)), ddof=1)) / len(negative)
    if variance <= 0.0:
        fewest = min(len(positive), len(negative))
        return [area, *wilson(area * fewest, fewest)]
    half = Z95 * math.sqrt(variance)
    return [area, max(0.0, area - half), min(1.0, area + half)]


def reliability(score: NDArray[np.integer], outcome: NDArray[np.integer]) -> list[dict[str, float | int]]:
    """Do predictions come true? Ten bins of equal size by score, each with its rate and Wilson's 95 % interval.

    Equal scores share a bin, so some may be larger and some absent.

    Args:
        score: int[n], micro-logits.
        outcome: int[n], 0 or 1.

    Returns:
        per bin: ``rows``, ``predicted`` (mean), ``rate``, ``lower``, ``upper``.
    """
    order = np.lexsort((outcome, score))
    ranked, label = score[order], np.asarray(outcome)[order].astype(np.int64)
    ppm = probability_ppm(ranked)
    bins = np.searchsorted(ranked, ranked, "left") * _BINS // len(ranked)
    table: list[dict[str, float | int]] = []
    for index in range(_BINS):
        here = bins == index
        rows = int(here.sum())
        if rows:
            hits = int(label[here].sum())
            lower, upper = wilson(hits, rows)
            mean = int(ppm[here].sum(dtype=np.int64)) / (rows * PPM)
            table.append({"rows": rows, "predicted": mean, "rate": hits / rows, "lower": lower, "upper": upper})
    return table


def _gain(ranked: NDArray[np.integer], label: NDArray[np.int64], share: float) -> float:
    """Share of all positives in the best-scored part; people who tie at its edge count in proportion."""
    places = share * len(ranked)
    edge = ranked[len(ranked) - math.ceil(places)]
    above, tied = ranked > edge, ranked == edge
    part = (places - int(above.sum())) / int(tied.sum())
    return (int(label[above].sum()) + part * int(label[tied].sum())) / int(label.sum())
