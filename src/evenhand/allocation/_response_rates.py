"""What limits on modelled responses compare, before and after them, for whoever reads a report."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evenhand.policy import Campaign
from evenhand.terms import Allocated, Standing

from ._wall import Wall, figure, selected_people, survey

__all__ = ["ResponseRates", "response_rates"]


@dataclass(frozen=True, slots=True)
class ResponseRates:
    """The judged groups of one comparison.

    Attributes:
        limit: its id.
        features: the sensitive columns whose values are the groups.
        offers: ids of the offers that are compared; () for any offer.
        groups: the judged ones.
        before, after: rate of each, without limits between groups and as decided; modelled, not observed.
        figure_before, figure_after: what the limit bounds.
    """

    limit: str
    features: tuple[str, ...]
    offers: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    figure_before: float
    figure_after: float


def response_rates(allocated: Allocated, campaign: Campaign, wall: Wall) -> tuple[ResponseRates, ...]:
    """One entry for each comparison of a limit on modelled responses that compares something.

    Args:
        allocated: the decisions.
        campaign: its limits.
        wall: the groups, in the row order of the batch.
    """
    scored = allocated.scored
    limits = tuple(limit for limit in campaign.limits.disparity if limit.measure.is_weighted)
    counted = scored.minimised.permitted.standing == Standing.PERSONALISED
    names = tuple(offer.id for offer in campaign.offers)
    told = []
    for one in survey(wall, limits, counted, names, scored.minimised.eligible, scored.probability):
        if one.is_void:
            continue
        had, has = (
            selected_people(wall, one, counted, choice, scored.probability)
            for choice in (allocated.unlimited_offer, allocated.offer)
        )
        compared = replace(one, reach=had)
        before, after = (np.asarray(hits / one.judged_over, dtype=np.float64) for hits in (had, has))
        told.append(
            ResponseRates(
                limit=one.limit.id,
                features=one.features,
                offers=tuple(names[offer] for offer in one.offers),
                groups=one.judged_groups,
                before=tuple(before.tolist()),
                after=tuple(after.tolist()),
                figure_before=figure(compared, had),
                figure_after=figure(compared, has),
            )
        )
    return tuple(told)
