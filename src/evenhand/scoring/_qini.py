"""Does the increment rank people rightly? The Qini curve on rows not seen, with intervals.

Definition. Order people by predicted increment, highest first. Among the best share x let R1 of N1 shown people have
responded and R0 of N0 control people; then ``Q(x) = (R1 - R0 N1 / N0) / N1(all)``: what showing the offer to that share
gains, per person of the whole. At x = 1 it is the difference of the two response rates. The area is that under Q and
above the straight line to its end; the coefficient is the area over that of the ordering that knew every outcome
(responders shown first, control responders last). People who tie are crossed by a straight line. Where chances of being
shown differ, every row counts by one over the chance of what happened to it. The coefficient is the `qini_auc_score` of
scikit-uplift. Sources: Radcliffe 2007; intervals by the influence function of the area (Hampel 1974), which takes the
ranking as given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Z95

__all__ = ["ENOUGH_SIDE", "evaluate_increment", "qini"]

ENOUGH_SIDE = 100
"""Fewer rows than this on either side are counted but not judged."""

_POINTS = 21
_BINS = 5


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows, sorted by all that is in them, so that no sum depends on the order in which they came."""

    score: NDArray[np.number]
    shown: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]


def qini(
    score: NDArray[np.number],
    outcome: NDArray[np.number],
    shown: NDArray[np.number],
    propensity: NDArray[np.float64] | float | None = None,
) -> dict[str, object]:
    """Measure predicted increments against a randomised history; JSON-able, the same for any order of the rows.

    Args:
        score: number[n], predicted increment, or anything that ranks.
        outcome: number[n]; 0 or 1, or an amount.
        shown: [n], 1 = was shown the offer, 0 = control.
        propensity: chance of being shown it, one for all or float64[n]; None = one for all.

    Returns:
        ``rows``, ``shown``, ``control``; ``increment`` of showing it to everybody, ``area`` and, for outcomes of 0 and
        1, ``coefficient``, each [value, lower, upper] with a 95 % interval (for one chance for all); and ``curve``, 21
        points [share of people, gain per person of the whole].

    Raises:
        ValueError: a side has no rows.

    Example:
        >>> shown = np.array([1, 0, 1, 0, 1, 0])
        >>> responded = np.array([1, 0, 0, 0, 0, 1])
        >>> round(qini(np.array([3, 3, 2, 2, 1, 1]), responded, shown)["coefficient"][0], 6)
        0.8
    """
    rows = _sorted(score, outcome, shown, propensity)
    sides = int(rows.shown.sum()), int((1.0 - rows.shown).sum())
    if min(sides) == 0:
        raise ValueError("a Qini curve needs rows that were shown the offer and rows that were not")
    level = _levels(-rows.score)
    share, gain, area, influence = _curve(level, rows)
    out: dict[str, object] = {
        "rows": sum(sides),
        "shown": sides[0],
        "control": sides[1],
        "increment": _difference(rows),
        "area": _interval(area, influence),
    }
    if np.isin(rows.outcome, (0.0, 1.0)).all():
        best = rows.outcome * (2.0 * rows.shown - 1.0)
        _, _, most, moved = _curve(_levels(-best), rows)
        if most > 0.0:
            out["coefficient"] = _interval(area / most, (influence - area / most * moved) / most)
    places = np.linspace(0.0, 1.0, _POINTS)
    heights = np.interp(places, np.append(0.0, share), np.append(0.0, gain))
    out["curve"] = [[round(x, 6), y] for x, y in zip(places.tolist(), heights.tolist(), strict=True)]
    return out


def evaluate_increment(
    score: NDArray[np.integer],
    outcome: NDArray[np.number],
    shown: NDArray[np.integer],
    *,
    unit: float = 1e-6,
    propensity: NDArray[np.float64] | float | None = None,
    bins: int = _BINS,
) -> dict[str, object]:
    """`qini`, and whether increments come true: bins by prediction, each with what was measured in it.

    Args:
        score: int[n], whole units.
        outcome: number[n].
        shown: int[n], 1 or 0.
        unit: what one unit of the score is worth.
        propensity: see `qini`.
        bins: at most so many bins of equal size.

    Returns:
        ``rows``, ``enough`` and, with at least `ENOUGH_SIDE` rows on either side, what `qini` gives, and
        ``reliability``: per bin ``rows``, ``predicted`` (mean), ``increment``, ``lower``, ``upper`` (normal, 95 %).
        Equal scores share a bin; a bin without rows on a side is left out.
    """
    sides = int((shown == 1).sum()), int((shown == 0).sum())
    if min(sides) < ENOUGH_SIDE:
        return {"rows": sum(sides), "enough": False, "shown": sides[0], "control": sides[1]}
    rows = _sorted(score, outcome, shown, propensity)
    place = np.searchsorted(rows.score, rows.score, "left") * bins // len(rows.score)
    table: list[dict[str, float | int]] = []
    for index in range(bins):
        here = place == index
        part = _Rows(rows.score[here], rows.shown[here], rows.outcome[here], rows.weight[here])
        if part.shown.sum() > 0 and (1.0 - part.shown).sum() > 0:
            value, lower, upper = _difference(part)
            told = float(part.score.astype(np.float64).mean()) * unit
            table.append(
                {"rows": int(here.sum()), "predicted": told, "increment": value, "lower": lower, "upper": upper}
            )
    return {**qini(score, outcome, shown, propensity), "enough": True, "reliability": table}


def _sorted(
    score: NDArray[np.number],
    outcome: NDArray[np.number],
    shown: NDArray[np.number],
    propensity: NDArray[np.float64] | float | None,
) -> _Rows:
    side = np.asarray(shown, np.float64)
    chance = np.full(len(side), float(side.mean()) if len(side) else 0.5)
    if propensity is not None:
        chance = np.broadcast_to(np.asarray(propensity, np.float64), side.shape)
    with np.errstate(divide="ignore"):
        weight = np.where(side > 0, 1.0 / chance, 1.0 / (1.0 - chance))
    order = np.lexsort((weight, outcome, side, score))
    response = np.asarray(outcome, np.float64)
    return _Rows(np.asarray(score)[order], side[order], response[order], weight[order])


def _levels(key: NDArray[np.number]) -> NDArray[np.intp]:
    """Place of each value among the distinct ones, lowest first."""
    return np.asarray(np.unique(key, return_inverse=True)[1], np.intp)


def _curve(
    level: NDArray[np.intp], rows: _Rows
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.float64]]:
    """Share and gain after each level, the area above the straight line, and each row's influence on the area.

    The influence is the slope of the area when one more of the row is mixed in: the row's own place, what it changes in
    the gain of every share that it is in, and in the end of the line.
    """
    size = len(level)

    def per_level(what: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(level, what, level.max() + 1) / size

    side, control = rows.weight * rows.shown, rows.weight * (1.0 - rows.shown)
    part = per_level(np.ones(size))
    many_shown, many_control = np.cumsum(per_level(side)), np.cumsum(per_level(control))
    responded, responded_control = (
        np.cumsum(per_level(side * rows.outcome)),
        np.cumsum(per_level(control * rows.outcome)),
    )
    some = np.maximum(many_control, 1e-300)
    rate = np.where(many_control > 0.0, responded_control / some, 0.0)
    ratio = np.where(many_control > 0.0, many_shown / some, 0.0)
    gain = responded - ratio * responded_control
    middle = (gain + np.append(0.0, gain[:-1])) / 2.0
    area = float(part @ middle) - float(gain[-1]) / 2.0
    # every gain counts in the two strips beside it; the last also as the end of the line
    strips = (part + np.append(part[1:], 0.0)) / 2.0
    strips[-1] -= 0.5

    def beyond(what: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.cumsum((strips * what)[::-1])[::-1].take(level)

    ones = np.ones_like(rate)
    influence = middle.take(level)
    influence = influence + side * (rows.outcome * beyond(ones) - beyond(rate))
    influence = influence - control * (rows.outcome * beyond(ratio) - beyond(ratio * rate))
    whole = float(many_shown[-1])
    area /= whole
    influence = (influence - influence.mean()) / whole
    influence -= area * (side / whole - 1.0)
    return np.cumsum(part), gain / whole, area, influence


def _interval(value: float, influence: NDArray[np.float64]) -> list[float]:
    half = Z95 * float(influence.std()) / math.sqrt(len(influence))
    return [value, value - half, value + half]


def _difference(rows: _Rows) -> list[float]:
    """Mean outcome of the shown less that of the control, with a 95 % interval (normal, by the weights)."""
    means, variance = [], 0.0
    for side in (rows.shown, 1.0 - rows.shown):
        weight = rows.weight * side / float((rows.weight * side).sum())
        means.append(float(weight @ rows.outcome))
        variance += float(np.square(weight * (rows.outcome - means[-1])).sum())
    half = Z95 * math.sqrt(variance)
    return [means[0] - means[1], means[0] - means[1] - half, means[0] - means[1] + half]
