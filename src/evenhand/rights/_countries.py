"""By which clock does a country count its days, and where can people complain there? A table with dates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType

__all__ = ["COUNTRIES", "Country", "country_on"]


@dataclass(frozen=True, slots=True)
class Country:
    """A country as deadlines and letters know it.

    Attributes:
        code: ISO 3166.
        zone: the time zone of its capital, as IANA names it; of the US, that of California.
        authority: the supervisory authority, by its own name; "" where there are several (Germany) or it is not known.
        web: its web address; "" where we are not sure of one.
        holidays: the part of the country whose public holidays count; "" = the whole.
        since: the first day on which this holds.
        until: the first day on which it no longer does; None = it still does.
    """

    code: str
    zone: str
    authority: str
    web: str
    holidays: str
    since: date
    until: date | None

    @property
    def complaints(self) -> str:
        """The authority with its web address, as letters name it."""
        return f"{self.authority} ({self.web})" if self.web else self.authority


def _read() -> dict[str, tuple[Country, ...]]:
    content = json.loads((files(__package__) / "countries.json").read_text("utf-8"))
    versions: dict[str, list[Country]] = {}
    for one in content["countries"]:
        since = date.fromisoformat(one["since"])
        until = date.fromisoformat(one["until"]) if one["until"] else None
        country = Country(one["country"], one["zone"], one["authority"], one["web"], one["holidays"], since, until)
        versions.setdefault(country.code, []).append(country)
    return {code: tuple(found) for code, found in versions.items()}


COUNTRIES = MappingProxyType(_read())
"""Every version of every country by its code, the oldest first, from ``countries.json``: the EU, the EEA, and the US
with the rules of California."""


def country_on(code: str, day: date | None = None) -> Country | None:
    """A country as it was on a day, or before its first day; None = one that the table does not have.

    Args:
        code: ISO 3166.
        day: None = as it is last known.

    Example:
        >>> [country_on("SE", date(year, 1, 1)).authority for year in (2020, 2021)]
        ['Datainspektionen', 'Integritetsskyddsmyndigheten']
    """
    versions = COUNTRIES.get(code, ())
    held = [one for one in versions if day is None or one.since <= day]
    return held[-1] if held else versions[0] if versions else None
