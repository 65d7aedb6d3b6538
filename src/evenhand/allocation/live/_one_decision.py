"""Gate 4 for one person in plain Python: the same bits as a batch with the same prices, without an array being made."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import getitem, itemgetter, sub
from typing import Any, NamedTuple

from evenhand.terms import Model, Reason

from ..solver import CLOSED
from ._price_policy import PricePolicy
from ._room import Room

__all__ = ["OneDecider", "OneDecision", "choose", "one_decider"]

_WORD = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_SELECTED, _BEYOND = int(Reason.SELECTED), int(Reason.BEYOND_LIMITS)
_NOTHING, _NOT_ELIGIBLE = int(Reason.NO_WORTHWHILE_OFFER), int(Reason.NOT_ELIGIBLE)
_LOWEST, _SHUT = -(2**63), CLOSED // 2
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
        self._seed = policy.seed
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
            value: expected micro-money per offer, as gate 3 gives it; CLOSED for an offer that the person is not
                eligible for.
            subject: pseudonym, 32 hex digits; draws between equals.
            room: what is left of the limits; what the person gets is taken from it. None = no bound.
        """
        leaf = self._leaf
        return choose(
            self._none if codes is None or leaf is None else self._price[leaf(codes)], value, self._seed, subject, room
        )


def choose(price: Sequence[int], value: Sequence[int], seed: int, subject: bytes, room: Room | None) -> OneDecision:
    """The offer that is worth most above its price, if any is and it fits; see `OneDecider.__call__`."""
    margin = list(map(sub, value, price))
    top = max(margin)
    best = margin.index(top)
    if margin.count(top) > 1:
        best = _drawn(margin, top, seed, subject)
    if top <= 0:
        if value[best] <= _SHUT:
            return _new(OneDecision, (-1, -1, 0, 0, False, _NOT_ELIGIBLE if max(value) <= _SHUT else _NOTHING))
        return _new(OneDecision, (-1, best, 0, price[best], False, _BEYOND if max(value) > 0 else _NOTHING))
    if room is not None and not room.take(best):
        return _moved(margin, value, price, seed, subject, room)
    if len(margin) == 1:
        return _new(OneDecision, (best, -1, price[best], 0, False, _SELECTED))
    second = _second(margin, best, seed, subject)
    if value[second] <= _SHUT:
        return _new(OneDecision, (best, -1, price[best], 0, False, _SELECTED))
    return _new(OneDecision, (best, second, price[best], price[second], False, _SELECTED))


def _second(margin: list[int], chosen: int, seed: int, subject: bytes) -> int:
    """The best of the others; `margin` is used up."""
    margin[chosen] = _LOWEST
    top = max(margin)
    if margin.count(top) == 1:
        return margin.index(top)
    return _drawn(margin, top, seed, subject)


def _moved(
    margin: list[int], value: Sequence[int], price: Sequence[int], seed: int, subject: bytes, room: Room
) -> OneDecision:
    """The best offer that is worth its price and fits, where the best of all does not fit."""
    lots = _lots(seed, subject, len(margin))
    ranked = sorted(range(len(margin)), key=lambda j: (-margin[j], -lots[j], j))
    for chosen in ranked:
        if margin[chosen] <= 0:
            break
        if room.take(chosen):
            second = _second(margin, chosen, seed, subject)
            if value[second] <= _SHUT:
                return OneDecision(chosen, -1, price[chosen], 0, True, _SELECTED)
            return OneDecision(chosen, second, price[chosen], price[second], True, _SELECTED)
    best = ranked[0]
    return OneDecision(-1, best, 0, price[best], True, _BEYOND if max(value) > 0 else _NOTHING)


def _drawn(margin: list[int], top: int, seed: int, subject: bytes) -> int:
    """Of the offers with the highest margin the one with the higher lot."""
    lots = _lots(seed, subject, len(margin))
    return max((j for j, one in enumerate(margin) if one == top), key=lots.__getitem__)


def _lots(seed: int, subject: bytes, offers: int) -> list[int]:
    """The lots of `solver._crowd`, as whole numbers in the same order."""
    draw = seed & _WORD
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
    """The finaliser of splitmix64, as in `solver._crowd`."""
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
    pick = _picker(picked)
    if policy.directions == 1:
        tables = tuple(column.tables[0] for column in policy.columns)
        bounds, leaves = _in_a_row(policy)
        if pick is None:
            return lambda codes: leaves[bisect_left(bounds, sum(map(getitem, tables, codes)))]
        return lambda codes: leaves[bisect_left(bounds, sum(map(getitem, tables, pick(codes))))]
    return _walker(policy, pick)


def _picker(places: list[int]) -> Callable[[Sequence[int]], Sequence[int]] | None:
    """The codes at these places, in one step; None where they are the first ones in order."""
    if places == list(range(len(places))):
        return None
    return itemgetter(*places) if len(places) > 1 else lambda codes: (codes[places[0]],)


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


_Node = tuple[int, int, Any, Any]
"""Direction, split, and the two children: nodes, or leaves."""


def _walker(
    policy: PricePolicy, pick: Callable[[Sequence[int]], Sequence[int]] | None
) -> Callable[[Sequence[int]], int]:
    """A tree over several directions: the sums of all of them side by side in one whole number."""
    width, inner = policy.directions, len(policy.split_on)
    lowest = [[min(table) for table in column.tables] for column in policy.columns]
    reach = [
        sum(max(c.tables[d]) - low[d] for c, low in zip(policy.columns, lowest, strict=True)) for d in range(width)
    ]
    lane, form = (32, "I") if max(reach) < 2**32 else (64, "Q")
    tables = tuple(
        tuple(
            sum((column.tables[d][code] - low[d]) << (lane * d) for d in range(width))
            for code in range(len(column.tables[0]))
        )
        for column, low in zip(policy.columns, lowest, strict=True)
    )
    lifted = [sum(low[d] for low in lowest) for d in range(width)]
    unpack, size = struct.Struct(f"<{width}{form}").unpack, lane // 8 * width
    nodes: list[_Node | int] = list(range(inner + 1))
    for node in range(inner - 1, -1, -1):  # the two nodes at the end are the children of the last one without
        right, left = nodes.pop(), nodes.pop()
        direction = policy.split_on[node]
        nodes.insert(0, (direction, policy.split_at[node] - lifted[direction], left, right))
    root = nodes[0]

    def leaf(codes: Sequence[int]) -> int:
        own = codes if pick is None else pick(codes)
        total = unpack(sum(map(getitem, tables, own)).to_bytes(size, "little"))
        node: Any = root
        while type(node) is tuple:
            direction, split, left, right = node
            node = right if total[direction] > split else left
        found: int = node
        return found

    return leaf
