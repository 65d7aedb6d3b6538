"""Signals in plain words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.explanation import LANGUAGES, catalogue, problem_words, tell_signal
from evenhand.signals import Problem, Wish, read_gpp, read_tcf, read_us_privacy
from evenhand.terms import Use
from signal_cases import GPP_STRINGS, TCF_STRINGS, US_PRIVACY

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TC = "CPTtLAAPTtLAAAKAAAENAAFgALwAAEAAAAAAAOgAgABgAAAA.IAoAAgABgAAEAQAAEAAA.d4AACEAAAAAA"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_problem_wish_and_use_has_its_words(lang):
    """Nothing is shown as a code."""
    assert all(problem_words(problem, lang) for problem in Problem)
    assert all(f"signal.wish.{wish.name.lower()}" in catalogue(lang) for wish in Wish)
    assert all(f"signal.use.{use.value}" in catalogue(lang) for use in Use)
    assert all(f"signal.choice.{value}" in catalogue(lang) for value in range(4))


@settings(max_examples=30)
@given(said=TCF_STRINGS | GPP_STRINGS | US_PRIVACY | st.booleans(), lang=st.sampled_from(LANGUAGES))
def test_whatever_can_be_read_can_be_told(said, lang):
    """In both languages, with or without a vendor."""
    assert tell_signal(said, lang, at=NOW)
    assert tell_signal(said, lang, at=NOW, vendor=755)


def test_a_tc_string_says_which_purposes_and_whether_a_vendor_may():
    """Purposes by name; the vendor's answer as of the moment."""
    lines = tell_signal(read_tcf(TC), "en", at=datetime(2022, 3, 1, tzinfo=UTC), vendor=11)
    assert "  4: choose personalised advertising by a profile" in lines
    assert lines[-1].startswith("Vendor 11 may use personal data")
    assert tell_signal(read_tcf(TC), "nl", at=NOW, vendor=11)[-1].endswith("de keuze is ouder dan 13 maanden.")


def test_a_gpp_string_says_each_section_and_all_together():
    """A section that cannot be read says why, and grants nothing."""
    lines = tell_signal(read_gpp("DBABrw~BVVVkkkkkpFY~BVWSSSVY.YA"), "en", at=NOW)
    assert "Section usnat:" in lines
    assert any(line.startswith("  It permits nothing: something is left over") for line in lines)
    assert "  Global Privacy Control was on." in lines
    assert "  sale of personal data: opted out" in lines


def test_no_opt_out_is_told_as_no_consent():
    """Of an old us_privacy string, too."""
    lines = tell_signal(read_us_privacy("1YNN"), "en", at=NOW)
    assert lines[1:] == (
        "sale of personal data: not opted out",
        "Whoever did not opt out has not consented by that.",
    )
