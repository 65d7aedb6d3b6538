"""What may cross the wall: counts of people per group, never a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ._told import TableQuestion, ToldTable

__all__ = ["SUPPRESSED", "CountTable", "GroupCounts", "estimated", "told_apart"]

SUPPRESSED = -1
"""Stands in a count table for a count above zero and below the minimum cell size."""


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts of people by group and by a code that the asker brought (a bin, an outcome, a decision).

    Made in `vault` only.

    Attributes:
        features: the sensitive columns that make the groups, e.g. ``("sex", "age")`` for their intersection.
        groups: one tuple of values per group, e.g. ``("female", "25-34")``; a missing value is the word
            ``unknown`` and stays a group of its own.
        counts: int64[groups, codes]; SUPPRESSED where 0 < count < minimum_cell.
        totals: int64[groups]; people of the group among those asked about (SUPPRESSED likewise).
        minimum_cell: smallest count that is shown.
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    minimum_cell: int


class GroupCounts(Protocol):
    """The only questions that may be put to the wall from outside: how many, per group and code?"""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns behind the wall."""
        ...

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group of `features` and per code.

        Args:
            features: sensitive columns whose intersection makes the groups.
            codes: int[n], one per person in the vault's row order; negative = leave this person out.
            size: number of different codes (codes are below it).
            why: purpose of the question, kept in the vault's log.
        """
        ...

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Tables that may be told together: no hidden number follows from all of them.

        Args:
            questions: every table of the release.
            why: purpose of the questions, kept in the vault's log.
        """
        ...


def estimated(table: CountTable, weight: NDArray[np.number]) -> NDArray[np.float64]:
    """Counts with every hidden cell replaced by its part of what is left of the group's total.

    The left-over is spread over the group's hidden cells in proportion to `weight`, between 1 and the largest number
    that is hidden. It is an estimate: it may enter a sum over many cells, and is never shown by itself.

    Args:
        table: counts per group and code.
        weight: [codes], or [groups, codes]; what to spread by, such as everybody's count per code.

    Returns:
        float64[groups, codes].
    """
    hidden = table.counts == SUPPRESSED
    counts = np.where(hidden, 0, table.counts).astype(np.float64)
    spread = np.broadcast_to(np.asarray(weight, np.float64), counts.shape)
    largest = table.minimum_cell - 1
    for row in np.flatnonzero(hidden.any(axis=1)).tolist():
        cells = hidden[row]
        fewest, most = int(cells.sum()), int(cells.sum()) * largest
        total = int(table.totals[row])
        rest = (fewest + most) / 2 if total == SUPPRESSED else min(max(total - counts[row].sum(), fewest), most)
        part = spread[row, cells] + 1e-9
        counts[row, cells] = np.clip(rest * part / part.sum(), 1, largest)
    return counts


class _Counts(Protocol):
    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable: ...


def told_apart(groups: _Counts, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
    """Each table by itself: what follows from several together is not looked at. For walls of tests."""
    return tuple(_one(groups, question, why) for question in questions)


def _one(groups: _Counts, question: TableQuestion, why: str) -> ToldTable:
    parts = np.zeros(len(question.codes), np.intp) if question.parts is None else question.parts.astype(np.intp)
    inside = (question.codes >= 0) & (parts >= 0)
    people = groups.count(question.features, np.where(inside, parts, -1), question.size, why=why)
    fused = np.where(inside, 2 * parts + question.codes, -1)
    table = groups.count(question.features, fused, 2 * question.size, why=why)
    all_least, all_most = _range(people.counts, people.minimum_cell)
    least, most = _range(table.counts[:, 1::2], people.minimum_cell)
    return ToldTable(people.features, people.groups, all_least, all_most, least, np.minimum(most, all_most))


def _range(counts: NDArray[np.int64], minimum: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    hidden = counts == SUPPRESSED
    return np.where(hidden, 0, counts), np.where(hidden, 2 * minimum - 1, counts)
