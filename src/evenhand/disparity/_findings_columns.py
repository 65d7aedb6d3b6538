"""What is odd about the columns themselves, in words: nothing in them, too many values, too few rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, Binning, Finding, Severity

__all__ = ["about_column", "about_size", "about_thin"]

MOSTLY_OTHER = 0.5
"""A category column is named where more rows than this share hold a value that is too rare to stand alone."""


def about_column(binning: Binning, column: NDArray[np.uint8]) -> Iterator[Finding]:
    """EH-DATA-015: a column says the same everywhere. EH-DATA-016: a category with too many different values."""
    tally = np.bincount(column, minlength=binning.size)
    rows = max(1, len(column))
    rare = int(tally[OTHER]) / rows
    if binning.kind == "category" and rare > MOSTLY_OTHER:
        yield Finding(
            id="EH-DATA-016",
            severity=Severity.WARNING,
            what=f"Feature '{binning.name}' has so many different values that {rare:.0%} of the rows hold one that is "
            "too rare to stand alone.",
            rule="G-32",
            remedy="Merge the values into broader ones; where they name people, set the role to forbidden.",
            subject_matter=binning.name,
            measured={"rare": round(rare, 6), "kept": len(binning.categories)},
        )
    elif np.count_nonzero(tally) <= 1:
        yield Finding(
            id="EH-DATA-015",
            severity=Severity.NOTE,
            what=f"Feature '{binning.name}' is the same in every row, so it can tell nothing.",
            rule="G-5c",
            remedy="Leave it out: data that serves no purpose is not to be used.",
            subject_matter=binning.name,
            measured={"rows": len(column)},
        )


def about_size(rows: int, minimum_size: int) -> Iterator[Finding]:
    """EH-DATA-017: too few rows for any comparison."""
    if rows < 2 * minimum_size:
        yield Finding(
            id="EH-DATA-017",
            severity=Severity.WARNING,
            what=f"There are {rows} rows; groups can be compared from {minimum_size} rows each. "
            "So the audit can find next to nothing, and that it found nothing means nothing.",
            rule="F-LL144",
            remedy="Bring a longer history.",
            subject_matter="",
            measured={"rows": rows, "minimum_size": minimum_size},
        )


_MOST_NAMED = 5


def about_thin(thin: Sequence[tuple[str, ...]]) -> Iterator[Finding]:
    """EH-DATA-022: intersections of which nothing was compared, because their groups are too small to be told of."""
    if thin:
        names = [" & ".join(features) for features in thin[:_MOST_NAMED]]
        more = f" and {len(thin) - len(names)} more" if len(thin) > len(names) else ""
        yield Finding(
            id="EH-DATA-022",
            severity=Severity.NOTE,
            what=f"Intersections too fine to compare: {', '.join(names)}{more}. A difference may hide there.",
            rule="F-LL144",
            remedy="Merge values into broader groups, such as bands of age, or bring a longer history.",
            subject_matter="",
            measured={"intersections": len(thin), "names": ", ".join(names)},
        )
