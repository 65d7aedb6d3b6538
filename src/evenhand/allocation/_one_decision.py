"""Gate 4 for one person in plain Python: the same bits as a batch with the same prices, without an array being made."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import getitem, itemgetter, sub
from typing import NamedTuple

from evenhand.terms import Model, Reason

from ._price_policy import PricePolicy
from ._room import Room

__all__ = ["OneDecider", "OneDecision", "one_decider"]

_WORD = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_LANE, _SHIFT = 64, 2**53
"""Bits for the sum of one direction, and what is added to each entry so that none is below zero."""
_SELECTED, _BEYOND, _NOTHING = int(Reason.SELECTED), int(Reason.BEYOND_LIMITS), int(Reason.NO_WORTHWHILE_OFFER)
_new = tuple.__new__


class OneDecision(NamedTuple):
    """What gate 4 says of one person; as the columns of `terms.Allocated`.

    Attributes:
        offer: index of the chosen offer, -1 for none.
        runner_up: the best other offer, -1 where there is none.
        price: micro-money that the chosen offer paid, 0 where none.
        runner_up_price: likewise for the runner-up.
        moved: whether the best offer worth its price did not fit what is left of a limit.
        reason: a `terms.Reason`.
    """

    offer: int
    runner_up: int
    price: int
    runner_up_price: int
    moved: bool
    reason: int


class OneDecider:
    """Decides about one person at a time with the prices of a run. Made by `one_decider`.

    It holds tuples only and changes nothing but the `Room` that it is given.
    """

    __slots__ = ("_leaf", "_none", "_price", "_seed")

    def __init__(self, policy: PricePolicy, model: Model) -> None:
        offers = range(len(policy.offers))
        self._seed = policy.seed & _WORD
        self._none = policy.offer_price
        self._price = tuple(tuple(policy.offer_price[j] + leaf[j] for j in offers) for leaf in policy.leaf_price)
        self._leaf = _leaf_finder(policy, model) if self._price else None

    def price(self, codes: Sequence[int] | None) -> tuple[int, ...]:
        """Micro-money per offer for whoever has these codes; see `__call__`."""
        if codes is None or self._leaf is None:
            return self._none
        return self._price[self._leaf(codes)]

    def __call__(
        self, codes: Sequence[int] | None, value: Sequence[int], subject: bytes, room: Room | None = None
    ) -> OneDecision:
        """Decide.

        Args:
            codes: bin code of every feature in the order of the view, of a per-offer feature one per offer in a row (as
                the ledger has them); None for a person without personal data (contextual).
            value: expected micro-money per offer, as gate 3 gives it.
            subject: pseudonym, 32 hex digits; draws between equals.
            room: what is left of the limits; what the person gets is taken from it. None = no bound.
        """
        leaf = self._leaf
        price = self._none if codes is None or leaf is None else self._price[leaf(codes)]
        margin = list(map(sub, value, price))
        top = max(margin)
        best = margin.index(top)
        if margin.count(top) > 1:
            best = self._drawn(margin, top, subject)
        if top <= 0:
            return _new(OneDecision, (-1, best, 0, price[best], False, _BEYOND if max(value) > 0 else _NOTHING))
        chosen = best
        if room is not None:
            if not room.fits(best):
                return self._moved(margin, price, subject, room, _BEYOND if max(value) > 0 else _NOTHING)
            room.take(best)
        if len(margin) == 1:
            return _new(OneDecision, (chosen, -1, price[chosen], 0, False, _SELECTED))
        second = self._second(margin, chosen, subject)
        return _new(OneDecision, (chosen, second, price[chosen], price[second], False, _SELECTED))

    def _second(self, margin: list[int], chosen: int, subject: bytes) -> int:
        """The best of the others; `margin` is used up."""
        margin[chosen] = min(margin) - 1
        top = max(margin)
        if margin.count(top) == 1:
            return margin.index(top)
        return self._drawn(margin, top, subject)

    def _moved(
        self, margin: list[int], price: tuple[int, ...], subject: bytes, room: Room, otherwise: int
    ) -> OneDecision:
        """The best offer that is worth its price and fits, where the best of all does not fit."""
        lots = self._lots(subject, len(margin))
        ranked = sorted(range(len(margin)), key=lambda j: (-margin[j], -lots[j], j))
        for chosen in ranked:
            if margin[chosen] <= 0:
                break
            if room.fits(chosen):
                room.take(chosen)
                second = self._second(margin, chosen, subject)
                return OneDecision(chosen, second, price[chosen], price[second], True, _SELECTED)
        best = ranked[0]
        return OneDecision(-1, best, 0, price[best], True, otherwise)

    def _drawn(self, margin: list[int], top: int, subject: bytes) -> int:
        """Of the offers with the highest margin the one with the higher lot."""
        lots = self._lots(subject, len(margin))
        return max((j for j, one in enumerate(margin) if one == top), key=lots.__getitem__)

    def _lots(self, subject: bytes, offers: int) -> list[int]:
        """The lots of `allocation._crowd`, as whole numbers in the same order."""
        draw = self._seed
        for word in struct.unpack("<4Q", subject):
            draw = _mix(draw ^ word)
        return [_mix(draw ^ ((j + 1) * 0xD1342543DE82EF95 & _WORD)) >> 11 for j in range(offers)]


def one_decider(policy: PricePolicy, model: Model) -> OneDecider:
    """Compile prices into tuples; deciding with them needs no NumPy.

    It passes no gate but the fourth: ask it only about people whom the first three let through.

    Args:
        policy: the prices of a run.
        model: the glass box that the values come from; its view says which code stands where.

    Example:
        >>> policy = PricePolicy("run", "", "", ("tea",), 0, (500_000,), {})
        >>> from evenhand.terms import FeatureView
        >>> import numpy as np
        >>> model = Model(FeatureView("Marketing", (), ""), ("tea",), np.zeros(1, np.int64), (), {}, {}, "")
        >>> one_decider(policy, model)((), (800_000,), b"0" * 32)
        OneDecision(offer=0, runner_up=-1, price=500000, runner_up_price=0, moved=False, reason=50)
    """
    return OneDecider(policy, model)


def _mix(word: int) -> int:
    """The finaliser of splitmix64, as in `allocation._crowd`."""
    word = (word + _GOLDEN) & _WORD
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)


def _leaf_finder(policy: PricePolicy, model: Model) -> Callable[[Sequence[int]], int]:
    """From codes to the leaf."""
    start, place = 0, {}
    for binning in model.view.binnings:
        place[binning.name] = start
        start += len(policy.offers) if binning.per_offer else 1
    if not policy.split_on:
        return lambda _: 0
    picked = [place[column.term] + max(0, column.offer) for column in policy.columns]
    pick: Callable[[Sequence[int]], Sequence[int]] = (
        itemgetter(*picked) if len(picked) > 1 else lambda codes: (codes[picked[0]],)
    )
    if policy.directions == 1:
        tables = tuple(column.tables[0] for column in policy.columns)
        bounds, leaves = _in_a_row(policy)
        return lambda codes: leaves[bisect_left(bounds, sum(map(getitem, tables, pick(codes))))]
    return _walker(policy, pick)


def _in_a_row(policy: PricePolicy) -> tuple[list[int], list[int]]:
    """A tree over one direction as ends of ranges (included) and the leaf of each; one leaf more than ends."""
    inner, found = len(policy.split_on), list[tuple[float, int]]()

    def descend(node: int, above: float, upto: float) -> None:
        if node >= inner:
            found.append((upto, node - inner))
            return
        split = policy.split_at[node]
        if split > above:
            descend(2 * node + 1, above, min(split, upto))
        if split < upto:
            descend(2 * node + 2, max(split, above), upto)

    descend(0, float("-inf"), float("inf"))
    return [int(end) for end, _ in found[:-1]], [leaf for _, leaf in found]


def _walker(policy: PricePolicy, pick: Callable[[Sequence[int]], Sequence[int]]) -> Callable[[Sequence[int]], int]:
    """A tree over several directions: the sums of all of them side by side in one whole number."""
    width, inner = policy.directions, len(policy.split_on)
    tables = tuple(
        tuple(
            sum((column.tables[d][code] + _SHIFT) << (_LANE * d) for d in range(width))
            for code in range(len(column.tables[0]))
        )
        for column in policy.columns
    )
    shifted = len(tables) * _SHIFT
    split_on, split_at = policy.split_on, tuple(split + shifted for split in policy.split_at)
    unpack, size = struct.Struct(f"<{width}Q").unpack, 8 * width

    def leaf(codes: Sequence[int]) -> int:
        total = unpack(sum(map(getitem, tables, pick(codes))).to_bytes(size, "little"))
        node = 0
        while node < inner:
            node = 2 * node + (2 if total[split_on[node]] > split_at[node] else 1)
        return node - inner

    return leaf
