"""Raw value to bin code: exact at every border, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import MISSING, OTHER, Binning

from ._canonical import as_numbers, as_texts, canonical_text
from ._columns import Values

__all__ = ["encode"]

_FIRST = 3
_BLOCK = 8_192


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
        values: float64[n] (NaN is missing), or objects[n]: text, None or "" is missing.

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
    cuts = np.array(binning.cuts, dtype=np.float64)
    codes = np.empty(len(values), dtype=np.uint8)
    for start in range(0, len(values), _BLOCK):  # a block stays in the processor's cache
        block = values[start : start + _BLOCK]
        found = np.searchsorted(cuts, block, side="right")
        found += _FIRST
        found[np.isnan(block)] = MISSING
        codes[start : start + _BLOCK] = found
    return codes


def _encode_category(binning: Binning, values: Values) -> NDArray[np.uint8]:
    codes = _Codes({text: _FIRST + position for position, text in enumerate(binning.categories)})
    raw = values.tolist() if values.dtype.kind != "f" else as_texts(values)
    return np.fromiter(map(codes.__getitem__, raw), dtype=np.uint8, count=len(values))
