"""What a report holds of groups: rates before and after the limits, and who meets the conditions of offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evenhand.allocation import ResponseRates
from evenhand.disparity import UNKNOWN, Comparison, GroupRate
from evenhand.explanation import LANGUAGES
from evenhand.policy import Campaign, DisparityLimit
from evenhand.terms import ToldGroup

__all__ = ["ConditionChapter", "GroupChapter", "chapter_values", "condition_values", "groups_told", "is_hidden"]


@dataclass(frozen=True, slots=True)
class GroupChapter:
    """One set of sensitive columns, before and after the disparity limits.

    Attributes:
        limit: id of the limit that compares them, or "".
        measure, bound, mode: of that limit; "", 0 and "" without one.
        before: selection rates under budget, capacity and contacts alone.
        after: as decided.
        offers: ids of the offers that are compared, getting any of them; () for getting any offer at all.
        responses: what a limit on modelled responses compares; None for a limit on selection rates.
    """

    limit: str
    measure: str
    bound: float
    mode: str
    before: Comparison
    after: Comparison
    offers: tuple[str, ...] = ()
    responses: ResponseRates | None = None


@dataclass(frozen=True, slots=True)
class ConditionChapter:
    """How many people of each group meet the condition of an offer.

    Attributes:
        offer: its id.
        met: rates of the groups of one sensitive column.
    """

    offer: str
    met: Comparison


def chapter_values(chapter: GroupChapter) -> dict[str, Any]:
    """As plain values."""
    compared = {"offers": list(chapter.offers)} if chapter.offers else {}
    return {
        "limit": chapter.limit,
        "measure": chapter.measure,
        "bound": chapter.bound,
        "mode": chapter.mode,
        "features": list(chapter.after.features),
        "before": chapter.before.to_dict(),
        "after": chapter.after.to_dict(),
        **compared,
        **({} if chapter.responses is None else {"responses": _response_values(chapter.responses, chapter)}),
    }


def groups_told(chapter: GroupChapter, limit: DisparityLimit) -> list[ToldGroup]:
    """What a chapter tells of the groups that its limit compares, or may compare."""
    before = {rate.group: rate for rate in chapter.before.rates}
    told = []
    for rate in chapter.after.rates:
        had = before.get(rate.group, rate)
        people = (rate.rows, rate.rows) if rate.rows is not None else (rate.fewest_rows or 0, rate.most_rows or 0)
        told.append(ToldGroup(people, (rate.fewest, rate.most), (had.fewest, had.most), _is_judged(rate, limit)))
    return told


def is_hidden(chapter: GroupChapter, limit: DisparityLimit) -> bool:
    """Whether a number of a group is told as a range that its limit holds for, or may hold for."""
    sides = (chapter.before, chapter.after) if limit.measure.is_floor else (chapter.after,)
    rates = [rate for side in sides for rate in side.rates if rate.rows is None or rate.hits is None]
    return any(_is_judged(rate, limit) is not False for rate in rates)


def _is_judged(rate: GroupRate, limit: DisparityLimit) -> bool | None:
    """Whether the limit holds for a group; None where the range of its people does not say."""
    if UNKNOWN in rate.group and not limit.include_unknown:
        return False
    fewest, most = (rate.fewest_rows or 0, rate.most_rows or 0) if rate.rows is None else (rate.rows, rate.rows)
    return fewest >= limit.minimum_size or (None if most >= limit.minimum_size else False)


def _response_values(rates: ResponseRates, chapter: GroupChapter) -> dict[str, Any]:
    """As plain values; the rate of a group of which the wall hides how many were chosen is null."""
    hidden = {
        rate.group
        for side in (chapter.before, chapter.after)
        for rate in side.rates
        if rate.rows is None or rate.hits is None
    }
    each = zip(rates.groups, rates.before, rates.after, strict=True)
    compared = hidden & set(rates.groups)  # the figure that compares them would give a hidden one away
    return {
        "before": None if compared else rates.figure_before,
        "after": None if compared else rates.figure_after,
        "rates": [
            {
                "group": list(group),
                "before": None if group in hidden else was,
                "after": None if group in hidden else now,
            }
            for group, was, now in each
        ],
    }


def condition_values(chapter: ConditionChapter, campaign: Campaign) -> dict[str, Any]:
    """As plain values, with what the condition means."""
    column = next(offer.eligible for offer in campaign.offers if offer.id == chapter.offer) or ""
    meaning = campaign.columns[column].meaning
    said = meaning.model_dump() if meaning else dict.fromkeys(LANGUAGES, column)
    return {"offer": chapter.offer, "column": column, "meaning": said, "met": chapter.met.to_dict()}
