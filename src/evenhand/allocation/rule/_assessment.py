"""Who is reached without and with a limit, who gains and who loses: from counts, with intervals."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Z95, GroupCounts, wilson

from ._batch import Batch
from ._group_limits import GroupComparison, GroupLimit, GroupMeasure, bound_holds, figure_of, is_ratio
from ._yardsticks import Measured, Yardstick, measured

__all__ = ["Assessment", "GroupReach", "LimitReach", "assessed"]


@dataclass(frozen=True, slots=True)
class GroupReach:
    """One group without and with the limits.

    Attributes:
        limit: id of the limit that compares it.
        features, group: the sensitive columns and their values.
        size: what the rate is taken over: people, or people with the outcome.
        before, after: selected ones of them, or their benefit; None where the wall shows no exact count.
        rate_before, rate_after: over `size`; likewise.
        interval_before, interval_after: 95 % (Wilson); None for a benefit and where a count is hidden.
    """

    limit: str
    features: tuple[str, ...]
    group: tuple[str, ...]
    size: int
    before: int | None
    after: int | None
    rate_before: float | None
    rate_after: float | None
    interval_before: tuple[float, float] | None
    interval_after: tuple[float, float] | None

    @property
    def change(self) -> int | None:
        """What the limit gives the group (above zero) or takes from it; None where a count is hidden."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class LimitReach:
    """One limit on these people.

    Attributes:
        id, measure, comparison, bound: as declared.
        before, after: the worst figure over its sets of groups, without and with the limit; a hidden count is guessed.
        interval: 95 % of `after` from the two groups that decide it (Katz 1978 for a ratio, Newcombe 1998 for a
            difference); None for a benefit, a ratio to the mean, or nothing to compare.
        held: True or False; None where a hidden count decides.
        given: what groups that gain, gain in all.
        taken: what groups that lose, lose in all.
        judged: groups that are compared.
        unjudged: groups that are too small, hidden or unknown, and are not.
    """

    id: str
    measure: GroupMeasure
    comparison: GroupComparison
    bound: float
    before: float
    after: float
    interval: tuple[float, float] | None
    held: bool | None
    given: int
    taken: int
    judged: int
    unjudged: int

    @property
    def levels_down(self) -> bool:
        """Whether the limit is met by taking more than it gives."""
        return self.taken > self.given


@dataclass(frozen=True, slots=True)
class Assessment:
    """A blind rule on some people.

    Attributes:
        people: how many were assessed.
        selected_before, selected_after: selected without and with the limits.
        entered, left: people selected only with the limits; only without.
        value_before, value_after: value of the selected, micro-units.
        captured_before, captured_after: selected people with the outcome; None where it is not known.
        limits: each limit.
        groups: each judged group of each limit.
    """

    people: int
    selected_before: int
    selected_after: int
    entered: int
    left: int
    value_before: int
    value_after: int
    captured_before: int | None
    captured_after: int | None
    limits: tuple[LimitReach, ...]
    groups: tuple[GroupReach, ...]

    @property
    def held(self) -> bool:
        """Whether every limit holds; a hidden count that decides counts as no."""
        return all(limit.held for limit in self.limits)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = asdict(self)
        for row, limit in zip(plain["limits"], self.limits, strict=True):
            row.update(measure=limit.measure.value, comparison=limit.comparison.value, levels_down=limit.levels_down)
        for row, reach in zip(plain["groups"], self.groups, strict=True):
            row["change"] = reach.change
        return plain


def assessed(
    batch: Batch,
    rows: NDArray[np.bool_],
    wall: GroupCounts,
    survey: dict[GroupLimit, list[Yardstick]],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
) -> Assessment:
    """Count.

    Args:
        batch: everybody.
        rows: bool[n], people to assess.
        wall: the groups.
        survey: yardsticks of each limit.
        before, after: bool[n], selected without and with the limits.
    """
    before, after = before & rows, after & rows
    limits, groups = [], []
    for limit, yards in survey.items():
        reaches: list[_Counted] = []
        for yard in yards:
            asked = (("of those assessed", rows), ("without the limit", before), ("with the limit", after))
            whole, old, new = (measured(yard, wall, mask, None, f"reach {text}") for text, mask in asked)
            reaches.append(_Counted(yard, np.maximum(whole.people, 1), old, new))
            groups += [_reach(limit, reaches[-1], number) for number in range(len(yard.groups))]
        limits.append(_judged(limit, reaches))
    captured = [None if batch.outcome is None else int((batch.outcome & mask).sum()) for mask in (before, after)]
    return Assessment(
        people=int(rows.sum()),
        selected_before=int(before.sum()),
        selected_after=int(after.sum()),
        entered=int((after & ~before).sum()),
        left=int((before & ~after).sum()),
        value_before=int(batch.value[before].sum()),
        value_after=int(batch.value[after].sum()),
        captured_before=captured[0],
        captured_after=captured[1],
        limits=tuple(limits),
        groups=tuple(groups),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    yard: Yardstick
    size: NDArray[np.int64]
    before: Measured
    after: Measured


def _reach(limit: GroupLimit, counted: _Counted, number: int) -> GroupReach:
    size = int(counted.size[number])

    def side(found: Measured) -> tuple[int | None, float | None, tuple[float, float] | None]:
        if found.hidden[number]:
            return None, None, None
        hits = int(found.hits[number])
        no_rate = limit.measure is GroupMeasure.EXPECTED_BENEFIT
        return hits, hits / size, None if no_rate else wilson(hits, size)

    before, rate_before, interval_before = side(counted.before)
    after, rate_after, interval_after = side(counted.after)
    return GroupReach(
        limit.id, counted.yard.features, counted.yard.groups[number], size, before, after, rate_before, rate_after,
        interval_before, interval_after,
    )  # fmt: skip


def _judged(limit: GroupLimit, reaches: list[_Counted]) -> LimitReach:
    pick = min if is_ratio(limit) else max
    figures = [(figure_of(limit, one.after.hits, one.size), number) for number, one in enumerate(reaches)]
    after, worst = pick(figures)
    held: bool | None = all(bound_holds(limit, one.after.hits, one.size, limit.bound) for one in reaches)
    if any(one.after.hidden.any() and len(one.size) > 1 for one in reaches):
        held = None
    change = [one.after.hits - one.before.hits for one in reaches]
    return LimitReach(
        id=limit.id,
        measure=limit.measure,
        comparison=limit.comparison,
        bound=limit.bound,
        before=pick(figure_of(limit, one.before.hits, one.size) for one in reaches),
        after=after,
        interval=_interval(limit, reaches[worst]),
        held=held,
        given=max(int(np.maximum(each, 0).sum()) for each in change),
        taken=max(int(np.maximum(-each, 0).sum()) for each in change),
        judged=sum(len(one.size) for one in reaches),
        unjudged=sum(len(one.yard.unjudged) for one in reaches),
    )


def _interval(limit: GroupLimit, counted: _Counted) -> tuple[float, float] | None:
    """95 % interval of the comparison of the lowest and the highest group."""
    is_mean = limit.comparison is GroupComparison.RATIO_TO_MEAN
    if len(counted.size) < 2 or is_mean or limit.measure is GroupMeasure.EXPECTED_BENEFIT:
        return None
    rate = counted.after.hits / counted.size
    low, high = int(np.argmin(rate)), int(np.argmax(rate))
    hits, size = counted.after.hits, counted.size
    if is_ratio(limit):
        if hits[low] == 0 or hits[high] == 0:
            return None
        error = math.sqrt((1 - rate[low]) / hits[low] + (1 - rate[high]) / hits[high])
        ratio = float(rate[low] / rate[high])
        return ratio * math.exp(-Z95 * error), ratio * math.exp(Z95 * error)
    low_ends, high_ends = (wilson(int(hits[one]), int(size[one])) for one in (low, high))
    gap = float(rate[high] - rate[low])
    down = math.hypot(rate[high] - high_ends[0], low_ends[1] - rate[low])
    up = math.hypot(high_ends[1] - rate[high], rate[low] - low_ends[0])
    return max(0.0, gap - down), min(1.0, gap + up)
