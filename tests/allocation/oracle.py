"""The linear problem behind an allocation, with every pair of groups written out, for HiGHS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import Measure

Row = tuple[NDArray[np.float64], float]


def linear_optimum(value: NDArray[np.int64], campaign: Campaign, groups: Mapping[str, Sequence[str]]) -> float:
    """The optimum of the linear problem with all limits, micro-money."""
    offers, people = value.shape
    rows = [*_places(campaign, people), *_groups(campaign, groups, offers)]
    each = np.kron(np.ones(offers), np.eye(people))
    matrix = np.vstack([each, *(row.reshape(1, -1) for row, _ in rows)])
    most = np.concatenate([np.ones(people), [bound for _, bound in rows]])
    solved = linprog(-value.ravel(), A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    assert solved.status == 0, solved.message
    return float(-solved.fun)


def _places(campaign: Campaign, people: int) -> Iterator[Row]:
    offers = len(campaign.offers)
    if campaign.limits.contacts.total is not None:
        yield np.ones((offers, people)), campaign.limits.contacts.total
    for index, offer in enumerate(campaign.offers):
        if offer.capacity is not None:
            yield _only(offers, [index])[:, None] * np.ones(people), offer.capacity
        if offer.minimum is not None:
            yield -_only(offers, [index])[:, None] * np.ones(people), -offer.minimum
    if campaign.limits.budget is not None:
        costs = np.array([offer.cost_micro / 1e6 for offer in campaign.offers])
        yield costs[:, None] * np.ones(people), float(campaign.limits.budget)


def _only(offers: int, taken: Sequence[int]) -> NDArray[np.float64]:
    return np.isin(np.arange(offers), taken).astype(np.float64)


def compared_offers(limit: DisparityLimit, campaign: Campaign) -> list[list[int]]:
    """The sets of offers that a limit compares, as indices."""
    ids = [offer.id for offer in campaign.offers]
    named = [ids.index(name) for name in limit.offers] or list(range(len(ids)))
    return [[index] for index in named] if limit.per == "offer" else [named]


def _groups(campaign: Campaign, groups: Mapping[str, Sequence[str]], offers: int) -> Iterator[Row]:
    for limit in campaign.limits.disparity:
        names = np.array(groups[limit.groups[0]])
        judged = [group for group in np.unique(names) if (names == group).sum() >= limit.minimum_size]
        for taken in compared_offers(limit, campaign):
            rate = {g: _only(offers, taken)[:, None] * (names == g) / (names == g).sum() for g in judged}
            for low in judged:
                for high in judged:
                    if low != high and limit.measure is Measure.SELECTION_RATE_RATIO:
                        yield limit.bound * rate[high] - rate[low], 0.0
                    elif low != high:
                        yield rate[high] - rate[low], limit.bound
