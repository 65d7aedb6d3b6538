"""Are the columns that somebody wants there? If not, which did they mean?"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from evenhand.terms import DataError

__all__ = ["check_names"]


def check_names(where: str, wanted: Sequence[str], names: Sequence[str]) -> None:
    """Raise a DataError with a "did you mean" where a wanted column is not there."""
    missing = [name for name in wanted if name not in names]
    if not missing:
        return
    lowered = {name.lower(): name for name in names}
    guesses = {name: difflib.get_close_matches(name.lower(), lowered, 1, 0.6) for name in missing}
    hints = [f"{name!r} (did you mean {lowered[near[0]]!r}?)" if near else repr(name) for name, near in guesses.items()]
    raise DataError(
        "data-missing-columns",
        f"{where} lacks columns: {', '.join(hints)}.",
        rule="every column that is asked for is in the table",
        remedy="correct the name where it is asked for, or add the column",
    )
