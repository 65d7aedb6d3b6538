"""Sets of ids - purposes, vendors - and the ways in which TCF and GPP write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ._bits import BitReader, BitWriter
from ._problem import Malformed, Problem

__all__ = [
    "MOST_ID",
    "NOBODY",
    "IdSet",
    "read_fibonacci_range",
    "read_integer_range",
    "read_optimized_fibonacci",
    "read_optimized_integer",
    "write_fibonacci_range",
    "write_integer_range",
    "write_optimized_fibonacci",
    "write_optimized_integer",
]

_SHORT = 45
"""Bits of the shortest range that names two ids; up to here the reference library writes a bit per id."""
MOST_ID = 65_535
"""Highest id that a field of 16 bits can name."""


@dataclass(frozen=True, slots=True)
class IdSet:
    """An immutable set of ids from 1; costs as much memory as its highest id has bits.

    Attributes:
        mask: bit i - 1 is set where id i is in the set.

    Example:
        >>> vendors = IdSet.of([2, 4, 404])
        >>> 4 in vendors, 5 in vendors, len(vendors), list(vendors)
        (True, False, 3, [2, 4, 404])
    """

    mask: int = 0

    @classmethod
    def of(cls, ids: Iterable[int]) -> IdSet:
        """The set of these ids.

        Raises:
            ValueError: an id is below 1 or above 65,535.
        """
        mask = 0
        for one in ids:
            if not 1 <= one <= MOST_ID:
                raise ValueError("an id is a number from 1 to 65,535")
            mask |= 1 << (one - 1)
        return cls(mask)

    def __contains__(self, one: object) -> bool:
        return isinstance(one, int) and one >= 1 and bool(self.mask >> (one - 1) & 1)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs():
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return self.mask.bit_count()

    def __bool__(self) -> bool:
        return self.mask != 0

    @property
    def highest(self) -> int:
        """The highest id, 0 for the empty set."""
        return self.mask.bit_length()

    def runs(self) -> Iterator[tuple[int, int]]:
        """First and last id of each unbroken run, in order."""
        mask, before = self.mask, 0
        while mask:
            gap = (mask & -mask).bit_length() - 1
            mask >>= gap
            length = (~mask & (mask + 1)).bit_length() - 1
            yield before + gap + 1, before + gap + length
            mask >>= length
            before += gap + length


NOBODY = IdSet()
"""The empty set."""


def read_integer_range(reader: BitReader, most: int = MOST_ID) -> IdSet:
    """Range(Int)."""
    return IdSet(reader.integer_range(most))


def write_integer_range(writer: BitWriter, ids: IdSet) -> None:
    """Range(Int), in order, as few entries as can be."""
    runs = list(ids.runs())
    writer.integer(len(runs), 12)
    for first, last in runs:
        writer.integer(int(last > first), 1)
        writer.integer(first, 16)
        if last > first:
            writer.integer(last, 16)


def read_optimized_integer(reader: BitReader) -> IdSet:
    """OptimizedIntRange, of TCF Europe: highest id (16), a flag, and a bit per id or a Range(Int)."""
    most, is_range = divmod(reader.integer(17), 2)
    return read_integer_range(reader, most) if is_range else IdSet(reader.mask(most))


def write_optimized_integer(writer: BitWriter, ids: IdSet) -> None:
    """OptimizedIntRange, in the shorter of its two ways; a bit per id where they are as long, or no id is above 45."""
    runs = list(ids.runs())
    as_range = sum(17 if first == last else 33 for first, last in runs) + 12
    writer.integer(ids.highest, 16)
    if ids.highest > _SHORT and as_range < ids.highest and len(runs) < 1 << 12:
        writer.integer(1, 1)
        write_integer_range(writer, ids)
    else:
        writer.integer(0, 1)
        writer.mask(ids.mask, ids.highest)


def read_fibonacci_range(reader: BitReader, most: int = MOST_ID) -> IdSet:
    """Range(Fibonacci): as Range(Int), with each id as its distance from the one before."""
    mask = last = 0
    for _ in range(reader.integer(12)):
        pair = reader.flag()
        first = last + reader.fibonacci()
        last = first + reader.fibonacci() if pair else first
        if last > most:
            raise Malformed(Problem.IDS)
        mask |= (1 << last) - (1 << first - 1)
    return IdSet(mask)


def write_fibonacci_range(writer: BitWriter, ids: IdSet) -> None:
    """Range(Fibonacci), in order, as few entries as can be."""
    runs = list(ids.runs())
    writer.integer(len(runs), 12)
    before = 0
    for first, last in runs:
        writer.integer(int(last > first), 1)
        writer.fibonacci(first - before)
        if last > first:
            writer.fibonacci(last - first)
        before = last


def read_optimized_fibonacci(reader: BitReader) -> IdSet:
    """OptimizedRange, of TCF Canada, as its reference library writes it: as OptimizedIntRange, in Fibonacci coding."""
    most = reader.integer(16)
    if not reader.flag():
        return IdSet(reader.mask(most))
    ids = read_fibonacci_range(reader, most)
    if ids.highest != most:
        raise Malformed(Problem.IDS)
    return ids


def write_optimized_fibonacci(writer: BitWriter, ids: IdSet) -> None:
    """OptimizedRange, in the shorter of its two ways; a range where they are as long."""
    as_range = BitWriter()
    if sum(1 for _ in ids.runs()) < 1 << 12:
        write_fibonacci_range(as_range, ids)
    writer.integer(ids.highest, 16)
    if 0 < len(as_range) <= ids.highest:
        writer.integer(1, 1)
        writer.append(as_range)
    else:
        writer.integer(0, 1)
        writer.mask(ids.mask, ids.highest)
