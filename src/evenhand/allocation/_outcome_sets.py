"""From choices to what is recorded where a person may get several offers, or costs are their own: a row per offer."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import PPM, Prices, Reason

from ._outcome import Columns
from .solver import Choice, as_lists, is_open, lot

__all__ = ["Asking", "columns_of_sets", "whole_price"]

_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Asking:
    """The people of a batch as the price rule sees them.

    Attributes:
        value: int64[m, n], micro-money; CLOSED for offers that the person is not eligible for.
        cost: int64[m, n], micro-money, where costs are each person's own; else None.
        cell: intp[n].
        draw: uint64[n], decides between equal margins.
        refused: bool[n].
        refusal: uint8[n], gate 1's reason.
    """

    value: NDArray[np.int64]
    cost: NDArray[np.int64] | None
    cell: NDArray[np.intp]
    draw: NDArray[np.uint64]
    refused: NDArray[np.bool_]
    refusal: NDArray[np.uint8]

    def some(self, rows: slice) -> Asking:
        """Some of the people."""
        cost = None if self.cost is None else self.cost[:, rows]
        return Asking(
            self.value[:, rows], cost, self.cell[rows], self.draw[rows], self.refused[rows], self.refusal[rows]
        )


def whole_price(asking: Asking, prices: Prices) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each offer costs each person, int64[m, n], and what being reached costs, int64[n]; micro-money."""
    price = prices.offer[:, None] + prices.group[asking.cell].T
    if asking.cost is not None:
        price = price + prices.money * asking.cost // PPM
    contact = np.full(len(asking.cell), prices.contact, dtype=np.int64)
    if len(prices.group_contact):
        contact += prices.group_contact[asking.cell]
    return price, contact


def columns_of_sets(asking: Asking, choice: Choice, prices: Prices) -> Columns:
    """Work the columns out, block by block, in integers.

    A person's rows stand together, best offer first. What being reached costs stands in the first row, in the price of
    the offer and of its runner-up alike; the rows of a person together paid what the person paid.

    Args:
        asking: the people.
        choice: what each gets; see `Choice`.
        prices: in whole micro-money.
    """
    lists = as_lists(choice)
    parts = []
    for first in range(0, len(lists), _BLOCK):
        rows = slice(first, min(first + _BLOCK, len(lists)))
        parts.append(_block(asking.some(rows), lists[rows], prices, first))
    if not parts:
        parts = [_block(asking, lists, prices, 0)]
    return Columns(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Columns)})


def _block(asking: Asking, lists: NDArray[np.int16], prices: Prices, first: int) -> Columns:
    (offers, people), most = asking.value.shape, lists.shape[1]
    everyone, open_ = np.arange(people), ~asking.refused
    price, contact = whole_price(asking, prices)
    margin = asking.value - price
    lots = np.stack([lot(asking.draw, offer) for offer in range(offers)])
    order = np.lexsort((-lots, -margin), axis=0)
    held = np.zeros((offers, people), dtype=bool)
    for place in lists.T:
        held[place[place >= 0], everyone[place >= 0]] = True
    held_in_order = np.take_along_axis(held, order, axis=0)
    moved = (_by_price(np.take_along_axis(margin, order, axis=0), contact, most) != held_in_order).any(axis=0) & open_
    reachable = is_open(asking.value)
    other = np.take_along_axis(reachable, order, axis=0) & ~held_in_order
    runner_up = np.where(other.any(axis=0) & open_, order[other.argmax(axis=0), everyone], -1)
    number = held.sum(axis=0)
    person = np.repeat(everyone, np.maximum(number, 1))
    row = np.flatnonzero((number > 0)[person])
    offer = np.full(len(person), -1, dtype=np.int16)
    who, at = np.nonzero(held_in_order.T)
    offer[row] = order[at, who]
    leads = np.ones(len(person), dtype=bool)
    leads[1:] = person[1:] != person[:-1]
    reached = np.where(leads & open_[person], contact[person], 0)
    chosen, second = offer >= 0, runner_up[person]
    worth = asking.value.max(axis=0) > 0
    reason = np.where(number > 0, Reason.SELECTED, np.where(worth, Reason.BEYOND_LIMITS, Reason.NO_WORTHWHILE_OFFER))
    reason = np.where(reachable.any(axis=0), reason, Reason.NOT_ELIGIBLE)
    return Columns(
        person=person + first,
        offer=offer,
        runner_up=second.astype(np.int16),
        price=np.where(chosen, price[np.maximum(offer, 0), person] + reached, 0),
        runner_up_price=np.where(second >= 0, price[np.maximum(second, 0), person] + reached, 0),
        moved=moved[person],
        reason=np.where(open_, reason, asking.refusal).astype(np.uint8)[person],
    )


def _by_price(ranked: NDArray[np.int64], contact: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """bool[m, R], what the price rule alone gives, by rank: the best one, and further ones above zero, if together they
    are worth more than the contact."""
    taken = np.zeros(ranked.shape, dtype=bool)
    taken[:most] = ranked[:most] > 0
    taken[0] = True
    worth = np.where(taken, ranked, 0).sum(axis=0) - contact
    return np.asarray(taken & (worth > 0))
