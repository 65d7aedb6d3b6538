"""What a check or a refusal says, in the reader's language: what should hold, and what to do.

The exact words, with names and numbers, are English; on a Dutch page they stand below, marked as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenhand.explanation import Lang, catalogue, text

__all__ = ["done_about", "said_of"]


def said_of(block: Any, lang: Lang) -> str:
    """What a block says, in Dutch: the words that came with it, or what should hold; "" in English.

    Example:
        >>> said_of({"code": "EH-DATA-015"}, "nl")
        'Zo hoort het: Een kenmerk zegt niet van iedereen hetzelfde.'
    """
    if lang == "en":
        return ""
    code, told = _parts(block)
    should = _first(lang, f"check.{code}", f"found.{code}")
    return told or (text("console.block.should", lang, what=should) if should else text("found.other", lang))


def done_about(block: Any, lang: Lang) -> str:
    """What to do about it, in Dutch; "" in English, and where the words that came with it say so themselves.

    Example:
        >>> done_about({"code": "EH-DATA-015"}, "nl"), done_about({"code": "EH-POL-040"}, "nl")
        ('Laat hem weg.', 'Pas het campagnebestand aan, zodat dit klopt.')
    """
    if lang == "en":
        return ""
    code, told = _parts(block)
    own = _first(lang, f"found.{code}.do", f"report.finding.{code}.do")
    if own or told:
        return own
    if code.startswith("EH-PII-"):
        return text("found.do.personal", lang)
    return text("found.do.file" if f"check.{code}" in catalogue(lang) else "found.do.other", lang)


def _parts(block: Any) -> tuple[str, str]:
    """The code, and the words that came with it."""
    found = block if isinstance(block, Mapping) else {"code": block.code}
    return str(found["code"]), str(found.get("told") or "")


def _first(lang: Lang, *keys: str) -> str:
    """The first of these texts that there is; "" where there is none."""
    return next((catalogue(lang)[key] for key in keys if key in catalogue(lang)), "")
