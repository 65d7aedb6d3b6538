"""Strings that a browser or an app goes on sending, told from those that say something anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["stated", "without_repeats"]

_UNDATED = ("gpp", "us_privacy")
"""Signals that opt out and do not say when they were made. Global Privacy Control has a rule of its own."""

Texts = Mapping[str, Sequence[str | None]]


def stated(column: Sequence[str | None]) -> tuple[NDArray[np.intp], list[str], NDArray[np.intp]]:
    """Rows where a text stands; the different texts; and of each row which of them it has."""
    rows, which, known = [], [], dict[str, int]()
    for row, text in enumerate(column):
        if text is not None and (bare := text.strip()):
            rows.append(row)
            which.append(known.setdefault(bare, len(known)))
    return np.array(rows, dtype=np.intp), list(known), np.array(which, dtype=np.intp)


def without_repeats(
    texts: Texts, subjects: NDArray[np.bytes_], at: NDArray[np.datetime64]
) -> dict[str, Sequence[str | None]]:
    """Signals without those that say of a person what the same signal said of them last.

    A GPP or us_privacy string does not say when it was made, and a table often has it again with each upload or visit.
    So the same string is the same statement, and counts from when it was heard first: a person who takes the opt-out
    back after that has seen both, and their word holds (11 CCR 7025(c)(3)), as it does over HTTP. Another string in
    between makes a later one new, whatever it says. Where two strings of one moment differ nobody can say which came
    last, so both count, and so does whatever comes after them. A new opt-out that happens to be written exactly as the
    last one cannot be told from it; a person's own opt-out always counts anew.

    Args:
        texts: signals by name, one text or None per row.
        subjects: S32 per row, pseudonyms.
        at: datetime64 per row, when it was received.

    Example:
        >>> who, at = np.array([b"a", b"a", b"b"]), np.array(["2026-01-01", "2026-01-05", "2026-01-05"], dtype="M8[us]")
        >>> without_repeats({"us_privacy": ["1YYN", "1YYN", "1YYN"]}, who, at)
        {'us_privacy': ['1YYN', None, '1YYN']}
    """
    return {name: _once(column, subjects, at) if name in _UNDATED else column for name, column in texts.items()}


def _once(
    column: Sequence[str | None], subjects: NDArray[np.bytes_], at: NDArray[np.datetime64]
) -> Sequence[str | None]:
    rows, known, which = stated(column)
    if len(known) == len(rows):
        return column
    order = np.lexsort((at[rows], subjects[rows]))
    who, when, text = subjects[rows][order], at[rows][order], which[order]
    begins = np.ones(len(rows), dtype=np.bool_)
    begins[1:] = (who[1:] != who[:-1]) | (when[1:] != when[:-1])
    first = np.flatnonzero(begins)  # of each person and moment
    least, most = np.minimum.reduceat(text, first), np.maximum.reduceat(text, first)
    again = np.zeros(len(first), dtype=np.bool_)
    again[1:] = (who[first[1:]] == who[first[:-1]]) & (least[1:] == most[:-1]) & (most[1:] == least[:-1])
    again &= least == most
    repeated = rows[order[again[np.cumsum(begins) - 1]]]
    if not len(repeated):
        return column
    out = list(column)
    for row in repeated.tolist():
        out[row] = None
    return out
