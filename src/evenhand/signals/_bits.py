"""Bits in and out of web-safe base64, as TCF and GPP write them: six per character, big end first, no padding signs."""

from __future__ import annotations

import binascii
import string
from functools import lru_cache

from ._problem import Malformed, Problem

__all__ = ["LONGEST", "TO_PLAIN", "BitReader", "BitWriter"]

LONGEST = 16_384
"""Longest text that is read at all. Strings in use have some hundreds of characters; a longer one is no signal."""

_DIGITS = (string.ascii_letters + string.digits).encode()
TO_PLAIN = bytes(
    byte if byte in _DIGITS else {ord("-"): ord("+"), ord("_"): ord("/")}.get(byte, ord("!")) for byte in range(256)
)
"""Web-safe base64 to plain; whatever is neither, becomes a character that no base64 has."""
_TO_WEB_SAFE = bytes.maketrans(b"+/", b"-_")
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_FILL = (b"", b"AAA", b"AA", b"A")
_MOST_FIBONACCI = 24
"""Digits that a number up to 65,535 has in Fibonacci coding, with its last 1."""
_FIBONACCI_WINDOW = (1 << _MOST_FIBONACCI) - 1


@lru_cache(maxsize=4096)
def _fibonacci_sum(digits: int) -> int:
    """The number whose digits, the lowest weighing 1, 2, 3, 5 and so on, these are."""
    total, weight, following = 0, 1, 2
    while digits:
        total += weight * (digits & 1)
        weight, following, digits = following, weight + following, digits >> 1
    return total


class BitReader:
    """Reads fields one after another; whatever is not there is an error, never a zero.

    The bits stand in two integers: in `_big` the first bit weighs most, for numbers; in `_mirrored` it weighs least, so
    that a field of ids is a slice of it, in which bit i - 1 stands for id i.
    """

    __slots__ = ("_at", "_big", "_end", "_mirrored", "_size")

    def __init__(self, text: str) -> None:
        size = len(text)
        if not size:
            raise Malformed(Problem.EMPTY)
        padded = text.encode("ascii", "replace") + _FILL[size % 4]
        try:
            data = binascii.a2b_base64(padded.translate(TO_PLAIN), strict_mode=True)
        except binascii.Error:
            raise Malformed(Problem.CHARACTERS) from None
        self._big = int.from_bytes(data, "big")
        self._mirrored = int.from_bytes(data.translate(_MIRRORED), "little")
        self._size = 8 * len(data)
        self._end = 6 * size
        self._at = 0

    @property
    def left(self) -> int:
        """Bits that were not read yet."""
        return self._end - self._at

    def mask(self, width: int) -> int:
        """The next bits as a set: the first is bit 0."""
        at = self._at
        self._at = after = at + width
        if after > self._end:
            raise Malformed(Problem.TOO_SHORT)
        return self._mirrored >> at & (1 << width) - 1

    def integer(self, width: int) -> int:
        """The next bits as a number, the first weighing most."""
        self._at = after = self._at + width
        if after > self._end:
            raise Malformed(Problem.TOO_SHORT)
        return self._big >> self._size - after & (1 << width) - 1

    def piece(self, width: int) -> tuple[int, int]:
        """The next bits both ways: as a number, and as a set."""
        at = self._at
        number = self.integer(width)
        return number, self._mirrored >> at & (1 << width) - 1

    def flag(self) -> bool:
        """The next bit."""
        return self.integer(1) == 1

    def fibonacci(self) -> int:
        """The next number in Fibonacci coding, at least 1; it ends at the first 11 (GPP, Fibonacci Encoding)."""
        window = self._mirrored >> self._at & _FIBONACCI_WINDOW
        pairs = window & window >> 1
        if not pairs:
            raise Malformed(Problem.TOO_SHORT if self.left < _MOST_FIBONACCI else Problem.IDS)
        width = (pairs & -pairs).bit_length()
        self.mask(width + 1)
        return _fibonacci_sum(window & (1 << width) - 1)

    def integer_range(self, most: int) -> int:
        """Range(Int) as a set: 12 bits for how many entries; each a flag (1 = from, to), and one or two ids of 16 bits.

        Raises:
            Malformed: an id is 0 or above `most`, or a range ends before it starts.
        """
        count = self.integer(12)
        big, size, at, end = self._big, self._size, self._at, self._end
        found = 0  # bit i for id i
        for _ in range(count):
            at += 17
            if at > end:
                raise Malformed(Problem.TOO_SHORT)
            first = big >> size - at & 0x1FFFF
            if first <= 0xFFFF:
                if not 0 < first <= most:
                    raise Malformed(Problem.IDS)
                found |= 1 << first
                continue
            at += 16
            if at > end:
                raise Malformed(Problem.TOO_SHORT)
            first &= 0xFFFF
            last = big >> size - at & 0xFFFF
            if not 1 <= first <= last <= most:
                raise Malformed(Problem.IDS)
            found |= (2 << last) - (1 << first)
        self._at = at
        return found >> 1

    def close(self, most: int) -> None:
        """Nothing but zeros, and at most so many of them, may be left.

        Raises:
            Malformed: something is left over.
        """
        if self._end - self._at > most or self._mirrored >> self._at:
            raise Malformed(Problem.LEFT_OVER)


class BitWriter:
    """Writes fields one after another."""

    __slots__ = ("_bits", "_size")

    def __init__(self) -> None:
        self._bits = 0
        self._size = 0

    def __len__(self) -> int:
        """Bits written."""
        return self._size

    def integer(self, value: int, width: int) -> None:
        """A number, the first bit weighing most.

        Raises:
            ValueError: it has no place in so many bits.
        """
        if not 0 <= value < 1 << width:
            raise ValueError(f"a number has no place in {width} bits")
        self._bits = self._bits << width | value
        self._size += width

    def mask(self, bits: int, width: int) -> None:
        """A set: bit 0 first."""
        if bits >> width:
            raise ValueError(f"a set of ids has no place in {width} bits")
        self.integer(int(f"{bits:0{width}b}"[::-1], 2) if width else 0, width)

    def fibonacci(self, value: int) -> None:
        """A number from 1 in Fibonacci coding."""
        if value < 1:
            raise ValueError("Fibonacci coding starts at 1")
        weights = [1]
        following = 2
        while following <= value:
            weights.append(following)
            following = weights[-1] + (weights[-2] if len(weights) > 1 else 1)
        digits = []
        for weight in reversed(weights):
            digits.append(weight <= value)
            value -= weight * digits[-1]
        for digit in [*reversed(digits), True]:
            self.integer(int(digit), 1)

    def append(self, other: BitWriter) -> None:
        """Everything that another one wrote."""
        self.integer(other._bits, other._size)

    def text(self, *paddings: int) -> str:
        """The characters: zeros are added up to a multiple of each padding in turn, and then of 6."""
        bits, size = self._bits, self._size
        for padding in (*paddings, 6):
            added = -size % padding
            bits, size = bits << added, size + added
        spare = -size % 24
        data = (bits << spare).to_bytes((size + spare) // 8, "big")
        written = binascii.b2a_base64(data, newline=False).translate(_TO_WEB_SAFE)
        return written[: size // 6].decode()
