"""Prices in whole micro-money, and what became of each declared limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import MICRO, Campaign
from evenhand.terms import LimitOutcome, Prices

from ._cells import Cells
from ._wall import figure, holds
from .solver import Comparison, Rows, Solved, as_lists, has_any

__all__ = ["GROUPS_TOO_SMALL", "NOTHING_TO_COMPARE", "limit_outcomes", "prices_of"]

GROUPS_TOO_SMALL = "groups-too-small"
NOTHING_TO_COMPARE = "nothing-to-compare"

Kind = Literal["budget", "contacts", "capacity", "minimum", "disparity"]


def prices_of(
    campaign: Campaign,
    rows: Rows,
    solved: Solved,
    comparisons: list[Comparison],
    cells: Cells,
    own_unit: float | None = None,
) -> Prices:
    """Round the price table and say each limit's price per place, contact, unit of money or whole unit of a bound.

    With `own_unit` costs are each person's own, in units of so much micro-money; see `build_rows`.
    """
    offers = len(campaign.offers)
    common = rows.comparison < 0
    width = rows.shape.shape[2]
    offer = rows.price(np.where(common, solved.dual, 0))[0] if len(rows) else np.zeros(width)
    group = rows.price(np.where(common, 0, solved.dual)) if len(rows) else np.zeros((cells.size, width))
    unit = next((comparison.typical for comparison in comparisons if comparison.is_weighted), 1.0)
    behind: dict[str, Any] = {}
    if campaign.offers_each > 1:
        behind |= {"contact": round(float(offer[offers])), "group_contact": np.rint(group[:, offers]).astype(np.int64)}
    elif own_unit is None and width > offers:
        behind["response"] = np.rint(group[:, offers:] * (MICRO / unit)).astype(np.int64)
    if own_unit is not None:
        behind["money"] = round(float(offer[-1]) / own_unit * MICRO)
    by_limit = dict.fromkeys(_declared(campaign), 0)
    for row, owner in enumerate(rows.owner):
        price = float(solved.dual[row])
        if owner == "budget":
            by_limit[owner] = round(price / rows.unit[row] * MICRO)
        elif common[row]:
            by_limit[owner] = round(price)
        elif not rows.is_upper[row]:
            comparison = comparisons[rows.comparison[row]]
            people = float(comparison.judged_over[rows.group[row]]) / comparison.typical
            if comparison.limit.measure.is_least:
                people *= float(solved.level[rows.comparison[row]])
            by_limit[owner] += round(price * people)
    return Prices(
        offer=np.rint(offer[:offers]).astype(np.int64),
        group=np.rint(group[:, :offers]).astype(np.int64),
        by_limit=by_limit,
        cell_tables=cells.tables,
        **behind,
    )


def _declared(campaign: Campaign) -> list[str]:
    names = ["budget"] if campaign.limits.budget is not None else []
    names += ["contacts"] if campaign.limits.contacts.total is not None else []
    names += [f"capacity:{offer.id}" for offer in campaign.offers if offer.capacity is not None]
    names += [f"minimum:{offer.id}" for offer in campaign.offers if offer.minimum is not None]
    return names + [limit.id for limit in campaign.limits.disparity]


def limit_outcomes(
    campaign: Campaign,
    comparisons: list[Comparison],
    choice: NDArray[np.int16],
    selected: list[NDArray[np.int64]],
    binding: frozenset[str],
    costs: dict[str, tuple[int, int]] | None,
    notes: Mapping[str, str],
    cost: NDArray[np.int64] | None = None,
) -> tuple[LimitOutcome, ...]:
    """Say of every declared limit what was used of it, exactly, whether it held, and what it costs.

    Args:
        campaign: what was declared.
        comparisons: the groups that were compared.
        choice: int16[n], the offer of each person; or int16[n, most], the offers of each person, then -1.
        selected: selected people per judged group, for each comparison.
        binding: limits with a price.
        costs: micro-money and people of each binding limit; None = that was not worked out.
        notes: how the costs of a limit were estimated, by its id.
        cost: int64[m, n], micro-money, where costs are each person's own.
    """
    taken = np.bincount(choice.ravel().astype(np.intp) + 1, minlength=len(campaign.offers) + 1)[1:].tolist()
    contacted = int(np.count_nonzero(has_any(choice)))
    spent = sum(people * offer.cost_micro for people, offer in zip(taken, campaign.offers, strict=True))
    if cost is not None:
        places = as_lists(choice)
        who, at = np.nonzero(places >= 0)
        spent = int(cost[places[who, at], who].sum())
    outcomes: list[LimitOutcome] = []

    def add(name: str, kind: Kind, declared: float, used: float, held: bool) -> None:
        money, people = (None, None) if costs is None else costs.get(name, (0, 0))
        remark = notes.get(name, "")
        outcomes.append(LimitOutcome(name, kind, declared, used, held, name in binding, money, people, note=remark))

    if campaign.limits.budget is not None:
        budget = int(campaign.limits.budget * MICRO)
        add("budget", "budget", budget, spent, spent <= budget)
    if campaign.limits.contacts.total is not None:
        add(
            "contacts",
            "contacts",
            campaign.limits.contacts.total,
            contacted,
            contacted <= campaign.limits.contacts.total,
        )
    for people, offer in zip(taken, campaign.offers, strict=True):
        if offer.capacity is not None:
            add(f"capacity:{offer.id}", "capacity", offer.capacity, people, people <= offer.capacity)
    for people, offer in zip(taken, campaign.offers, strict=True):
        if offer.minimum is not None:
            add(f"minimum:{offer.id}", "minimum", offer.minimum, people, people >= offer.minimum)
    for limit in campaign.limits.disparity:
        mine = [(c, s) for c, s in zip(comparisons, selected, strict=True) if c.limit.id == limit.id]
        real = [(c, s) for c, s in mine if not c.is_void]
        is_ratio = limit.measure.is_least
        reached = [figure(c, s) for c, s in real] or [1.0 if is_ratio else 0.0]
        small = any(bool((c.size < limit.minimum_size).any()) for c, _ in mine)
        lowest_or_highest = min(reached) if is_ratio else max(reached)
        add(limit.id, "disparity", limit.bound, lowest_or_highest, all(holds(c, s) for c, s in real))
        plain: LimitOutcome = outcomes[-1]
        remark = NOTHING_TO_COMPARE if not real else GROUPS_TOO_SMALL if small else plain.note
        outcomes[-1] = replace(plain, measure=limit.measure, features=limit.groups, note=remark)
    return tuple(outcomes)
