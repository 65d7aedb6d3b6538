"""Cursors of pages: where the next one begins, as text that is only read back here."""

from __future__ import annotations

import base64
import binascii

from ._problems import ProblemError

__all__ = ["after_cursor", "cursor_after"]


def cursor_after(kind: str, place: object) -> str:
    """The cursor of what comes after a place.

    Args:
        kind: one letter, so that the cursor of one list is none of another.
        place: where the page ended.
    """
    return base64.urlsafe_b64encode(f"{kind}{place}".encode()).decode().rstrip("=")


def after_cursor(kind: str, cursor: str) -> str:
    """Where the page before ended; "" where there was none.

    Raises:
        ProblemError: it is no cursor of this list.
    """
    if not cursor:
        return ""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if text[:1] != kind:
        raise ProblemError("unprocessable", errors=[("/cursor", "not-a-cursor")])
    return text[1:]
