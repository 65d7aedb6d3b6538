"""A name or a reason as whoever reads it sees it: one line, without what hides in it or turns it around."""

from __future__ import annotations

import unicodedata

__all__ = ["in_one_line"]

_JOINERS = "\u200c\u200d"
"""They change how letters beside them are written, as in Persian, and are kept."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category, and nothing to the eye."""


def in_one_line(text: str) -> str:
    """A text in one line, without control characters and without characters that nobody sees and that may change how
    the rest of a line reads; "" where nothing is left that can be seen.

    Args:
        text: a name, or a reason, as somebody typed it.

    Example:
        >>> in_one_line(" Noor \\u202e de\\tWit\\u200b ")
        'Noor de Wit'
        >>> in_one_line("\\u200b\\u0000")
        ''
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = "".join(_plain(one) for one in text)
    is_seen = any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in plain)
    return " ".join(plain.split()) if is_seen else ""


def _plain(one: str) -> str:
    category = unicodedata.category(one)
    if category == "Cf":
        return one if one in _JOINERS else ""
    return " " if category == "Cc" else one
