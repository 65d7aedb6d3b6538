"""The receipt as a page that checks itself: as one file that asks nobody, or small, with the proof beside it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from evenhand.explanation import LANGUAGES, catalogue

__all__ = ["Beside", "receipt_page"]

_PLAIN_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'"
_STEPS = ("form", "signature", "inclusion", "belonging", "sum", "words")


@dataclass(frozen=True, slots=True)
class Beside:
    """Where the parts of a receipt are that a small page does not hold, all of the same server.

    Attributes:
        values: the receipt as JSON, which the page fetches to check it.
        whole: the page that holds everything, to be kept.
        size: bytes of that.
        program: the program that checks receipts.
        back: what explains the decision.
    """

    values: str
    whole: str
    size: int
    program: str
    back: str


def receipt_page(receipt: Mapping[str, object], *, lang: str = "en", beside: Beside | None = None) -> str:
    """A page that shows a receipt in Dutch and English and checks it where it is opened.

    By itself the page is the receipt: the checking program reads it as it does the JSON file. It is as large as the
    campaign and the model in it. With `beside` it is small whatever these are, and no receipt to keep.

    Args:
        receipt: from `receipt_of`.
        lang: the language that is in view first.
        beside: where the proof is; None = in the page.

    Raises:
        KeyError: there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    script, style = (_parts()[name].strip() for name in ("receipt.js", "receipt.css"))
    own = f"{_PLAIN_POLICY}; script-src {_source(script)}; style-src {_source(style)}"
    return (
        _environment()
        .get_template("receipt.html")
        .render(
            receipt="" if beside else json.dumps(receipt, ensure_ascii=False).replace("<", "\\u003c"),
            beside=beside,
            size=max(1, round(beside.size / 1000)) if beside else 0,
            words=receipt["words"],
            ledger=receipt["ledger"],
            languages={"nl": "Nederlands", "en": "English"},
            texts={one: catalogue(one) for one in LANGUAGES},
            steps=_STEPS,
            lang=lang,
            script=script,
            style=style,
            policy=f"{own}; connect-src 'self'" if beside else own,
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
