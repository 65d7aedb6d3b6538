"""What allocation asks of the wall around the groups, and the two questions it puts to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import DisparityLimit
from evenhand.terms import GroupCounts

from .solver import Comparison, comparisons_of, exact, judge, offer_sets

__all__ = ["Wall", "figure", "holds", "selected_people", "survey"]

T = TypeVar("T")
_WHOLE = 1_000_000


class Wall(GroupCounts, Protocol):
    """Counts across the wall, and work done behind it. `vault.Vault` is one."""

    def inside(
        self,
        features: tuple[str, ...],
        work: Callable[[NDArray[np.int32], tuple[tuple[str, ...], ...]], T],
        *,
        why: str,
    ) -> T:
        """Run `work(cells, groups)` behind the wall and hand its answer out.

        Args:
            features: sensitive columns whose combination makes the cells.
            work: gets int32[n] cells in row order (-1 = withheld) and the values of each cell. What it returns must
                be decisions, prices or counts, never a cell.
            why: purpose of the question, kept in the log.
        """
        ...


def _people(
    wall: Wall,
    features: tuple[str, ...],
    counted: NDArray[np.bool_],
    why: str,
    weight: NDArray[np.int64] | None = None,
) -> dict[tuple[str, ...], int]:
    """People of each group among those counted, or what they count for. Only counts leave the wall."""

    def count(cells: NDArray[np.int32], groups: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], int]:
        who = counted & (cells >= 0)
        of_each = None if weight is None else weight[who].astype(np.float64)
        tally = np.bincount(cells[who].astype(np.intp), weights=of_each, minlength=len(groups))
        return dict(zip(groups, tally.astype(np.int64).tolist(), strict=True))

    return wall.inside(features, count, why=why)


def survey(
    wall: Wall,
    limits: tuple[DisparityLimit, ...],
    counted: NDArray[np.bool_],
    offers: tuple[str, ...],
    eligible: NDArray[np.bool_] | None = None,
    probability: NDArray[np.int32] | None = None,
) -> list[Comparison]:
    """Count every group that a limit compares and say which groups are judged.

    Args:
        wall: the groups.
        limits: the disparity limits.
        counted: bool[n], people who are decided about with personal data.
        offers: ids of the campaign's offers.
        eligible: bool[m, n], who may get which offer; a group is compared by its people who may get one of the offers
            that are compared. None: everybody may get everything.
        probability: int32[m, n], parts per million, for weighted measures.
    """
    comparisons = []
    for limit in limits:
        for features in comparisons_of(limit):
            people = _people(wall, features, counted, f"size of the groups of limit {limit.id}")
            for compared in offer_sets(limit, offers):
                if eligible is not None:
                    open_ = counted & eligible[list(compared) or slice(None)].any(axis=0)
                    people = _people(wall, features, open_, f"size of the eligible groups of limit {limit.id}")
                groups = tuple(sorted(group for group, size in people.items() if size))
                size = np.array([people[group] for group in groups], dtype=np.int64)
                over = None
                if limit.measure.is_weighted and probability is not None:
                    worth = _worth_at_most(limit, compared, probability, eligible)
                    total = _people(wall, features, counted, f"modelled responses of limit {limit.id}", worth)
                    over = np.array([total.get(group, 0) for group in groups], dtype=np.int64)
                comparisons.append(judge(limit, features, groups, size, compared, over))
    return comparisons


def _worth_at_most(
    limit: DisparityLimit,
    compared: tuple[int, ...],
    probability: NDArray[np.int32],
    eligible: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    """int64[n], what a person adds to what the rate of their group is taken over, micro-responses: one whole response
    (expected benefit), or that to the likeliest of the compared offers; nothing where none of them is open to them."""
    at = list(compared) or slice(None)
    chance = probability[at]
    if limit.measure.rate == "expected_benefit":
        chance = np.full_like(chance, _WHOLE)
    if eligible is not None:
        chance = np.where(eligible[at], chance, 0)
    most: NDArray[np.int64] = chance.max(axis=0, initial=0).astype(np.int64)
    return most


def selected_people(
    wall: Wall,
    comparison: Comparison,
    counted: NDArray[np.bool_],
    choice: NDArray[np.integer],
    probability: NDArray[np.int32] | None = None,
) -> NDArray[np.int64]:
    """int64[G], people of each judged group whose choice (-1 for none) is compared, counted behind the wall; under a
    weighted measure the micro-responses that `probability` (int32[m, n], parts per million) expects of them."""
    why = f"verification of limit {comparison.limit.id}"
    chosen, weight = counted & comparison.counts(choice), None
    if comparison.is_weighted and probability is not None:
        weight = probability[np.maximum(choice, 0), np.arange(len(choice))].astype(np.int64)
    people = _people(wall, comparison.features, chosen, why, weight)
    return np.array([people.get(group, 0) for group in comparison.judged_groups], dtype=np.int64)


def figure(comparison: Comparison, selected: NDArray[np.int64]) -> float:
    """The measure as reached: lowest over highest or mean rate (1 where nobody is selected), highest minus lowest, or
    the most that a group's rate has fallen."""
    is_least = comparison.limit.measure.is_least
    if comparison.is_void:
        return 1.0 if is_least else 0.0
    rate = selected / comparison.judged_over
    if comparison.is_floor:
        had = selected if comparison.reach is None else comparison.reach
        return max(0.0, float(((had - selected) / comparison.judged_over).max()))
    over = selected.sum() / comparison.judged_over.sum() if comparison.is_to_mean else rate.max()
    if is_least:
        return float(rate.min() / over) if over > 0 else 1.0
    return float(rate.max() - rate.min())


def holds(comparison: Comparison, selected: NDArray[np.int64]) -> bool:
    """Whether the declared bound holds, in whole numbers: exactly four fifths is enough for 0.8."""
    if comparison.is_void:
        return True
    bound = exact(comparison.limit.bound)
    if comparison.is_floor:
        return bool((selected >= comparison.fewest).all())
    pairs = list(zip(selected.tolist(), comparison.judged_over.tolist(), strict=True))
    high, high_size = max(pairs, key=lambda pair: pair[0] / pair[1])
    low, low_size = min(pairs, key=lambda pair: pair[0] / pair[1])
    if comparison.is_to_mean:
        high, high_size = int(selected.sum()), int(comparison.judged_over.sum())
    if comparison.limit.measure.is_least:
        return bool(low * high_size >= bound * high * low_size)
    return bool(high * low_size - low * high_size <= bound * high_size * low_size)
