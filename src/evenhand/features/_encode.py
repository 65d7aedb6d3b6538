"""Raw value to bin code: exact at every border, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import MISSING, OTHER, Binning, canonical_text

from ._canonical import as_numbers, as_texts
from ._columns import Values, Words, hold_numbers

__all__ = ["encode"]

_FIRST = 3
_BLOCK = 8_192
_CROWD = 2
_WORTH_A_GRID = 1_000
_WIDEST = 1e300


class _Codes(dict[object, int]):
    """Code of each category's text; other values are put into their one text first, unseen ones are OTHER.

    Only text is remembered: True, 1 and 1.0 are one key in a dictionary, yet "true" and "1" as categories.
    """

    def __missing__(self, value: object) -> int:
        text = canonical_text(value)
        if text is None:
            return MISSING
        code = self.get(text, OTHER)
        if type(value) is str and len(self) < 100_000:
            self[value] = code
        return code


def encode(binning: Binning, values: Values) -> NDArray[np.uint8]:
    """Bin code of each value: ``3 + (number of cuts <= value)``, or the category's position.

    Args:
        binning: borders or categories.
        values: float64[n] (NaN is missing), or objects[n]: text, None or "" is missing; or `Words`, of which each
            different text is looked up once.

    Returns:
        uint8[n]; MISSING (1) where absent, OTHER (2) for a category not in the binning; never WITHHELD (0).

    Raises:
        DataError: the binning is for numbers and some values are not numbers.

    Example:
        >>> ages = Binning("age", "number", cuts=(25.0, 40.0))
        >>> encode(ages, np.array([24.9, 25.0, 40.0, np.inf, np.nan])).tolist()
        [3, 4, 5, 5, 1]
        >>> regions = Binning("region", "category", categories=("east", "west"))
        >>> encode(regions, np.array(["west", "moon", None], dtype=object)).tolist()
        [4, 2, 1]
    """
    if binning.kind == "category":
        return _encode_category(binning, values)
    return _encode_number(binning, as_numbers(binning.name, values))


def _encode_number(binning: Binning, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    cuts = _cuts(binning.cuts)
    grid = _Grid.over(cuts) if len(values) >= _WORTH_A_GRID else None
    codes = np.empty(len(values), dtype=np.uint8)
    for start in range(0, len(values), _BLOCK):  # a block stays in the processor's cache
        block = values[start : start + _BLOCK]
        below = np.searchsorted(cuts, block, side="right") if grid is None else grid.cuts_below(block)
        code = below.astype(np.uint8) + np.uint8(_FIRST)
        code[np.isnan(block)] = MISSING
        codes[start : start + _BLOCK] = code
    return codes


@lru_cache(maxsize=1_024)
def _cuts(cuts: tuple[float, ...]) -> NDArray[np.float64]:
    found = np.array(cuts, dtype=np.float64)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, slots=True)
class _Grid:
    """Evenly spaced cells over the range of the cuts: the cell of a value gives its bin but for a comparison or two.

    Exact, because the cell never falls as the value rises (subtraction and multiplication round monotonously) and the
    cuts go through the same expression: a cut in a lower cell lies below the value, one in a higher cell above it.

    Attributes:
        cuts: the cuts, and a NaN behind them that no value reaches.
        lowest, scale: ``cell = (value - lowest) * scale``, cut off at both ends.
        below: uint8 per cell, number of cuts in lower cells.
        crowd: most cuts in one cell.
    """

    cuts: NDArray[np.float64]
    lowest: np.float64
    scale: np.float64
    below: NDArray[np.uint8]
    crowd: int

    @staticmethod
    def over(cuts: NDArray[np.float64]) -> _Grid | None:
        """The coarsest grid whose cells hold two cuts at most; None where no grid helps and binary search must."""
        if len(cuts) < 2 or cuts[-1] / 2 - cuts[0] / 2 > _WIDEST:
            return None
        for size in (256, 4_096, 65_536):
            with np.errstate(over="ignore"):
                scale = size / (cuts[-1] - cuts[0])
            if not np.isfinite(scale):
                return None
            cells = _cells(cuts, cuts[0], scale, size)
            crowd = int(np.bincount(cells).max())
            if crowd <= _CROWD:
                below = np.searchsorted(cells, np.arange(size), side="left").astype(np.uint8)
                return _Grid(np.append(cuts, np.nan), cuts[0], scale, below, crowd)
        return None

    def cuts_below(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Number of cuts at or below each value; anything for NaN."""
        below = self.below.take(_cells(values, self.lowest, self.scale, len(self.below)))
        for _ in range(self.crowd):
            below += values >= self.cuts.take(below)
        return below


def _cells(values: NDArray[np.float64], lowest: np.float64, scale: np.float64, size: int) -> NDArray[np.intp]:
    with np.errstate(over="ignore"):  # far outside the range is outside the range
        place = values - lowest
        place *= scale
    np.fmax(place, 0.0, out=place)  # NaN too goes to a cell that exists
    np.fmin(place, size - 1.0, out=place)
    return place.astype(np.intp)


def _encode_category(binning: Binning, values: Values) -> NDArray[np.uint8]:
    if isinstance(values, Words):
        return np.asarray(_encode_category(binning, values.texts).take(values.place))
    codes = _Codes({text: _FIRST + position for position, text in enumerate(binning.categories) if text})
    raw = as_texts(values) if hold_numbers(values) else values.tolist()
    return np.frombuffer(bytearray(map(codes.__getitem__, raw)), dtype=np.uint8)
