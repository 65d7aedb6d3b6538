"""The linear problem behind an allocation, with every pair of groups written out, for HiGHS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import Measure

SPREADS = [measure for measure in Measure if not (measure.is_floor or measure.is_weighted)]
"""Measures of a difference between groups; a floor needs an allocation without limits beside it."""

Row = tuple[NDArray[np.float64], float]


def linear_optimum(
    value: NDArray[np.int64],
    campaign: Campaign,
    groups: Mapping[str, Sequence[str]],
    eligible: NDArray[np.bool_] | None = None,
    unlimited: NDArray[np.int16] | None = None,
    probability: NDArray[np.int32] | None = None,
) -> float:
    """The optimum of the linear problem with all limits, micro-money; floors are taken from the choices `unlimited`,
    and weighted measures from the modelled `probability`, parts per million."""
    offers, people = value.shape
    eligible = np.ones(value.shape, dtype=bool) if eligible is None else eligible
    rows = [*_places(campaign, people), *_groups(campaign, groups, eligible, unlimited, probability)]
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
    probability: NDArray[np.int32] | None,
) -> Iterator[Row]:
    for limit in campaign.limits.disparity:
        names = np.array(groups[limit.groups[0]])
        for taken in compared_offers(limit, campaign):
            size = {g: int(((names == g) & eligible[taken].any(axis=0)).sum()) for g in np.unique(names)}
            judged = [group for group, people in size.items() if people >= limit.minimum_size]
            worth, over = np.ones(eligible.shape), {g: float(size[g]) for g in judged}
            if limit.measure.is_weighted:
                assert probability is not None
                worth = probability / 1e6
            if limit.measure.rate == "modelled_true_positive":
                most = np.where(eligible, worth, 0)[taken].max(axis=0)
                over = {g: float(most[names == g].sum()) for g in judged}
            rate = {g: worth * _only(len(eligible), taken)[:, None] * (names == g) / over[g] for g in judged}
            if limit.measure.is_floor:
                assert unlimited is not None
                for g in judged:
                    has = (names == g) & np.isin(unlimited, taken)
                    had = float(worth[unlimited[has], has].sum()) - limit.bound * over[g]
                    yield -rate[g] * over[g], -max(0.0, had if limit.measure.is_weighted else np.ceil(had - 1e-9))
                continue
            if limit.measure.comparison == "ratio_to_mean" and len(judged) > 1:
                whole = sum(over[g] for g in judged)
                mean = sum(rate[g] * over[g] / whole for g in judged)
                for low in judged:
                    yield limit.bound * mean - rate[low], 0.0
                continue
            for low in judged:
                for high in judged:
                    if low != high and limit.measure.comparison == "ratio":
                        yield limit.bound * rate[high] - rate[low], 0.0
                    elif low != high:
                        yield rate[high] - rate[low], limit.bound
