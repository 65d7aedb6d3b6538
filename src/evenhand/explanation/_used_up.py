"""That limits had nothing left: which, in words, and whether a recorded change still holds then."""

from __future__ import annotations

from dataclasses import replace

from evenhand.terms import DecisionFacts

from ._text import text

__all__ = ["true_flip", "used_up_words"]


def used_up_words(facts: DecisionFacts, lang: str) -> str:
    """What was used up when the person came, of the offer that came first."""
    kinds = dict.fromkeys(name.partition(":")[0] for name in facts.used_up)
    return text("why.used-up", lang, what=", ".join(text(f"why.used-up.{kind}", lang) for kind in kinds))


def true_flip(facts: DecisionFacts) -> DecisionFacts:
    """The decision without its recorded change where that would have led to an offer of which no place was left."""
    if facts.flip_term < 0 or facts.runner_up not in facts.closed:
        return facts
    return replace(facts, flip_term=-1, flip_code=0)
