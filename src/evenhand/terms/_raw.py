"""One text for one value, and the number that a text holds: what a raw value *is*, alike in every engine."""

from __future__ import annotations

import math
import re

import numpy as np

__all__ = ["canonical_text", "number_in"]

_EXACT = 2**53
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.IGNORECASE)
_TRUTH = {"true": 1.0, "false": 0.0}


def canonical_text(value: object) -> str | None:
    """The one text of a raw value; None where it is missing.

    Example:
        >>> [canonical_text(value) for value in (1.0, 1, "1", True, 2.5, float("nan"), "")]
        ['1', '1', '1', 'true', '2.5', None, None]
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)
    return str(value)


def number_in(text: str) -> float | None:
    """The number that a canonical text holds; None where it holds none. Truth counts as 1 and 0.

    Example:
        >>> number_in(" 2.50"), number_in("true"), number_in("-inf"), number_in("twelve")
        (2.5, 1.0, -inf, None)
    """
    if text in _TRUTH:
        return _TRUTH[text]
    return float(text) if _NUMBER.fullmatch(text.strip()) else None
