"""From prices to whole decisions: move the few people who keep a row from being held, at the least loss of value.

The best choice at the right prices is off by at most a few people per row, because an optimum of the linear problem
splits at most one person per row. Moves are looked at by *type* (cell, from, to), since a row cannot tell two people
of one type apart; within a type the person who loses least goes first. Single moves first, pairs where no single one
helps (one person makes room for another).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._choices import Choice, has_any
from ._crowd import Crowd, is_open, with_lots
from ._dual import Hard
from ._limits import Rows
from ._moves import Moves, by_type
from ._rounding_sets import moves_of_sets

__all__ = ["repair", "tolerance_of"]

_NEAREST, _NEAREST_WEIGHED = 4000, 800
_FEWEST, _WEIGHED = 500, 60_000
"""Of people who may get several offers so many at least, fewer where there are many limits to weigh each move by."""
_PER_CELL = 12
_FIRST, _SECOND = 96, 256


def tolerance_of(rows: Rows) -> NDArray[np.float64]:
    """float64[K]: less than the smallest real excess of a row that counts whole things, half a person where a row holds
    in expectation; below zero where a row adds up responses, so that it holds however the sum is rounded."""
    sure = -1e-9 * np.abs(rows.bound)
    return np.where(rows.is_hard, np.where(rows.is_real, sure, 0.25 / rows.unit), 0.5)


def repair(
    crowd: Crowd, hard: Hard, rows: Rows, dual: NDArray[np.float64], scale: float, effort: int
) -> tuple[Choice, bool]:
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
    if crowd.is_plain:
        moves, lists = _moves(crowd, hard, rows, dual, expected), np.arange(len(crowd.value), dtype=np.int16)
    else:
        who = _nearest(crowd, hard, min(_NEAREST, max(_FEWEST, _WEIGHED // len(rows))))
        moves, lists = moves_of_sets(crowd, choice, who, rows, dual, expected)
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
            choice[person] = lists[target] if target >= 0 else -1
    return choice, not bool((over > 0)[rows.is_hard].any())


def _single(moves: Moves, over: NDArray[np.float64], loss: NDArray[np.float64], fine: float) -> tuple[int, ...] | None:
    """The one move that gains most, or None."""
    after = np.maximum(over + moves.change, 0).sum(axis=1)
    gain = fine * (np.maximum(over, 0).sum() - after) - loss
    best = int(np.argmax(gain))
    return (best,) if gain[best] > 1e-9 * fine else None


def _pair(moves: Moves, over: NDArray[np.float64], loss: NDArray[np.float64], fine: float) -> tuple[int, ...] | None:
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


def _moves(crowd: Crowd, hard: Hard, rows: Rows, dual: NDArray[np.float64], expected: NDArray[np.float64]) -> Moves:
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
    moves, kinds, _ = by_type(kind, who[which], target - 1, loss, len(hard.choice), each=is_weighed)
    of, to = np.divmod(kinds, offers + 1)
    of_cell, come_from = np.divmod(of, offers + 1)
    use = np.zeros((len(alike), offers + 1, len(rows)))
    use[:, 1:] = alike.reshape(len(alike), crowd.columns, len(rows))[:, :offers]
    change = use[of_cell, to] - use[of_cell, come_from]
    if crowd.chance is not None and is_weighed:  # no two people's moves are alike: each is a type by itself
        each = np.zeros_like(use)
        each[:, 1:] = alike.reshape(len(alike), crowd.columns, len(rows))[:, offers:]
        chance = np.vstack([np.zeros(len(kinds)), crowd.chance[:, moves.person]])
        at = np.arange(len(kinds))
        change += (
            chance[to, at][:, None] * each[of_cell, to] - chance[come_from, at][:, None] * each[of_cell, come_from]
        )
    moves.change, moves.charge = change, -(change @ dual)
    return moves


def _nearest(crowd: Crowd, hard: Hard, most: int) -> NDArray[np.intp]:
    """Rows of the people nearest to a tie: overall, and in every cell both with and without an offer."""
    rows = len(hard.choice)
    if rows <= most:
        return np.arange(rows)
    near = np.zeros(rows, dtype=bool)
    near[np.argpartition(hard.gap, most)[:most]] = True
    has = has_any(hard.choice)
    for begin, end in zip(crowd.starts[:-1], crowd.starts[1:], strict=True):
        for has_offer in (True, False):
            inside = begin + np.flatnonzero(has[begin:end] == has_offer)
            if len(inside) > _PER_CELL:
                inside = inside[np.argpartition(hard.gap[inside], _PER_CELL)[:_PER_CELL]]
            near[inside] = True
    return np.flatnonzero(near)
