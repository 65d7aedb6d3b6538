"""Numbers of groups that are told together: what is asked, and what may be told, so that nothing hidden follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TableQuestion", "ToldTable"]

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TableQuestion:
    """One table that is to be told: people, and people it happened to, per group (and part).

    Attributes:
        features: sensitive columns whose intersection makes the groups.
        codes: int[n], per person 1 = it happened, 0 = it did not; negative = not in this table.
        parts: int[n], the part that each person is in; negative = in none. None = everybody in one.
        size: number of parts.
        family: tables of one family are about the same decision: it may be known of everybody how they overlap.
        moves: who is a hit in one of the family's tables with `moves` and not in another is protected, too: few people
            of a group who moved between them do not follow from the two numbers.
    """

    features: tuple[str, ...]
    codes: NDArray[np.integer]
    parts: NDArray[np.integer] | None = None
    size: int = 1
    family: str = ""
    moves: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ToldTable:
    """The answer to a `TableQuestion`: each number exactly, or the range that may be told of it.

    Made in `vault` only. A number is told exactly where its least and most are equal.

    Attributes:
        features, groups: the sensitive columns and the values of each group.
        people_least, people_most: int64[groups, parts].
        hits_least, hits_most: int64[groups, parts], people it happened to.
        beside: which earlier release it is told as in, give or take fewer than the minimum, because so few people
            differ; None: it is told as it is.
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    people_least: Whole
    people_most: Whole
    hits_least: Whole
    hits_most: Whole
    beside: int | None = None

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """bool[groups, parts], where a number is not told exactly."""
        return np.asarray((self.people_least != self.people_most) | (self.hits_least != self.hits_most))
