"""Tables over the same people: what is told of them, and by which exchanges a number of theirs can move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Corners", "Exchange", "Linked", "Quantity", "Target", "Whole"]

Whole = NDArray[np.int64]

_FAR = np.int64(1) << 60


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


@dataclass(frozen=True, slots=True)
class Target:
    """A number that must not follow: people of one group in one set of codes."""

    axes: tuple[int, ...]
    mask: NDArray[np.bool_]
    place: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Corners:
    """Where people come and go when groups change places with a target's group along some of its axes.

    At a corner each of these axes stands at the target's own group or at the partner's. In an array over all partners
    the own group is one place and the partners are all places. The own group is no partner of itself: `apart`.

    Attributes:
        own: the target's place on each of its axes.
        over: the axes along which groups change places; on the target's others all of it happens at its own place.
        signs: per corner, what part of an array with all axes it is, and whether people come (1) or go (-1).
        apart: the parts of a room in which the partner would be the own group.
        shape: the partners, and the places on other axes.
    """

    own: dict[int, int]
    over: tuple[int, ...]
    signs: tuple[tuple[tuple[slice, ...], int], ...]
    apart: tuple[tuple[slice, ...], ...]
    shape: tuple[int, ...]
    _parts: dict[tuple[int, ...], tuple[tuple[slice, ...], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target, over: tuple[int, ...], sizes: tuple[int, ...]) -> Corners:
        """Those of a target, in a joint table of these sizes."""
        own = dict(zip(target.axes, target.place, strict=True))
        here = [slice(own[axis], own[axis] + 1) if axis in own else slice(None) for axis in range(len(sizes))]
        signs = []
        for flips in product((False, True), repeat=len(over)):
            part = list(here)
            for axis, flip in zip(over, flips, strict=True):
                if flip:
                    part[axis] = slice(None)
            signs.append((tuple(part), -1 if sum(flips) % 2 else 1))
        apart = tuple(tuple(here[one] if axis == one else slice(None) for axis in range(len(sizes))) for one in over)
        shape = tuple(1 if axis in own and axis not in over else size for axis, size in enumerate(sizes))
        return cls(own, over, tuple(signs), apart, shape)

    def parts(self, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], ...]:
        """What part of an array of this shape each corner is; an axis that the array lacks has one place."""
        found = self._parts.get(shape)
        if found is None:
            found = self._parts[shape] = tuple(
                tuple(slice(None) if size == 1 else one for one, size in zip(part, shape, strict=True))
                for part, _ in self.signs
            )
        return found

    def places(self, where: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The place of each corner for the partner at `where`."""
        return [
            tuple(at if one.start is None else one.start for one, at in zip(part, where, strict=True))
            for part, _ in self.signs
        ]


@dataclass(slots=True, eq=False)
class Exchange:
    """Every exchange for one target and one pair of codes: arrays over partner groups and places on other axes.

    Attributes:
        corners: where people come and go.
        gets: the code that people come to, at a corner where they come.
        loses: the code that they leave there; None: they leave everybody.
        touched: the quantities that change, and whether they change as the target does.
        near: of these the ones that the target's own place bounds alone, with that place.
    """

    corners: Corners
    gets: int
    loses: int | None
    touched: list[tuple[int, bool]]
    near: list[tuple[int, bool, tuple[int, ...]]]

    @classmethod
    def of(
        cls, linked: Linked, corners: Corners, gets: int, loses: int | None, touched: list[tuple[int, bool]]
    ) -> Exchange:
        """Those for one pair of codes."""
        near = []
        for number, along in touched:
            axes = linked.quantities[number].axes
            if corners.own.keys() >= set(axes):
                own = tuple(corners.own[axis] if axis in axes else 0 for axis in range(linked.joint.ndim - 1))
                near.append((number, along, own))
        return cls(corners, gets, loses, touched, near)

    def blocked(self, up: Sequence[Whole], down: Sequence[Whole], sign: int) -> bool:
        """Whether the target's own place alone leaves no room, without a look at any partner."""
        return any((up if (sign > 0) == along else down)[number][own] <= 0 for number, along, own in self.near)

    def room(self, joint: Whole, up: Sequence[Whole], down: Sequence[Whole], sign: int) -> Whole:
        """By how much each exchange can raise (or lower) the target; 0 where the partner would be the own group."""
        most = np.full(self.corners.shape, _FAR)
        for corner, (part, parity) in enumerate(self.corners.signs):
            rising = parity * sign > 0
            code = self.loses if rising else self.gets
            if code is not None:
                np.minimum(most, joint[part][..., code], out=most)
            for number, along in self.touched:
                side = up[number] if rising == along else down[number]
                np.minimum(most, side[self.corners.parts(side.shape)[corner]], out=most)
        for part in self.corners.apart:
            most[part] = 0
        return most

    def price(self, cost: Sequence[Whole]) -> Whole:
        """What it costs to open each exchange."""
        total = np.zeros(self.corners.shape, np.int64)
        for number, _ in self.touched:
            for part in self.corners.parts(cost[number].shape):
                total += cost[number][part]
        return total

    def touches(self, where: tuple[int, ...], linked: Linked) -> list[tuple[int, int, bool, tuple[int, ...]]]:
        """What changes for the partner at `where`: the corner's sign, the quantity, whether it changes as the target
        does, and the place in it."""
        found = []
        for (_, parity), place in zip(self.corners.signs, self.corners.places(where), strict=True):
            for number, along in self.touched:
                axes = linked.quantities[number].axes
                found.append((parity, number, along, tuple(at if axis in axes else 0 for axis, at in enumerate(place))))
        return found
