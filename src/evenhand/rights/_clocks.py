"""How long may something take, by which text, and since when? A table with dates, and no number in code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["CLOCKS", "Period", "Unit", "clock_on"]


class Unit(StrEnum):
    """What a period is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Period:
    """So much time, which text of law or specification says so, and from when to when.

    Attributes:
        amount: how many.
        unit: of what.
        source: the text.
        clock: its name in the table; "" = it is in none.
        place: where that is law: ``EU``, a country, or a state such as ``US-CA``; "" = it is no law.
        since: the first day on which it holds; None = not known.
        until: the first day on which it no longer holds; None = it still does.
        known_from: how the table came by it: ``text``, ``summary`` or ``memory``, as in rule packs.
    """

    amount: int
    unit: Unit
    source: str
    clock: str = ""
    place: str = ""
    since: date | None = None
    until: date | None = None
    known_from: str = "memory"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "clock": self.clock,
            "amount": self.amount,
            "unit": self.unit.value,
            "source": self.source,
            "place": self.place,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def _read() -> dict[str, tuple[Period, ...]]:
    content = json.loads((files(__package__) / "clocks.json").read_text("utf-8"))
    versions: dict[str, list[Period]] = {}
    for one in content["clocks"]:
        since, until = (date.fromisoformat(one[name]) if one[name] else None for name in ("since", "until"))
        period = Period(
            one["amount"],
            Unit(one["unit"]),
            one["source"],
            one["clock"],
            one["country"],
            since,
            until,
            one["known_from"],
        )
        versions.setdefault(period.clock, []).append(period)
    return {name: tuple(found) for name, found in versions.items()}


CLOCKS = MappingProxyType(_read())
"""Every version of every period by name, the oldest first, from ``clocks.json``."""


def clock_on(name: str, day: date) -> Period:
    """The period as it held on a day; before its first day, the first one that ever held.

    Example:
        >>> clock_on("ccpa.opt-out", date(2026, 11, 28)).source, clock_on("ccpa.opt-out", date(2022, 1, 1)).source
        ('11 CCR 7026(f)', '11 CCR 999.315')
    """
    held = [one for one in CLOCKS[name] if one.since is None or one.since <= day]
    return held[-1] if held else CLOCKS[name][0]
