"""From choices to what is recorded: integer prices, runner-up, reasons, and who was moved from the pure price rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Reason

from .solver import is_open, lot

__all__ = ["Columns", "columns_of"]

_BLOCK = 65_536
_WHOLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of `Allocated`: one row per person, in the order of the batch, or one per offer of a person."""

    person: NDArray[np.intp]
    offer: NDArray[np.int16]
    runner_up: NDArray[np.int16]
    price: NDArray[np.int64]
    runner_up_price: NDArray[np.int64]
    moved: NDArray[np.bool_]
    reason: NDArray[np.uint8]


def columns_of(
    value: NDArray[np.int64],
    choice: NDArray[np.int16],
    offer_price: NDArray[np.int64],
    group_price: NDArray[np.int64],
    response: tuple[NDArray[np.int64], NDArray[np.int32]] | None,
    cell: NDArray[np.intp],
    draw: NDArray[np.uint64],
    refused: NDArray[np.bool_],
    refusal: NDArray[np.uint8],
) -> Columns:
    """Work the columns out, block by block, in integers.

    Args:
        value: int64[m, n], micro-money; CLOSED for offers that the person is not eligible for.
        choice: int16[n], -1 for none.
        offer_price: int64[m].
        group_price: int64[S, m].
        response: price of one modelled response, int64[S, m], and everybody's probability, int32[m, n]; None without.
        cell: intp[n].
        draw: uint64[n], decides between equal margins.
        refused: bool[n].
        refusal: uint8[n], gate 1's reason.
    """
    offers, people = value.shape
    out = Columns(
        np.arange(people),
        choice,
        np.full(people, -1, np.int16),
        np.zeros(people, np.int64),
        np.zeros(people, np.int64),
        np.zeros(people, bool),
        refusal.copy(),
    )
    for first in range(0, people, _BLOCK):
        block = slice(first, min(first + _BLOCK, people))
        price = offer_price[:, None] + group_price[cell[block]].T
        if response is not None:
            price += response[0][cell[block]].T * response[1][:, block] // _WHOLE
        margin = value[:, block] - price
        row = np.arange(margin.shape[1])
        chosen, open_ = choice[block].astype(np.intp), ~refused[block]
        best = _best(margin, draw[block])
        pure = np.where(margin[best, row] > 0, best, -1)
        out.moved[block] = (pure != chosen) & open_
        has = chosen >= 0
        second = best.copy()
        if offers > 1:
            other = margin[:, has]
            other[chosen[has], np.arange(other.shape[1])] = np.iinfo(np.int64).min
            second[has] = _best(other, draw[block][has])
        elif has.any():
            second[has] = -1
        second[~open_] = -1
        reachable = is_open(value[:, block])
        second[(second >= 0) & ~reachable[second, row]] = -1
        out.runner_up[block] = second
        out.price[block] = np.where(has, price[chosen, row], 0)
        out.runner_up_price[block] = np.where(second >= 0, price[second, row], 0)
        worth = value[:, block].max(axis=0) > 0
        reason = np.where(has, Reason.SELECTED, np.where(worth, Reason.BEYOND_LIMITS, Reason.NO_WORTHWHILE_OFFER))
        reason = np.where(reachable.any(axis=0), reason, Reason.NOT_ELIGIBLE)
        out.reason[block] = np.where(open_, reason, out.reason[block])
    return out


def _best(margin: NDArray[np.int64], draw: NDArray[np.uint64]) -> NDArray[np.intp]:
    """intp[R], the best offer of each person; between equals the higher lot wins."""
    best: NDArray[np.intp] = margin.argmax(axis=0)
    top = margin.max(axis=0)
    tied = np.flatnonzero((margin == top).sum(axis=0) > 1)
    if len(tied):
        lots = np.stack([lot(draw[tied], offer) for offer in range(len(margin))])
        best[tied] = np.where(margin[:, tied] == top[tied], lots, -1.0).argmax(axis=0)
    return best
