"""How small the smallest class is, how many people are in small ones, and what a class tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Anonymity", "Combinations", "classes_of", "measure", "unsafe"]

Whole = NDArray[np.int64]
_MOST_DENSE = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    """A table as counts: each different combination of values once.

    Attributes:
        columns: per quasi-identifier int64[m], the place of its value among the column's different ones.
        people: int64[m], how many rows have the combination.
        confidential: per confidential column int64[m], likewise.
    """

    columns: tuple[Whole, ...]
    people: Whole
    confidential: Mapping[str, Whole] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Anonymity:
    """What a table tells of those in it.

    Attributes:
        k: what was asked for.
        rows: people in the table.
        classes: classes of people who are alike in every quasi-identifier.
        smallest: people in the smallest class; 0 where there is nobody.
        under: people in classes of fewer than k.
        diversity: per confidential column, the fewest different values in a class (distinct l-diversity).
        closeness: per confidential column, the largest distance of a class from everybody: half of the summed
            differences of shares (t-closeness with equal distances), from 0 to 1.
    """

    k: int
    rows: int
    classes: int
    smallest: int
    under: int
    diversity: Mapping[str, int]
    closeness: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether nobody is in a class of fewer than k."""
        return not self.under

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "k": self.k,
            "rows": self.rows,
            "classes": self.classes,
            "smallest_class": self.smallest,
            "people_under_k": self.under,
            "diversity": dict(self.diversity),
            "closeness": {name: round(value, 6) for name, value in self.closeness.items()},
        }


def measure(table: Combinations, k: int) -> Anonymity:
    """The figures of a table.

    Example:
        >>> ages, jobs = np.array([0, 0, 1]), np.array([0, 1, 0])
        >>> found = measure(Combinations((ages,), np.array([6, 6, 3]), {"job": jobs}), 10)
        >>> found.smallest, found.under, found.diversity["job"], round(found.closeness["job"], 2)
        (3, 3, 1, 0.4)
    """
    labels, count = classes_of(table.columns, len(table.people))
    sizes = _sums(labels, table.people, count)
    seen = {name: _spread(labels, sizes, codes, table.people) for name, codes in table.confidential.items()}
    return Anonymity(
        k=k,
        rows=int(sizes.sum()),
        classes=count,
        smallest=int(sizes.min(initial=sizes.max(initial=0))),
        under=int(sizes[sizes < k].sum()),
        diversity={name: int(kinds.min(initial=kinds.max(initial=0))) for name, (kinds, _) in seen.items()},
        closeness={name: float(apart.max(initial=0.0)) for name, (_, apart) in seen.items()},
    )


def unsafe(table: Combinations, columns: Sequence[Whole], k: int, diversity: int) -> int:
    """People in classes of fewer than k, or of fewer different confidential values, with other columns than its own."""
    labels, count = classes_of(columns, len(table.people))
    sizes = _sums(labels, table.people, count)
    small = sizes < k
    if diversity > 1:
        for codes in table.confidential.values():
            small |= _spread(labels, sizes, codes, table.people)[0] < diversity
    return int(sizes[small].sum())


def classes_of(columns: Sequence[Whole], length: int) -> tuple[Whole, int]:
    """The class of each row, numbered from 0, and how many there are: columns are fused into one integer."""
    labels, size = np.zeros(length, np.int64), 1
    for codes in columns:
        width = int(codes.max(initial=0)) + 1
        if size * width >= 1 << 62:
            labels, size = _dense(labels, size)
        labels, size = labels * width + codes, size * width
    return _dense(labels, size)


def _dense(labels: Whole, size: int) -> tuple[Whole, int]:
    if not len(labels):
        return labels, 0
    if size > max(_MOST_DENSE, 8 * len(labels)):
        values, place = np.unique(labels, return_inverse=True)
        return place.astype(np.int64), len(values)
    seen = np.zeros(size, bool)
    seen[labels] = True
    number = np.cumsum(seen, dtype=np.int32) - 1
    return number[labels].astype(np.int64), int(number[-1]) + 1


def _sums(labels: Whole, people: Whole, count: int) -> Whole:
    return np.rint(np.bincount(labels, people, count)).astype(np.int64)


def _spread(labels: Whole, sizes: Whole, codes: Whole, people: Whole) -> tuple[Whole, NDArray[np.float64]]:
    """Per class: how many different values, and how far their shares are from everybody's."""
    width = int(codes.max(initial=0)) + 1
    everybody = np.bincount(codes, people, width) / max(1, int(people.sum()))
    pairs, count = classes_of((labels, codes), len(labels))
    inside = np.bincount(pairs, people, count)
    first = np.empty(count, np.int64)
    first[pairs] = np.arange(len(pairs))
    owner, value = labels[first], codes[first]
    kinds = np.bincount(owner, minlength=len(sizes)).astype(np.int64)
    gap = np.abs(inside / sizes[owner] - everybody[value]) - everybody[value]
    apart = (1.0 + np.bincount(owner, gap, len(sizes))) / 2.0
    return kinds, np.maximum(apart, 0.0)
