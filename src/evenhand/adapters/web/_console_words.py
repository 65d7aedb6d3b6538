"""Blocks in the reader's language, and a form that is shown again in another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.adapters.campaigning import FindingsError
from evenhand.terms import EvenhandError

from ._problems import CODES, problem_of
from ._texts import text
from .staff_door import Form

__all__ = ["block_in_words", "in_language", "in_meanings", "in_words"]


def block_in_words(error: EvenhandError, lang: str) -> dict[str, Any]:
    """What went wrong, as it is shown; of findings the first that stops it."""
    if isinstance(error, FindingsError):
        first: dict[str, Any] = dict(next((one for one in error.blocks if one["blocks"]), error.blocks[0]))
        return in_words([first], lang)[0]
    problem = problem_of(error)
    owner = str(problem.blocks[0]["owner"]) if problem.blocks else owner_by_code(error.code)
    found = {"code": error.code, "what": error.what, "rule": error.rule, "remedy": error.remedy, "owner": owner}
    return in_words([found], lang)[0]


def owner_by_code(code: str) -> str:
    """Who can mend what stands in the way, where that is known; "" = whoever asks."""
    if code in ("campaign-sources", "campaign-declared", "campaign-not-live"):
        return "operator"
    return ""


def in_words(blocks: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Blocks with a sentence in a language (``told``) where the problem of their code has one; a check has its own."""
    return [{**one, "told": text(f"problem.{one['code']}", lang) if one["code"] in CODES else ""} for one in blocks]


def in_meanings(found: Mapping[str, Any], meanings: Mapping[str, Mapping[str, str]], lang: str) -> dict[str, Any]:
    """What monitors found, with columns of groups by what they mean, where the campaign says so."""

    def meant(names: Sequence[str]) -> list[str]:
        return [meanings.get(name, {}).get(lang) or name for name in names]

    streams = [
        {
            **stream,
            "comparisons": [{**one, "features": meant(one["features"])} for one in stream["comparisons"]],
            "not_compared": [meant(one) for one in stream["not_compared"]],
        }
        for stream in found["streams"]
    ]
    return {**found, "streams": streams}


def in_language(form: Form) -> tuple[Form, bool]:
    """A form in the language of the button by which it was sent, and whether that was such a button."""
    do = (form.get("do") or [""])[-1]
    if do not in ("lang-nl", "lang-en"):
        return form, False
    return {**form, "lang": [do.removeprefix("lang-")], "do": ["see"]}, True
