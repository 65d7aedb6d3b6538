"""The card of an offer: all that an advertisement must say, escaped, the same in markup and in values."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.portal import Card, card_html, card_integrity, card_script, card_style, card_values, is_link

WHY = "/my/why/abc"
CARD = Card("Money off tea", "personal", "Corner shop", WHY, made_by_ai=True, link="/tea")


@pytest.mark.parametrize(
    ("kind", "lang", "says"),
    [
        ("personal", "nl", "Advertentie - gekozen met AI - Waarom zie ik dit?"),
        ("personal", "en", "Advertisement - chosen with AI - Why do I see this?"),
        ("contextual", "nl", "Advertentie - met AI gekozen, niet op basis van uw gegevens - Waarom zie ik dit?"),
        ("chance", "nl", "Advertentie - gekozen door loting - Waarom zie ik dit?"),
    ],
)
def test_a_card_says_what_it_is_and_how_it_was_chosen(kind, lang, says):
    """D-26(1)(a): and never that AI chose where chance did; only a personal card is marked as one."""
    card = Card("Money off tea", kind, "Corner shop", WHY)
    html = card_html(card, lang)
    assert says in re.sub(r"<[^>]+>", "", html)
    assert ("data-evenhand-personal" in html) == card_values(card, lang)["personal"] == (kind == "personal")
    assert f'lang="{lang}"' in html


def test_a_card_names_sender_and_payer_and_leads_to_why():
    """D-26(1)(b-d): the name of the link begins with its visible words (WCAG 2.5.3), and says of which offer."""
    html = card_html(CARD, "en")
    assert "From Corner shop." in html
    assert f'href="{WHY}" aria-label="Why do I see this? Money off tea"' in html
    assert '<a href="/tea" rel="sponsored">Money off tea</a>' in html
    assert "AI helped to make" in html
    assert 'aria-label="Advertisement: Money off tea"' in html


def test_who_pays_is_named_where_it_is_somebody_else():
    """D-26(1)(c): both names stand there."""
    card = Card("Money off tea", "personal", "Corner shop", WHY, payer="Tea Company")
    assert "From Corner shop. Tea Company pays for it." in card_html(card, "en")
    assert card_values(card, "nl")["from"] == "Van Corner shop. Tea Company betaalt ervoor."


def test_a_card_needs_nothing():
    """No script, no style and no address but its two links; script and style sheet together weigh less than 4 kB."""
    html = card_html(CARD, "en")
    assert not re.search(r"style=|<script|<style|onclick|src=", html)
    assert re.findall(r'href="([^"]*)"', html) == [WHY, "/tea"]
    assert len((card_script() + card_style()).encode()) <= 4_096


def test_the_script_keeps_nothing_and_calls_nobody_else():
    """No cookie, storage, beacon, markup from text or address of its own; it reads one privacy signal."""
    script = card_script()
    assert not re.search(
        r"cookie|[sS]torage|indexedDB|sendBeacon|XMLHttp|innerHTML|eval|https?://|import|document.ref", script
    )
    assert "globalPrivacyControl" in script


@given(offer=st.text(max_size=40), sender=st.text(max_size=40), payer=st.sampled_from(["", "Tea Company"]))
def test_words_never_become_markup(offer, sender, payer):
    """Whatever stands in a campaign file is text in the card: no element and no attribute more than there should be."""
    bare = re.sub(r"[a-z]", "", card_html(Card("", "personal", "", WHY, payer), "en"))
    html = card_html(Card(offer, "personal", sender, WHY, payer), "en")
    for sign in "<>":
        assert html.count(sign) == bare.count(sign)
    assert html.count('"') == bare.count('"')
    assert " ".join(sender.split()) in " ".join(unescape(html).split())


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "https://",
        "https://shop.example@evil.example/",
        "java\tscript:alert(1)",
        " https://shop.example",
        "https://[",
        "/x" * 2_000,
        "",
    ],
)
def test_only_an_address_is_a_link(address):
    """A script, another server in disguise or an empty place makes no card."""
    assert not is_link(address)
    with pytest.raises(ValueError, match="not a path or a page"):
        card_html(Card("tea", "personal", "shop", address), "nl")
    if address:
        with pytest.raises(ValueError, match="not a path or a page"):
            card_values(Card("tea", "personal", "shop", WHY, link=address), "nl")


def test_published_files_are_those_that_pages_name():
    """Their digests are published (docs/reference/card.md) and stand in shops' pages: a change is a new version."""
    assert card_integrity(card_script(1)) == SCRIPT_1
    assert card_integrity(card_script()) == card_integrity(card_script(2)) == SCRIPT_2
    assert card_integrity(card_style()) == STYLE_1
    with pytest.raises(KeyError, match="card-3"):
        card_script(3)


def test_a_personal_card_says_whether_a_browsers_opt_out_stops_it():
    """C-7025: closed unless the service says that it passes; a card with nothing personal in it always does."""
    overruled = Card("tea", "personal", "shop", WHY, stops_at_gpc=False)
    assert [card_values(one, "nl")["gpc"] for one in (CARD, overruled)] == ["stops", "passes"]
    assert 'data-evenhand-personal="stops"' in card_html(CARD, "nl")
    assert 'data-evenhand-personal="passes"' in card_html(overruled, "nl")
    assert card_values(Card("tea", "contextual", "shop", WHY), "nl")["gpc"] == "passes"


SCRIPT_2 = "sha384-+rpO/WClvzUINxhxXlcUNs3p+5wZA2uhYNFxAGXejeLZQYLJs/9u5Kej2QZFSEfs"
SCRIPT_1 = "sha384-Bz81cUOx66Zxz6Y9BNr4+mxVGkuUyqJHrsyck9UE3YOS/mBYhNDA9kA1rhD7+MGA"
STYLE_1 = "sha384-CZ1gRNEi+KKe1nPjlE9Ni74+j5GJSVTXg7zzV5z6w44Uy8I3jExEl3haV8ASYRK8"
