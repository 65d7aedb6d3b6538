"""The report's words and numbers in one language."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from evenhand.explanation import bin_words, catalogue, money, number, percent, text, text_about
from evenhand.terms import BinLabel, Target

__all__ = ["Words"]

_UNKNOWN = "unknown"
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_RANGES = {
    "younger": re.compile(rf"(?P<upper>{_NUMBER}) or younger"),
    "older": re.compile(rf"(?P<lower>{_NUMBER}) or older"),
    "below": re.compile(rf"below (?P<upper>{_NUMBER})"),
    "between": re.compile(rf"(?P<lower>{_NUMBER}) to (?P<upper>{_NUMBER})"),
    "more": re.compile(rf"(?P<lower>{_NUMBER}) or more"),
}
"""How a number that was cut into groups is written, see `adapters`."""
_NO_VALUE = ("(missing)", "(other)")


class Words:
    """One language's way of saying what a report holds.

    Args:
        report: the report's plain values.
        lang: ``nl`` or ``en``.
        smallest: counts below this stand as null in the report.
    """

    def __init__(self, report: Mapping[str, Any], lang: str, smallest: int) -> None:
        self.lang = lang
        self.smallest = smallest
        self.target = Target(report["campaign"].get("target", Target.RESPONSE))
        self._currency: str = report["campaign"]["currency"]
        terms = [*report["not_used"], *report["model"]["terms"]]
        self._meanings: dict[str, str] = {term["name"]: term["meaning"][lang] for term in terms}

    def t(self, key: str, **values: object) -> str:
        """A text of the report, by its key without ``report.``."""
        return text_about(self.target, f"report.{key}", self.lang, **values)

    def maybe(self, key: str) -> str:
        """A text of the report, or "" where the catalogue has none for this key."""
        return catalogue(self.lang).get(f"report.{key}", "")

    def money(self, micro: int | None) -> str:
        """Money; a hidden amount is said to be so."""
        return self.t("hidden") if micro is None else money(micro, self._currency, self.lang)

    def exact(self, micro: int) -> str:
        """Money with all six decimals, so that a column adds up on paper."""
        return money(micro, self._currency, self.lang, exact=True)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share as a percentage."""
        return self.t("hidden") if share is None else percent(share, self.lang, digits)

    def gap(self, share: float) -> str:
        """A very small share, with as many decimals as it takes; below a millionth it is called less than that."""
        for digits in (1, 2, 3, 4):
            if share >= 10.0 ** (-digits - 2) or share <= 0:
                return percent(max(share, 0.0), self.lang, digits)
        return f"< {percent(1e-6, self.lang, 4)}"

    def number(self, value: float | None, digits: int | None = None) -> str:
        """A number."""
        return self.t("hidden") if value is None else number(value, self.lang, digits)

    def people(self, count: int | None) -> str:
        """A number of people; it is said so where it is hidden, which need not be because it is small itself."""
        return self.t("hidden") if count is None else number(count, self.lang, 0)

    def some(self, count: int | None) -> str:
        """The same within a sentence, before the word that is counted."""
        return self.t("some") if count is None else number(count, self.lang, 0)

    def people_of(self, rate: Mapping[str, Any]) -> str:
        """The people of a group's rate, or the range that is told of them."""
        if "rows_between" in rate:
            fewest, most = rate["rows_between"]
            return self.t("between", lower=fewest, upper=most)
        return self.t("few", smallest=self.smallest) if rate["rows"] is None else self.people(rate["rows"])

    def points(self, effect: float, digits: int = 0) -> str:
        """Signed points: a hundred to the logit; of what an offer changes, percentage points with two decimals."""
        written = number(abs(effect) * 100, self.lang, 2 if self.target is Target.INCREMENT else digits)
        if not written.strip("0.,"):
            return written
        return ("\N{MINUS SIGN}" if effect < 0 else "+") + written

    def micro(self, amount: int) -> str:
        """Signed micro-logits (or parts per million), exactly."""
        sign = "\N{MINUS SIGN}" if amount < 0 else "+" if amount > 0 else ""
        return sign + number(abs(amount), self.lang, 0)

    def bin(self, label: Mapping[str, Any]) -> str:
        """A bin in words."""
        return bin_words(BinLabel(**label), self.lang)

    def pair(self, first: str, second: str) -> str:
        """Two columns that have a joint effect."""
        return text("factor.pair", self.lang, first=first, second=second)

    def part(self, name: str) -> str:
        """A part's name; bins that are no value of the column are told in words."""
        kind = name[1:-1]
        return self.bin({"code": 0, "kind": kind}) if name in _NO_VALUE else name

    def column(self, name: str) -> str:
        """What a column means, or its name with spaces."""
        meaning = self._meanings.get(name, name)
        return name.replace("_", " ") if meaning == name else meaning

    def columns(self, names: list[str]) -> str:
        """Several columns together."""
        return self.t("groups.and").join(self.column(name) for name in names)

    def group(self, values: list[str]) -> str:
        """A group's values; a missing one is the word for unknown."""
        return ", ".join(self._value(value) for value in values)

    def order(self, values: list[str]) -> list[tuple[int, float, str]]:
        """By what groups are shown in order: numbers and ranges by where they begin, then words, unknown last."""
        return [_place(value) for value in values]

    def _value(self, value: str) -> str:
        """One value; of a number that was cut into groups, which are written in English, the range in words."""
        if value == _UNKNOWN:
            return self.t("groups.unknown")
        for kind, shape in _RANGES.items():
            if found := shape.fullmatch(value):
                return self.t(f"groups.range-{kind}", **found.groupdict())
        return value

    def moment(self, iso: str) -> str:
        """A moment, with its offset."""
        from babel.dates import format_datetime

        moment = datetime.fromisoformat(iso)
        pattern = "d MMMM y 'om' HH:mm 'UTC'" if self.lang == "nl" else "d MMMM y 'at' HH:mm 'UTC'"
        return str(format_datetime(moment, pattern + ("xxx" if moment.utcoffset() else ""), locale=self.lang))

    def duration(self, iso: str) -> str:
        """An ISO 8601 duration of whole units such as ``P24M``."""
        import re

        from babel.units import format_unit

        units = {"Y": "duration-year", "M": "duration-month", "W": "duration-week", "D": "duration-day"}
        found = re.findall(r"(\d+)([YMWD])", iso)
        return " ".join(str(format_unit(int(count), units[unit], "long", locale=self.lang)) for count, unit in found)


def _place(value: str) -> tuple[int, float, str]:
    """Where a group stands among the values of its column."""
    if value == _UNKNOWN:
        return 2, 0.0, value
    if _RANGES["below"].fullmatch(value) or _RANGES["younger"].fullmatch(value):
        return 0, -math.inf, value
    begins = re.match(_NUMBER, value)
    return (1, 0.0, value) if begins is None else (0, float(begins[0]), value)
