"""The two passes where a person may get several offers, or costs are each person's own.

A person with margins ``z[j] = value[j] - price[j]`` gets the offers with the highest margins, as far as these are
above zero and no more than so many, if together they are worth more than the contact costs. No set is listed: what the
best one is worth is ``min over t of  most * t (t >= 0) or t (t < 0)  +  sum over j of max(0, z[j] - t)``: a threshold
in place of a choice among sets (the dual of picking the largest). Smoothed, every `max` becomes a soft one at width
beta: offer j is taken with weight ``sigmoid((z[j] - t) / beta)``, the contact with ``sigmoid((worth - contact) /
beta)``. That lies above the exact worth and falls to it with beta, so the bound it leads to is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._choices import used_by
from ._crowd import Crowd
from ._passes import Hard, Smooth, blocks_of, spread_out
from ._products import squared

__all__ = ["best_sets", "decide_sets", "smooth_sets"]

_ENTRIES, _LEAST, _MOST = 65_536, 256, 8192
_TURNS, _CLOSE, _FLAT, _STEEP = 60, 1e-9, 45.0, 700.0
_FEW = 24
"""Up to so many offers a full sort is quicker than picking the largest first."""


def smooth_sets(crowd: Crowd, price: NDArray[np.float64], beta: float) -> Smooth:
    """One smoothed pass; see `_dual.smooth`."""
    offers, width = len(crowd.value), crowd.columns
    total = crowd.fixed_value - float((crowd.fixed * price).sum())
    count = crowd.fixed.copy()
    spread = np.zeros((crowd.cells, width, width))
    for first, last, cells, begins in blocks_of(crowd, _block(offers)):
        paid = spread_out(price, cells, begins)
        z, cost = _margins(crowd, first, last, paid)
        z /= beta
        threshold = _thresholds(z, crowd.most)
        z -= threshold
        taken, above = _soft(z)
        worth = np.where(threshold > 0, crowd.most * threshold, threshold) + above.sum(axis=0)
        net = worth if crowd.most == 1 else worth - paid[offers] / beta
        contact, kept = _soft(net)
        kept *= beta
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            part, weight = slice(begin, end), crowd.weight[cell]
            total += weight * float(kept[part].sum())
            own = None if cost is None else cost[:, part]
            used, varied = _moments(taken[:, part], contact[part], threshold[part] != 0, own, several=crowd.most > 1)
            count[cell] += weight * used
            spread[cell] += weight * varied
    return Smooth(total, count, spread)


def _block(offers: int) -> int:
    return min(_MOST, max(_LEAST, _ENTRIES // offers))


def _margins(
    crowd: Crowd, first: int, last: int, paid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """float64[m, rows], value less price of each offer; and what each costs, where that is each person's own."""
    offers = len(crowd.value)
    margin = crowd.value[:, first:last] - paid[:offers]
    if crowd.cost is None:
        return margin, None
    cost = crowd.cost[:, first:last]
    margin -= paid[-1] * cost
    return margin, cost


def _moments(
    taken: NDArray[np.float64],
    contact: NDArray[np.float64],
    is_held: NDArray[np.bool_],
    cost: NDArray[np.float64] | None,
    *,
    several: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the people of one cell use in expectation, float64[w], and how it varies together, float64[w, w].

    Given the threshold the offers vary by themselves; where the threshold holds their number, less what that takes; and
    all of them vary with the contact.

    Args:
        taken: float64[m, R], the weight of each offer.
        contact: float64[R], the weight of being reached.
        is_held: bool[R], whether the threshold holds the number of offers.
        cost: float64[m, R], what each offer costs, where that is each person's own.
        several: whether a contact has a column.
    """
    loose = taken * (1 - taken)
    room = np.where(is_held, contact / np.maximum(loose.sum(axis=0), 1e-300), 0.0)
    columns = [taken, np.ones((1, len(contact)))] if several else [taken]
    bounded = [loose, np.zeros((1, len(contact)))] if several else [loose]
    if cost is not None:
        columns.append((taken * cost).sum(axis=0, keepdims=True))
        bounded.append((loose * cost).sum(axis=0, keepdims=True))
    whole, held = np.concatenate(columns), np.concatenate(bounded)
    leaning, holding = whole * np.sqrt(contact * (1 - contact)), held * np.sqrt(room)
    varied = squared(leaning) - squared(holding)
    offers, alone = np.arange(len(taken)), loose * contact
    varied[offers, offers] += alone.sum(axis=1)
    if cost is not None:
        shared = (alone * cost).sum(axis=1)
        varied[offers, -1] += shared
        varied[-1, offers] += shared
        varied[-1, -1] += float((alone * cost**2).sum())
    return (whole * contact).sum(axis=1), varied


def _thresholds(z: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """float64[rows], the threshold of each column: 0 where that takes between one offer and `most`, else the one that
    takes exactly one, or exactly `most`. Newton's method, halving where it would leave the bracket."""
    found = np.zeros(z.shape[1])
    number = _sigmoid(z).sum(axis=0)
    off = np.flatnonzero((number < 1) | (number > most))
    if not len(off):
        return found
    mine = z[:, off]
    aim = np.where(number[off] > most, float(most), 1.0)
    top = _largest(mine, most + 1)
    low, high = np.where(aim == 1, top[0] - _FLAT, 0.0), np.where(number[off] > most, top[0] + _FLAT, 0.0)
    low = np.where(number[off] > most, np.maximum(low, 0.0), np.minimum(low, 0.0))
    at_most = min(most, len(top) - 1)
    near = np.where(number[off] > most, (top[at_most - 1] + top[at_most]) / 2, (top[0] + top[min(1, len(top) - 1)]) / 2)
    here = np.clip(near, low, high)
    for _ in range(_TURNS):
        taken = _sigmoid(mine - here)
        over = taken.sum(axis=0) - aim
        low, high = np.where(over > 0, here, low), np.where(over > 0, high, here)
        loose = (taken * (1 - taken)).sum(axis=0)
        done = np.abs(over) <= _CLOSE
        found[off[done]] = here[done]
        if done.all():
            return found
        step = here + over / np.maximum(loose, 1e-12)
        here = np.where((step > low) & (step < high), step, (low + high) / 2)
        stays = ~done
        off, mine, aim, here, low, high = off[stays], mine[:, stays], aim[stays], here[stays], low[stays], high[stays]
    found[off] = here
    return found


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -_STEEP, _STEEP))))


def _soft(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The soft step and the soft ``max(0, z)`` that it is the slope of."""
    away = np.exp(-np.abs(z))
    step = np.where(z > 0, 1.0, away) / (1 + away)
    return step, np.maximum(z, 0) + np.log1p(away)


def _largest(z: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """float64[up to most, rows], the largest of each column, largest first."""
    if len(z) <= _FEW:
        return -np.sort(-z, axis=0)[:most]
    few = min(most, len(z))
    part: NDArray[np.float64] = -np.sort(-np.partition(z, len(z) - few, axis=0)[len(z) - few :], axis=0)
    return part


def decide_sets(crowd: Crowd, price: NDArray[np.float64]) -> Hard:
    """One hard pass; see `_dual.decide`."""
    rows, offers, most = int(crowd.starts[-1]), len(crowd.value), crowd.most
    choice = np.full((rows, most) if most > 1 else rows, -1, dtype=np.int16)
    gap = np.empty(rows, dtype=np.float32)
    surplus = crowd.fixed_value - float((crowd.fixed * price).sum())
    count = crowd.fixed.copy()
    for first, last, cells, begins in blocks_of(crowd, _block(offers)):
        paid = spread_out(price, cells, begins)
        margin, _ = _margins(crowd, first, last, paid)
        contact = paid[offers] if most > 1 else np.zeros(1)
        picked, net, apart = best_sets(margin, contact, most)
        if not crowd.is_lotted:
            tied = np.flatnonzero(apart <= 1.0)
            if len(tied):
                lotted = crowd.lotted(margin[:, tied], first + tied)
                own = contact if len(contact) == 1 else contact[tied]
                picked[tied] = best_sets(lotted, own, most)[0]
        choice[first:last] = picked if most > 1 else picked[:, 0]
        np.minimum(apart, 1e30, out=gap[first:last], casting="same_kind")
        for cell, begin, end in zip(cells, begins[:-1], begins[1:], strict=True):
            surplus += crowd.weight[cell] * float(net[begin:end].sum())
            here = np.arange(first + begin, first + end)
            count[cell] += crowd.weight[cell] * used_by(crowd, here, choice[first + begin : first + end])
    return Hard(choice, gap, surplus, count)


def best_sets(
    margin: NDArray[np.float64], contact: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
    """The best offers of each person at these prices.

    Args:
        margin: float64[m, R], value less price.
        contact: float64[R] (or [1], the same for all), price of reaching a person.
        most: offers per person.

    Returns:
        int16[R, most], the offers, best first, then -1; what they are worth above every price (0 for none), float64[R];
        and how far from another choice: no price within half of this, taken singly, leads to one, float64[R].
    """
    offers, people = margin.shape
    many = min(most + 1, offers)
    if offers <= _FEW:
        order = np.argsort(-margin, axis=0, kind="stable")[:many]
    else:
        part = np.argpartition(-margin, many - 1, axis=0)[:many]
        order = np.take_along_axis(
            part, np.argsort(-np.take_along_axis(margin, part, axis=0), axis=0, kind="stable"), 0
        )
    top = np.full((most + 1, people), -np.inf)
    top[:many] = np.take_along_axis(margin, order, axis=0)
    taken = top[:most] > 0
    taken[0] = True
    worth = np.where(taken, top[:most], 0).sum(axis=0) - contact
    has = worth > 0
    picked = np.full((people, most), -1, dtype=np.int16)
    few = min(most, offers)
    picked[:, :few] = np.where(taken[:few] & has, order[:few], -1).T
    number = taken.sum(axis=0)
    column = np.arange(people)
    last, after = top[number - 1, column], top[number, column]
    swap = last - after
    alone = np.where(number == most, np.inf, -2 * after)
    lost = np.where(number > 1, 2 * last, swap)
    inside = np.minimum(np.where((number == most) | (number == 1), swap, np.inf), np.minimum(alone, lost))
    apart = np.abs(worth) * (2.0 / (most + 1))
    return picked, np.where(has, worth, 0.0), np.where(has, np.minimum(apart, inside), apart)
