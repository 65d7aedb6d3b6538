"""Of offers that no limit tells apart only a person's best few matter: hundreds of coupons become a few columns.

Offers without places or a minimum of their own, that no limit compares by themselves and that cost the same, have the
same price for everybody. Whoever may get k offers gets no more than k of them, and always the ones worth most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign

from ._choices import Choice
from ._comparisons import Comparison
from ._crowd import lot

__all__ = ["Pooled", "pooled"]

_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Pooled:
    """The people's values in fewer columns.

    Attributes:
        value: int64[m, n].
        cost: float64[m, n], or None; see `Crowd.cost`.
        origin: int16[m, n], the campaign's offer behind each column; None where the columns are the offers.
        stands_for: intp[m], an offer whose limits are those of the column.
    """

    value: NDArray[np.int64]
    cost: NDArray[np.float64] | None
    origin: NDArray[np.int16] | None
    stands_for: NDArray[np.intp]

    def columns(self, width: int, offers: int) -> NDArray[np.intp]:
        """The columns of a table over all offers (and what stands behind them) that a table over these has."""
        return np.concatenate([self.stands_for, np.arange(offers, width)])

    def offers_of(self, choice: Choice, rows: NDArray[np.intp]) -> Choice:
        """The campaign's offers of a choice among these columns, for these people."""
        if self.origin is None:
            return choice
        own = self.origin[np.maximum(choice, 0), rows if choice.ndim == 1 else rows[:, None]]
        return np.where(choice >= 0, own, np.int16(-1)).astype(np.int16)


def pooled(
    campaign: Campaign,
    comparisons: list[Comparison],
    value: NDArray[np.int64],
    cost: NDArray[np.float64] | None,
    draw: NDArray[np.uint64],
) -> Pooled:
    """Keep each person's best offers of every pool.

    Args:
        campaign: its limits say which offers are alike.
        comparisons: the groups compared.
        value: int64[m, n], micro-money.
        cost: float64[m, n], where costs are each person's own.
        draw: uint64[n], decides between equals.
    """
    most, everybody = campaign.offers_each, value.shape[1]
    pools = _pools(campaign, comparisons, own_costs=cost is not None)
    if all(len(pool) <= most for pool in pools):
        return Pooled(value, cost, None, np.arange(len(value)))
    sizes = [min(len(pool), most) for pool in pools]
    origin = np.empty((sum(sizes), everybody), dtype=np.int16)
    at = 0
    for pool, size in zip(pools, sizes, strict=True):
        if size == len(pool):
            origin[at : at + size] = np.array(pool, dtype=np.int16)[:, None]
        else:
            for first in range(0, everybody, _BLOCK):
                rows = slice(first, first + _BLOCK)
                origin[at : at + size, rows] = _best_of(pool, size, value[:, rows], draw[rows])
        at += size
    stands_for = np.concatenate([np.array(pool[:size]) for pool, size in zip(pools, sizes, strict=True)])
    picked = origin, np.arange(everybody)
    return Pooled(value[picked], None if cost is None else cost[picked], origin, stands_for.astype(np.intp))


def _best_of(pool: list[int], size: int, value: NDArray[np.int64], draw: NDArray[np.uint64]) -> NDArray[np.int16]:
    """int16[size, R], the offers of a pool that are worth most to each person; the higher lot before its equal."""
    own = value[pool]
    kept = np.sort(np.partition(own, len(pool) - size, axis=0)[len(pool) - size :], axis=0)[0]
    order = np.argsort(-own, axis=0, kind="stable")[:size]
    tied = np.flatnonzero((own >= kept).sum(axis=0) > size)
    if len(tied):
        lots = np.stack([lot(draw[tied], offer) for offer in pool])
        order[:, tied] = np.lexsort((-lots, -own[:, tied]), axis=0)[:size]
    return np.array(pool, dtype=np.int16)[order]


def _pools(campaign: Campaign, comparisons: list[Comparison], *, own_costs: bool) -> list[list[int]]:
    """Offers that no limit tells apart, each pool in the order of the campaign; most offers may be pools of one."""
    compared = {offer for comparison in comparisons for offer in comparison.offers}
    found: dict[object, list[int]] = {}
    for place, offer in enumerate(campaign.offers):
        alone = offer.capacity is not None or offer.minimum is not None or place in compared or own_costs
        cost = offer.cost_micro if campaign.limits.budget is not None else 0
        found.setdefault(("alone", place) if alone else ("alike", cost), []).append(place)
    return list(found.values())
