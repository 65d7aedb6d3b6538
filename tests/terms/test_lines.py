"""Names and reasons in one line."""

import pytest

from evenhand.terms import in_one_line


@pytest.mark.parametrize(
    "hidden", ["", " ", "\t\n", "\x00", "\u200b", "\u2060\ufeff", "\u3164", "\u0301", "\u202e\u200d", "\x1b"]
)
def test_what_nobody_can_see_is_no_name(hidden):
    """White space, control characters, marks without a letter, and letters that look like nothing."""
    assert in_one_line(hidden) == ""


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  Noor   de Wit ", "Noor de Wit"),
        ("a\nb\x00c", "a b c"),
        ("\u202eevil\u202c live", "evil live"),
        ("\x1b[2Jgone", "[2Jgone"),
        ("so\u00adft", "soft"),
    ],
)
def test_what_turns_or_hides_a_part_of_a_line_is_left_out(typed, read):
    """So that who did something reads the same in a ledger, on a page and on a terminal."""
    assert in_one_line(typed) == read


@pytest.mark.parametrize("name", ["Zoë Şahin", "می\u200cخواهم", "李雷", "e\u0301tienne", "👩\u200d💻", "+31", "desk-4"])
def test_names_of_all_the_world_stay_as_they_are(name):
    """Also with the joiners that their writing needs."""
    assert in_one_line(name) == name
