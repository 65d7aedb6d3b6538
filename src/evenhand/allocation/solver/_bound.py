"""The proof: what no allocation within the rows can exceed, and how to bring that down to what one can reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import MICRO, Campaign

from ._dual import Hard, decide
from ._limits import Rows
from ._nest import Nest
from ._solve import Solved, narrowed

__all__ = ["at_most", "bound_of", "tightened"]

_SHRINK, _STEPS = 0.1, 6
_ENOUGH, _MANY, _ENOUGH_OF_MANY = 1e-7, 200_000, 1e-6
"""The bound is lowered until a step gains no more than this share of it. Of so many people, whole numbers leave open
far more than the second share."""


def bound_of(hard: Hard, rows: Rows, solved: Solved) -> float:
    """The dual bound at the prices, with room for the rounding of the sums."""
    over = np.maximum(-(solved.dual @ rows.level), 0).sum() if len(rows) else 0.0
    paid = float(rows.bound @ solved.dual) if len(rows) else 0.0
    return hard.surplus + paid + float(over) + 1e-10 * (abs(hard.surplus) + abs(paid))


def tightened(nest: Nest, rows: Rows, scale: float, solved: Solved, bound: float) -> float:
    """The bound at prices of ever narrower smoothing, until that hardly lowers it any more.

    Prices are found at a width that is enough to decide by. A free level is smoothed as widely as an eighth of all
    people, so at that width it still holds the bound up; narrower it does not.
    """
    beta = solved.beta
    enough = _ENOUGH if nest.people <= _MANY else _ENOUGH_OF_MANY
    for _ in range(_STEPS):
        beta *= _SHRINK
        solved = narrowed(nest, rows, scale, solved, beta)
        lower = bound_of(decide(nest.whole, rows.price(solved.dual)), rows, solved)
        if lower >= bound * (1 - enough):
            return min(bound, lower)
        bound = lower
    return bound


def at_most(campaign: Campaign, value: NDArray[np.int64], cost: NDArray[np.int64] | None) -> int:
    """Micro-money that so few places can bring at most: each as much as the best value of all. It says more than a
    price where next to nothing may be given.

    Args:
        campaign: its places, contacts and budget.
        value: int64[m, n], micro-money.
        cost: int64[m, n], micro-money, where costs are each person's own.
    """
    places = value.shape[1] * campaign.offers_each
    if campaign.limits.contacts.total is not None:
        places = min(places, campaign.limits.contacts.total * campaign.offers_each)
    if all(offer.capacity is not None for offer in campaign.offers):
        places = min(places, sum(offer.capacity or 0 for offer in campaign.offers))
    if campaign.limits.budget is not None and value.shape[1]:
        cheapest: int = min(offer.cost_micro for offer in campaign.offers) if cost is None else int(cost.min())
        if cheapest > 0:
            places = min(places, int(campaign.limits.budget * MICRO) // cheapest)
    return int(places) * max(0, int(value.max(initial=0)))
