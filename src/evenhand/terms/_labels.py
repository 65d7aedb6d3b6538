"""What each bin code stands for, without words of any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._model import MISSING, OTHER, WITHHELD, Binning

__all__ = ["BinLabel", "band_labels", "bin_labels"]


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


def band_labels(binning: Binning, bands: tuple[int, ...]) -> tuple[BinLabel, ...]:
    """One label per band of a pair: what its bins stand for together.

    Example:
        >>> ages = Binning("age", "number", (25.0, 40.0))
        >>> [(label.kind, label.lower, label.upper) for label in band_labels(ages, (0, 0, 1, 2, 2, 3))][2:]
        [('range', None, 40.0), ('range', 40.0, None)]
    """
    labels = bin_labels(binning)
    out = []
    for band in range(max(bands) + 1):
        inside = [label for label, own in zip(labels[1:], bands[1:], strict=True) if own == band]
        first, last = inside[0], inside[-1]
        words = ", ".join(label.text for label in inside if label.text is not None) or None
        out.append(BinLabel(first.code, first.kind, first.lower, last.upper, words))
    return tuple(out)
