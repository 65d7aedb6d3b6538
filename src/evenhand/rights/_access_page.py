"""What is held about a person, as a page that they can read, print and keep: one file, no script, no request."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, catalogue, day, percent, text

from ._periods import period_in_words

__all__ = ["access_page"]

_WRITERS = ("request", "machine")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{3}(\d{3})?)?)?(\+\d{2}:\d{2}|-\d{2}:\d{2}|Z)?")


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
            period=lambda duration: period_in_words(duration, lang),
            percent=lambda ppm: percent(ppm / 1_000_000, lang, 1),
            source=lambda source, table: _source(source, table, t),
            row_of=lambda one, rows: _row_of(one, rows, t),
            value=lambda value: _value(value, lang),
            by=lambda said: _by(said, lang),
            style=style,
            policy="default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'",
        )
    )


def _source(source: str, table: str, t: Callable[..., str]) -> str:
    """Where values come from: of a table its name, of what followed a decision the decision."""
    said = t(f"source.{source}")
    if source == "vault":
        return said
    return t("after" if source == "events" else "in-table", source=said, table=table)


def _row_of(one: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], t: Callable[..., str]) -> str:
    """What a value is; where a table has several rows of the person, of which row."""
    several = one["source"] != "events" and any(int(row["row"]) > 1 for row in rows)
    return t("row", meaning=one["meaning"], row=one["row"]) if several else str(one["meaning"])


def _by(said: str, lang: str) -> str:
    """How something was said or by whom it was read, where evenhand itself wrote that down; else as it stands.

    >>> _by("request R-1", "nl"), _by("command line", "nl"), _by("letter", "nl")
    ('verzoek R-1', 'een opdracht op de computer', 'letter')
    """
    first, _, rest = said.partition(" ")
    if first in _WRITERS and rest:
        return text(f"rights.page.by.{first}", lang, name=rest)
    return catalogue(lang).get(f"rights.page.by.{said.replace(' ', '-')}", said)


def _value(value: str, lang: str) -> str:
    """A value as it stands; a moment that a machine wrote, as people write it.

    >>> _value("2026-11-28T02:52:01.767650+00:00", "nl")
    '28 november 2026, 02:52 (UTC)'
    """
    if _MOMENT.fullmatch(value) is None:
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return f"{day(moment, lang)}, {moment:%H:%M}"
    moment = moment.astimezone(UTC)
    return f"{day(moment, lang)}, {moment:%H:%M} (UTC)"


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "page"
    return {name: (folder / name).read_text("utf-8") for name in ("access.html", "access.css")}


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader(_parts()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
