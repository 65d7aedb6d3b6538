"""Prices of groups at which limits hold on true counts: Newton steps on the dual, whose slope is counted.

A step needs how rates answer to prices. That is taken from the people near the threshold and from what their bins say
of groups; it need not be right, because what is aimed at, and what decides, are counts that came across the wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import GroupCounts

from ..solver import settle_step
from ._batch import Batch
from ._demand import Demand
from ._price_shapes import Leans, lookup
from ._yardsticks import Yardstick, measured

__all__ = ["Seeker", "Trial", "fold", "threshold_of"]

_ROUNDS = 60
_ENOUGH = 14
_NEAR = 0.06
_REACH = 3.0
_WIDEST = 50.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Prices that were tried, and what came of them.

    Attributes:
        price: float64[K], of each group, units of value per unit of its lean.
        dual: float64[R], of each row.
        tables: per term int64[parts x size], to be taken from the value; the shapes of all groups together, those
            fitted without each part one after the other.
        threshold: people whose folded value is above it are selected.
        hits: int64[K], what the selected people of each group add up to.
        square: float64[K], see `Measured`.
        hidden: bool[K].
        worth: value of the selected people over the threshold without limits.
    """

    price: NDArray[np.float64]
    dual: NDArray[np.float64]
    tables: tuple[NDArray[np.int64], ...]
    threshold: int
    hits: NDArray[np.int64]
    square: NDArray[np.float64]
    hidden: NDArray[np.bool_]
    worth: int


def fold(
    tables: tuple[NDArray[np.integer], ...], codes: tuple[NDArray[np.integer], ...], value: NDArray[np.int64]
) -> NDArray[np.int64]:
    """``value - sum of the price tables``, in whole numbers; int64[n]."""
    folded = value.astype(np.int64)
    for table, column in zip(tables, codes, strict=True):
        folded = folded - table.astype(np.int64)[column]
    return np.asarray(folded, dtype=np.int64)


def threshold_of(folded: NDArray[np.int64], budget: float) -> int:
    """The least threshold above which at most ``floor(budget x people)`` lie; equal people are in or out together."""
    places = int(np.floor(budget * len(folded) + 1e-9))
    if not len(folded):
        return 0
    if places >= len(folded):
        return int(folded.min()) - 1
    return int(np.partition(folded, len(folded) - places - 1)[len(folded) - places - 1])


class Seeker:
    """Looks for prices, pricing everybody by shapes that they had no part in, and asks the wall how each try came out.

    Args:
        batch: everybody.
        rows: intp[t], the people to tune on.
        part: int8[n], the part of each person that the shapes were fitted without.
        wall: the groups.
        yards: what is measured.
        leans: what bins say about the groups of each yardstick.
        budget: share of people that may be selected.

    Attributes:
        codes: per term uint16[t], a person's code after those of all parts before theirs.
        leans: per term float64[K, parts x size], in that order.
    """

    def __init__(
        self, batch: Batch, rows: NDArray[np.intp], part: NDArray[np.int8], wall: GroupCounts, yards: list[Yardstick],
        leans: Leans, budget: float,
    ) -> None:  # fmt: skip
        self.batch, self.rows, self.wall, self.yards, self.budget = batch, rows, wall, yards, budget
        own = part[rows].astype(np.uint16)
        self.codes = tuple(
            own * np.uint16(size) + column[rows] for size, column in zip(batch.sizes, batch.codes, strict=True)
        )
        self.value = batch.value[rows]
        self.leans = tuple(np.concatenate(list(table), axis=1) for table in leans.tables)
        self.share, self._mean = leans.share, leans.mean()
        self.groups = len(self.share)
        self.base = threshold_of(self.value, budget)
        whole = np.zeros(len(batch), dtype=bool)
        whole[rows] = True
        counted = [measured(yard, wall, whole, None, "people to tune a blind limit on") for yard in yards]
        self.size = np.concatenate([found.people for found in counted]) if counted else np.zeros(0, dtype=np.int64)
        self.size = np.maximum(self.size, 1)

    def shapes(self, price: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
        """Per term int64[K, size]: price times mean lean, as whole numbers: what the rule for new people gets."""
        return tuple(np.rint(price[:, None] * lean).astype(np.int64) for lean in self._mean)

    def threshold(self, tables: tuple[NDArray[np.integer], ...]) -> int:
        """The rule's own threshold, that of its tables (per term [size]) on the people tuned on."""
        plain = tuple(column[self.rows] for column in self.batch.codes)
        return threshold_of(fold(tables, plain, self.value), self.budget)

    def chosen(self, trial: Trial) -> NDArray[np.bool_]:
        """bool[n], whom a trial selects."""
        chosen = np.zeros(len(self.batch), dtype=bool)
        chosen[self.rows[fold(trial.tables, self.codes, self.value) > trial.threshold]] = True
        return chosen

    def attempt(self, price: NDArray[np.float64], dual: NDArray[np.float64]) -> Trial:
        """Fold the prices in, select within the budget, and count."""
        tables = tuple(np.rint(price[:, None] * lean).astype(np.int64).sum(axis=0) for lean in self.leans)
        folded = fold(tables, self.codes, self.value)
        threshold = threshold_of(folded, self.budget)
        inside = folded > threshold
        chosen = np.zeros(len(self.batch), dtype=bool)
        chosen[self.rows[inside]] = True
        expected = self._expected(inside)
        hits, square, hidden, at = [], [], [], 0
        for yard in self.yards:
            mine = slice(at, at + len(yard.groups))
            found = measured(yard, self.wall, chosen, expected[mine], "selected people under a blind limit")
            hits.append(found.hits)
            square.append(found.square)
            hidden.append(found.hidden)
            at = mine.stop
        worth = int(self.value[inside].sum()) - self.base * int(inside.sum())
        if not self.yards:
            nothing = np.zeros(0)
            return Trial(price, dual, tables, threshold, nothing.astype(np.int64), nothing, nothing.astype(bool), worth)
        return Trial(
            price, dual, tables, threshold, np.concatenate(hits), np.concatenate(square), np.concatenate(hidden), worth
        )

    def _expected(self, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """float64[K], people expected among the chosen from their bins, for where a count is hidden."""
        if not self.groups:
            return np.zeros(0)
        lean = lookup(self.leans, tuple(column[inside] for column in self.codes))
        return np.asarray(self.share * np.maximum(1.0 + lean, 0.0).sum(axis=1))

    def seek(self, demand: Demand, errors: float, start: NDArray[np.float64] | None = None) -> Trial:
        """The most valuable trial that keeps every row with its margin; else the one that comes nearest.

        Args:
            demand: the rows.
            errors: standard errors of margin.
            start: float64[R], duals to start from.
        """
        dual = np.zeros(len(demand.use)) if start is None else start
        best: Trial | None = None
        best_rank: tuple[bool, bool, float] = (False, False, -np.inf)
        since = 0
        for turn in range(_ROUNDS):
            trial = self.attempt(demand.use.T @ dual, dual)
            excess = demand.excess(trial.hits)
            aim = excess + demand.margin(trial.hits, trial.square, errors)
            rank = _rank(demand, trial, aim)
            since += 1
            if best is None or rank > best_rank:
                best, best_rank, since = trial, rank, 0
            idle = not len(aim) or (turn == 0 and not dual.any() and bool((aim <= 1e-12).all()))
            if idle or (best_rank[1] and since >= _ENOUGH):
                break
            dual = self._step(trial, demand, aim, 0.9 if turn < 8 else 0.6 if turn < 20 else 0.3)
            if not self._sensible(demand.use.T @ dual):
                break
        assert best is not None
        return best

    def _sensible(self, price: NDArray[np.float64]) -> bool:
        """Whether the prices are within what values can tell apart: beyond that lies nothing but other infinities."""
        span = float(self.value.max() - self.value.min()) if len(self.value) else 0.0
        most = max((float(np.abs(lean).max(initial=0.0)) for lean in self.leans), default=0.0)
        return bool(np.isfinite(price).all() and np.abs(price).max(initial=0.0) * most <= _WIDEST * max(span, 1.0))

    def _step(self, trial: Trial, demand: Demand, aim: NDArray[np.float64], pace: float) -> NDArray[np.float64]:
        """One Newton step of the duals, no longer than the people near the threshold can tell."""
        folded = fold(trial.tables, self.codes, self.value)
        distance = np.abs(folded - trial.threshold)
        many = min(len(distance) - 1, max(200, int(2 * _NEAR * min(self.budget, 0.5) * len(distance)) + 50))
        width = max(1.0, float(np.partition(distance, many)[many]))
        near = np.flatnonzero(distance < width)
        weight = (1.0 - distance[near] / width) / (width * len(distance))
        lean = lookup(self.leans, tuple(column[near] for column in self.codes))
        lean = lean - (lean @ weight)[:, None] / max(float(weight.sum()), 1e-300)
        answer = demand.use @ ((lean * weight) @ lean.T) @ demand.use.T
        guard = 1e-4 * np.diag(answer) + 1e-6 * max(float(np.diag(answer).max()), 1e-30)
        target = settle_step(answer + np.diag(guard), -aim, trial.dual)
        way = target - trial.dual
        moved = float(np.sqrt(np.mean((way @ demand.use @ lean) ** 2))) if len(near) else 0.0
        stride = pace * min(1.0, _REACH * width / moved) if moved > 0 else pace
        return np.maximum(trial.dual + stride * way, 0.0)


def _rank(demand: Demand, trial: Trial, aim: NDArray[np.float64]) -> tuple[bool, bool, float]:
    """Order of trials: declared bounds first, then margins, then value; else nearness."""
    holds = all(demand.held(trial.hits)) and demand.floors_held(trial.hits)
    with_margin = holds and bool((aim <= 1e-12).all())
    return holds, with_margin, float(trial.worth) if with_margin else -float(aim.max(initial=0.0))
