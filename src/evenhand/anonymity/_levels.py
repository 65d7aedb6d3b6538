"""Levels of a column: from the value as it is to nothing at all, as declared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evenhand.terms import UsageError

__all__ = ["AS_IS", "LEFT_OUT", "Levels", "bands", "characters", "merged"]

AS_IS = "as it is"
LEFT_OUT = "*"
"""Stands in place of every value of a column that tells nothing any more; and says so of a level."""


@dataclass(frozen=True, slots=True)
class Levels:
    """One quasi-identifier with its levels, the first as it is.

    Attributes:
        name: the column.
        said: what each level does, in words.
        labels: per level, what stands for each of the column's different values; None where it is missing.
    """

    name: str
    said: tuple[str, ...]
    labels: tuple[tuple[str | None, ...], ...]


def bands(values: Sequence[float | None], width: float) -> tuple[str | None, ...]:
    """Bands of equal width that begin at multiples of it; whole numbers have both ends in the name.

    Raises:
        UsageError: a width that is not above zero.

    Example:
        >>> bands([17, 20, 24, None], 5)
        ('15-19', '20-24', '20-24', None)
        >>> bands([0.25, -0.1], 0.5)
        ('0 to below 0.5', '-0.5 to below 0')
    """
    if not width > 0 or not math.isfinite(width):
        raise UsageError(
            "release-level",
            "A band of a number has no width.",
            rule="a level makes bands of a width above zero",
            remedy="write it like age=5,10,20",
        )
    known = [value for value in values if value is not None and math.isfinite(value)]
    whole = float(width).is_integer() and all(float(value).is_integer() for value in known)
    return tuple(_band(value, width, whole) for value in values)


def _band(value: float | None, width: float, whole: bool) -> str | None:
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "above all" if value > 0 else "below all"
    low = math.floor(value / width) * width
    return f"{low:.0f}-{low + width - 1:.0f}" if whole else f"{low:.10g} to below {low + width:.10g}"


def characters(values: Sequence[str | None], kept: int) -> tuple[str | None, ...]:
    """The first characters of each text, such as of a postcode.

    Raises:
        UsageError: fewer than one.

    Example:
        >>> characters(["1012AB", "1012XY", None], 4)
        ('1012', '1012', None)
    """
    if kept < 1:
        raise UsageError(
            "release-level",
            "A level keeps no character of a text.",
            rule="a level keeps the first so many characters, one at least",
            remedy="write it like postcode=4,2, and * where nothing is to be kept",
        )
    return tuple(None if value is None else value[:kept] for value in values)


def merged(values: Sequence[str | None], into: Mapping[str, str]) -> tuple[str | None, ...]:
    """Each value under a broader name; one that has none is `LEFT_OUT`.

    Example:
        >>> merged(["nurse", "judge", "poet"], {"nurse": "care", "judge": "law"})
        ('care', 'law', '*')
    """
    return tuple(None if value is None else into.get(value, LEFT_OUT) for value in values)
