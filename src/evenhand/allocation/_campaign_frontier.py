"""What a limit of a campaign costs at every strictness: the same people and values, allocated once per bound.

It is the road's own allocation, blind or aware as the limit declares, with nothing changed but the bound. A bound that
cannot be kept is a point too: it says what could be kept instead.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import SUPPRESSED, Allocated, DataError, Measure, Scored, Standing, UsageError

from ._choices import lists_of
from ._comparisons import Comparison
from ._soft import allocate
from ._wall import Wall, figure, selected_people, survey

__all__ = ["CampaignFrontier", "CampaignPoint", "GroupShare", "campaign_frontier"]

_RATIOS = (0.5, 0.6, 0.7, 0.8, 0.9)
_GAPS = (0.2, 0.1, 0.05, 0.02, 0.01)


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One judged group at one bound.

    Attributes:
        features, group: the sensitive columns and their values.
        people: people of the group who are decided about with personal data.
        selected: how many of them get an offer; None where the wall does not show so few.
        change: selected ones more (or less) than without the limit; None where one of the two counts is hidden.
        offers: indices of the offers that count as selected; () for any offer.
    """

    features: tuple[str, ...]
    group: tuple[str, ...]
    people: int
    selected: int | None
    change: int | None
    offers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignPoint:
    """One bound.

    Attributes:
        bound: what was asked for.
        held: whether everything was kept; all that follows is None where no allocation was found that does.
        reached: the measure as reached, its worst over the limit's sets of groups.
        value: of all decisions, micro-money.
        value_lost: less than without the limit, micro-money; may be below zero by what whole numbers leave open.
        value_kept: share of the value without the limit.
        entered, left: people who get an offer only with, only without the limit.
        given, taken: people whom groups gain and lose by the limit in the set of groups where that is most; None where
            a count is hidden.
        groups: every judged group.
        remedy: what could be kept instead, where this bound could not.
    """

    bound: float
    held: bool
    reached: float | None = None
    value: int | None = None
    value_lost: int | None = None
    value_kept: float | None = None
    entered: int | None = None
    left: int | None = None
    given: int | None = None
    taken: int | None = None
    groups: tuple[GroupShare, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class CampaignFrontier:
    """The sweep of one limit of a campaign; every other limit stays as declared.

    Attributes:
        limit, measure, mode: the limit, how it compares, and whether the solver may use groups.
        declared: its bound in the campaign.
        people: people who are decided about with personal data.
        selected: people who get an offer without the limit.
        value: without the limit, micro-money.
        unlimited: the measure without the limit.
        points: from the loosest bound to the strictest.
    """

    limit: str
    measure: Measure
    mode: str
    declared: float
    people: int
    selected: int
    value: int
    unlimited: float
    points: tuple[CampaignPoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for `reports.frontier_picture`."""
        return {**asdict(self), "measure": self.measure.value}


def campaign_frontier(
    scored: Scored, campaign: Campaign, wall: Wall, swept: str | None = None, bounds: tuple[float, ...] = ()
) -> CampaignFrontier:
    """Allocate for each bound of one disparity limit.

    Args:
        scored: gate 3's values.
        campaign: offers and limits.
        wall: the groups, in the row order of the batch.
        swept: id of the limit; None = the campaign's only one.
        bounds: the bounds to try; () = usual ones and the declared one.

    Raises:
        UsageError: no such limit, or a bound outside 0..1.
        DataError: ``limit-unreachable``, where the limits other than this one cannot be kept.
    """
    limit = _limit(campaign, swept)
    ratio = limit.measure.is_least
    asked = sorted({*(bounds or (*(_RATIOS if ratio else _GAPS), limit.bound))}, reverse=not ratio)
    if any(not 0.0 <= bound <= 1.0 for bound in asked):
        raise UsageError(
            "frontier-bound",
            f"The bounds are {asked}.",
            rule="a bound on a ratio or a difference of rates lies between 0 and 1",
            remedy="give bounds such as 0.7, 0.8 and 0.9",
        )
    counted = scored.minimised.permitted.standing == Standing.PERSONALISED
    names, eligible = tuple(offer.id for offer in campaign.offers), scored.minimised.eligible
    chance = scored.probability
    comparisons = [each for each in survey(wall, (limit,), counted, names, eligible, chance) if not each.is_void]
    free = allocate(scored, _with_bound(campaign, limit, None), wall)
    if limit.measure.is_floor:
        plain = campaign.model_copy(update={"limits": campaign.limits.model_copy(update={"disparity": ()})})
        had = lists_of(allocate(scored, plain, wall))
        comparisons = [replace(each, reach=selected_people(wall, each, counted, had, chance)) for each in comparisons]
    before = _selected(wall, comparisons, counted, free)
    without = [figure(each, selected_people(wall, each, counted, lists_of(free), chance)) for each in comparisons]
    return CampaignFrontier(
        limit=limit.id,
        measure=limit.measure,
        mode=limit.mode,
        declared=limit.bound,
        people=int(counted.sum()),
        selected=int(free.gets().sum()),
        value=free.certificate.value,
        unlimited=(min(without, default=1.0) if ratio else max(without, default=0.0)),
        points=tuple(_point(scored, campaign, wall, limit, bound, comparisons, free, before) for bound in asked),
    )


def _limit(campaign: Campaign, swept: str | None) -> DisparityLimit:
    known = {limit.id: limit for limit in campaign.limits.disparity}
    if swept is None and len(known) == 1:
        return next(iter(known.values()))
    if swept not in known:
        named = "no limit was named" if swept is None else f"there is no disparity limit {swept!r}"
        raise UsageError(
            "frontier-limit",
            f"Nothing to sweep: {named}.",
            rule="one disparity limit of the campaign is swept, and the others stay as declared",
            remedy=f"name one of {sorted(known)}" if known else "declare one under limits.disparity",
        )
    return known[swept]


def _with_bound(campaign: Campaign, limit: DisparityLimit, bound: float | None) -> Campaign:
    """The campaign with another bound of this limit, or without the limit."""
    others = [
        each if each.id != limit.id else each.model_copy(update={"bound": bound, "ceiling": None})
        for each in campaign.limits.disparity
        if bound is not None or each.id != limit.id
    ]
    limits = campaign.limits.model_copy(update={"disparity": tuple(others)})
    return campaign.model_copy(update={"limits": limits})


def _outcome(allocated: Allocated, name: str) -> float:
    return next(float(limit.used) for limit in allocated.limits if limit.id == name)


def _selected(
    wall: Wall, comparisons: list[Comparison], counted: NDArray[np.bool_], allocated: Allocated
) -> list[dict[tuple[str, ...], int]]:
    """Selected people of each group, per comparison; SUPPRESSED where the wall does not show so few."""
    found = []
    for comparison in comparisons:
        code = np.where(counted & allocated.gets(comparison.offers), 0, -1)
        table = wall.count(comparison.features, code, 1, why=f"selected people per bound of {comparison.limit.id}")
        found.append(dict(zip(table.groups, table.counts[:, 0].tolist(), strict=True)))
    return found


def _point(
    scored: Scored, campaign: Campaign, wall: Wall, limit: DisparityLimit, bound: float,
    comparisons: list[Comparison], free: Allocated, before: list[dict[tuple[str, ...], int]],
) -> CampaignPoint:  # fmt: skip
    try:
        allocated = allocate(scored, _with_bound(campaign, limit, bound), wall)
    except DataError as error:
        if error.code != "limit-unreachable":
            raise
        return CampaignPoint(bound, held=False, remedy=error.remedy)
    counted = scored.minimised.permitted.standing == Standing.PERSONALISED
    after = _selected(wall, comparisons, counted, allocated)
    groups: list[GroupShare] = []
    moved: list[tuple[int, int] | None] = []
    for comparison, old, new in zip(comparisons, before, after, strict=True):
        shares = [_share(comparison, place, old, new) for place in np.flatnonzero(comparison.judged).tolist()]
        groups += shares
        change = [share.change for share in shares if share.change is not None]
        moved.append(
            (sum(each for each in change if each > 0), -sum(each for each in change if each < 0))
            if len(change) == len(shares)
            else None
        )
    known = [each for each in moved if each is not None] if None not in moved else []
    with_offer, without = allocated.gets(), free.gets()
    value, whole = allocated.certificate.value, free.certificate.value
    return CampaignPoint(
        bound=bound,
        held=all(outcome.held for outcome in allocated.limits),
        reached=_outcome(allocated, limit.id),
        value=value,
        value_lost=whole - value,
        value_kept=value / whole if whole > 0 else 1.0,
        entered=int((with_offer & ~without).sum()),
        left=int((without & ~with_offer).sum()),
        given=max((each[0] for each in known), default=None),
        taken=max((each[1] for each in known), default=None),
        groups=tuple(groups),
    )


def _share(
    comparison: Comparison, place: int, old: dict[tuple[str, ...], int], new: dict[tuple[str, ...], int]
) -> GroupShare:
    group = comparison.groups[place]
    was, now = old.get(group, 0), new.get(group, 0)
    hidden = SUPPRESSED in (was, now)
    return GroupShare(
        features=comparison.features,
        group=group,
        people=int(comparison.size[place]),
        selected=None if now == SUPPRESSED else now,
        change=None if hidden else now - was,
        offers=comparison.offers,
    )
