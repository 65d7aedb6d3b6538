"""Which numbers of linked tables are told as a range, so that no small one follows from the others.

People of some groups change places in thought: as many of one group get the offer as, in another, lose it. Every sum
stays, and so does every number that no such exchange touches. A number is protected when exchanges within what is told
move it by the minimum cell size: then somebody who knows all that is told knows it no better than that. Where too few
exchanges are open, further numbers are told as a range, those first that cost least.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from ._linked import Corners, Exchange, Linked, Quantity, Target, Whole

__all__ = ["Place", "protect"]

_MOST_LOOKED_AT, _FEWEST_LOOKED_AT = 600_000, 50
"""Numbers that are looked at, times cells of the joint table; the views of the others are not told."""
_PAIRS = 8
"""Pairs of codes between which people change places, at most, for one number."""


Place = tuple[tuple[int, ...], bytes, tuple[int, ...]]
"""Axes, people and place of a number."""


def protect(linked: Linked) -> frozenset[Place]:
    """Hide what must be hidden, by setting `least` and `most` of the quantities.

    Returns:
        The numbers that could not be protected with everything around them hidden, so that what may not be hidden
        bounds them, or that were not looked at any more.
    """
    found = _Search(linked)
    return found.run()


class _Search:
    def __init__(self, linked: Linked) -> None:
        self._linked = linked
        self._true = [one.of(linked.joint) for one in linked.quantities]
        self._tally = linked.joint.reshape(-1, linked.joint.shape[-1]).sum(axis=0)
        self._pairs: dict[tuple[bytes, tuple[int, ...]], list[tuple[int, int | None, list[tuple[int, bool]]]]] = {}
        self._corners: dict[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], Corners] = {}
        self._told = _Ranges(linked, self._true)
        self._would_be = {dark: _Ranges(linked, self._true, opened=True, dark=dark) for dark in (False, True)}
        self._queue: deque[Target] = deque()
        self._seen: set[tuple[tuple[int, ...], bytes, tuple[int, ...]]] = set()
        for one, true in zip(linked.quantities, self._true, strict=True):
            if not one.least.size:
                one.least, one.most = true.copy(), true.copy()

    def run(self) -> frozenset[Place]:
        linked, least = self._linked, self._linked.minimum
        for number, (one, true) in enumerate(zip(linked.quantities, self._true, strict=True)):
            if one.untold:  # it may follow from what is told of others
                for place in np.argwhere((true > 0) & (true < least)).tolist():
                    self._want(one.axes, one.mask, tuple(place))
                continue
            if one.fixed:
                for place in np.argwhere(one.least != one.most).tolist():
                    self._want(one.axes, one.mask, tuple(place))
                continue
            for place in np.argwhere((true > 0) & (true < least)).tolist():
                self._open(number, tuple(place))
        for inner, outer in self._nested():
            left = self._true[outer] - self._true[inner]
            open_ = linked.quantities[outer].least != linked.quantities[outer].most
            for place in np.argwhere((left > 0) & (left < least) & ~open_).tolist():
                self._open(inner, tuple(place))
                self._want(
                    linked.quantities[inner].axes,
                    linked.quantities[outer].mask & ~linked.quantities[inner].mask,
                    tuple(place),
                )
        for axes, mask in self._moved():
            true = Quantity(axes, mask).of(linked.joint)
            for place in np.argwhere((true > 0) & (true < least)).tolist():
                self._want(axes, mask, tuple(place))
        failed, looks = set[Place](), max(_FEWEST_LOOKED_AT, _MOST_LOOKED_AT // max(1, linked.joint.size))
        while self._queue:
            target, looks = self._queue.popleft(), looks - 1
            if looks < 0:
                if not self._is_untold(target):
                    self._tell_nothing(target)
                failed.add(_place_of(target))
            elif not self._protected(target):
                failed.add(_place_of(target))
        return frozenset(failed)

    def _nested(self) -> Iterator[tuple[int, int]]:
        """Pairs of quantities of one view, the people of the first a part of the second's."""
        for one, other in combinations(range(len(self._linked.quantities)), 2):
            first, second = self._linked.quantities[one], self._linked.quantities[other]
            if first.axes != second.axes or first.untold or second.untold:
                continue
            if not (first.mask & ~second.mask).any() and not first.fixed:
                yield one, other
            elif not (second.mask & ~first.mask).any() and not second.fixed:
                yield other, one

    def _moved(self) -> Iterator[tuple[tuple[int, ...], NDArray[np.bool_]]]:
        """Who is in one moving set and not in another of its view, where they are enough of everybody to hide in."""
        for (axes, first), (others, second) in permutations(self._linked.moving, 2):
            moved = first & ~second
            if axes == others and int(self._tally[moved].sum()) >= 3 * self._linked.minimum:
                yield axes, moved

    def _want(self, axes: tuple[int, ...], mask: NDArray[np.bool_], place: tuple[int, ...]) -> None:
        key = (axes, mask.tobytes(), place)
        if key not in self._seen:
            self._seen.add(key)
            self._queue.append(Target(axes, mask, tuple(place[axis] for axis in axes)))

    def _open(self, number: int, place: tuple[int, ...], *, dark: bool = False) -> None:
        """Tell a range instead of the number."""
        one, true = self._linked.quantities[number], self._true[number]
        value, wide = int(true[place]), 4 * self._linked.minimum
        if dark:
            one.least[place], one.most[place] = 0, int(true.sum())
        elif one.least[place] == one.most[place]:
            if value < 2 * self._linked.minimum:
                one.least[place], one.most[place] = 0, 2 * self._linked.minimum - 1
            else:
                start = value // wide * wide
                one.least[place], one.most[place] = start, start + wide - 1
        self._changed(number)
        if not one.untold:
            self._want(one.axes, one.mask, place)

    def _changed(self, number: int) -> None:
        for one in (self._told, *self._would_be.values()):
            one.stale.add(number)

    def _is_untold(self, target: Target) -> bool:
        """Whether nothing is told any more of the view and the people that a number is about."""
        same = (one for one in self._linked.quantities if one.axes == target.axes)
        return any(one.untold and np.array_equal(one.mask, target.mask) for one in same)

    def _protected(self, target: Target) -> bool:
        exchanges = list(self._exchanges(target))
        for _ in range(200):
            if self._moves(exchanges) >= self._linked.minimum:
                return True
            if not (self._open_more(exchanges, dark=False) or self._open_more(exchanges, dark=True)):
                break
        self._tell_nothing(target)
        return self._moves(exchanges) >= self._linked.minimum

    def _tell_nothing(self, target: Target) -> None:
        """Hide the whole view that a number is of, and every finer one."""
        for number, (one, true) in enumerate(zip(self._linked.quantities, self._true, strict=True)):
            if not one.fixed and set(target.axes) <= set(one.axes):
                one.least[...], one.most[...], one.untold = 0, int(true.sum()), True
                self._changed(number)

    def _exchanges(self, target: Target) -> Iterator[Exchange]:
        """Exchanges for a target: along all of its axes first, and those that touch the fewest told sets first."""
        for width in range(len(target.axes), 0, -1):
            for over in combinations(target.axes, width):
                yield from self._along(target, over)

    def _along(self, target: Target, over: tuple[int, ...]) -> Iterator[Exchange]:
        key, at = (target.mask.tobytes(), over), (target.axes, target.place, over)
        if key not in self._pairs:
            self._pairs[key] = self._pairs_of(target.mask, over)
        if at not in self._corners:
            self._corners[at] = Corners.of(target, over, self._linked.joint.shape[:-1])
        for gets, loses, touched in self._pairs[key]:
            yield Exchange.of(self._linked, self._corners[at], gets, loses, touched)

    def _pairs_of(
        self, mask: NDArray[np.bool_], over: tuple[int, ...]
    ) -> list[tuple[int, int | None, list[tuple[int, bool]]]]:
        """Codes between which people can change places, with the quantities that change by it."""
        quantities = self._linked.quantities
        above = [n for n, one in enumerate(quantities) if set(over) <= set(one.axes)]
        masks = np.array([quantities[n].mask for n in above]).reshape(len(above), -1)
        inside, outside = np.flatnonzero(mask), np.flatnonzero(~mask)
        pairs: list[tuple[int, int, int, int | None]] = []
        if len(outside):
            apart = (masks[:, inside, None] != masks[:, None, outside]).sum(axis=0)
            some = np.minimum(self._tally[inside][:, None], self._tally[outside][None, :])
            for a, b in np.argwhere(some > 0).tolist():
                pairs.append((int(apart[a, b]), -int(some[a, b]), int(inside[a]), int(outside[b])))
        alone = [(int(masks[:, c].sum()), -int(self._tally[c]), int(c), None) for c in inside.tolist()]
        best = [*sorted(pairs, key=lambda pair: pair[:3])[:_PAIRS], *sorted(alone, key=lambda pair: pair[:3])[:2]]
        most = sorted(pairs, key=lambda pair: pair[1:3])[:2]  # between the codes of most people, too
        found = []
        for _, _, gets, loses in dict.fromkeys((*best, *most)):
            touched = []
            for n in above:
                has, had = bool(quantities[n].mask[gets]), loses is not None and bool(quantities[n].mask[loses])
                if has != had:
                    touched.append((n, has))
            found.append((gets, loses, touched))
        return found

    def _moves(self, exchanges: list[Exchange]) -> int:
        """How far the target can be moved, up and down together, within everything that is told."""
        return sum(self._push(exchanges, sign) for sign in (1, -1))

    def _push(self, exchanges: list[Exchange], sign: int) -> int:
        up, down, _ = self._told.now()
        state, moved = _State(self._linked, list(up), list(down)), 0
        for exchange in exchanges:
            while moved < self._linked.minimum and not exchange.blocked(state.up, state.down, sign):
                room = exchange.room(state.joint, state.up, state.down, sign)
                best = int(room.argmax())
                people = int(room.flat[best])
                if people <= 0:
                    break
                where = tuple(int(i) for i in np.unravel_index(best, room.shape))
                state.make(exchange, where, sign * people)
                moved += people
            if moved >= self._linked.minimum:
                break
        return moved

    def _open_more(self, exchanges: list[Exchange], *, dark: bool) -> bool:
        """Hide what the best exchange needs that is not open yet; False where nothing would help."""
        best: tuple[float, Exchange, tuple[int, ...]] | None = None
        up, down, cost = self._would_be[dark].now()
        joint, minimum = self._linked.joint, self._linked.minimum
        for exchange in exchanges:
            if exchange.blocked(up, down, 1) and exchange.blocked(up, down, -1):
                continue
            room = np.minimum(exchange.room(joint, up, down, 1), minimum)
            room += np.minimum(exchange.room(joint, up, down, -1), minimum)
            price = exchange.price(cost)
            useful = (room > 0) & (price > 0)
            if not useful.any():
                continue
            short = np.maximum(minimum - room, 0)
            score = np.where(useful, price * (1.0 + short) + 1e-3 * short, np.inf)
            at = int(score.argmin())
            if best is None or float(score.flat[at]) < best[0]:
                best = (float(score.flat[at]), exchange, tuple(int(i) for i in np.unravel_index(at, score.shape)))
        if best is None:
            return False
        _, exchange, where = best
        for _, number, _, place in exchange.touches(where, self._linked):
            if cost[number][place] > 0:
                self._open(number, place, dark=dark)
        return True


def _place_of(target: Target) -> Place:
    return target.axes, target.mask.tobytes(), target.place


class _State:
    """Everybody, and the room that is left within what is told, after some exchanges. Arrays are copied on writing."""

    def __init__(self, linked: Linked, up: list[Whole], down: list[Whole]) -> None:
        self.joint, self.up, self.down = linked.joint, up, down
        self._linked = linked
        self._own: set[int] = set()

    def make(self, exchange: Exchange, where: tuple[int, ...], people: int) -> None:
        """So many people change places with the partner at `where`; fewer than none: the other way."""
        if not self._own:
            self.joint = self.joint.copy()
        for number in {number for number, _ in exchange.touched} - self._own:
            self.up[number], self.down[number] = self.up[number].copy(), self.down[number].copy()
            self._own.add(number)
        for (_, parity), place in zip(exchange.corners.signs, exchange.corners.places(where), strict=True):
            self.joint[(*place, exchange.gets)] += parity * people
            if exchange.loses is not None:
                self.joint[(*place, exchange.loses)] -= parity * people
        for parity, number, along, place in exchange.touches(where, self._linked):
            change = parity * people if along else -parity * people
            self.up[number][place] -= change
            self.down[number][place] += change


class _Ranges:
    """How far every number is from the ends of its range: as it is told, or as it would be if it were opened.

    Kept from one look to the next; `stale` are those whose range has changed since.
    """

    def __init__(self, linked: Linked, true: list[Whole], *, opened: bool = False, dark: bool = False) -> None:
        self._linked, self._true, self._opened, self._dark = linked, true, opened, dark
        none = np.zeros(0, np.int64)
        self._up, self._down, self._cost = [none] * len(true), [none] * len(true), [none] * len(true)
        self.stale = set(range(len(true)))

    def now(self) -> tuple[list[Whole], list[Whole], list[Whole]]:
        """Room up and down of every number, and what it would cost to open it (in log people)."""
        for number in self.stale:
            one, true = self._linked.quantities[number], self._true[number]
            low, high = one.least, one.most
            if self._opened:
                change, start, end = self._ends(one, true)
                low, high = np.where(change, start, low), np.where(change, end, high)
                self._cost[number] = np.where(change, 100 + np.round(100 * np.log2(1 + true)), 0).astype(np.int64)
            self._up[number], self._down[number] = np.maximum(high - true, 0), np.maximum(true - low, 0)
        self.stale.clear()
        return self._up, self._down, self._cost

    def _ends(self, one: Quantity, true: Whole) -> tuple[NDArray[np.bool_], Whole, Whole]:
        """Which numbers would change, and the ends of their ranges then."""
        if self._dark:
            start, end = np.zeros_like(true), np.full_like(true, int(true.sum()))
            change = (one.least > start) | (one.most < end)
        else:
            minimum, wide = self._linked.minimum, 4 * self._linked.minimum
            small = true < 2 * minimum
            start = np.where(small, 0, true // wide * wide)
            end = np.where(small, 2 * minimum - 1, start + wide - 1)
            change = (one.least == one.most) & (true > 0)
        return change & (not one.fixed), start, end
