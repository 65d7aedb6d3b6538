"""Soft limits: kept as far as they cost no more than a share of the value, and told how much the rest would have cost.

A soft limit is looked at on its own: what is the value without it, what with it? Where the difference is more than the
ceiling, the strictest bound that stays below it is found by halving, and is kept as a hard one. Several soft limits are
settled one after the other, in the order of the campaign file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import Allocated, DataError, LimitOutcome, Scored, SoftOutcome

from ._allocate import allocate_within
from ._by_prices import GivenPrices, by_prices
from ._undone import refuse_undone
from ._wall import Wall

__all__ = ["allocate"]

_HALVINGS = 8
_FREE = -1.0
"""In place of a bound: nothing is asked, the figure is only measured."""


def allocate(
    scored: Scored, campaign: Campaign, wall: Wall, given: GivenPrices | None = None, *, is_costed: bool = True
) -> Allocated:
    """Give each person at most one offer, so that total value is as high as the limits allow.

    Hard limits are kept; soft ones as far as they cost no more than their ceiling. The method: `allocate_within`.

    Args:
        scored: gate 3's values.
        campaign: offers and limits.
        wall: the groups, in the row order of the batch.
        given: prices of an earlier run to decide with, person by person in the order of the batch; None = find the
            prices of this batch.
        is_costed: say what each limit costs, which takes about as long again for each that binds between groups.

    Raises:
        DataError: ``limit-unreachable``, where hard limits cannot be kept; ``lots-beyond-limits``, where what is drawn
            by lot alone is more than a limit allows.
        UsageError: ``several-undone``, where several offers per person do not go together with what is declared.
    """
    refuse_undone(campaign)
    if given is not None:
        return by_prices(scored, campaign, wall, given)
    soft = [limit for limit in campaign.limits.disparity if limit.ceiling is not None]
    if not soft:
        return allocate_within(scored, campaign, wall, is_costed=is_costed)
    bounds: dict[str, float | None] = {limit.id: None for limit in soft}
    told: dict[str, SoftOutcome] = {}
    for limit in soft:
        told[limit.id], is_free = _settle(scored, campaign, wall, limit, bounds)
        # what is free needs no bound, unless a limit that is settled later could take it back
        bounds[limit.id] = _FREE if is_free and limit is soft[-1] else told[limit.id].bound
    found: Allocated = allocate_within(scored, _with_bounds(campaign, bounds), wall, is_costed=is_costed)
    declared = {limit.id: limit.bound for limit in soft}
    limits = [_told(outcome, declared[outcome.id], told[outcome.id]) if outcome.id in told else outcome
              for outcome in found.limits]  # fmt: skip
    return replace(found, limits=tuple(limits))


def _told(outcome: LimitOutcome, declared: float, soft: SoftOutcome) -> LimitOutcome:
    """The outcome of the bound that was settled, as that of the limit that was declared."""
    return replace(outcome, declared=declared, held=outcome.held and soft.bound == declared, soft=soft)


def _settle(
    scored: Scored, campaign: Campaign, wall: Wall, limit: DisparityLimit, bounds: dict[str, float | None]
) -> tuple[SoftOutcome, bool]:
    """How far to keep one soft limit, with those before it settled and those after it left out; and whether that is
    so where it is left free."""
    ceiling = limit.ceiling or 0.0

    def tried(bound: float | None) -> tuple[int, float] | None:
        """Value, and the limit's figure, at a bound (None: left free); None where it cannot be kept."""
        at = {**bounds, limit.id: _FREE if bound is None else bound}
        try:
            found = allocate_within(scored, _with_bounds(campaign, at), wall, is_trial=True)
        except DataError as error:
            if error.code != "limit-unreachable" or bound is None:
                raise
            return None
        used = next(float(outcome.used) for outcome in found.limits if outcome.id == limit.id)
        return found.certificate.value, used

    free = tried(None)
    assert free is not None  # a limit that is left free cannot be in the way
    if free[1] >= limit.bound if limit.measure.is_least else free[1] <= limit.bound:
        return SoftOutcome(ceiling, free[0], limit.bound, 0, 0), True
    least = free[0] - ceiling * max(free[0], 0)
    whole = tried(limit.bound)
    needed = None if whole is None else free[0] - whole[0]
    if whole is not None and whole[0] >= least:
        return SoftOutcome(ceiling, free[0], limit.bound, free[0] - whole[0], needed), False
    away = np.floor if limit.measure.is_least else np.ceil
    kept, cost = _rounded(free[1], away), 0
    missed = limit.bound
    for _ in range(_HALVINGS):
        middle = _rounded((kept + missed) / 2, away)
        if middle in (kept, missed):
            break
        found = tried(middle)
        if found is not None and found[0] >= least:
            kept, cost = middle, free[0] - found[0]
        else:
            missed = middle
    return SoftOutcome(ceiling, free[0], kept, cost, needed), not cost


def _rounded(bound: float, away: np.ufunc) -> float:
    """Three decimals, away from strict."""
    return round(float(np.clip(away(round(bound * 1000, 6)) / 1000, 0, 1)), 3)


def _with_bounds(campaign: Campaign, bounds: dict[str, float | None]) -> Campaign:
    """The campaign with its soft limits as hard ones at these bounds; those that are left free bound nothing and are
    measured, those without a bound are left out."""
    kept = []
    for limit in campaign.limits.disparity:
        if limit.id not in bounds:
            kept.append(limit)
            continue
        bound = bounds[limit.id]
        if bound == _FREE:
            kept.append(limit.model_copy(update={"bound": 0.0 if limit.measure.is_least else 1.0}))
        elif bound is not None:
            kept.append(limit.model_copy(update={"bound": bound, "ceiling": None}))
    limits = campaign.limits.model_copy(update={"disparity": tuple(kept)})
    return campaign.model_copy(update={"limits": limits})
