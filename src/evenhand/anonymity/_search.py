"""Which levels of which columns: those that lose least and still leave nobody in a small class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from evenhand.terms import UsageError

from ._figures import Combinations, Whole, unsafe
from ._levels import Levels

__all__ = ["Chosen", "least_loss"]

_MOST_TRIED = 20_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """A level per column.

    Attributes:
        levels: the number of each column's level, 0 = as it is.
        left_out: people who are still in small classes, and are left out of the table.
        loss: the mean share of the way from each column as it is to its last level (Sweeney's loss of precision).
    """

    levels: tuple[int, ...]
    left_out: int
    loss: float


def least_loss(
    table: Combinations, columns: Sequence[Levels], k: int, *, diversity: int = 1, most_left_out: float = 0.0
) -> Chosen | None:
    """Of all combinations of levels with no more people left out than may be, one that loses least; None where none is.

    Of several with equal loss it is the one that leaves out the fewest.

    Args:
        table: the counts.
        columns: the levels of each quasi-identifier, in the order of the table's.
        k: the fewest people of a class.
        diversity: the fewest different values of each confidential column in a class.
        most_left_out: share of the people who may be left out.

    Raises:
        UsageError: too many combinations to try.

    Example:
        >>> ages = Levels("age", ("as it is", "bands of 10"), (("21", "24", "35"), ("20-29", "20-29", "30-39")))
        >>> least_loss(Combinations((np.array([0, 1, 2]),), np.array([7, 6, 12])), [ages], 10)
        Chosen(levels=(1,), left_out=0, loss=1.0)
    """
    tried = int(np.prod([len(one.labels) for one in columns], dtype=np.float64))
    if tried > _MOST_TRIED:
        raise UsageError(
            "release-levels-many",
            f"The levels can be combined in {tried:,} ways.",
            rule=f"at most {_MOST_TRIED:,} combinations are tried",
            remedy="declare fewer levels, or leave out columns with --columns",
        )
    places = [[_places(labels) for labels in one.labels] for one in columns]
    most = int(most_left_out * int(table.people.sum()))
    best: Chosen | None = None
    for levels in sorted(product(*(range(len(one.labels)) for one in columns)), key=lambda each: _loss(each, columns)):
        loss = _loss(levels, columns)
        if best is not None and loss > best.loss:
            break
        coded = [places[at][level][codes] for at, (level, codes) in enumerate(zip(levels, table.columns, strict=True))]
        left = unsafe(table, coded, k, diversity)
        if left <= most and (best is None or left < best.left_out):
            best = Chosen(levels, left, loss)
    return best


def _loss(levels: Sequence[int], columns: Sequence[Levels]) -> float:
    shares = [level / max(1, len(one.labels) - 1) for level, one in zip(levels, columns, strict=True)]
    return round(sum(shares) / max(1, len(shares)), 12)


def _places(labels: Sequence[str | None]) -> Whole:
    """Number of each label, equal ones alike."""
    number: dict[str | None, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], np.int64)
