"""Can everything that is declared be kept at once? If not: how far must each limit give way, alone, for that?

Asked before anything is solved where limits could contradict each other: a minimum or a floor stands against places,
contacts, money, or groups. Limits that only take away never do; giving nobody anything keeps them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import MICRO
from evenhand.terms import DataError

from .rule import Relaxation
from .solver import Classes, Comparison, Crowd, Rows, is_open, least_excess, relaxed

__all__ = ["LimitsContradictError", "demand_reachable", "is_reachable", "not_found"]

_MOST_CLASSES, _MOST_SETS = 4000, 400
_DEAR = 100.0
_HALVINGS = 14
_NOTHING = 1e-5


def demand_reachable(crowd: Crowd, rows: Rows, comparisons: list[Comparison]) -> None:
    """Refuse limits that no allocation keeps; rows of blind limits are left aside, they are looked for on counts.

    Args:
        crowd: everybody who is decided about by value.
        rows: the limits.
        comparisons: in the order of the rows.

    Raises:
        LimitsContradictError: with the smallest relaxation of each limit.
    """
    rows = _of_people(rows)
    if not (rows.is_hard & rows.asks).any():
        return
    hard = rows.keep(rows.is_hard)
    classes = _classes(crowd, hard)
    if classes is None or _fits(classes, hard):
        return
    raise LimitsContradictError(relaxations(classes, hard, comparisons))


def is_reachable(crowd: Crowd, rows: Rows) -> bool:
    """Whether shares of people keep every hard row; True where that is too much to work out."""
    rows = _of_people(rows)
    hard = rows.keep(rows.is_hard)
    classes = _classes(crowd, hard)
    return classes is None or _fits(classes, hard)


def _of_people(rows: Rows) -> Rows:
    """The rows that count people; what responses use differs from one person to the next, and makes no classes."""
    if not rows.is_real.any():
        return rows
    return replace(rows.keep(~rows.is_real), shape=rows.shape[:, :, : rows.shape.shape[2] // 2])


def relaxations(classes: Classes, rows: Rows, comparisons: list[Comparison]) -> tuple[Relaxation, ...]:
    """Of each limit, how far it must give way with all others as declared; None where that is not enough.

    Beside a floor only limits between groups are told of: with more places or money each group's own reach without
    limits would be another one, and so would the floor.
    """
    found = []
    has_floor = any(one.is_floor and not one.is_void for one in comparisons)
    for owner in dict.fromkeys(rows.owner):
        mine = ~rows.without({owner})
        numbers = sorted({int(number) for number in rows.comparison[mine] if number >= 0})
        if numbers:
            limit = comparisons[numbers[0]].limit
            reach = _group_bound(classes, rows, comparisons, owner)
            found.append(Relaxation(owner, limit.bound, reach))
            continue
        if has_floor:
            continue
        row = int(np.flatnonzero(mine)[0])
        declared = rows.bound + rows.aside
        reached, asked = (
            _place_bound(classes, rows, row, float(declared[row])),
            abs(float(declared[row])) * rows.unit[row],
        )
        money = MICRO if owner == "budget" else 1
        found.append(Relaxation(owner, float(asked / money), None if reached is None else reached / money))
    return tuple(found)


def _place_bound(classes: Classes, rows: Rows, row: int, declared: float) -> float | None:
    """The nearest bound of one row over people or money, in its own units, whole; money in whole cents."""
    alone = np.arange(len(rows)) == row
    excess = least_excess(classes, rows.bound, rows.level, np.where(alone, 1.0, _DEAR))
    if _off(classes, rows, np.where(alone, 0.0, excess)):
        return None
    amount = float(rows.sign[row] * (declared + excess[row])) * float(rows.unit[row])
    whole = MICRO / 100 if rows.owner[row] == "budget" else 1.0
    grain = _NOTHING * float(classes.size.sum())
    if rows.sign[row] > 0:
        return float(np.ceil((amount - grain) / whole) * whole)
    return float(max(0.0, np.floor(amount + grain)))


def _group_bound(classes: Classes, rows: Rows, comparisons: list[Comparison], owner: str) -> float | None:
    """The nearest bound of a disparity limit, to three decimals away from the declared one, by halving."""
    limit = next(one.limit for one in comparisons if one.limit.id == owner)

    def with_bound(bound: float) -> Rows:
        changed = [
            replace(one, limit=one.limit.model_copy(update={"bound": bound})) if one.limit.id == owner else one
            for one in comparisons
        ]
        return relaxed(rows, changed)

    return nearest(lambda bound: _fits(classes, with_bound(bound)), limit.bound, 0.0 if limit.measure.is_least else 1.0)


def nearest(holds: Callable[[float], bool], declared: float, easiest: float) -> float | None:
    """The bound nearest to the declared one that holds, to three decimals towards the easiest; None where none does."""
    if not holds(easiest):
        return None
    near, far = declared, easiest
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        near, far = (near, middle) if holds(middle) else (middle, far)
    away = np.floor if easiest < declared else np.ceil
    return float(away(far * 1000) / 1000)


def _fits(classes: Classes, rows: Rows) -> bool:
    return not _off(classes, rows, least_excess(classes, rows.bound, rows.level, np.ones(len(rows))))


def _off(classes: Classes, rows: Rows, excess: NDArray[np.float64]) -> bool:
    """Whether some row is exceeded by more than what the arithmetic leaves open: a hundredth of a person at least."""
    width = np.abs(rows.use).max(axis=(1, 2), initial=0.0)
    return bool((excess > np.maximum(width, 1e-12) * max(0.01, _NOTHING * float(classes.size.sum()))).any())


def _classes(crowd: Crowd, rows: Rows) -> Classes | None:
    """People by what rows tell apart and by the offers they can get; None where that makes too many classes. Where a
    person may get several offers, every set of them is one thing to get."""
    flat = rows.use.transpose(1, 0, 2).reshape(crowd.cells, -1)
    kinds, kind = np.unique(flat, axis=0, return_inverse=True)
    sets = _sets(crowd)
    if sets is None:
        return None
    open_ = is_open(crowd.value).T
    code = np.column_stack([kind.ravel()[crowd.cell_of_row], np.packbits(open_, axis=1)])
    _, first, size = np.unique(code, axis=0, return_index=True, return_counts=True)
    if len(first) * len(sets) > _MOST_CLASSES * len(crowd.value):
        return None
    use = kinds.reshape(len(kinds), len(rows), -1)[kind.ravel()[crowd.cell_of_row[first]]]
    if crowd.is_plain:
        return Classes(use, size.astype(np.float64), open_[first])
    allowed = np.stack([open_[first][:, taken].all(axis=1) for taken in sets], axis=1)
    together = use[:, :, : sets.shape[1]] @ sets.T + use[:, :, sets.shape[1], None]
    return Classes(together, size.astype(np.float64), allowed)


def _sets(crowd: Crowd) -> NDArray[np.bool_] | None:
    """bool[sets, m], what one person can get; None where that is too much to list, or costs are each person's own."""
    offers = len(crowd.value)
    if crowd.is_plain:
        return np.eye(offers, dtype=bool)
    sizes = range(1, min(crowd.most, offers) + 1)
    if crowd.cost is not None or sum(comb(offers, size) for size in sizes) > _MOST_SETS:
        return None
    found = [taken for size in sizes for taken in combinations(range(offers), size)]
    sets = np.zeros((len(found), offers), dtype=bool)
    for row, taken in enumerate(found):
        sets[row, list(taken)] = True
    return sets


def not_found(crowd: Crowd, rows: Rows) -> DataError:
    """No whole decisions were found that keep what must be kept, although shares of people would, or may."""
    asked = sorted({owner for owner, asks in zip(rows.owner, rows.asks, strict=True) if asks})
    if rows.is_real.any():
        return DataError(
            "limit-unreachable",
            f"No decisions were found that keep {', '.join(asked)} beside every other limit.",
            rule="a hard limit is never broken (G-5-2)",
            remedy="Relax one of the limits; how far is not worked out where a limit counts modelled responses.",
        )
    if _classes(crowd, rows.keep(rows.is_hard)) is None:
        return DataError(
            "limit-unreachable",
            f"No decisions were found that keep {', '.join(asked)} beside every other limit. Whether there are any is "
            "not worked out: costs are each person's own, or there are too many kinds of people or sets of offers.",
            rule="a hard limit is never broken (G-5-2)",
            remedy=f"Relax {asked[0] if len(asked) == 1 else 'one of them'}, or a limit beside it, and plan again.",
        )
    return DataError(
        "limit-unreachable",
        f"No whole decisions were found that keep {', '.join(asked)} beside every other limit; shares of people would.",
        rule="a hard limit is never broken (G-5-2)",
        remedy="Relax one of the limits by a person or two, or raise minimum_size if very small groups are judged.",
    )


class LimitsContradictError(DataError):
    """The limits of a campaign cannot be kept together by anybody.

    Args:
        relaxations: of each limit, the smallest one that would do alone.
    """

    def __init__(self, relaxations: tuple[Relaxation, ...]) -> None:
        ways = [_said(one) for one in relaxations if one.reachable is not None]
        stuck = [one.limit for one in relaxations if one.reachable is None]
        alone = f" Relaxing one of these alone is not enough: {', '.join(stuck)}." if stuck else ""
        super().__init__(
            "limit-unreachable",
            "The limits of this campaign cannot be kept together for these people."
            + (f" The smallest relaxation of one at a time: {'; '.join(ways)}." if ways else "")
            + alone,
            rule="a hard limit is never broken (G-5-2)",
            remedy="Change one of these in the campaign file, or several where one is not enough.",
        )
        self.relaxations = relaxations


def _said(one: Relaxation) -> str:
    """One relaxation in the words of the campaign file."""
    kind, _, offer = one.limit.partition(":")
    change = f"from {one.declared:g} to {one.reachable:g}"
    words = {
        "budget": f"raise the budget {change}",
        "contacts": f"let more people get an offer: {change}",
        "capacity": f"give {offer} more places: {change}",
        "minimum": f"ask for fewer people for {offer}: {change}",
    }
    return words.get(kind, f"move the bound of {one.limit} {change}")
