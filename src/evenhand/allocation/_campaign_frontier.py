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
from evenhand.terms import (
    Allocated,
    DataError,
    Measure,
    Scored,
    Standing,
    TableQuestion,
    ToldGroup,
    ToldTable,
    UsageError,
    figure_between,
    is_few,
    shown,
    shown_steps,
)

from ._soft import allocate
from ._wall import Wall, figure, selected_people, survey
from .solver import UNKNOWN, Comparison, lists_of

__all__ = ["CampaignFrontier", "CampaignPoint", "GroupShare", "campaign_frontier"]

_RATIOS = (0.5, 0.6, 0.7, 0.8, 0.9)
_GAPS = (0.2, 0.1, 0.05, 0.02, 0.01)


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One judged group at one bound.

    Attributes:
        features, group: the sensitive columns and their values.
        people: people of the group who are decided about with personal data; None where the wall tells a range only.
        selected: how many of them get an offer; None likewise.
        change: selected ones more (or less) than without the limit; None where one of the two counts is hidden.
        offers: indices of the offers that count as selected; () for any offer.
    """

    features: tuple[str, ...]
    group: tuple[str, ...]
    people: int | None
    selected: int | None
    change: int | None
    offers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignPoint:
    """One bound.

    Attributes:
        bound: what was asked for.
        held: whether everything was kept; all that follows is None where no allocation was found that does.
        reached: the measure as reached, its worst over the limit's sets of groups; None where a count is hidden, which
            could be worked out from it.
        reached_between: the least and the most that it can be by what is told, where it is not; None also of a measure
            of modelled responses.
        value: of all decisions, micro-money.
        value_lost: less than without the limit, micro-money; may be below zero by what whole numbers leave open.
        value_kept: share of the value without the limit.
        entered, left: people who get an offer only with, only without the limit.
        given, taken: people whom groups gain and lose by the limit in the set of groups where that is most; None where
            a count is hidden.
        groups: every judged group, and those that may be by the range that is told of their people.
        remedy: what could be kept instead, where this bound could not.
    """

    bound: float
    held: bool
    reached: float | None = None
    reached_between: tuple[float, float] | None = None
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
        unlimited: the measure without the limit; None where a count is hidden.
        unlimited_between: see `CampaignPoint.reached_between`.
        points: from the loosest bound to the strictest.
        everybody: people who are decided about, with personal data or without.
    """

    limit: str
    measure: Measure
    mode: str
    declared: float
    people: int
    selected: int
    value: int
    unlimited: float | None
    points: tuple[CampaignPoint, ...]
    everybody: int = 0
    unlimited_between: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for `reports.frontier_picture`; small numbers of people are None.

        A change of a few people is one, and so is what enters or leaves by it; both ways are told, or neither.
        """
        points = [
            {
                **asdict(point),
                **_both("entered", point.entered, "left", point.left),
                **_both("given", point.given, "taken", point.taken),
                "groups": [{**asdict(one), "change": _moved(one.change)} for one in point.groups],
            }
            for point in self.points
        ]
        told = {**asdict(self), "measure": self.measure.value, "points": points, "people": shown(self.people)}
        del told["everybody"]
        return told | {"selected": shown_steps([self.everybody, self.selected])[1]}


def _both(one: str, first: int | None, other: str, second: int | None) -> dict[str, int | None]:
    """Two numbers of people whose difference may be known: neither is told where one is small."""
    hidden = first is None or second is None or is_few(first) or is_few(second)
    return {one: None, other: None} if hidden else {one: first, other: second}


def _moved(change: int | None) -> int | None:
    """A change of a number of people, None where it is one of a few."""
    return None if change is None or is_few(abs(change)) else change


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
    free = allocate(scored, _with_bound(campaign, limit, None), wall, is_costed=False)
    if limit.measure.is_floor:
        plain = campaign.model_copy(update={"limits": campaign.limits.model_copy(update={"disparity": ()})})
        had = lists_of(allocate(scored, plain, wall, is_costed=False))
        comparisons = [replace(each, reach=selected_people(wall, each, counted, had, chance)) for each in comparisons]
    tables = _Tables(wall, comparisons, counted, f"selected people per bound of {limit.id}")
    tables.ask(free)
    without = [figure(each, selected_people(wall, each, counted, lists_of(free), chance)) for each in comparisons]
    points = [_point(scored, campaign, wall, limit, bound, free, tables) for bound in asked]
    unlimited = min(without, default=1.0) if ratio else max(without, default=0.0)
    bare = tables.told(CampaignPoint(limit.bound, held=False, reached=unlimited), 0)
    return CampaignFrontier(
        limit=limit.id,
        measure=limit.measure,
        mode=limit.mode,
        declared=limit.bound,
        people=int(counted.sum()),
        selected=int(free.gets().sum()),
        value=free.certificate.value,
        unlimited=bare.reached,
        points=tuple(point if number is None else tables.told(point, number) for point, number in points),
        everybody=len(counted),
        unlimited_between=bare.reached_between,
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


class _Tables:
    """Selected people per group at every bound, told together so that no hidden number follows from several.

    A set of groups has one table without the limit, and one per bound.
    """

    def __init__(self, wall: Wall, comparisons: list[Comparison], counted: NDArray[np.bool_], why: str) -> None:
        self._wall, self._comparisons, self._counted, self._why = wall, comparisons, counted, why
        self._questions: list[TableQuestion] = []
        self._told: list[dict[tuple[str, ...], ToldGroup]] = []

    def ask(self, allocated: Allocated) -> int:
        """The tables of one allocation; their number."""
        for comparison in self._comparisons:
            codes = np.where(self._counted, allocated.gets(comparison.offers).astype(np.intp), -1)
            self._questions.append(TableQuestion(comparison.features, codes, family="bounds", moves=True))
        return len(self._questions) // max(1, len(self._comparisons)) - 1

    def told(self, point: CampaignPoint, number: int) -> CampaignPoint:
        """The point with what may be told of its groups."""
        size = len(self._comparisons)
        if not self._told and self._questions:
            for place, table in enumerate(self._wall.release(self._questions, why=self._why)):
                self._told.append(_groups_of(table, self._comparisons[place % size].limit))
        groups: list[GroupShare] = []
        moved: list[tuple[int, int] | None] = []
        compared: list[list[ToldGroup]] = []
        for place, comparison in enumerate(self._comparisons):
            old, new = self._told[place], self._told[number * size + place]
            shares = [_share(comparison, group, old, new) for group in sorted(new)]
            groups += shares
            change = [share.change for share in shares if share.change is not None]
            gained, lost = sum(one for one in change if one > 0), -sum(one for one in change if one < 0)
            moved.append((gained, lost) if len(change) == len(shares) else None)
            compared.append([replace(new[group], had=(0, new[group].people[1])) for group in sorted(new)])
        known = [each for each in moved if each is not None] if None not in moved else []
        hidden = any(share.selected is None or share.people is None for share in groups)
        measure = self._comparisons[0].limit.measure if hidden else None
        kept = point.bound if point.held else None
        return replace(
            point,
            reached=None if hidden else point.reached,
            reached_between=None if measure is None else figure_between(measure, compared, kept),
            given=max((each[0] for each in known), default=None),
            taken=max((each[1] for each in known), default=None),
            groups=tuple(groups),
        )


def _groups_of(table: ToldTable, limit: DisparityLimit) -> dict[tuple[str, ...], ToldGroup]:
    """What is told of each group that the limit holds for, or may hold for by the range of its people."""
    ends = (table.people_least, table.people_most, table.hits_least, table.hits_most)
    found = {}
    for group, (least, most, fewest, highest) in zip(
        table.groups, zip(*(end[:, 0].tolist() for end in ends), strict=True), strict=True
    ):
        if most >= limit.minimum_size and (limit.include_unknown or UNKNOWN not in group):
            is_judged = least >= limit.minimum_size or None
            found[group] = ToldGroup((least, most), (fewest, highest), is_judged=is_judged)
    return found


def _point(
    scored: Scored, campaign: Campaign, wall: Wall, limit: DisparityLimit, bound: float, free: Allocated,
    tables: _Tables,
) -> tuple[CampaignPoint, int | None]:  # fmt: skip
    """One bound, and the number of its tables; None where it cannot be kept."""
    try:
        allocated = allocate(scored, _with_bound(campaign, limit, bound), wall, is_costed=False)
    except DataError as error:
        if error.code != "limit-unreachable":
            raise
        return CampaignPoint(bound, held=False, remedy=error.remedy), None
    with_offer, without = allocated.gets(), free.gets()
    value, whole = allocated.certificate.value, free.certificate.value
    point = CampaignPoint(
        bound=bound,
        held=all(outcome.held for outcome in allocated.limits),
        reached=_outcome(allocated, limit.id),
        value=value,
        value_lost=whole - value,
        value_kept=value / whole if whole > 0 else 1.0,
        entered=int((with_offer & ~without).sum()),
        left=int((without & ~with_offer).sum()),
    )
    return point, tables.ask(allocated)


def _share(
    comparison: Comparison,
    group: tuple[str, ...],
    old: dict[tuple[str, ...], ToldGroup],
    new: dict[tuple[str, ...], ToldGroup],
) -> GroupShare:
    now = _exact(new[group].hits)
    was = _exact(old[group].hits) if group in old else None
    return GroupShare(
        features=comparison.features,
        group=group,
        people=_exact(new[group].people),
        selected=now,
        change=None if was is None or now is None else now - was,
        offers=comparison.offers,
    )


def _exact(ends: tuple[int, int]) -> int | None:
    """The number that is told exactly."""
    return ends[0] if ends[0] == ends[1] else None
