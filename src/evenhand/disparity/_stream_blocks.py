"""A stream of events cut into blocks, each with events of both sides: one by one, or a whole batch at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Blocks", "OpenBlock", "cut"]

Whole = NDArray[np.int64]


class OpenBlock(NamedTuple):
    """The events since the last block was closed: all of one side.

    Attributes:
        others, group: how many events of each side; one of the two is zero.
        others_sum, group_sum: the sum of their amounts, ppm.
    """

    others: int
    group: int
    others_sum: int
    group_sum: int


class Blocks(NamedTuple):
    """Closed blocks, in order.

    Attributes:
        others, group: int64[b], events of each side, both at least 1.
        others_sum, group_sum: int64[b], sums of their amounts, ppm.
        last: int64[b], position in the batch of the event that closed the block.
        rest: what is open after them.
    """

    others: Whole
    group: Whole
    others_sum: Whole
    group_sum: Whole
    last: Whole
    rest: OpenBlock


def cut(begun: OpenBlock, sides: NDArray[np.integer[Any]], amounts: Whole) -> Blocks:
    """Close a block at the first event after which both sides are in it.

    Which events make a block depends on the sides alone, never on an amount: the rule can be told in advance, as the
    bets need it.

    Args:
        begun: what was open before.
        sides: [n], 1 for the group and 0 for the others.
        amounts: int64[n], ppm.

    Example:
        >>> blocks = cut(OpenBlock(0, 0, 0, 0), np.array([0, 0, 1, 1]), np.array([1, 0, 1, 0]))
        >>> blocks.others.tolist(), blocks.group.tolist(), blocks.rest
        ([2], [1], OpenBlock(others=0, group=1, others_sum=0, group_sum=0))
    """
    turns = np.flatnonzero(sides[1:] != sides[:-1])
    starts = np.zeros(len(turns) + 1, dtype=np.int64)
    np.add(turns, 1, out=starts[1:])
    length = np.empty(len(starts), dtype=np.int64)
    np.subtract(starts[1:], starts[:-1], out=length[:-1])
    length[-1] = len(sides) - starts[-1]
    total = np.add.reduceat(amounts, starts)
    side = sides[starts].astype(np.int64)
    first = amounts[starts]
    if begun.others or begun.group:
        before = 1 if begun.group else 0
        count, sum_ = begun.others + begun.group, begun.others_sum + begun.group_sum
        if before == side[0]:
            length[0] += count
            total[0] += sum_
        else:
            starts, first = np.concatenate(([-1], starts)), np.concatenate(([0], first))
            length, total = np.concatenate(([count], length)), np.concatenate(([sum_], total))
            side = np.concatenate(([before], side))
    closes = _closes(length)
    length -= closes  # what a run leaves for the block that begins in it
    total -= np.where(closes, first, 0)
    ends = np.flatnonzero(closes)
    many, many_sum, many_side = length[ends - 1], total[ends - 1], side[ends - 1]
    one, one_sum = np.ones(len(ends), dtype=np.int64), first[ends]
    is_group = many_side == 1
    left, left_sum = int(length[-1]), int(total[-1])
    rest = OpenBlock(0, left, 0, left_sum) if side[-1] else OpenBlock(left, 0, left_sum, 0)
    return Blocks(
        others=np.where(is_group, one, many),
        group=np.where(is_group, many, one),
        others_sum=np.where(is_group, one_sum, many_sum),
        group_sum=np.where(is_group, many_sum, one_sum),
        last=starts[ends],
        rest=rest,
    )


def _closes(length: Whole) -> NDArray[np.bool_]:
    """bool[runs], whether the first event of a run of one side closes the block that is open before it.

    It does unless nothing is open: unless the run before consists of one event, and that event closed a block. So
    after a run of two or more the answer is yes, and along runs of a single event it alternates.
    """
    place = np.arange(len(length))
    anew = np.maximum.accumulate(np.where((length > 1) | (place == 0), place, 0))
    closes = np.zeros(len(length), dtype=np.bool_)
    closes[1:] = (place[1:] - anew[:-1]) % 2 == 1
    return closes
