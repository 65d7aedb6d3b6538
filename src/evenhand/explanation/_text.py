"""The catalogues: every sentence that people read, by key, in Dutch and English."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["LANGUAGES", "Lang", "catalogue", "day", "money", "number", "percent", "text"]

Lang = Literal["nl", "en"]
LANGUAGES: tuple[Lang, ...] = ("nl", "en")
_LOCALE = {"nl": "nl_NL", "en": "en_GB"}


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All texts of one language, by key.

    Raises:
        KeyError: there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    folder = files(__package__) / "catalogue"
    content: dict[str, str] = {}
    for name in (f"{lang}.json", f"report.{lang}.json"):
        content |= json.loads((folder / name).read_text("utf-8"))
    return content


def text(key: str, lang: str, **values: object) -> str:
    """One text with its values filled in.

    >>> text("reason.minor", "en")
    'The person is a minor, and minors get no personalised advertising.'
    """
    return catalogue(lang)[key].format(**values)


def money(amount_micro: int, currency: str, lang: str) -> str:
    """Money in the reader's way of writing; amounts below a cent keep four decimals."""
    from babel.numbers import format_currency

    amount = Decimal(amount_micro) / 1_000_000
    digits = 4 if 0 < abs(amount) < Decimal("0.1") else 2
    return str(
        format_currency(
            round(amount, digits),
            currency,
            locale=_LOCALE[lang],
            currency_digits=False,
            decimal_quantization=digits == 2,
        )
    )


def percent(share: float, lang: str, digits: int = 1) -> str:
    """A share between 0 and 1 as a percentage."""
    from babel.numbers import format_percent

    return str(format_percent(share, format=f"#,##0.{'0' * digits}%" if digits else "#,##0%", locale=_LOCALE[lang]))


def number(value: float, lang: str, digits: int | None = None) -> str:
    """A number in the reader's way of writing."""
    from babel.numbers import format_decimal

    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=_LOCALE[lang]))


def day(moment: datetime, lang: str) -> str:
    """A date in full."""
    from babel.dates import format_date

    return str(format_date(moment.date(), format="long", locale=_LOCALE[lang]))
