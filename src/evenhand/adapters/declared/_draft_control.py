"""Does a column of an unknown table say what people were shown, and of some that they were shown nothing?"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from ..data.columns import as_text, kind_of

__all__ = ["Control", "guess_control"]

_MOST_VALUES = 50
_SMALLEST_SHARE = 0.01
_THINGS = ("offer", "aanbod", "email", "mail", "mailing", "contact")
_ALWAYS = frozenset(
    ["control", "control group", "controle", "controlegroep", "holdout", "not contacted", "niet benaderd"]
    + [f"{no} {thing}" for no in ("no", "geen") for thing in _THINGS]
)
"""Values that say by themselves that nothing was shown."""
_SOMETIMES = frozenset({"none", "nothing", "geen", "niets", "no", "nee"})
"""Values that say so in a column that is named after what was shown."""
_NAMED = re.compile(
    r"(?<![a-z])(?:segment|offers?|treatment|arm|variant|shown|campaign|coupon|mail|mailing|e?mail|aanbod|behandeling"
    r"|actie|getoond|experiment)(?![a-z])"
)


class Control(NamedTuple):
    """A column that seems to say what was shown, and its value where nothing was."""

    column: str
    value: str


def guess_control(samples: dict[str, pl.Series]) -> Control | None:
    """The first column of texts in which one value says that nothing was shown, and others say something.

    Args:
        samples: the columns that may be it.

    Example:
        >>> guess_control({"segment": pl.Series(["Mens E-Mail", "No E-Mail", "Womens E-Mail"])})
        Control(column='segment', value='No E-Mail')
    """
    for name, sample in samples.items():
        if kind_of(sample) != "text":
            continue
        counts = as_text(sample).drop_nulls().value_counts(sort=True)
        if not 2 <= len(counts) <= _MOST_VALUES:
            continue
        named = _NAMED.search(name.lower()) is not None
        total = int(counts["count"].sum())
        for value, count in counts.iter_rows():
            said = re.sub(r"[^a-z ]", "", value.lower()).strip()
            if (said in _ALWAYS or (named and said in _SOMETIMES)) and count >= _SMALLEST_SHARE * total:
                return Control(name, value)
    return None
