"""Where a rule stands, as a reader of each language says it: GDPR 17(3)(b) is AVG artikel 17 lid 3 onder b in Dutch."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

__all__ = ["article_in_words"]

_LAW = r"(?P<law>{names}) (?P<places>\d[\d.]*(?:\(\w+\))*(?:-\(?\w+\)?)?(?:, (?:\(\w+\)|\d[\d.]*(?:\(\w+\))*))*)"
_PLACE = re.compile(r"(?P<article>\d[\d.]*)?(?P<parts>(?:\(\w+\))*)(?:-\(?(?P<until>\w+)\)?)?")


def article_in_words(cited: str, lang: str) -> str:
    """A citation in the words of a language. What it does not know stays as it is.

    Example:
        >>> article_in_words("GDPR 17(3)(b)", "nl"), article_in_words("GDPR 17(3)(b)", "en")
        ('AVG artikel 17 lid 3 onder b', 'GDPR 17(3)(b)')
        >>> article_in_words("GDPR 21(2)-(3); C-673/17 Planet49", "nl")
        'AVG artikel 21 lid 2 en 3; C-673/17 Planet49'
    """
    if lang != "nl":
        return cited
    words = _dutch()
    for said, dutch in words["phrases"].items():
        cited = cited.replace(said, dutch)
    laws = words["laws"]
    names = "|".join(re.escape(name) for name in laws)
    return re.sub(_LAW.format(names=names), lambda found: f"{laws[found['law']]} {_places(found['places'])}", cited)


def _places(places: str) -> str:
    said: list[str] = []
    for one in places.split(", "):
        found = _PLACE.fullmatch(one)
        assert found is not None
        parts = re.findall(r"\((\w+)\)", found["parts"])
        if not found["article"]:
            said.append(f"en {parts[0]}")
            continue
        words = [f"artikel {found['article']}"]
        words += [f"lid {part}" if part.isdigit() else f"onder {part}" for part in parts]
        if until := found["until"]:
            is_next = until.isdigit() and bool(parts) and parts[-1].isdigit() and int(until) == int(parts[-1]) + 1
            words.append(f"en {until}" if is_next else f"tot en met {until}")
        said.append(("en " if said else "") + " ".join(words))
    return " ".join(said)


@cache
def _dutch() -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads(
        (files(__package__) / "catalogue" / "articles.json").read_text("utf-8")
    )
    return content
