"""The currencies in which amounts can be declared."""

from __future__ import annotations

from babel.numbers import get_currency_name

from evenhand.policy._currencies import CURRENCIES

NEWER = {"XCG", "ZWG"}
"""Since 2024 and 2025; a library of before has no name for them yet."""


def test_every_currency_is_one_that_people_have_a_word_for():
    """In Dutch and in English, so a slip in the list would show here."""
    unnamed = {code for code in CURRENCIES for lang in ("nl", "en") if get_currency_name(code, locale=lang) == code}
    assert unnamed <= NEWER
    assert len(CURRENCIES) > 150
