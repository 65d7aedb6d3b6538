"""What each bin says about each group: additive shapes, fitted by ridge regression from counts alone.

The best blind rule under a limit on groups takes from a person's value the price of each group times the chance, given
what is known of them, of being in it (ALGORITHMS 2). Here that chance is a sum over bins, so the priced value is a sum
over bins too. Two kinds of counts are enough: people per pair of bins (from the codes) and people per group and bin
(across the wall). Where a count is hidden, the group's rest is shared out as everybody's is, which says nothing and so
has no price.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, GroupCounts, UsageError

from ._batch import Batch
from ._group_limits import GroupMeasure
from ._yardsticks import Yardstick

__all__ = ["Lean", "learn_leans", "lookup"]

_RIDGE = 20.0
_MOST_COLUMNS = 2_500


@dataclass(frozen=True, slots=True)
class Lean:
    """How a yardstick leans on bins: for each judged group and bin, the chance of the group over its share, less one.

    Attributes:
        share: float64[G], the group's share of everybody (times benefit, where that is measured).
        tables: per term float64[G, size]; weighted mean zero over the people they were fitted on, 0 at WITHHELD.
    """

    share: NDArray[np.float64]
    tables: tuple[NDArray[np.float64], ...]


def learn_leans(
    batch: Batch, rows: NDArray[np.bool_], wall: GroupCounts, yards: list[Yardstick], why: str
) -> list[Lean]:
    """Fit the shapes of every yardstick, all with one solve.

    Args:
        batch: the people.
        rows: bool[n], those to fit on.
        wall: the groups, asked for counts per group and bin.
        yards: what is measured.
        why: kept in the wall's log.

    Raises:
        UsageError: more bins in all than can be solved for.
    """
    widths = [size - 1 for size in batch.sizes]
    ends = np.concatenate(([0], np.cumsum(widths))).astype(int).tolist()
    blocks = [slice(start, end) for start, end in pairwise(ends)]
    if ends[-1] > _MOST_COLUMNS:
        raise UsageError(
            "too-many-bins",
            f"The terms have {ends[-1]} bins together.",
            rule=f"price shapes are fitted over at most {_MOST_COLUMNS} bins",
            remedy="learn fewer bins per column (max_bins), or use fewer columns",
        )
    people = int(rows.sum())
    inside = [column[rows].astype(np.intp) for column in batch.codes]
    gram = _pairs(inside, batch.sizes, blocks, ends[-1])
    mass = np.diag(gram).copy()
    wanted = [_by_bin(batch, rows, wall, yard, mass, blocks, why) for yard in yards]
    target = np.concatenate([cross for cross, _ in wanted], axis=1) if wanted else np.zeros((ends[-1], 0))
    share = np.concatenate([total for _, total in wanted]) / max(1, people) if wanted else np.zeros(0)
    centred = gram - np.outer(mass, mass) / max(1, people)
    slope = np.linalg.solve(centred + _RIDGE * np.eye(len(mass)), target - np.outer(mass, share))
    slope = slope / np.where(share > 0, share, 1.0)
    slope[:, share <= 0] = 0.0
    leans, at = [], 0
    for _, total in wanted:
        mine = slice(at, at + len(total))
        tables = tuple(_centred(slope[block, mine], mass[block]) for block in blocks)
        leans.append(Lean(share[mine], tables))
        at = mine.stop
    return leans


def lookup(tables: tuple[NDArray[np.float64], ...], batch: Batch, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """float64[G, rows], the tables summed over terms for these people."""
    total = np.zeros((tables[0].shape[0] if tables else 0, len(rows)))
    for table, column in zip(tables, batch.codes, strict=True):
        total += table[:, column[rows]]
    return total


def _pairs(
    codes: list[NDArray[np.intp]], sizes: tuple[int, ...], blocks: list[slice], columns: int
) -> NDArray[np.float64]:
    """People per pair of bins, WITHHELD left out; float64[columns, columns]."""
    gram = np.zeros((columns, columns))
    for a, first in enumerate(codes):
        for b in range(a, len(codes)):
            joint = np.bincount(first * sizes[b] + codes[b], minlength=sizes[a] * sizes[b])
            part = joint.reshape(sizes[a], sizes[b])[1:, 1:]
            gram[blocks[a], blocks[b]] = part
            gram[blocks[b], blocks[a]] = part.T
    return gram


def _by_bin(
    batch: Batch, rows: NDArray[np.bool_], wall: GroupCounts, yard: Yardstick, mass: NDArray[np.float64],
    blocks: list[slice], why: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """What each group has in each bin, float64[columns, G], and in all, float64[G]; hidden counts shared out.

    A benefit is taken as the bin's mean over everybody times the group's people in the bin.
    """
    asked = rows & yard.counted
    columns, groups = len(mass), len(yard.groups)
    cross = np.zeros((columns, groups))
    whole = _people(wall, yard, np.where(asked, 0, -1), np.ones(1), why)[0]
    benefit = yard.worth[yard.level].astype(np.float64)
    is_benefit = yard.measure is GroupMeasure.EXPECTED_BENEFIT
    for column, size, block in zip(batch.codes, batch.sizes, blocks, strict=True):
        code = np.where(asked, column.astype(np.intp) - 1, -1)
        weight = np.bincount(code[code >= 0], minlength=size - 1).astype(np.float64)
        found = _people(wall, yard, code, weight, why)
        if is_benefit:
            total = np.bincount(code[code >= 0], weights=benefit[code >= 0], minlength=size - 1)
            found = found * (total / np.maximum(weight, 1.0))[:, None]
        cross[block] = found
    mean = float(benefit[asked].mean()) if is_benefit and asked.any() else 1.0
    return cross, whole * mean


def _people(
    wall: GroupCounts, yard: Yardstick, code: NDArray[np.intp], weight: NDArray[np.float64], why: str
) -> NDArray[np.float64]:
    """float64[codes, G]; the hidden part of a group is shared out in proportion to `weight`."""
    table = wall.count(yard.features, code, len(weight), why=why)
    at = {group: row for row, group in enumerate(table.groups)}
    counts = np.zeros((len(weight), len(yard.groups)))
    for column, group in enumerate(yard.groups):
        if group not in at:
            continue
        shown = table.counts[at[group]]
        hidden = shown == SUPPRESSED
        counts[:, column] = np.where(hidden, 0, shown)
        if hidden.any():
            total = int(table.totals[at[group]])
            most = table.minimum_cell - 1
            rest = max(total - counts[:, column].sum(), 0.0) if total != SUPPRESSED else most / 2
            part = weight[hidden] / max(float(weight[hidden].sum()), 1.0)
            counts[hidden, column] = np.clip(rest * part, 1, most)
    return counts


def _centred(slope: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[G, size]: weighted mean zero over the bins, 0 where nobody was, 0 at WITHHELD."""
    mean = (mass @ slope) / max(float(mass.sum()), 1.0)
    table = np.where(mass[:, None] > 0, slope - mean, 0.0)
    return np.concatenate([np.zeros((slope.shape[1], 1)), table.T], axis=1)
