"""Data sets for the fairness benchmarks: coded, scored and split, with sensitive columns that are no features.

Every split is made before anything is looked at, and bins and score are learned on its tuning part alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evenhand.features import encode, learn_binning
from evenhand.scoring import fit_terms
from evenhand.vault import Vault
from evenhand.worlds import hiring

SMALLEST = 0.025
"""Groups below this share of the people are shown by evenhand and not judged; here they are left out."""

Sets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Case:
    """One data set with one split."""

    name: str
    codes: tuple[NDArray[np.uint8], ...]
    sizes: tuple[int, ...]
    score: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    groups: dict[str, NDArray[np.object_]]
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    _cells: dict[tuple[str, ...], NDArray[np.intp]] = field(default_factory=dict)

    @property
    def sets(self) -> tuple[Sets, ...]:
        """Each sensitive column alone, and both with their intersections."""
        one, two = self.groups
        return ((one,),), ((two,),), ((one,), (two,), (one, two))

    def wall(self, rows: NDArray[np.intp]) -> Vault:
        """The groups of some of the people."""
        return Vault({n: column[rows].tolist() for n, column in self.groups.items()}, np.ones(len(rows), dtype=bool))

    def cells(self, features: tuple[str, ...]) -> NDArray[np.intp]:
        """The group of everybody, as a number."""
        if features not in self._cells:
            names = pd.Series(list(zip(*(self.groups[name] for name in features), strict=True)))
            self._cells[features] = pd.factorize(names, sort=True)[0].astype(np.intp)
        return self._cells[features]

    def judged(self, features: tuple[str, ...]) -> NDArray[np.intp]:
        """The groups that are judged, by their size among the people to tune on."""
        return np.flatnonzero(np.bincount(self.cells(features)[self.train]) >= SMALLEST * len(self.train))

    def ratio(self, sets: Sets, chosen: NDArray[np.bool_], rows: NDArray[np.intp] | None = None) -> float:
        """Worst selection ratio over the sets, among the judged groups of the held-out part (or of `rows`)."""
        rows, worst = self.test if rows is None else rows, 1.0
        for features in sets:
            cell, judged = self.cells(features)[rows], self.judged(features)
            size = np.bincount(cell, minlength=judged.max() + 1)[judged]
            rate = np.bincount(cell[chosen], minlength=judged.max() + 1)[judged] / np.maximum(size, 1)
            worst = min(worst, float(rate.min() / rate.max())) if rate.max() > 0 else worst
        return worst

    def captured(self, chosen: NDArray[np.bool_]) -> float:
        """Share of the held-out people's outcomes among the selected."""
        hits = self.outcome[self.test]
        return float(hits[chosen].sum()) / float(hits.sum())

    def unlimited(self, budget: float) -> NDArray[np.bool_]:
        """Whom no limit at all selects of the held-out part."""
        return best(self.score[self.test], budget)


def best(value: NDArray[np.generic], budget: float) -> NDArray[np.bool_]:
    """The best so many; equal people are in or out together."""
    places = int(budget * len(value))
    return np.asarray(value > np.partition(value, len(value) - places - 1)[len(value) - places - 1])


def case_of(name: str, folder: Path, split: int | str) -> Case:
    """A data set with one split.

    Args:
        name: ``adult``, ``bank`` or ``hiring``.
        folder: where the data stands.
        split: seed of a drawn third that is held out; ``official`` (adult's own, for bank the third of the earlier
            benchmark); ``time`` (bank's rows are in the order of their dates: the last third is held out).
    """
    if name == "hiring":
        seed = int(split) + 5_000  # a world of its own for every draw
        table, outcome, groups = _hired(seed)
    else:
        table, outcome, groups, official = _read(name, folder)
    people = len(table)
    if split == "official":
        test = official
    elif split == "time":
        test = np.arange(people) >= people * 2 // 3
    else:
        test = np.random.default_rng(20_261_124 + int(split)).permutation(people) % 3 == 0
    raw = [
        column.to_numpy(float)
        if column.dtype.kind in "if"
        else np.array([None if pd.isna(value) else str(value) for value in column], dtype=object)
        for _, column in table.items()
    ]
    binnings = [learn_binning(str(n), v[~test]) for n, v in zip(table, raw, strict=True)]
    codes = tuple(encode(binning, values) for binning, values in zip(binnings, raw, strict=True))
    sizes = tuple(binning.size for binning in binnings)
    ordered = tuple(binning.kind == "number" for binning in binnings)
    fitted = fit_terms(tuple(code[~test] for code in codes), sizes, ordered, outcome[~test])
    score = np.full(people, round(fitted.intercept * 1e6), dtype=np.int64)
    for effect, code in zip(fitted.effects, codes, strict=True):
        score += np.rint(effect * 1e6).astype(np.int64)[code]
    return Case(name, codes, sizes, score, outcome, groups, np.flatnonzero(~test), np.flatnonzero(test))


def splits_of(name: str, folder: Path, splits: int) -> Iterator[Case]:
    """So many drawn splits, one after the other."""
    for split in range(splits):
        yield case_of(name, folder, split)


_Table = tuple[pd.DataFrame, NDArray[np.uint8], dict[str, NDArray[np.object_]]]


@cache
def _read(name: str, folder: Path) -> tuple[*_Table, NDArray[np.bool_]]:
    if name == "adult":
        table = pd.read_csv(folder / "adult" / "adult.csv.gz")
        outcome, official = table.income == ">50K", (table.split == "test").to_numpy()
        groups = {"sex": table.sex.to_numpy(object), "race": table.race.to_numpy(object)}
        table = table.drop(columns=["split", "income", "sex", "race", "fnlwgt"])
    else:
        table = pd.read_csv(folder / "bank_marketing" / "bank_full.csv.gz")
        outcome, official = table.y == "yes", np.random.default_rng(1).permutation(len(table)) % 3 == 0
        age = np.select([table.age < 30, table.age < 60], ["below 30", "30-59"], "60 and over")
        groups = {"age": age.astype(object), "marital": table.marital.to_numpy(object)}
        table = table.drop(columns=["y", "duration", "age", "marital"])
    return table, outcome.to_numpy().astype(np.uint8), groups, official


def _hired(seed: int) -> _Table:
    columns = dict(hiring(45_000, np.random.default_rng(seed)).columns)
    groups = {name: columns.pop(name).astype(object) for name in ("gender", "age_group")}
    outcome = columns.pop("hired").astype(np.uint8)
    columns.pop("applicant")
    return pd.DataFrame(columns), outcome, groups
