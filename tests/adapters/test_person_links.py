"""Links for people: good for one person, one thing and a while; anything else is no link."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.adapters.entry.person_links import Links, Scope, UsedInMemory
from evenhand.terms import UsageError

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
WHO = "canary7@mail.example"
LINKS = Links(bytes(range(32)))
MADE = LINKS.make(Scope.ONE_DECISION, WHO, until=SOON, about="20260301T090000Z-abcdef.7")


def test_a_link_says_whose_it_is_what_it_opens_and_until_when():
    """To whoever has the secret."""
    opening = LINKS.read(MADE, Scope.ONE_DECISION, at=NOW)
    assert (opening.who, opening.about, opening.until) == (WHO, "20260301T090000Z-abcdef.7", SOON)


def test_a_link_tells_nobody_else_anything():
    """Neither pseudonym nor decision nor moment stand in it, and two links to the same page have nothing in common."""
    raw = urlsafe_b64decode(MADE + "=" * (-len(MADE) % 4))
    seconds = int(SOON.timestamp()).to_bytes(8, "big")
    assert not any(one in raw for one in (WHO.encode(), b"canary", b"20260301", seconds))
    other = LINKS.make(Scope.ONE_DECISION, WHO, until=SOON, about="20260301T090000Z-abcdef.7")
    assert not {MADE[i : i + 8] for i in range(len(MADE) - 8)} & {other[i : i + 8] for i in range(len(other) - 8)}


@given(place=st.integers(0, len(MADE) * 6 // 8 * 8 - 1))
def test_a_link_with_one_other_bit_is_none(place):
    """Wherever it is changed."""
    raw = bytearray(urlsafe_b64decode(MADE + "=" * (-len(MADE) % 4)))
    place %= len(raw) * 8
    raw[place // 8] ^= 1 << place % 8
    forged = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    assert LINKS.read(forged, Scope.ONE_DECISION, at=NOW) is None


@given(st.text(max_size=200))
def test_any_other_text_is_no_link(text):
    """Whatever stands in the address, it is told to be no link, and nothing breaks."""
    assert LINKS.read(text, Scope.OWN_PAGES, at=NOW) is None


@pytest.mark.parametrize("scope", [Scope.OWN_PAGES, Scope.VISIT])
def test_a_link_opens_only_what_it_was_made_for(scope):
    """A link to one decision is no link to all pages, nor a visit."""
    assert LINKS.read(MADE, scope, at=NOW) is None


def test_a_link_of_another_home_is_none():
    """Another secret made it."""
    assert Links(bytes(32)).read(MADE, Scope.ONE_DECISION, at=NOW) is None


@pytest.mark.parametrize(
    ("at", "good"), [(SOON - timedelta(seconds=1), True), (SOON, False), (SOON + SOON.resolution, False)]
)
def test_a_link_ends_at_its_moment(at, good):
    """Up to the second before."""
    assert (LINKS.read(MADE, Scope.ONE_DECISION, at=at) is not None) is good


@pytest.mark.parametrize("spelling", [MADE + "=", MADE + "==", f" {MADE}", MADE[:-1], MADE + "A", "A" * 5_000])
def test_a_link_has_one_spelling(spelling):
    """So that a used link cannot be spelled anew."""
    assert LINKS.read(spelling, Scope.ONE_DECISION, at=NOW) is None


def test_a_mark_is_used_once_whoever_comes_at_the_same_moment():
    """Of fifty at once one is let in."""
    once = UsedInMemory()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: once.use(b"mark", SOON), range(50))) == 1


def test_a_form_token_belongs_to_one_visit():
    """Another visit's token is refused."""
    assert LINKS.is_form_token("one", LINKS.form_token("one"))
    assert not LINKS.is_form_token("one", LINKS.form_token("other"))
    assert not LINKS.is_form_token("one", "")


def test_a_link_does_not_tell_how_long_an_id_is():
    """Ids of up to thirty characters give links of the same length; one that cannot stand in a link is refused."""
    lengths = {len(LINKS.make(Scope.OWN_PAGES, "x" * length, until=SOON)) for length in range(1, 30)}
    assert len(lengths) == 1
    assert LINKS.read(LINKS.make(Scope.OWN_PAGES, "é" * 300, until=SOON), Scope.OWN_PAGES, at=NOW).who == "é" * 300
    with pytest.raises(UsageError, match="too long to stand in a link"):
        LINKS.make(Scope.OWN_PAGES, "x" * 1_000, until=SOON)


@pytest.mark.parametrize("scope", list(Scope))
def test_after_a_restore_a_link_that_opens_once_is_none(scope):
    """Nor a visit nor a code; a link to one decision opens as often as somebody likes, and still does."""
    restored = Links(bytes(range(32)), since=b"drawn at restore")
    old = LINKS.make(scope, "1042", until=NOW + timedelta(days=1))
    assert (restored.read(old, scope, at=NOW) is not None) == (scope is Scope.ONE_DECISION)
    new = restored.make(scope, "1042", until=NOW + timedelta(days=1))
    assert restored.read(new, scope, at=NOW) is not None
