"""The receipt as a page that checks itself: one file, no request, nothing but what the reader's browser has."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, catalogue

__all__ = ["receipt_page"]

_STEPS = ("form", "signature", "inclusion", "belonging", "sum", "words")


def receipt_page(receipt: Mapping[str, object], *, lang: str = "en") -> str:
    """A page that shows a receipt in Dutch and English and checks it where it is opened.

    The page is the receipt: the checking program reads it as it does the JSON file.

    Args:
        receipt: from `receipt_of`.
        lang: the language that is in view first.

    Raises:
        KeyError: there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    script, style = (_parts()[name].strip() for name in ("receipt.js", "receipt.css"))
    return (
        _environment()
        .get_template("receipt.html")
        .render(
            receipt=json.dumps(receipt, ensure_ascii=False).replace("<", "\\u003c"),
            words=receipt["words"],
            ledger=receipt["ledger"],
            languages={"nl": "Nederlands", "en": "English"},
            texts={one: catalogue(one) for one in LANGUAGES},
            steps=_STEPS,
            lang=lang,
            script=script,
            style=style,
            policy="default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"script-src {_source(script)}; style-src {_source(style)}",
        )
    )


def _source(text: str) -> str:
    """What a Content-Security-Policy calls this very text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "page"
    return {name: (folder / name).read_text("utf-8") for name in ("receipt.html", "receipt.js", "receipt.css")}


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader(_parts()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
