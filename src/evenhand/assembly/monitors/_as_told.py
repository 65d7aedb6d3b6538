"""What a look tells beside the look before.

An erasure has the monitor count again. The same showing would then tell one person less of one side, and so the group
of whoever was erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.terms import SMALLEST_SHOWN

__all__ = ["as_told"]

_NEXT = 2 * SMALLEST_SHOWN
"""A showing has at least so many events more than the one before: ten people on each side."""


def as_told(fresh: dict[str, Any], before: Mapping[str, Any] | None, taken: int) -> dict[str, Any]:
    """What may be told of a comparison: of a showing that was told before what was told then, where only a few people
    differ; and points of the course as they were told.

    Args:
        fresh: figures and course, as from `told_of`.
        before: what the look before told, with the events that it had `taken`; None where there was none.
        taken: events of the stream now.
    """
    old = None if before is None else before["figures"]
    if before is None or old is None:
        return fresh
    figures = fresh["figures"]
    if figures is None or figures["events"] < old["events"] + _NEXT:
        is_gone = figures is None or figures["events"] <= old["events"] - _NEXT  # a cell has nine now, and is not shown
        is_few = abs(before["taken"] - taken) < SMALLEST_SHOWN and (is_gone or _apart(old, figures) < SMALLEST_SHOWN)
        return {**fresh, "figures": old, "course": before["course"]} if is_few else fresh
    kept = [point for point in before["course"] if point["events"] <= old["events"]]
    return {**fresh, "course": [*kept, *(one for one in fresh["course"] if one["events"] >= old["events"] + _NEXT)]}


def _apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """By how many people, or yeses, a showing differs from the same one before. Whoever is gone makes room."""
    sides = ("group", "others")
    people = sum(abs(int(old["people"][side]) - int(new["people"][side])) for side in sides)
    yes = sum(abs(_yes(old, side) - _yes(new, side)) for side in sides)
    return max(people // 2, yes)


def _yes(figures: Mapping[str, Any], side: str) -> int:
    return round(float(figures["rate"][side]) * int(figures["people"][side]))
