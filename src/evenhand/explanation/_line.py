"""What an explanation is made of: factors, lines, and the words for columns, bins, purposes and offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from evenhand.policy import Campaign
from evenhand.terms import BinLabel, Origin

from ._text import catalogue, day, number, text

__all__ = [
    "Corrected",
    "Factor",
    "Line",
    "aware_columns",
    "bin_words",
    "meaning_of",
    "named_words",
    "offer_words",
    "origin_words",
    "purpose_words",
]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction of a value at the person's request.

    Attributes:
        at: when.
        how: ``whole``; ``part`` where it is one of two values that count together; ``later`` than the decision.
    """

    at: datetime
    how: Literal["whole", "part", "later"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One term's exact share in a score.

    Attributes:
        name: the column.
        meaning: what it is, in the reader's language.
        value: the bin that the person is in, in words.
        origin: given, observed or inferred.
        contribution: micro-logits; with the base they add up to the score.
        direction: ``for``, ``against`` or ``neutral``: nothing, or of a change too little to be written.
        corrected: what the person had corrected of it; None where nothing is known of that.
        about_offer: whether it is about the offer, and the same for everybody.
        is_unknown: whether it counted that the value is not known.
    """

    name: str
    meaning: str
    value: str
    origin: Origin
    contribution: int
    direction: str
    corrected: Corrected | None = None
    about_offer: bool = False
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, or a few that belong together.

    Attributes:
        key: stable word for what it says.
        layer: 1 for everybody who asks, 2 for who wants all of it, 3 for who wants to act on it.
        text: in the reader's language.
    """

    key: str
    layer: int
    text: str


def bin_words(label: BinLabel, lang: str) -> str:
    """A bin in words.

    Example:
        >>> bin_words(BinLabel(4, "range", 3.0, 7.5), "en")
        'from 3 to below 7.5'
    """
    if label.kind == "category":
        return label.text or ""
    if label.kind != "range":
        return text(f"bin.{label.kind}", lang)
    if label.lower is None and label.upper is None:
        return text("bin.any", lang)
    if label.lower is None:
        return text("bin.below", lang, upper=number(label.upper or 0.0, lang))
    if label.upper is None:
        return text("bin.from", lang, lower=number(label.lower, lang))
    return text("bin.between", lang, lower=number(label.lower, lang), upper=number(label.upper, lang))


def purpose_words(purpose: str, lang: str) -> str:
    """A DPV purpose in words; one without a text of its own is shown as the term itself, spaced."""
    spaced = "".join(f" {c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(purpose))
    return catalogue(lang).get(f"purpose.{purpose}", spaced)


def aware_columns(campaign: Campaign) -> tuple[str, ...]:
    """Sensitive columns whose groups the solver itself may use, by a clause of the campaign (RULES A-4a)."""
    names = (name for limit in campaign.limits.disparity if limit.mode == "aware" for name in limit.groups)
    return tuple(dict.fromkeys(names))


def named_words(factor: Factor, lang: str) -> str:
    """A factor as a sentence names it: by its meaning, and that it is not known, where that is what counted."""
    return text("factor.not-known", lang, meaning=factor.meaning) if factor.is_unknown else factor.meaning


def origin_words(factor: Factor, lang: str) -> str:
    """Where a value came from: the person, what was seen, what was worked out, a correction, or nowhere."""
    origin = text("origin.unknown" if factor.is_unknown else f"origin.{factor.origin.value}", lang)
    if factor.corrected is None:
        return origin
    return text(f"origin.corrected-{factor.corrected.how}", lang, origin=origin, day=day(factor.corrected.at, lang))


def meaning_of(campaign: Campaign, name: str, lang: str) -> str:
    """What a column means, in the reader's language; its name with spaces where the campaign does not say."""
    meaning = campaign.columns[name].meaning
    if meaning is None:
        return name.replace("_", " ")
    return meaning.nl if lang == "nl" else meaning.en


def offer_words(campaign: Campaign, index: int, lang: str) -> str:
    """What an offer says, in the reader's language."""
    words = campaign.offers[index].text
    return words.nl if lang == "nl" else words.en
