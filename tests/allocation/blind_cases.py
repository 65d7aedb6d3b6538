"""Generated people whose bins say something of their group, and a wall that answers counts and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable, TableQuestion, ToldTable, told_apart

SIZES = (9, 6, 7)


class CountingWall:
    """Answers `count` like the vault, remembers every question, and refuses everything else."""

    def __init__(self, columns: dict[str, list[str]], minimum_cell: int = 10) -> None:
        self._columns = columns
        self._minimum = minimum_cell
        self._known: dict[tuple[str, ...], tuple[tuple[tuple[str, ...], ...], NDArray[np.intp]]] = {}
        self.questions: list[tuple[tuple[str, ...], int, str]] = []

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns."""
        return tuple(self._columns)

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group and code; small counts are hidden."""
        if not why or codes.max(initial=-1) >= size:
            raise AssertionError("a question has a purpose, and codes below its size")
        self.questions.append((features, size, why))
        if features not in self._known:
            people = list(zip(*(self._columns[name] for name in features), strict=True))
            groups = tuple(sorted(set(people)))
            place = {group: number for number, group in enumerate(groups)}
            self._known[features] = groups, np.array([place[person] for person in people], dtype=np.intp)
        groups, cell = self._known[features]
        asked = codes >= 0
        fused = cell[asked] * size + codes[asked].astype(np.intp)
        counts = np.bincount(fused, minlength=len(groups) * size).reshape(len(groups), size).astype(np.int64)
        return CountTable(features, groups, self._shown(counts), self._shown(counts.sum(axis=1)), self._minimum)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Each table by itself."""
        return told_apart(self, questions, why=why)

    def inside(self, *_: object, **__: object) -> object:
        """Rows are not to be had here."""
        raise AssertionError("a blind fit asks for counts only")

    def _shown(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where((counts > 0) & (counts < self._minimum), SUPPRESSED, counts)


@dataclass(frozen=True)
class People:
    """Bin codes of three terms, values, outcomes; and their groups, for the wall."""

    codes: tuple[NDArray[np.uint8], ...]
    value: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    benefit: NDArray[np.int64]
    groups: dict[str, list[str]]

    def rows(self, rows: NDArray[np.intp]) -> People:
        """Some of them, in this order."""
        return People(
            tuple(column[rows] for column in self.codes),
            self.value[rows],
            self.outcome[rows],
            self.benefit[rows],
            {name: [column[row] for row in rows.tolist()] for name, column in self.groups.items()},
        )


def people_of(count: int = 6_000, seed: int = 0, gap: float = 1.0) -> People:
    """Two sexes and two regions. Term 0 leans on the sex, term 1 on the region, term 2 on neither; value follows all
    three, so that women and the north score lower."""
    rng = np.random.default_rng(seed)
    man, south = rng.random(count) < 0.55, rng.random(count) < 0.6
    first = np.clip(rng.integers(0, 3, count) + np.where(man, rng.integers(0, 4, count), 0), 0, 5) + 3
    second = np.clip(np.where(south, 1, 0) + rng.integers(0, 2, count), 0, 2) + 3
    third = rng.integers(3, 7, count)
    value = gap * (0.35 * (first - 3) + 0.4 * (second - 3)) + 0.5 * (third - 3) + rng.normal(size=count)
    outcome = rng.random(count) < 1 / (1 + np.exp(-(value - 2.5)))
    return People(
        tuple(column.astype(np.uint8) for column in (first, second, third)),
        (value * 1e6).astype(np.int64),
        outcome.astype(np.uint8),
        np.clip((value + 3) * 1e6, 0, None).astype(np.int64),
        {"sex": np.where(man, "man", "woman").tolist(), "region": np.where(south, "south", "north").tolist()},
    )
