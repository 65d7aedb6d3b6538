"""Durations in words, for people."""

from __future__ import annotations

import re

from evenhand.explanation import text

__all__ = ["period_in_words"]

_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}


def period_in_words(duration: str, lang: str) -> str:
    """An ISO 8601 duration such as P24M in words.

    Example:
        >>> period_in_words("P1Y6M", "en")
        '1 year, 6 months'
    """
    parts = re.findall(r"(\d+)([YMWD])", duration)
    named = ((count, _UNITS[unit] + ("-one" if int(count) == 1 else "")) for count, unit in parts)
    return ", ".join(text(f"rights.page.period.{name}", lang, count=count) for count, name in named)
