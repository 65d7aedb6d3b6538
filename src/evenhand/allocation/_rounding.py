"""From prices to whole decisions: move the few people who keep a row from being held, at the least loss of value.

The best choice at the right prices is off by at most a few people per row, because an optimum of the linear problem
splits at most one person per row. Moves are looked at by *type* (cell, from, to), since a row cannot tell two people
of one type apart; within a type the person who loses least goes first. Single moves first, pairs where no single one
helps (one person makes room for another).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._crowd import Crowd, is_open, with_lots
from ._dual import Hard
from ._limits import Rows

__all__ = ["repair", "tolerance_of"]

_NEAREST, _NEAREST_WEIGHED = 4000, 800
_PER_CELL = 12
_FIRST, _SECOND = 96, 256


def tolerance_of(rows: Rows) -> NDArray[np.float64]:
    """float64[K]: less than the smallest real excess of a row that counts whole things, half a person where a row holds
    in expectation; below zero where a row adds up responses, so that it holds however the sum is rounded."""
    sure = -1e-9 * np.abs(rows.bound)
    return np.where(rows.is_hard, np.where(rows.is_real, sure, 0.25 / rows.unit), 0.5)


@dataclass(slots=True)
class _Moves:
    """Moves by type. Heads point at the best person of each type who has not moved yet."""

    person: NDArray[np.intp]
    target: NDArray[np.intp]
    loss: NDArray[np.float64]
    first: NDArray[np.intp]
    head: NDArray[np.intp]
    change: NDArray[np.float64]
    charge: NDArray[np.float64]
    free: NDArray[np.bool_]

    def head_loss(self) -> NDArray[np.float64]:
        """float64[types], value lost by the best move of each type (inf where none is left)."""
        open_ = self.head < self.first[1:]
        return np.where(open_, self.loss[np.minimum(self.head, len(self.loss) - 1)], np.inf)

    def take(self, kind: int) -> tuple[int, int]:
        """Make the best move of a type: (person, target); the person does not move again."""
        move = int(self.head[kind])
        person = int(self.person[move])
        self.free[person] = False
        while True:
            open_ = np.flatnonzero(self.head < self.first[1:])
            stuck = open_[~self.free[self.person[self.head[open_]]]]
            if not len(stuck):
                return person, int(self.target[move])
            self.head[stuck] += 1


def repair(
    crowd: Crowd, hard: Hard, rows: Rows, dual: NDArray[np.float64], scale: float, effort: int
) -> tuple[NDArray[np.int16], bool]:
    """Repair whole decisions.

    Args:
        crowd: everybody, unweighted.
        hard: decisions at the prices.
        rows: the limits, levels fixed.
        dual: float64[K], the prices.
        scale: see `scale_of`.
        effort: at most so many moves.

    Returns:
        The choice of each row, and whether every hard row holds. Blind rows hold in expectation only and their
        prices stand; counting corrects them later.
    """
    choice = hard.choice.copy()
    expected = rows.price(np.where(rows.is_hard, 0, dual))
    rows, dual = rows.keep(rows.is_hard), dual[rows.is_hard]
    tolerance = tolerance_of(rows)
    if not len(rows) or not len(choice):
        return choice, True
    over = rows.used(hard.count) - rows.bound - tolerance
    moves = _moves(crowd, hard, rows, dual, expected)
    fine = scale + float(np.abs(rows.price(dual)).max(initial=0))
    pairs_left = effort // 2
    for _ in range(effort):
        if not len(moves.head):
            break
        loss = moves.head_loss()
        taken = _single(moves, over, loss, fine)
        if taken is None and pairs_left > 0:
            pairs_left -= 1
            taken = _pair(moves, over, loss, fine)
        if taken is None:
            if not bool((over > 0)[rows.is_hard].any()) or fine > 1e9 * scale:
                break
            fine *= 30
            continue
        for kind in taken:
            over = over + moves.change[kind]
            person, target = moves.take(kind)
            choice[person] = target
    return choice, not bool((over > 0)[rows.is_hard].any())


def _single(moves: _Moves, over: NDArray[np.float64], loss: NDArray[np.float64], fine: float) -> tuple[int, ...] | None:
    """The one move that gains most, or None."""
    after = np.maximum(over + moves.change, 0).sum(axis=1)
    gain = fine * (np.maximum(over, 0).sum() - after) - loss
    best = int(np.argmax(gain))
    return (best,) if gain[best] > 1e-9 * fine else None


def _pair(moves: _Moves, over: NDArray[np.float64], loss: NDArray[np.float64], fine: float) -> tuple[int, ...] | None:
    """The two moves of different people that together gain most, or None."""
    broken = over > 0
    relief = np.maximum(over[broken], 0).sum() - np.maximum(over[broken] + moves.change[:, broken], 0).sum(axis=1)
    cheap = np.argsort(loss - moves.charge, kind="stable")
    first = np.argsort(loss - fine * relief, kind="stable")[:_FIRST] if broken.any() else cheap[:_FIRST]
    second = np.concatenate((cheap[:_SECOND], first))
    first, second = first[np.isfinite(loss[first])], second[np.isfinite(loss[second])]
    if not len(first) or not len(second):
        return None
    both = (over + moves.change[first])[:, None, :] + moves.change[second][None, :, :]
    gain = fine * (np.maximum(over, 0).sum() - np.maximum(both, 0, out=both).sum(axis=2))
    gain -= loss[first][:, None] + loss[second][None, :]
    gain[moves.person[moves.head[first]][:, None] == moves.person[moves.head[second]][None, :]] = -np.inf
    best = int(np.argmax(gain))
    if not gain.flat[best] > 1e-9 * fine:
        return None
    return int(first[best // len(second)]), int(second[best % len(second)])


def _moves(crowd: Crowd, hard: Hard, rows: Rows, dual: NDArray[np.float64], expected: NDArray[np.float64]) -> _Moves:
    """All moves of the people nearest to a tie, sorted by type and loss (of value less the price of blind rows)."""
    is_weighed = crowd.chance is not None and bool(rows.is_real.any())
    who = _nearest(crowd, hard, _NEAREST_WEIGHED if is_weighed else _NEAREST)
    offers = len(crowd.value)
    alike, alike_of = np.unique(
        rows.use.transpose(1, 2, 0).reshape(crowd.cells, crowd.columns * len(rows)), axis=0, return_inverse=True
    )
    cell, now = alike_of.ravel()[crowd.cell_of_row[who]], hard.choice[who].astype(np.intp)
    value = np.zeros((offers + 1, len(who)))
    value[1:] = with_lots(crowd.value[:, who].astype(np.int64), crowd.draw[who])
    value[1:] -= expected[crowd.cell_of_row[who], :offers].T
    if crowd.chance is not None:
        value[1:] -= crowd.chance[:, who] * expected[crowd.cell_of_row[who], offers:].T
    target, which = np.divmod(np.arange((offers + 1) * len(who)), len(who))
    kind = (cell[which] * (offers + 1) + now[which] + 1) * (offers + 1) + target
    loss = value[now[which] + 1, which] - value.ravel()
    real = (target != now[which] + 1) & is_open(value.ravel())
    kind, loss, target, which = kind[real], loss[real], target[real], which[real]
    order = np.lexsort((loss, kind))
    kind, loss, target, which = kind[order], loss[order], target[order], which[order]
    kinds, first = (kind, np.arange(len(kind))) if is_weighed else np.unique(kind, return_index=True)
    of, to = np.divmod(kinds, offers + 1)
    of_cell, come_from = np.divmod(of, offers + 1)
    use = np.zeros((len(alike), offers + 1, len(rows)))
    use[:, 1:] = alike.reshape(len(alike), crowd.columns, len(rows))[:, :offers]
    change = use[of_cell, to] - use[of_cell, come_from]
    person = who[which]
    if crowd.chance is not None and is_weighed:  # no two people's moves are alike: each is a type by itself
        each = np.zeros_like(use)
        each[:, 1:] = alike.reshape(len(alike), crowd.columns, len(rows))[:, offers:]
        chance = np.vstack([np.zeros(len(person)), crowd.chance[:, person]])
        at = np.arange(len(person))
        change += (
            chance[to, at][:, None] * each[of_cell, to] - chance[come_from, at][:, None] * each[of_cell, come_from]
        )
    return _Moves(
        person=person,
        target=target - 1,
        loss=loss,
        first=np.append(first, len(kind)),
        head=first.copy(),
        change=change,
        charge=-(change @ dual),
        free=np.ones(len(hard.choice), dtype=bool),
    )


def _nearest(crowd: Crowd, hard: Hard, most: int) -> NDArray[np.intp]:
    """Rows of the people nearest to a tie: overall, and in every cell both with and without an offer."""
    rows = len(hard.choice)
    if rows <= most:
        return np.arange(rows)
    near = np.zeros(rows, dtype=bool)
    near[np.argpartition(hard.gap, most)[:most]] = True
    for begin, end in zip(crowd.starts[:-1], crowd.starts[1:], strict=True):
        for has_offer in (True, False):
            inside = begin + np.flatnonzero((hard.choice[begin:end] >= 0) == has_offer)
            if len(inside) > _PER_CELL:
                inside = inside[np.argpartition(hard.gap[inside], _PER_CELL)[:_PER_CELL]]
            near[inside] = True
    return np.flatnonzero(near)
