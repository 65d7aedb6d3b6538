"""What each bin code stands for, without words of any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._model import MISSING, OTHER, WITHHELD, Binning

__all__ = ["BinLabel", "bin_labels"]


@dataclass(frozen=True, slots=True)
class BinLabel:
    """What one bin code stands for, without words of any language.

    Attributes:
        code: the bin code.
        kind: ``withheld``, ``missing``, ``other``, ``range`` (lower <= value < upper) or ``category``.
        lower, upper: borders of a range; None = open. Both None: every number.
        text: the category.
    """

    code: int
    kind: Literal["withheld", "missing", "other", "range", "category"]
    lower: float | None = None
    upper: float | None = None
    text: str | None = None


def bin_labels(binning: Binning) -> tuple[BinLabel, ...]:
    """One label per bin code, in code order; `explanation` and `reports` put them into words.

    Example:
        >>> [(label.kind, label.lower, label.upper) for label in bin_labels(Binning("age", "number", (25.0,)))][3:]
        [('range', None, 25.0), ('range', 25.0, None)]
    """
    special = (BinLabel(WITHHELD, "withheld"), BinLabel(MISSING, "missing"), BinLabel(OTHER, "other"))
    first = len(special)
    if binning.kind == "category":
        return special + tuple(BinLabel(first + i, "category", text=text) for i, text in enumerate(binning.categories))
    borders = (None, *binning.cuts, None)
    return special + tuple(BinLabel(first + i, "range", borders[i], borders[i + 1]) for i in range(len(borders) - 1))
