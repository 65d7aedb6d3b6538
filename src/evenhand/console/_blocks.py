"""What a check or a refusal says, in the reader's language: what should hold, and what to do.

The exact words, with names and numbers, are English; on a Dutch page they stand below, marked as that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evenhand.explanation import Lang, catalogue, text

__all__ = ["done_about", "rule_of", "said_of", "told_in"]

_OTHER = re.compile(r"[^a-z0-9]+")
"""What is in no key of a text."""
_MARKS = re.compile(r"[A-Z][\w./-]*(, [A-Z][\w./-]*)*")
"""Marks of the list of rules, which are the same in every language."""


def said_of(block: Any, lang: Lang) -> str:
    """What a block says, in Dutch: the words that came with it, or what should hold; "" in English.

    Example:
        >>> said_of({"code": "EH-DATA-015"}, "nl")
        'Dit klopt nog niet: Een kenmerk zegt niet van iedereen hetzelfde.'
    """
    if lang == "en":
        return ""
    code, told = _parts(block)
    should = _first(lang, f"check.{code}", f"found.{code}")
    return told or (text("console.block.should", lang, what=should) if should else text("found.other", lang))


def done_about(block: Any, lang: Lang) -> str:
    """What to do about it, in Dutch; "" in English, and where the words that came with it say so themselves.

    Example:
        >>> done_about({"code": "EH-DATA-015"}, "nl"), done_about({"code": "EH-POL-041"}, "nl")
        ('Laat hem weg.', 'Kijk naar de waarde en de kosten van de aanbieding.')
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


def rule_of(block: Any, lang: Lang) -> str:
    """The rule behind it, in Dutch; "" in English, and where no text has its words. A rule that is a mark of the list
    of rules, such as ``G-7``, is the same in every language.

    Example:
        >>> rule_of({"code": "EH-POL-051", "rule": "groups are confirmed sensitive columns"}, "nl")
        'groepen zijn bevestigde gevoelige kolommen'
        >>> rule_of({"code": "EH-POL-016", "rule": "A-6"}, "nl")
        'A-6'
    """
    if lang == "en":
        return ""
    rule = str(block["rule"] if isinstance(block, Mapping) else block.rule)
    return _first(lang, f"rule.{_OTHER.sub('-', rule.lower()).strip('-')}") or (rule if _MARKS.fullmatch(rule) else "")


def told_in(block: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """A block in a language, for whoever is no page: what, rule and remedy. The exact words, in English, stand under
    ``exact`` where they are others."""
    if lang == "en":
        return dict(block)
    own = {"what": said_of(block, lang), "rule": rule_of(block, lang), "remedy": done_about(block, lang)}
    told = {name: words for name, words in own.items() if words}
    exact = {name: block[name] for name, words in told.items() if block[name] != words}
    return {**block, **told, **({"exact": exact} if exact else {})}


def _parts(block: Any) -> tuple[str, str]:
    """The code, and the words that came with it."""
    found = block if isinstance(block, Mapping) else {"code": block.code}
    return str(found["code"]), str(found.get("told") or "")


def _first(lang: Lang, *keys: str) -> str:
    """The first of these texts that there is; "" where there is none."""
    return next((catalogue(lang)[key] for key in keys if key in catalogue(lang)), "")
