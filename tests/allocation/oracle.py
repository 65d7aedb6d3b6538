"""The linear problem behind an allocation, with every pair of groups written out, for HiGHS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import Measure

SPREADS = [measure for measure in Measure if measure is not Measure.SELECTION_RATE_FLOOR]
"""Measures of a difference between groups; a floor needs an allocation without limits beside it."""

Row = tuple[NDArray[np.float64], float]


def linear_optimum(
    value: NDArray[np.int64],
    campaign: Campaign,
    groups: Mapping[str, Sequence[str]],
    eligible: NDArray[np.bool_] | None = None,
    unlimited: NDArray[np.int16] | None = None,
) -> float:
    """The optimum of the linear problem with all limits, micro-money; floors are taken from the choices `unlimited`."""
    offers, people = value.shape
    eligible = np.ones(value.shape, dtype=bool) if eligible is None else eligible
    rows = [*_places(campaign, people), *_groups(campaign, groups, eligible, unlimited)]
    each = np.kron(np.ones(offers), np.eye(people))
    matrix = np.vstack([each, *(row.reshape(1, -1) for row, _ in rows)])
    most = np.concatenate([np.ones(people), [bound for _, bound in rows]])
    bounds = np.column_stack([np.zeros(value.size), eligible.ravel()])
    solved = linprog(-value.ravel(), A_ub=matrix, b_ub=most, bounds=bounds, method="highs")
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


def _groups(
    campaign: Campaign,
    groups: Mapping[str, Sequence[str]],
    eligible: NDArray[np.bool_],
    unlimited: NDArray[np.int16] | None,
) -> Iterator[Row]:
    for limit in campaign.limits.disparity:
        names = np.array(groups[limit.groups[0]])
        for taken in compared_offers(limit, campaign):
            size = {g: int(((names == g) & eligible[taken].any(axis=0)).sum()) for g in np.unique(names)}
            judged = [group for group, people in size.items() if people >= limit.minimum_size]
            rate = {g: _only(len(eligible), taken)[:, None] * (names == g) / size[g] for g in judged}
            if limit.measure is Measure.SELECTION_RATE_FLOOR:
                assert unlimited is not None
                for g in judged:
                    had = int(np.isin(unlimited[names == g], taken).sum())
                    yield -rate[g] * size[g], -max(0.0, np.ceil(had - limit.bound * size[g] - 1e-9))
                continue
            if limit.measure is Measure.SELECTION_RATE_RATIO_TO_MEAN and len(judged) > 1:
                whole = sum(size[g] for g in judged)
                mean = sum(rate[g] * size[g] / whole for g in judged)
                for low in judged:
                    yield limit.bound * mean - rate[low], 0.0
                continue
            for low in judged:
                for high in judged:
                    if low != high and limit.measure is Measure.SELECTION_RATE_RATIO:
                        yield limit.bound * rate[high] - rate[low], 0.0
                    elif low != high:
                        yield rate[high] - rate[low], limit.bound
