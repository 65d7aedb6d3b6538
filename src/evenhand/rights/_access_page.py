"""What is held about a person, as a page that they can read, print and keep: one file, no script, no request."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, catalogue, day, percent, text

__all__ = ["access_page"]

_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}


def access_page(package: Mapping[str, Any]) -> str:
    """The page of an access package.

    Args:
        package: plain values, as the assembly makes them; they may have been through JSON.

    Raises:
        KeyError: the package lacks something, or there is no such language.
    """
    lang = str(package["lang"])
    if lang not in LANGUAGES:
        raise KeyError(lang)
    style = _parts()["access.css"].strip()
    known = catalogue(lang)

    def t(key: str, **values: object) -> str:
        return text(f"rights.page.{key}", lang, **values)

    return (
        _environment()
        .get_template("access.html")
        .render(
            p=package,
            lang=lang,
            t=t,
            say=lambda key: known.get(key, key.rpartition(".")[2]),
            day=lambda moment: day(datetime.fromisoformat(moment), lang),
            on=lambda one: day(datetime.fromisoformat(f"{date.fromisoformat(one)}T00:00:00"), lang),
            period=lambda duration: _period(duration, lang),
            percent=lambda ppm: percent(ppm / 1_000_000, lang, 1),
            style=style,
            policy="default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'",
        )
    )


def _period(duration: str, lang: str) -> str:
    """A duration such as P24M in words.

    >>> _period("P1Y6M", "en")
    '1 year, 6 months'
    """
    parts = re.findall(r"(\d+)([YMWD])", duration)
    named = ((count, _UNITS[unit] + ("-one" if int(count) == 1 else "")) for count, unit in parts)
    return ", ".join(text(f"rights.page.period.{name}", lang, count=count) for count, name in named)


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "page"
    return {name: (folder / name).read_text("utf-8") for name in ("access.html", "access.css")}


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader(_parts()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
