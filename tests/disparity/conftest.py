"""A fake wall: the same Protocol as the vault, from lists that a test can see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable, GroupCounts, TableQuestion, ToldTable, told_apart


class OpenWall:
    """Counts like the vault, and remembers what it was asked."""

    def __init__(self, values: dict[str, list[str]], minimum_cell: int = 10) -> None:
        self._values = values
        self._minimum = minimum_cell
        self.asked: list[tuple[tuple[str, ...], str]] = []

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns."""
        return tuple(self._values)

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group and code; small cells are hidden."""
        self.asked.append((features, why))
        people = list(zip(*(self._values[feature] for feature in features), strict=True))
        groups = tuple(sorted(set(people)))
        counts = np.zeros((len(groups), size), np.int64)
        for group, code in zip(people, codes.tolist(), strict=True):
            if code >= 0:
                counts[groups.index(group), code] += 1
        totals = counts.sum(axis=1)
        return CountTable(features, groups, self._hide(counts), self._hide(totals), self._minimum)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Each table by itself."""
        return told_apart(self, questions, why=why)

    def _hide(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where((counts > 0) & (counts < self._minimum), SUPPRESSED, counts)


@pytest.fixture
def wall() -> Callable[..., GroupCounts]:
    """Make a wall from lists."""
    return OpenWall


@pytest.fixture(scope="session")
def table_of() -> Callable[..., CountTable]:
    """A count table of one column: per group (hits, rows), hidden below the minimum."""

    def make(minimum_cell: int = 10, **groups: tuple[int, int]) -> CountTable:
        def shown(count: int) -> int:
            return SUPPRESSED if 0 < count < minimum_cell else count

        counts = np.array([[shown(rows - hits), shown(hits)] for hits, rows in groups.values()], np.int64)
        totals = np.array([shown(rows) for _, rows in groups.values()], np.int64)
        return CountTable(("sex",), tuple((name,) for name in groups), counts, totals, minimum_cell)

    return make
