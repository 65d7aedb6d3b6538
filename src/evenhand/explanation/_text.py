"""The catalogues: every sentence that people read, by key, in Dutch and English."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from evenhand.terms import Target

__all__ = ["LANGUAGES", "Lang", "catalogue", "day", "money", "number", "one_line", "percent", "text", "text_about"]

Lang = Literal["nl", "en"]
LANGUAGES: tuple[Lang, ...] = ("nl", "en")
_PARTS = (
    "",
    "audit.",
    "checks.",
    "console.",
    "found.",
    "increment.",
    "monitor.",
    "officer.",
    "portal.",
    "receipt.",
    "report.",
    "rights.",
    "blocks.",
    "rules.",
    "signals.",
    "staff.",
)
_LOCALE = {"nl": "nl_NL", "en": "en_GB"}
_GAP = {"nl": "\N{NO-BREAK SPACE}", "en": ""}
"""What stands between the sign of the currency and the amount."""


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
    for part in _PARTS:
        name = f"{part}{lang}.json"
        content |= json.loads((folder / name).read_text("utf-8"))
    return content


def text(key: str, lang: str, **values: object) -> str:
    """One text with its values filled in.

    >>> text("reason.minor", "en")
    'You are a minor, and minors get no personalised advertising.'
    """
    return catalogue(lang)[key].format(**values)


def text_about(target: Target, key: str, lang: str, **values: object) -> str:
    """One text as it is said where decisions go by `target`: of what an offer changes some things are said otherwise.

    >>> text_about(Target.INCREMENT, "report.offers.expected", "en"), text("report.offers.expected", "en")
    ('Expected extra', 'Expected result')
    """
    own = f"{target}.{key}"
    return text(own if own in catalogue(lang) else key, lang, **values)


def one_line(said: str) -> str:
    """A text that cannot steer a terminal: control, direction and line characters become spaces.

    >>> one_line("tulips\\x1b[31m\\nfree")
    'tulips [31m free'
    """
    return "".join(" " if _steers(character) else character for character in said)


def _steers(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or (kind == "Cf" and unicodedata.bidirectional(character) != "BN")


def money(amount_micro: int, currency: str, lang: str, *, exact: bool = False) -> str:
    """Money in the reader's way of writing.

    Args:
        amount_micro: micro-units.
        currency: ISO 4217 code.
        lang: ``nl`` or ``en``.
        exact: all six decimals, so that sums add up on paper; otherwise as many as the currency has, and four for
            less than a tenth of a unit.

    >>> money(2_610_312, "EUR", "en"), money(2_610_312, "EUR", "en", exact=True)
    ('€2.61', '€2.610312')
    """

    from babel.numbers import format_currency

    amount = Decimal(amount_micro) / 1_000_000
    small = 0 < abs(amount) < Decimal("0.1")
    decimals = 6 if exact else 4 if small else None
    digits = f"#,##0.{'0' * (decimals or 2)}"
    negative = f";¤{_GAP[lang]}-{digits}" if lang == "nl" else ""
    pattern = None if decimals is None else f"¤{_GAP[lang]}{digits}{negative}"
    return str(
        format_currency(amount, currency, format=pattern, locale=_LOCALE[lang], currency_digits=decimals is None)
    )


def percent(share: float, lang: str, digits: int = 1) -> str:
    """A share between 0 and 1 as a percentage."""
    from babel.numbers import format_percent

    return str(format_percent(share, format=f"#,##0.{'0' * digits}%" if digits else "#,##0%", locale=_LOCALE[lang]))


@lru_cache(maxsize=8192)
def number(value: float, lang: str, digits: int | None = None) -> str:
    """A number in the reader's way of writing, with so many decimals; None = all that it has, nothing rounded away.

    >>> number(0.00015, "nl"), number(1234.5, "en"), number(2 / 3, "en", 2)
    ('0,00015', '1,234.5', '0.67')
    """
    from babel.numbers import format_decimal

    if digits is None:
        exact = Decimal(repr(float(value)))
        return str(format_decimal(exact, format="#,##0.#", locale=_LOCALE[lang], decimal_quantization=False))
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=_LOCALE[lang]))


def day(moment: datetime, lang: str) -> str:
    """A date in full."""
    from babel.dates import format_date

    return str(format_date(moment.date(), format="long", locale=_LOCALE[lang]))
