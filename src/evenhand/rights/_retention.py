"""How long is something kept? Until the day that its declared duration ends, and no day longer (GDPR 5(1)(e))."""

from __future__ import annotations

import re
from datetime import date, timedelta

from ._clocks import Period, Unit
from ._deadlines import after

__all__ = ["kept_until"]

_UNITS = {"Y": Unit.YEARS, "M": Unit.MONTHS, "W": Unit.DAYS, "D": Unit.DAYS}


def kept_until(start: date, duration: str) -> date:
    """The first day on which something that began on `start` is no longer kept.

    Args:
        start: the day on which it was recorded, or on which it ended.
        duration: ISO 8601 in years, months, weeks and days, such as P24M.

    Example:
        >>> kept_until(date(2024, 1, 31), "P1M").isoformat(), kept_until(date(2024, 3, 1), "P1Y2W").isoformat()
        ('2024-03-01', '2025-03-16')
    """
    day = start
    for amount, unit in re.findall(r"(\d+)([YMWD])", duration):
        count = int(amount) * (7 if unit == "W" else 1)
        day = after(day, Period(count, _UNITS[unit], "GDPR 5(1)(e)"))
    return day + timedelta(days=1)
