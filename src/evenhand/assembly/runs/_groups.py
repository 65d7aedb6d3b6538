"""The groups of the rows that may teach, seen through the wall over the whole history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import CountTable, GroupCounts, TableQuestion, ToldTable

__all__ = ["LessonGroups"]


class LessonGroups:
    """Counts over some rows of a wall; implements `terms.GroupCounts`. It holds no group itself.

    Args:
        groups: the wall over all rows.
        rows: intp[r], the rows to count.
        total: number of all rows.
    """

    def __init__(self, groups: GroupCounts, rows: NDArray[np.intp], total: int) -> None:
        self._groups = groups
        self._rows = rows
        self._total = total

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns behind the wall."""
        return self._groups.features

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count per group and code; codes stand in the order of `rows`. See `terms.GroupCounts.count`."""
        return self._groups.count(features, self._spread(codes), size, why=why)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Tables that are told together; codes and parts stand in the order of `rows`. See `terms.GroupCounts`."""
        parts = {id(one.parts): self._spread(one.parts) for one in questions if one.parts is not None}
        codes = {id(one.codes): self._spread(one.codes) for one in questions}
        spread = [
            TableQuestion(one.features, codes[id(one.codes)], parts.get(id(one.parts)), one.size, one.family)
            for one in questions
        ]
        return self._groups.release(spread, why=why)

    def _spread(self, codes: NDArray[np.integer]) -> NDArray[np.intp]:
        spread = np.full(self._total, -1, dtype=np.intp)
        spread[self._rows] = codes
        return spread
