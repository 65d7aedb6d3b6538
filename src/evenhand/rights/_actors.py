"""Whoever records something, decides or reads is named: a role, a staff number, or ``person``."""

from __future__ import annotations

from evenhand.terms import UsageError, in_one_line

__all__ = ["check_actor"]


def check_actor(by: str) -> str:
    """Who does it, as it reads: in one line, without characters that nobody sees.

    Args:
        by: a role, a staff number, or ``person`` for the one whom it is about.

    Raises:
        UsageError: nobody is named.

    Example:
        >>> check_actor(" desk-4 ")
        'desk-4'
    """
    by = in_one_line(by)
    if not by:
        raise UsageError(
            "by-whom",
            "Nobody is named who records, decides or reads this. Nothing was recorded.",
            rule="GDPR 5(2), G-12: what was done can be shown, with who did it",
            remedy="name them by role or staff number: --by desk-4",
        )
    return by
