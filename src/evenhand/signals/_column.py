"""The bits of many texts at once, to be read a field of all of them at a time.

All texts stand behind one another in one row of bits, six to a character. A position is the number of a bit in that
row; a whole column of positions is read in one step. Who reads past the end of a text reads in the next one, or
nowhere: positions only grow, so that one look at the end (`closed`) finds everyone who ever did.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._bits import LONGEST, TO_PLAIN
from ._tcf_codec import SLACK

__all__ = ["Bits", "Parts", "closed", "ranges", "restrictions", "vendor_set"]

Numbers = NDArray[np.int64]
Truths = NDArray[np.bool_]

_LOST = 1 << 40
"""A position behind every end: of a text that is not what its standard describes, or not surely so."""
_MOST_ENTRIES = 256
"""A longer range is read by itself: it would hold up the others."""
_MOST_RESTRICTIONS = 32
_MOST_ID = 65_535
_NO_DIGIT, _ZERO = ord("!"), ord("A")


class Parts(NamedTuple):
    """Stretches of bits, cut up at a sign.

    Attributes:
        end: of each stretch, where its first part ends.
        more: how many parts follow the first.
        owner: of each part that follows, the number of its stretch.
        place: which of its stretch it is, from 0.
        first, last: where it starts and ends.
    """

    end: Numbers
    more: Numbers
    owner: Numbers
    place: Numbers
    first: Numbers
    last: Numbers


class Bits:
    """The bits of a column of texts.

    Attributes:
        start, end: position of each text; both the same where it is too long to be read.
    """

    __slots__ = ("_at", "_last", "_signs", "_words", "end", "start")

    def __init__(self, texts: Sequence[str]) -> None:
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        if (sizes > LONGEST).any():
            texts = [text if len(text) <= LONGEST else "" for text in texts]
            sizes[sizes > LONGEST] = 0
        self.end: Numbers = 6 * np.cumsum(sizes)
        self.start: Numbers = self.end - 6 * sizes
        written = "".join(texts).encode("ascii", "replace")
        written += b"A" * (-len(written) % 4 + 12)  # a word can be read anywhere
        plain = np.frombuffer(bytearray(written.translate(TO_PLAIN)), np.uint8)
        at = np.flatnonzero(plain == _NO_DIGIT)
        self._at: Numbers = 6 * at
        self._signs = np.frombuffer(written, np.uint8)[at]
        plain[at] = _ZERO
        data = binascii.a2b_base64(plain.data)
        self._words: NDArray[np.int64] = np.ndarray(len(data) - 7, ">i8", data, strides=(1,))
        self._last = len(data) - 8

    def take(self, at: Numbers, width: int) -> Numbers:
        """So many bits (57 at most) from each position, as numbers; the first bit weighs most."""
        words: Numbers = self._words[np.minimum(at >> 3, self._last)].astype(np.int64)
        taken: Numbers = words >> 64 - width - (at & 7) & (1 << width) - 1
        return taken

    def clean(self, start: Numbers, end: Numbers, *, beside: str = "") -> Truths:
        """Whether nothing stands there but digits of base64 and the sign that it is cut up at."""
        odd = self._at[~np.isin(self._signs, list(beside.encode()))]
        none: Truths = np.searchsorted(odd, start) == np.searchsorted(odd, end)
        return none

    def cut(self, start: Numbers, end: Numbers, sign: str) -> Parts:
        """Each stretch, cut up at a sign that is no digit."""
        signs = self._at[self._signs == ord(sign)]
        before = np.searchsorted(signs, start)
        more = np.searchsorted(signs, end) - before
        owner = np.repeat(np.arange(len(start)), more)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(more) - more, more)
        signs = np.append(signs, _LOST)
        which = before[owner] + place
        return Parts(
            np.minimum(signs[before], end),
            more,
            owner,
            place,
            signs[which] + 6,
            np.minimum(signs[which + 1], end[owner]),
        )


def closed(bits: Bits, at: Numbers, end: Numbers) -> Truths:
    """Whether nothing but zeros, and at most so many of them as fill up a segment, is left up to the end."""
    left = end - at
    fits: Truths = (left >= 0) & (left <= SLACK)
    fits &= bits.take(at, SLACK) >> SLACK - np.where(fits, left, 0) == 0
    return fits


def vendor_set(bits: Bits, at: Numbers, vendor: int) -> tuple[Numbers, Truths]:
    """OptimizedIntRange: where it ends, and whether the vendor is in it (0 = none is looked for)."""
    most, is_range = np.divmod(bits.take(at, 17), 2)
    holds = (vendor <= most) & (bits.take(at + 16 + vendor, 1) == 1)
    after = at + 17 + most
    rows = np.flatnonzero(is_range)
    if rows.size:
        after[rows], holds[rows] = ranges(bits, at[rows] + 17, most[rows], vendor)
    return after, holds


def ranges(bits: Bits, at: Numbers, most: Numbers, vendor: int) -> tuple[Numbers, Truths]:
    """Range(Int): where it ends - nowhere, if it is not what it should be - and whether the vendor is in it."""
    count = bits.take(at, 12)
    at = np.where(count <= _MOST_ENTRIES, at + 12, _LOST)
    holds = np.zeros(len(at), dtype=bool)
    rows, done = np.flatnonzero((count > 0) & (at < _LOST)), 0
    while rows.size:
        here = at[rows]
        entry = bits.take(here, 33)
        pair, first = entry >> 32, entry >> 16 & 0xFFFF
        last = np.where(pair == 1, entry & 0xFFFF, first)
        good = (first >= 1) & (first <= last) & (last <= most[rows])
        holds[rows] |= (first <= vendor) & (vendor <= last)
        at[rows] = np.where(good, here + 17 + 16 * pair, _LOST)
        done += 1
        rows = rows[good & (count[rows] > done)]
    return at, holds


def restrictions(bits: Bits, at: Numbers, vendor: int) -> tuple[Numbers, Numbers]:
    """Publisher restrictions: where they end, and purpose and type of those (two at most) that name the vendor."""
    count = bits.take(at, 12)
    at = np.where(count <= _MOST_RESTRICTIONS, at + 12, _LOST)
    named = np.zeros(len(at), dtype=np.int64)
    rows, done = np.flatnonzero((count > 0) & (at < _LOST)), 0
    while rows.size:
        here = at[rows]
        after, holds = ranges(bits, here + 8, np.full(len(rows), _MOST_ID), vendor)
        found = np.where(holds, named[rows] << 9 | 256 | bits.take(here, 8), named[rows])
        named[rows] = found
        at[rows] = after = np.where(found < 1 << 18, after, _LOST)
        done += 1
        rows = rows[(after < _LOST) & (count[rows] > done)]
    return at, named
