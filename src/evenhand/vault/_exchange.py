"""Which numbers of linked tables are told as a range, so that no small one follows from the others.

People of some groups change places in thought: as many of one group get the offer as, in another, lose it. Every sum
stays, and so does every number that no such exchange touches. A number is protected when exchanges within what is told
move it by the minimum cell size: then somebody who knows all that is told knows it no better than that. Where too few
exchanges are open, further numbers are told as a range, those first that cost least.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Linked", "Quantity", "protect"]

Whole = NDArray[np.int64]

_FAR = np.int64(1) << 60
_MOST_LOOKED_AT, _FEWEST_LOOKED_AT = 600_000, 50
"""Numbers that are looked at, times cells of the joint table; the views of the others are not told."""
_PAIRS = 8
"""Pairs of codes between which people change places, at most, for one number."""


@dataclass(slots=True, eq=False)
class Quantity:
    """The numbers of one set of people, one for each group of a view.

    Attributes:
        axes: the axes of the joint table that make the groups.
        mask: bool[codes], the codes of the people counted.
        least, most: what is told of each number, shaped as the joint table with one place on the other axes.
        fixed: nothing more may be hidden of it here.
        untold: nothing of it is told at all, so only totals bound it.
    """

    axes: tuple[int, ...]
    mask: NDArray[np.bool_]
    fixed: bool = False
    untold: bool = False
    least: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    most: Whole = field(default_factory=lambda: np.zeros(0, np.int64))

    def of(self, joint: Whole) -> Whole:
        """The true numbers, in the shape of `least`."""
        others = tuple(axis for axis in range(joint.ndim - 1) if axis not in self.axes)
        return np.asarray(joint[..., self.mask].sum(axis=(*others, joint.ndim - 1), keepdims=True)[..., 0], np.int64)


@dataclass(slots=True, eq=False)
class Linked:
    """Tables over the same people.

    Attributes:
        joint: int64[groups of each axis ..., codes], everybody once.
        quantities: everything that is told of them.
        minimum: the minimum cell size.
        moving: axes and codes of sets of people of which it is protected who is in one and not in another.
    """

    joint: Whole
    quantities: list[Quantity]
    minimum: int
    moving: Sequence[tuple[tuple[int, ...], NDArray[np.bool_]]] = ()

    def within(self, number: int, axes: tuple[int, ...]) -> bool:
        """Whether the groups of a quantity are made by some of these axes only."""
        return set(self.quantities[number].axes) <= set(axes)

    def own(self, number: int, place: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
        """Where the group at `place` of `axes` stands in a quantity's numbers."""
        mine = self.quantities[number].axes
        return tuple(place[axes.index(axis)] if axis in mine else 0 for axis in range(self.joint.ndim - 1))


@dataclass(frozen=True, slots=True)
class _Target:
    """A number that must not follow: people of one group in one set of codes."""

    axes: tuple[int, ...]
    mask: NDArray[np.bool_]
    place: tuple[int, ...]


@dataclass(slots=True, eq=False)
class _Exchange:
    """Every exchange for one target and one pair of codes: arrays over partner groups and places on other axes."""

    linked: Linked
    target: _Target
    over: tuple[int, ...]
    """Axes of the target along which groups change places; on its others all of it happens at its own place."""
    gets: int
    loses: int | None
    touched: list[tuple[int, bool]]
    """Quantities that change, and whether they change as the target does."""

    def corners(self) -> Iterator[tuple[tuple[bool, ...], int]]:
        for flips in product((False, True), repeat=len(self.over)):
            yield (
                tuple(axis in self.over and flips[self.over.index(axis)] for axis in self.target.axes),
                (-1 if sum(flips) % 2 else 1),
            )

    def at(self, array: NDArray[np.int64], flips: tuple[bool, ...]) -> Whole:
        """The array at one corner, for every partner."""
        for axis, own, flip in zip(self.target.axes, self.target.place, flips, strict=True):
            if array.shape[axis] > 1 or axis in self.over:
                size = array.shape[axis]
                keep = [*range(own), *range(own + 1, size)] if flip else [own]
                array = array.take(keep, axis=axis)
        return array

    def index(self, where: tuple[int, ...], flips: tuple[bool, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """The place in an array of this shape that one exchange touches at one corner."""
        out = list(where)
        for axis, own, flip in zip(self.target.axes, self.target.place, flips, strict=True):
            out[axis] = own if not flip else where[axis] + (where[axis] >= own)
        return tuple(0 if size == 1 else one
                     for axis, (one, size) in enumerate(zip(out, shape, strict=True)))  # fmt: skip

    def blocked(self, up: Sequence[Whole], down: Sequence[Whole], sign: int) -> bool:
        """Whether the target's own place alone leaves no room, without a look at any partner."""
        for number, along in self.touched:
            if self.linked.within(number, self.target.axes):
                side = up[number] if (sign > 0) == along else down[number]
                if side[self.linked.own(number, self.target.place, self.target.axes)] <= 0:
                    return True
        return False

    def room(self, joint: Whole, up: Sequence[Whole], down: Sequence[Whole], sign: int) -> Whole:
        """By how much each exchange can raise (or lower) the target."""
        most: Whole | None = None
        for flips, parity in self.corners():
            code = self.loses if parity * sign > 0 else self.gets
            limits = [] if code is None else [self.at(joint[..., code], flips)]
            for number, along in self.touched:
                rising = (parity * sign > 0) == along
                limits.append(self.at(up[number] if rising else down[number], flips))
            for limit in limits:
                most = limit if most is None else np.minimum(most, limit)
        assert most is not None
        shape = tuple(
            size - 1 if axis in self.over else 1 if axis in self.target.axes else size
            for axis, size in enumerate(joint.shape[:-1])
        )
        return np.broadcast_to(most, shape)


def protect(linked: Linked) -> int:
    """Hide what must be hidden, by setting `least` and `most` of the quantities.

    Returns:
        How many numbers could not be protected with everything around them hidden, so that the totals alone bound them,
        or were not looked at any more.
    """
    found = _Search(linked)
    return found.run()


class _Search:
    def __init__(self, linked: Linked) -> None:
        self._linked = linked
        self._true = [one.of(linked.joint) for one in linked.quantities]
        self._tally = linked.joint.reshape(-1, linked.joint.shape[-1]).sum(axis=0)
        self._pairs: dict[tuple[bytes, tuple[int, ...]], list[tuple[int, int | None, list[tuple[int, bool]]]]] = {}
        self._queue: deque[_Target] = deque()
        self._seen: set[tuple[tuple[int, ...], bytes, tuple[int, ...]]] = set()
        for one, true in zip(linked.quantities, self._true, strict=True):
            if not one.least.size:
                one.least, one.most = true.copy(), true.copy()

    def run(self) -> int:
        linked, least = self._linked, self._linked.minimum
        for number, (one, true) in enumerate(zip(linked.quantities, self._true, strict=True)):
            if one.untold:
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
        failed, looks = 0, max(_FEWEST_LOOKED_AT, _MOST_LOOKED_AT // max(1, linked.joint.size))
        while self._queue:
            target, looks = self._queue.popleft(), looks - 1
            if looks < 0 and not self._is_untold(target):
                self._tell_nothing(target)
                failed += 1
            failed += not self._protected(target) if looks >= 0 else 0
        return failed

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
            self._queue.append(_Target(axes, mask, tuple(place[axis] for axis in axes)))

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
        if not one.untold:
            self._want(one.axes, one.mask, place)

    def _is_untold(self, target: _Target) -> bool:
        """Whether nothing is told any more of the view and the people that a number is about."""
        same = (one for one in self._linked.quantities if one.axes == target.axes)
        return any(one.untold and np.array_equal(one.mask, target.mask) for one in same)

    def _protected(self, target: _Target) -> bool:
        if self._is_untold(target):
            return True
        for _ in range(200):
            if self._moves(target) >= self._linked.minimum:
                return True
            if not (self._open_more(target, dark=False) or self._open_more(target, dark=True)):
                break
        self._tell_nothing(target)
        return self._moves(target) >= self._linked.minimum

    def _tell_nothing(self, target: _Target) -> None:
        """Hide the whole view that a number is of, and every finer one."""
        for one, true in zip(self._linked.quantities, self._true, strict=True):
            if not one.fixed and set(target.axes) <= set(one.axes):
                one.least[...], one.most[...], one.untold = 0, int(true.sum()), True

    def _exchanges(self, target: _Target) -> Iterator[_Exchange]:
        """Exchanges for a target: along all of its axes first, and those that touch the fewest told sets first."""
        for width in range(len(target.axes), 0, -1):
            for over in combinations(target.axes, width):
                yield from self._along(target, over)

    def _along(self, target: _Target, over: tuple[int, ...]) -> Iterator[_Exchange]:
        key = (target.mask.tobytes(), over)
        if key not in self._pairs:
            self._pairs[key] = self._pairs_of(target.mask, over)
        for gets, loses, touched in self._pairs[key]:
            yield _Exchange(self._linked, target, over, gets, loses, touched)

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

    def _moves(self, target: _Target) -> int:
        """How far the target can be moved, up and down together, within everything that is told."""
        return sum(self._push(target, sign) for sign in (1, -1))

    def _push(self, target: _Target, sign: int) -> int:
        joint = self._linked.joint.copy()
        up = [one.most - true for one, true in zip(self._linked.quantities, self._true, strict=True)]
        down = [true - one.least for one, true in zip(self._linked.quantities, self._true, strict=True)]
        moved = 0
        for exchange in self._exchanges(target):
            while moved < self._linked.minimum and not exchange.blocked(up, down, sign):
                room = exchange.room(joint, up, down, sign)
                if not room.size or int(room.max()) <= 0:
                    break
                where = tuple(int(i) for i in np.unravel_index(int(room.argmax()), room.shape))
                moved += self._make(exchange, where, int(room.max()), sign, joint, up, down)
        return moved

    @staticmethod
    def _make(
        exchange: _Exchange, where: tuple[int, ...], people: int, sign: int, joint: Whole,
        up: list[Whole], down: list[Whole],
    ) -> int:  # fmt: skip
        for flips, parity in exchange.corners():
            change = parity * sign * people
            place = exchange.index(where, flips, joint.shape[:-1])
            joint[(*place, exchange.gets)] += change
            if exchange.loses is not None:
                joint[(*place, exchange.loses)] -= change
            for number, along in exchange.touched:
                at = exchange.index(where, flips, up[number].shape)
                up[number][at] -= change if along else -change
                down[number][at] += change if along else -change
        return people

    def _open_more(self, target: _Target, *, dark: bool) -> bool:
        """Hide what the best exchange needs that is not open yet; False where nothing would help."""
        best: tuple[float, float, _Exchange, tuple[int, ...]] | None = None
        up, down, cost = self._would_be(dark)
        for exchange in self._exchanges(target):
            if exchange.blocked(up, down, 1) and exchange.blocked(up, down, -1):
                continue
            room = np.minimum(exchange.room(self._linked.joint, up, down, 1), self._linked.minimum) + np.minimum(
                exchange.room(self._linked.joint, up, down, -1), self._linked.minimum
            )
            price = np.zeros(room.shape)
            for flips, _ in exchange.corners():
                for number, _ in exchange.touched:
                    price = price + exchange.at(cost[number], flips)
            useful = (room > 0) & (price > 0)
            if not useful.any():
                continue
            short = np.maximum(self._linked.minimum - room, 0)
            score = np.where(useful, price * (1.0 + short) + 1e-3 * short, np.inf)
            where = tuple(int(i) for i in np.unravel_index(int(score.argmin()), score.shape))
            if best is None or float(score[where]) < best[0]:
                best = (float(score[where]), float(room[where]), exchange, where)
        if best is None:
            return False
        exchange, where = best[2], best[3]
        for flips, _ in exchange.corners():
            for number, _ in exchange.touched:
                at = exchange.index(where, flips, self._true[number].shape)
                if cost[number][at] > 0:
                    self._open(number, at, dark=dark)
        return True

    def _would_be(self, dark: bool) -> tuple[list[Whole], list[Whole], list[Whole]]:
        """Room up and down of every number if it were told as a range, and what that would cost (in log people)."""
        up, down, cost = [], [], []
        wide = 4 * self._linked.minimum
        for one, true in zip(self._linked.quantities, self._true, strict=True):
            told = one.least == one.most
            if dark:
                ends = (np.zeros_like(true), np.full_like(true, int(true.sum())))
                change = (one.least > ends[0]) | (one.most < ends[1])
            else:
                small = true < 2 * self._linked.minimum
                start = np.where(small, 0, true // wide * wide)
                ends = (start, np.where(small, 2 * self._linked.minimum - 1, start + wide - 1))
                change = told & (true > 0)
                ends = (np.where(told & (true == 0), 0, ends[0]), np.where(told & (true == 0), 0, ends[1]))
            change = change & (not one.fixed)
            low, high = np.where(change, ends[0], one.least), np.where(change, ends[1], one.most)
            up.append(np.maximum(high - true, 0))
            down.append(np.maximum(true - low, 0))
            cost.append(np.where(change, 100 + np.round(100 * np.log2(1 + true)), 0).astype(np.int64))
        return up, down, cost
