"""Between which figures does a limit between groups lie, by the numbers of groups that are told?

Where a number of a group is told as a range, the figure of its limit is not told: the number would follow. What the
ranges allow says nothing that they do not say, and holds what is true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from ._words import Measure

__all__ = ["ToldGroup", "figure_between"]

_DECIMALS = 1000


@dataclass(frozen=True, slots=True)
class ToldGroup:
    """What is told of one group that a limit compares: each number from the least to the most that it can be.

    Attributes:
        people: how many are compared.
        hits: of whom it happened to so many.
        had: to how many it would have happened without limits between groups.
        is_judged: whether the limit holds for it; None where what is told does not say.
    """

    people: tuple[int, int]
    hits: tuple[int, int]
    had: tuple[int, int] = (0, 0)
    is_judged: bool | None = True

    @property
    def lowest(self) -> Fraction:
        """The lowest rate that is possible."""
        return Fraction(self.hits[0], max(1, self.people[1]))

    @property
    def highest(self) -> Fraction:
        """The highest rate that is possible."""
        return min(Fraction(1), Fraction(self.hits[1], max(1, self.people[0])))


def figure_between(
    measure: Measure, comparisons: Iterable[Iterable[ToldGroup]], kept: float | None = None, broken: float | None = None
) -> tuple[float, float] | None:
    """The least and the most that the figure of a limit can be, rounded outwards to three decimals; None where what is
    compared is no number of people.

    Args:
        measure: of the limit, which is held to the worst of its comparisons.
        comparisons: the groups of each.
        kept: a bound that is known to be kept; the figure lies on its right side.
        broken: one that is known not to be.

    Example:
        >>> exact = [ToldGroup((100, 100), (30, 30)), ToldGroup((50, 50), (12, 12))]
        >>> figure_between(Measure.SELECTION_RATE_RATIO, [exact])
        (0.8, 0.8)
        >>> vague = [ToldGroup((91, 109), (21, 39)), ToldGroup((41, 59), (3, 21))]
        >>> figure_between(Measure.SELECTION_RATE_RATIO, [vague], kept=0.8)
        (0.8, 1.0)
    """
    if measure.is_weighted:
        return None
    found = [_of_one(measure, list(groups)) for groups in comparisons]
    if measure.is_least:
        least = min((one[0] for one in found), default=Fraction(1))
        most = min((one[1] for one in found), default=Fraction(1))
    else:
        least = max((one[0] for one in found), default=Fraction(0))
        most = max((one[1] for one in found), default=Fraction(0))
    ends = [float(Fraction(least * _DECIMALS // 1, _DECIMALS)), float(Fraction(-(-most * _DECIMALS // 1), _DECIMALS))]
    for bound, is_kept in ((kept, True), (broken, False)):
        if bound is not None:
            side = 0 if measure.is_least == is_kept else 1
            ends[side] = (max if side == 0 else min)(ends[side], bound)
    return ends[0], ends[1]


def _of_one(measure: Measure, groups: list[ToldGroup]) -> tuple[Fraction, Fraction]:
    """Of one comparison. More groups make it only worse: so those that are surely judged bound it on one side, and all
    that may be on the other."""
    surely = [group for group in groups if group.is_judged]
    maybe = [group for group in groups if group.is_judged is not False]
    if measure.is_floor:
        least = max((_fall(group, 0) for group in surely), default=Fraction(0))
        return max(least, Fraction(0)), max([Fraction(0), *(_fall(group, 1) for group in maybe)])
    if measure.comparison == "difference":
        gaps = [[one.lowest - other.highest for one, other in permutations(surely, 2)]]
        gaps.append([one.highest - other.lowest for one, other in permutations(maybe, 2)])
        least, most = (max([Fraction(0), *each]) for each in gaps)
        return least, most
    if measure.comparison == "ratio":
        least = min([Fraction(1), *(_ratio(one.lowest, other.highest) for one, other in permutations(maybe, 2))])
        most = min([Fraction(1), *(_ratio(one.highest, other.lowest) for one, other in permutations(surely, 2))])
        return least, most
    return _to_mean(surely, maybe)


def _to_mean(surely: list[ToldGroup], maybe: list[ToldGroup]) -> tuple[Fraction, Fraction]:
    """Of the lowest rate over that of all together."""
    if len(maybe) < 2:
        return Fraction(1), Fraction(1)
    least, most = min(group.lowest for group in maybe), max(group.highest for group in maybe)
    if len(surely) == len(maybe):
        people = [sum(group.people[end] for group in surely) for end in (0, 1)]
        hits = [sum(group.hits[end] for group in surely) for end in (0, 1)]
        least, most = max(least, Fraction(hits[0], max(1, people[1]))), min(most, Fraction(hits[1], max(1, people[0])))
    lowest = min(group.lowest for group in maybe)
    highest = min(group.highest for group in surely) if len(surely) > 1 else Fraction(1)
    return min(Fraction(1), _ratio(lowest, most)), min(Fraction(1), _ratio(highest, least))


def _ratio(part: Fraction, whole: Fraction) -> Fraction:
    """A share; one where there is nothing to have a share of."""
    return part / whole if whole else Fraction(1)


def _fall(group: ToldGroup, end: int) -> Fraction:
    """The least (0) or the most (1) by which a group's rate can have fallen."""
    lost = group.had[end] - group.hits[1 - end]
    return Fraction(lost, max(1, group.people[1 - end] if lost > 0 else group.people[end]))
