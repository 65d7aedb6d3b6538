"""The texts of the service, by key, in Dutch and English; and which language somebody asks for."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib.resources import files

__all__ = ["LANGUAGES", "language", "text"]

LANGUAGES = ("nl", "en")


@cache
def _catalogue(lang: str) -> dict[str, str]:
    content: dict[str, str] = json.loads((files(__package__) / "texts" / f"{lang}.json").read_text("utf-8"))
    return content


def text(key: str, lang: str, **values: object) -> str:
    """One text with its values filled in."""
    return _catalogue(lang)[key].format(**values)


@lru_cache(maxsize=256)
def language(accept: str) -> str:
    """The language to answer in, from ``Accept-Language``: Dutch or English, whichever weighs more; else English.

    >>> language("nl-NL,nl;q=0.9,en;q=0.8"), language("de"), language("en, nl;q=0.5"), language("nl;q=x")
    ('nl', 'en', 'en', 'en')
    """
    best, weight = "en", 0.0
    for part in accept[:200].split(","):
        name, _, parameters = part.strip().lower().partition(";")
        try:
            own = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        lang = name.split("-")[0]
        if lang in LANGUAGES and own > weight:
            best, weight = lang, own
    return best
