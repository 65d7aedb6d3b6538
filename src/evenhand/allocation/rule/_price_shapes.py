"""What each bin says about each group: additive shapes, fitted by ridge regression from counts alone.

The best blind rule under a limit on groups takes from a person's value the price of each group times the chance, given
what is known of them, of being in it (ALGORITHMS 2). Here that chance is a sum over bins, so the priced value is a sum
over bins too. Two kinds of counts are enough: people per pair of bins (from the codes) and people per group and bin
(across the wall). Where a count is hidden, the group's rest is shared out as everybody's is, which says nothing and so
has no price.

Shapes are fitted several times, each time without one part of the people, so that everybody can be priced by shapes
that they had no part in (cross-fitting: Chernozhukov et al. 2018). What a rule gets is the mean of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import GroupCounts, UsageError, estimated, pair_counts, ridge_from_counts

from ._batch import Batch
from ._group_limits import GroupMeasure
from ._yardsticks import Yardstick

__all__ = ["Leans", "learn_leans", "lookup"]

_RIDGE = 20.0
_MOST_COLUMNS = 2_500


@dataclass(frozen=True, slots=True)
class Leans:
    """How bins lean on groups: for each judged group of each yardstick, the chance of it over its share, less one.

    Attributes:
        share: float64[K], the group's share of everybody (times benefit, where that is measured).
        tables: per term float64[parts, K, size]: fitted without the part; weighted mean zero over the people they were
            fitted on, 0 at WITHHELD.
    """

    share: NDArray[np.float64]
    tables: tuple[NDArray[np.float64], ...]

    def mean(self) -> tuple[NDArray[np.float64], ...]:
        """Per term float64[K, size], the shapes that a rule gets."""
        return tuple(table.mean(axis=0) for table in self.tables)


def learn_leans(
    batch: Batch, part: NDArray[np.int8], parts: int, wall: GroupCounts, yards: list[Yardstick], why: str
) -> Leans:
    """Fit the shapes of every yardstick, once without each part; all yardsticks of a part with one solve.

    Args:
        batch: the people.
        part: int8[n], the part of each person, below `parts`; -1 = takes no part.
        parts: how many.
        wall: the groups, asked for counts per group and bin of all people but one part.
        yards: what is measured.
        why: kept in the wall's log.

    Raises:
        UsageError: more bins in all than can be solved for.
    """
    ends = np.concatenate(([0], np.cumsum([size - 1 for size in batch.sizes]))).astype(int).tolist()
    blocks = [slice(start, end) for start, end in pairwise(ends)]
    if ends[-1] > _MOST_COLUMNS:
        raise UsageError(
            "too-many-bins",
            f"The terms have {ends[-1]} bins together.",
            rule=f"price shapes are fitted over at most {_MOST_COLUMNS} bins",
            remedy="learn fewer bins per column (max_bins), or use fewer columns",
        )
    shown = np.concatenate([np.arange(size) > 0 for size in batch.sizes]) if batch.sizes else np.zeros(0, dtype=bool)
    own = [
        pair_counts([column[part == number] for column in batch.codes], batch.sizes)[shown][:, shown]
        for number in range(parts)
    ]
    whole = np.sum(own, axis=0)
    fitted = [
        _fit(batch, (part >= 0) & (part != number), whole - own[number], wall, yards, blocks, why)
        for number in range(parts)
    ]
    tables = tuple(np.stack([each[1][term] for each in fitted]) for term in range(len(blocks)))
    return Leans(np.mean([each[0] for each in fitted], axis=0), tables)


def lookup(tables: tuple[NDArray[np.float64], ...], codes: tuple[NDArray[np.integer], ...]) -> NDArray[np.float64]:
    """float64[K, n], the tables (per term float64[K, size]) summed over terms for people with these codes."""
    total = np.zeros((tables[0].shape[0] if tables else 0, len(codes[0]) if codes else 0))
    for table, column in zip(tables, codes, strict=True):
        total += table[:, column]
    return total


def _fit(
    batch: Batch, rows: NDArray[np.bool_], pairs: NDArray[np.float64], wall: GroupCounts, yards: list[Yardstick],
    blocks: list[slice], why: str,
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:  # fmt: skip
    """Share float64[K] and per term float64[K, size], of the people in `rows`."""
    people, mass = int(rows.sum()), np.diag(pairs)
    wanted = [_by_bin(batch, rows, wall, yard, mass, blocks, why) for yard in yards]
    members = np.concatenate([cross for cross, _ in wanted], axis=1) if wanted else np.zeros((len(mass), 0))
    share = np.concatenate([total for _, total in wanted]) / max(1, people) if wanted else np.zeros(0)
    slope = ridge_from_counts(pairs, members, share, people, _RIDGE) / np.where(share > 0, share, 1.0)
    slope[:, share <= 0] = 0.0
    return share, [_centred(slope[block], mass[block]) for block in blocks]


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
    found = estimated(table, weight)
    counts = np.zeros((len(weight), len(yard.groups)))
    for column, group in enumerate(yard.groups):
        if group in at:
            counts[:, column] = found[at[group]]
    return counts


def _centred(slope: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[G, size]: weighted mean zero over the bins, 0 where nobody was, 0 at WITHHELD."""
    mean = (mass @ slope) / max(float(mass.sum()), 1.0)
    table = np.where(mass[:, None] > 0, slope - mean, 0.0)
    return np.concatenate([np.zeros((slope.shape[1], 1)), table.T], axis=1)
