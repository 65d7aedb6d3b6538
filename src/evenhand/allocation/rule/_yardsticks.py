"""Rates of groups, from counts: the questions that a blind policy puts to the wall, and how hidden counts are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable, GroupCounts, UsageError

from ._batch import Batch
from ._group_limits import GroupLimit, GroupMeasure

__all__ = ["Measured", "Yardstick", "measured", "survey_groups"]

_CUTS = (0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One measure over one set of groups.

    Attributes:
        measure: what is counted.
        features: sensitive columns whose combination makes the groups.
        groups: the judged groups.
        unjudged: the groups that are too small, hidden, or unknown.
        counted: bool[n], who is counted at all: everybody, or people with the outcome.
        level: int64[n], class of benefit (0 where the measure is no benefit).
        worth: int64[levels], benefit of one person of each class, micro-units (1 where it is no benefit).
    """

    measure: GroupMeasure
    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    unjudged: tuple[tuple[str, ...], ...]
    counted: NDArray[np.bool_]
    level: NDArray[np.int64]
    worth: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What some people of each judged group have in common, as counted.

    Attributes:
        people: int64[G], how many; a hidden count is taken as expected, within what hiding allows.
        hits: int64[G], the same in units of the measure (people, or benefit).
        square: float64[G], sum of squares of the hits of one person.
        hidden: bool[G], where the wall showed no exact count.
    """

    people: NDArray[np.int64]
    hits: NDArray[np.int64]
    square: NDArray[np.float64]
    hidden: NDArray[np.bool_]


def survey_groups(
    batch: Batch, wall: GroupCounts, limits: tuple[GroupLimit, ...], share: float
) -> dict[GroupLimit, list[Yardstick]]:
    """Count each group once, and say which are judged.

    A group of which so few are expected to be selected that the wall would hide how many, is not judged.

    Args:
        batch: everybody.
        wall: the groups.
        limits: what is compared.
        share: of the people counted here, about how many will be both looked at and selected.

    Raises:
        UsageError: a limit needs an outcome or a benefit that was not given, or names no sensitive column.
    """
    found: dict[GroupLimit, list[Yardstick]] = {}
    for limit in limits:
        _check(limit, batch, wall)
        counted, level, worth = _counted(limit.measure, batch)
        everybody = np.where(counted, 0, -1)
        yards = []
        for features in limit.groups:
            table = wall.count(features, everybody, 1, why=f"size of the groups of limit {limit.id}")
            judged = [_is_judged(limit, table, row, share) for row in range(len(table.groups))]
            chosen = tuple(group for group, yes in zip(table.groups, judged, strict=True) if yes)
            others = tuple(group for group, yes in zip(table.groups, judged, strict=True) if not yes)
            yards.append(Yardstick(limit.measure, features, chosen, others, counted, level, worth))
        found[limit] = yards
    return found


def _check(limit: GroupLimit, batch: Batch, wall: GroupCounts) -> None:
    strangers = sorted({name for part in limit.groups for name in part} - set(wall.features))
    if strangers:
        raise UsageError(
            "limit-unknown-feature",
            f"Limit {limit.id} names {strangers}; behind the wall are {wall.features}.",
            rule="groups are made of sensitive columns that stand behind the wall",
            remedy="correct the names, or put the columns behind the wall",
        )
    needs_outcome = limit.measure is GroupMeasure.TRUE_POSITIVE_RATE and batch.outcome is None
    if needs_outcome or (limit.measure is GroupMeasure.EXPECTED_BENEFIT and batch.benefit is None):
        raise UsageError(
            "limit-without-measure",
            f"Limit {limit.id} measures {limit.measure.value}, and there is no such column.",
            rule="a true-positive rate needs the outcome of each person, an expected benefit their benefit",
            remedy="hand in outcome= or benefit=, or limit the selection rate",
        )


def _counted(measure: GroupMeasure, batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Who is counted, their class of benefit, and what a class is worth (its mean over everybody)."""
    everybody, none = np.ones(len(batch), dtype=bool), np.zeros(len(batch), dtype=np.int64)
    if measure is GroupMeasure.TRUE_POSITIVE_RATE and batch.outcome is not None:
        return batch.outcome, none, np.ones(1, dtype=np.int64)
    if measure is GroupMeasure.EXPECTED_BENEFIT and batch.benefit is not None and len(batch):
        cuts = np.unique(np.quantile(batch.benefit, _CUTS))
        level = np.searchsorted(cuts, batch.benefit, side="right").astype(np.int64)
        people = np.bincount(level, minlength=len(cuts) + 1)
        total = np.bincount(level, weights=batch.benefit.astype(np.float64), minlength=len(cuts) + 1)
        return everybody, level, np.rint(total / np.maximum(people, 1)).astype(np.int64)
    return everybody, none, np.ones(1, dtype=np.int64)


def _is_judged(limit: GroupLimit, table: CountTable, row: int, share: float) -> bool:
    total = int(table.totals[row])
    known = limit.include_unknown or _UNKNOWN not in table.groups[row]
    return known and total != SUPPRESSED and total >= limit.minimum_size and total * share >= table.minimum_cell


def measured(
    yard: Yardstick, wall: GroupCounts, chosen: NDArray[np.bool_], expected: NDArray[np.float64] | None, why: str
) -> Measured:
    """Count the chosen people of each judged group.

    Args:
        yard: what is counted.
        wall: the groups.
        chosen: bool[n], people in question.
        expected: float64[G], people expected in each group, used where the wall hides the count; None = even.
        why: kept in the wall's log.
    """
    levels = len(yard.worth)
    code = np.where(chosen & yard.counted, yard.level, -1)
    table = wall.count(yard.features, code, levels, why=why)
    at = {group: row for row, group in enumerate(table.groups)}
    rows = [at.get(group, -1) for group in yard.groups]
    counts = np.array([table.counts[row] if row >= 0 else np.zeros(levels) for row in rows], dtype=np.int64)
    counts = counts.reshape(len(rows), levels)
    hidden = counts == SUPPRESSED
    if hidden.any():
        overall = np.bincount(code[code >= 0], minlength=levels).astype(np.float64)
        whole = expected if expected is not None else np.full(len(rows), overall.sum() / max(1, len(table.groups)))
        guess = whole[:, None] * (overall / max(1.0, overall.sum()))[None, :]
        counts = np.where(hidden, np.clip(np.rint(guess), 1, table.minimum_cell - 1), counts).astype(np.int64)
    return Measured(
        people=counts.sum(axis=1),
        hits=counts @ yard.worth,
        square=counts.astype(np.float64) @ np.square(yard.worth.astype(np.float64)),
        hidden=hidden.any(axis=1),
    )
