"""Tables that are told beside those of an earlier release: where only a few people differ, the numbers do not say who.

Whoever has both releases can subtract them. Where fewer people than the minimum cell size came, went or changed group,
the difference is about these people. So such a table is told as the earlier one, give or take so many: it says that few
differ, and nothing of the group that they are in. What is told of it depends on the earlier numbers alone. Of the very
same people another decision is told as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import ToldTable

__all__ = ["Counted", "told_again", "told_beside"]

Whole = NDArray[np.int64]
Group = tuple[str, ...]
Numbers = dict[Group, tuple[int, int]]
_NOT_TOLD = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What is true of a table, inside the wall.

    Attributes:
        people, hits: per group of the table, how many.
        people_are, hits_are: digests of who is counted.
    """

    people: Mapping[Group, int]
    hits: Mapping[Group, int]
    people_are: bytes
    hits_are: bytes

    @property
    def sides(self) -> tuple[tuple[str, Mapping[Group, int], bytes], ...]:
        """Name, numbers and digest of the people, and of those it happened to."""
        return ("people", self.people, self.people_are), ("hits", self.hits, self.hits_are)


def told_again(features: Sequence[str], rates: Iterable[Mapping[str, Any]]) -> ToldTable:
    """A table as it was told, out of the rates that a report has of it.

    Example:
        >>> table = told_again(["sex"], [{"group": ["f"], "rows": 40, "hits": None, "hits_between": [0, 19]}])
        >>> table.people_least.tolist(), table.hits_most.tolist()
        ([[40]], [[19]])
    """
    listed = list(rates)
    people = [_between(rate, "rows") for rate in listed]
    hits = [_between(rate, "hits") for rate in listed]
    groups = tuple(tuple(str(value) for value in rate["group"]) for rate in listed)
    return ToldTable(tuple(features), groups, *_arrays(people), *_arrays(hits))


def told_beside(
    tables: Sequence[ToldTable], counted: Sequence[Counted], earlier: Sequence[Sequence[ToldTable]], minimum: int
) -> list[ToldTable]:
    """The tables of a release as they may be told to somebody who has the earlier ones.

    A table is near an earlier one of the same columns where people in all groups together differ by fewer than the
    minimum, as far as the earlier one told them exactly. Where the people of one differ, all that are near are told
    give or take a few, also those that came out the same. An intersection that is not near, of people whose single
    columns are, is not told. Of several releases that it is near the first counts: which one that is must not depend on
    who differs.

    Args:
        tables: as they may be told by themselves, none by parts.
        counted: what is true of each.
        earlier: what was told before, release by release.
        minimum: the minimum cell size.
    """
    found: dict[tuple[tuple[str, ...], str, bytes], _Near] = {}
    for table, one in zip(tables, counted, strict=True):
        for side, true, who in one.sides:
            key = (table.features, side, who)
            if key not in found:
                before = [[_numbers(one, side) for one in each if one.features == table.features] for each in earlier]
                found[key] = _near(true, _numbers(table, side), before, minimum)
    if not any(near.differs for (_, side, _), near in found.items() if side == "people"):
        return list(tables)
    return [_told(table, one, found, minimum) for table, one in zip(tables, counted, strict=True)]


@dataclass(frozen=True, slots=True)
class _Near:
    """The earlier numbers that a table is near, None where it is near none; whether they are ranges alone, which do not
    show whether it differs; whether they are what it would be told as; and of which release they are."""

    numbers: Numbers | None = None
    is_vague: bool = True
    is_same: bool = False
    release: int = 0

    @property
    def differs(self) -> bool:
        """Whether it would be told otherwise."""
        return self.numbers is not None and not self.is_vague and not self.is_same


def _near(true: Mapping[Group, int], fresh: Numbers, before: Sequence[Sequence[Numbers]], minimum: int) -> _Near:
    """What the first release told that is near and that told some of it exactly; else ranges."""
    each = [_nearest(true, fresh, release, minimum, number) for number, release in enumerate(before)]
    near = [one for one in each if one.numbers is not None]
    return next((one for one in near if not one.is_vague), near[0] if near else _Near())


def _nearest(true: Mapping[Group, int], fresh: Numbers, before: Sequence[Numbers], minimum: int, release: int) -> _Near:
    """The numbers of one release that are nearest."""
    best: tuple[bool, int, Numbers] | None = None
    for numbers in before:
        is_vague, apart = all(least != most for least, most in numbers.values()), 0
        if numbers == fresh:
            return _Near(numbers, is_vague, True, release)
        for group in numbers.keys() | true.keys():
            least, most = numbers.get(group, (0, 0))
            apart += max(least - true.get(group, 0), true.get(group, 0) - most, 0)
        if apart < minimum and (best is None or (is_vague, apart) < best[:2]):
            best = is_vague, apart, numbers
    return _Near() if best is None else _Near(best[2], best[0], False, release)


def _told(
    table: ToldTable, one: Counted, found: Mapping[tuple[tuple[str, ...], str, bytes], _Near], minimum: int
) -> ToldTable:
    """A table of a release in which some numbers differ from earlier ones by a few people."""
    ends: dict[str, Numbers] = {}
    for side, true, who in one.sides:
        before, whole = found[table.features, side, who].numbers, sum(true.values())
        if before is not None:
            ends[side] = {
                group: (max(0, least - minimum + 1), min(most + minimum - 1, whole))
                for group, (least, most) in before.items()
            }
        elif any(
            near.numbers is not None and (kind, people) == (side, who) and set(features) < set(table.features)
            for (features, kind, people), near in found.items()
        ):
            ends[side] = dict.fromkeys(table.groups, (0, whole))
    if not ends:
        return table
    people = ends.get("people") or _numbers(table, "people")
    hits = ends.get("hits") or _numbers(table, "hits")
    few = (0, minimum - 1) if "hits" in ends else (0, 0)
    ranges = [hits.get(group, few) for group in people]
    ranges = [(least, min(most, people[group][1])) for group, (least, most) in zip(people, ranges, strict=True)]
    of = min(near.release for near in found.values() if near.differs)
    return ToldTable(table.features, tuple(people), *_arrays(list(people.values())), *_arrays(ranges), beside=of)


def _numbers(table: ToldTable, side: str) -> Numbers:
    least, most = (table.people_least, table.people_most) if side == "people" else (table.hits_least, table.hits_most)
    return dict(zip(table.groups, zip(least[:, 0].tolist(), most[:, 0].tolist(), strict=True), strict=True))


def _between(rate: Mapping[str, Any], name: str) -> tuple[int, int]:
    if rate[name] is not None:
        return int(rate[name]), int(rate[name])
    least, most = rate.get(f"{name}_between", (0, _NOT_TOLD))
    return int(least), int(most)


def _arrays(ranges: Sequence[tuple[int, int]]) -> tuple[Whole, Whole]:
    ends = np.array(ranges, dtype=np.int64).reshape(len(ranges), 2)
    return ends[:, :1].copy(), ends[:, 1:].copy()
