"""What a drafted campaign file leaves to be filled in, and which of it is still there.

`evenhand init` writes these texts, and `review` looks for them: what a person would read, or a regulator, must not be
a text that a program made up. What cannot be told from an answer (a value of 1.00) is only a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from evenhand.terms import Role, Severity

from ._finding import Path, PolicyFinding, found

__all__ = [
    "CONTACT_TO_FILL_IN",
    "NAME_TO_FILL_IN",
    "OFFER_TO_FILL_IN",
    "drafted_meaning",
    "review_placeholders",
    "words_of",
]

NAME_TO_FILL_IN = "NAME OF YOUR ORGANISATION"
CONTACT_TO_FILL_IN = "privacy@example.org"
OFFER_TO_FILL_IN = {"nl": "Schrijf hier uw aanbod", "en": "Write your offer here"}
_MEANING_TO_FILL_IN = {"nl": "VUL IN:", "en": "FILL IN:"}
_DRAFTED_ID = "offer-1"
_LANGUAGES = {"nl": "Dutch", "en": "English"}
_NOBODY = re.compile(r"(?:^|[@/.])example\.(?:com|net|org)(?:$|[/?#:])", re.IGNORECASE)
"""Addresses that nobody has: domains reserved for documentation (RFC 2606)."""


def words_of(name: str) -> str:
    """A column's name as words.

    Example:
        >>> words_of("last_order_days")
        'last order days'
    """
    return " ".join(re.findall(r"[^\W_]+", name)) or name


def drafted_meaning(name: str) -> dict[str, str]:
    """The meaning that a draft gives a feature, by language, for a person to write over.

    Example:
        >>> drafted_meaning("visits")["en"]
        'FILL IN: visits'
    """
    return {lang: f"{mark} {words_of(name)}" for lang, mark in _MEANING_TO_FILL_IN.items()}


def review_placeholders(document: Mapping[object, object]) -> Iterator[PolicyFinding]:
    """Everything that a draft left to be filled in and nobody has, whether or not the rest of the file can be read.

    Args:
        document: the file as plain data. What is not of the right form is passed over; others say so.
    """
    controller = _mapping(document.get("controller"))
    if _is_unfilled(controller.get("name")):
        yield found(
            "EH-POL-060",
            ("controller", "name"),
            "The name of the organisation is still the draft's.",
            "Write the name that people know your organisation by.",
        )
    contact = controller.get("contact")
    if _is_unfilled(contact) or (isinstance(contact, str) and _NOBODY.search(contact.strip())):
        yield found(
            "EH-POL-061",
            ("controller", "contact"),
            "The contact is still an example address, where nobody answers.",
            "Write the e-mail address or page where people can ask a human.",
        )
    offers = document.get("offers")
    for place, offer in enumerate(offers if isinstance(offers, (list, tuple)) else ()):
        yield from _offer(_mapping(offer), ("offers", place))
    for name, column in _mapping(document.get("columns")).items():
        if isinstance(name, str):
            yield from _meaning(name, _mapping(column))


def _offer(offer: Mapping[object, object], path: Path) -> Iterator[PolicyFinding]:
    number = f"number {int(path[-1]) + 1}"
    if unfilled := _unfilled_languages(_mapping(offer.get("text"))):
        yield found(
            "EH-POL-062",
            _place((*path, "text"), unfilled),
            f"The {_told(unfilled)} text of offer {number} is still the draft's.",
            "Write what the person sees.",
        )
    if offer.get("id") == _DRAFTED_ID and (_money(offer.get("value")), _money(offer.get("cost"))) == (1, 0):
        yield found(
            "EH-POL-064",
            (*path, "value"),
            f"Value and cost of offer {number} are still the draft's; they decide who gets it.",
            "Write what a response brings and what showing it costs, and give the offer an id of its own.",
        )


def _meaning(name: str, column: Mapping[object, object]) -> Iterator[PolicyFinding]:
    """An error where the feature is used; a note where nobody has confirmed it, since then nobody reads it."""
    meaning = _mapping(column.get("meaning"))
    if column.get("role") != Role.FEATURE or not meaning:
        return
    confirmed = column.get("confirmed", True) is True
    path: Path = ("columns", name, "meaning")
    if unfilled := _unfilled_languages(meaning):
        yield found(
            "EH-POL-063",
            _place(path, unfilled),
            f"The {_told(unfilled)} meaning of the feature {name} is still the draft's.",
            "Say it as you would to the person: it is how their decision is explained.",
            severity=None if confirmed else Severity.NOTE,
        )
    elif confirmed and {_folded(text) for text in meaning.values()} == {_folded(words_of(name))}:
        yield found(
            "EH-POL-065",
            path,
            f"The meaning of the feature {name} only repeats the column's name.",
            "Say it as you would to the person, in Dutch and in English.",
        )


def _unfilled_languages(text: Mapping[object, object]) -> list[str]:
    return [lang for lang in _LANGUAGES if _is_unfilled(text.get(lang))]


def _place(path: Path, unfilled: list[str]) -> Path:
    """The text itself where all of it is unfilled, else the one language."""
    return path if len(unfilled) == len(_LANGUAGES) else (*path, *unfilled)


def _told(unfilled: list[str]) -> str:
    return " and ".join(_LANGUAGES[lang] for lang in unfilled)


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def _money(value: object) -> float | None:
    """The amount, None where it is none; left out, it is nothing."""
    try:
        return 0.0 if value is None else float(str(value))
    except ValueError:
        return None


_UNFILLED = frozenset(text.casefold() for text in (NAME_TO_FILL_IN, CONTACT_TO_FILL_IN, *OFFER_TO_FILL_IN.values()))
_MARKS = tuple(mark.casefold() for mark in _MEANING_TO_FILL_IN.values())


def _folded(text: object) -> str:
    """The text as it is compared: without case, surplus space and a full stop."""
    return " ".join(text.split()).rstrip(".!").casefold() if isinstance(text, str) else ""


def _is_unfilled(text: object) -> bool:
    folded = _folded(text)
    return folded in _UNFILLED or folded.startswith(_MARKS)
