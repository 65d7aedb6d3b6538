"""Which numbers of people are told? Every room that tells one asks here; a small one is told nowhere (ADR 0022).

Numbers of *groups* are protected behind the wall, by `GroupCounts.release`. These functions are for the plain numbers
beside them: steps of a funnel, reasons, offers. A small number that followed from its total, or from the step before
it, would be told as well, so what would give it away is left out too.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SMALLEST_SHOWN", "in_tens", "is_few", "shown", "shown_steps", "shown_together"]

SMALLEST_SHOWN = 10
"""Counts of people above zero and below this are not shown (null)."""


def is_few(people: int) -> bool:
    """Whether so many people are too few to be told of, though there is somebody."""
    return 0 < people < SMALLEST_SHOWN


def shown(people: int) -> int | None:
    """The number, or None where it is small."""
    return None if is_few(people) else int(people)


def in_tens(people: int) -> int:
    """A number that is told again and again, or beside another one that it can be subtracted from: in tens, downwards.

    Example:
        >>> in_tens(396), in_tens(9)
        (390, 0)
    """
    return people - people % SMALLEST_SHOWN


def shown_together(people: Sequence[int]) -> list[int | None]:
    """Parts of a total that is told: where the small ones alone are hidden they follow from it, so more are.

    The smallest others are hidden until two at least are, of which one is no small number.

    Example:
        >>> shown_together([3, 40, 500]), shown_together([0, 40, 500])
        ([None, None, 500], [0, 40, 500])
    """
    told = [shown(count) for count in people]
    order = sorted(range(len(people)), key=lambda place: people[place])
    for place in order:
        hidden = [people[at] for at, count in enumerate(told) if count is None]
        if not hidden or (len(hidden) > 1 and max(hidden) >= SMALLEST_SHOWN):
            break
        if told[place]:
            told[place] = None
    return told


def shown_steps(people: Sequence[int], first: Sequence[int] = ()) -> list[int | None]:
    """Steps of a funnel, each a part of the one before: a number is told where it differs from every told one by
    nobody or by more than a few.

    Args:
        people: how many are left at each step.
        first: places of the steps that matter most; the others are told as far as these leave room.

    Example:
        >>> shown_steps([240, 236, 63, 60])
        [240, None, 63, None]
        >>> shown_steps([240, 236, 63, 60], first=[0, 3])
        [240, None, None, 60]
    """
    told: list[int | None] = [None] * len(people)
    for place in dict.fromkeys((*first, *range(len(people)))):
        others = [count for count in told if count is not None]
        if not is_few(people[place]) and not any(is_few(abs(people[place] - other)) for other in others):
            told[place] = int(people[place])
    return told
