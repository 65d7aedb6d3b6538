"""A bank of bets on the blocks of a stream: what each of them has won.

Every product and sum is built up block after block (`accumulate`), so that the bits do not depend on how many blocks
are taken at once. A chapter of blocks is multiplied up from one, and carried over when it is full, so that no number
grows or shrinks out of range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BETS", "BOTH", "MOST_BLOCKS", "Ahead", "Bank", "Sums", "cleared", "factors_of"]

BETS = (0.01, 0.02, 0.035, 0.06, 0.1, 0.15, 0.22, 0.32, 0.45, 0.6, 0.8)
"""The shares of its money that each bet puts on a block. Small ones find small differences, large ones large ones."""

BOTH = 2 * len(BETS)
"""Bets on *more* and on *less*."""

MOST_BLOCKS = 256
"""Blocks in a chapter: within it a bet changes by a factor between 0.2 ** 256 and 1.8 ** 256, well in range."""

_MOST, _LEAST = 2.0**700, 2.0**-900
_GRID = np.array(BETS)[:, None]

Sums = tuple[float, ...]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a bank would hold after each of the next blocks.

    Attributes:
        high, low: float64[blocks], total of the bets on *more* and on *less* (`low` is 0 where a bank has one side).
        grown, sums: float64[bets, blocks], the bank's numbers; `sums` has one column where it never changes.
    """

    high: Numbers
    low: Numbers
    grown: Numbers
    sums: Numbers


class Bank:
    """What some bets have won. Made by `wealth` (an e-process) or `detector` (Shiryaev-Roberts).

    With f the factor by which a block multiplies a bet, the e-process is W <- W f from 1, the detector R <- (1 + R) f
    from 0. The latter is kept as a product and a sum of reciprocals, R = P (R0 + sum of 1/P before each block), so that
    many blocks can be taken at once.
    """

    __slots__ = ("_filled", "_grown", "_is_detector", "_start")

    def __init__(self, start: list[float], *, is_detector: bool) -> None:
        self._start = start
        self._grown = [1.0] * len(start)
        self._filled = 0
        self._is_detector = is_detector

    @staticmethod
    def wealth(rows: int) -> Bank:
        """Bets that start with 1 each."""
        return Bank([1.0] * rows, is_detector=False)

    @staticmethod
    def detector(rows: int) -> Bank:
        """Detectors that start with 0 each."""
        return Bank([0.0] * rows, is_detector=True)

    @property
    def rows(self) -> int:
        """Number of bets."""
        return len(self._start)

    @property
    def room(self) -> int:
        """Blocks until the chapter is full, at least one."""
        return MOST_BLOCKS - self._filled

    def values(self) -> list[float]:
        """What each bet holds."""
        return [start * grown for start, grown in zip(self._start, self._grown, strict=True)]

    def levels(self) -> tuple[float, float]:
        """Totals of the bets on *more* and on *less*."""
        return _totals(self.values())

    def ahead(self, factors: Numbers) -> Ahead:
        """What the bank would hold after each of the next blocks, at most `room`; nothing is changed until `accept`.

        Args:
            factors: float64[bets, blocks], from `factors_of`.
        """
        before = np.array(self._grown)
        start = np.array(self._start)
        grown = factors.copy()
        grown[:, 0] *= before
        np.multiply.accumulate(grown, axis=1, out=grown)
        if self._is_detector:
            sums = np.empty_like(grown)
            np.divide(1.0, before, out=sums[:, 0])
            np.divide(1.0, grown[:, :-1], out=sums[:, 1:])
            sums[:, 0] += start
            np.add.accumulate(sums, axis=1, out=sums)
        else:
            sums = start[:, None]
        values = sums * grown
        count = len(BETS)
        high = np.add.accumulate(values[:count], axis=0)[-1]
        low = np.add.accumulate(values[count:], axis=0)[-1] if self.rows > count else np.zeros(grown.shape[1])
        return Ahead(high, low, grown, sums)

    def accept(self, ahead: Ahead, count: int) -> None:
        """Take the first `count` of the blocks that were looked ahead at."""
        self._grown = ahead.grown[:, count - 1].tolist()
        if self._is_detector:
            self._start = ahead.sums[:, count - 1].tolist()
        self._filled += count
        if self._filled == MOST_BLOCKS:
            self._turn()

    def _turn(self) -> None:
        """Begin a new chapter. Taking from a bet (never giving) keeps every bound, so both ends are cut off there."""
        self._start = [0.0 if value < _LEAST else min(value, _MOST) for value in self.values()]
        self._grown = [1.0] * len(self._start)
        self._filled = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "detects": self._is_detector,
            "start": list(self._start),
            "grown": list(self._grown),
            "filled": self._filled,
        }

    @staticmethod
    def from_dict(saved: Mapping[str, Any], rows: int) -> Bank:
        """Back from `to_dict`.

        Raises:
            ValueError, KeyError, TypeError: it is not such a bank.
        """
        back = Bank([cleared(one) for one in saved["start"]], is_detector=bool(saved["detects"]))
        back._grown = [cleared(one) for one in saved["grown"]]
        back._filled = int(saved["filled"])
        if not (len(back._start) == len(back._grown) == rows and 0 <= back._filled < MOST_BLOCKS):
            raise ValueError
        return back


def factors_of(up: Numbers, down: Numbers | None = None) -> Numbers:
    """float64[bets, blocks], by what each block multiplies each bet.

    Args:
        up, down: [blocks], how a block went for a bet on *more* and on *less*, each at least -1; one side alone for a
            bank of one side.
    """
    if down is None:
        return np.asarray(1.0 + _GRID * up)
    factors = np.empty((BOTH, len(up)))
    np.multiply(_GRID, up, out=factors[: len(BETS)])
    np.multiply(_GRID, down, out=factors[len(BETS) :])
    factors += 1.0
    return factors


def _totals(values: list[float]) -> tuple[float, float]:
    """Sums of the two sides, added from the first to the last: `sum` rounds otherwise from Python 3.12 on."""
    high = low = 0.0
    for value in values[: len(BETS)]:
        high += value
    for value in values[len(BETS) :]:
        low += value
    return high, low


def cleared(number: Any) -> float:
    """A saved float: finite.

    Raises:
        ValueError: it is not.
    """
    value = float(number)
    if not math.isfinite(value):
        raise ValueError
    return value
