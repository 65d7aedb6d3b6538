"""Whoever writes an offer, a meaning or a category cannot break an explanation or the terminal that shows it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import make_campaign, make_explained, make_model
from evenhand.explanation import LANGUAGES, Explanation, tell
from evenhand.ledger import facts_of
from evenhand.policy import Campaign
from evenhand.terms import Binning, Model

HOSTILE = [
    "{sender}{0}{} {x!r:>99999}",
    "<script>alert('x')</script>",
    "first\nDecision: none\r\nsecond",
    "\x1b[31mred\x1b]0;title\x07 \x9b2J",
    "\u202egniht rehto\u2066\u2028",
    "100 % \\n %s $x `x` [bold]x[/bold]",
]


def hostile(words: str) -> tuple[Campaign, Model]:
    """A campaign in which everything that people write is `words`, with a category that is `words` too."""
    both = {"nl": words, "en": words}
    declared = make_campaign().model_dump()
    for column in declared["columns"].values():
        column["meaning"] = both if column["meaning"] else None
    declared["columns"]["f0"]["kind"] = "category"
    for offer in declared["offers"]:
        offer["text"] = both
    campaign = Campaign.model_validate(declared | {"controller": {"name": words, "contact": "a@shop.example"}})
    model = make_model(campaign)
    binnings = list(model.view.binnings)
    binnings[0] = Binning("f0", "category", categories=tuple(f"{words}{i}" for i in range(binnings[0].size - 3)))
    return campaign, replace(model, view=replace(model.view, binnings=tuple(binnings)))


def stories(words: str, lang: str, rows: int = 12) -> list[Explanation]:
    """A few explanations of that campaign: chosen, not chosen, contextual, refused."""
    campaign, model = hostile(words)
    explained = make_explained(12, campaign, model, seed=3)
    return [tell(facts_of(explained, row, "run"), campaign, model, lang) for row in range(rows)]


@cache
def plain(lang: str) -> tuple[Explanation, ...]:
    """The same with harmless words."""
    return tuple(stories("tulips", lang))


def steering(text: str) -> set[str]:
    """Characters that a terminal may act on, the line feed aside."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        one
        for one in text
        if one != "\n" and (unicodedata.category(one) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(one) in bidi)
    }


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_words_stay_words(words, lang):
    """Every explanation is made; braces are not filled in, nothing steers a terminal, no line can be forged."""
    for story, model_story in zip(stories(words, lang), plain(lang), strict=True):
        shown = story.to_text()
        assert not steering(shown)
        assert shown.count("\n") == model_story.to_text().count("\n")
        if story.offer:
            assert story.offer == words
            assert words in story.headline
        assert "<script" not in story._repr_html_()


@given(words=st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip())))
def test_no_text_at_all_can_steer_the_terminal(words):
    """Whatever the letters, the text has as many lines as with harmless ones, and no control character."""
    shown = stories(words, "en", rows=1)[0].to_text()
    assert not steering(shown)
    assert shown.count("\n") == plain("en")[0].to_text().count("\n")
