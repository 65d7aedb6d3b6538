"""Cards over HTTP: what was recorded is what is shown, to the one whom it is about; and the files that place them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.assembly import people_beside
from evenhand.portal import card_script, card_style
from live_cases import Web, opened
from portal_cases import Browser


@pytest.fixture
def web(real):
    """A service that has the pages below /my, and a key that may decide and read."""
    with opened(real.campaign.parent) as serving:
        yield Web(serving, "decide", "read", **people_beside(serving, "/my"))


def _decided(web, person, **more):
    return web("POST", "/v1/decisions", {"subject": person, **more}).json()["decision_id"]


def _card(web, person, decision, **more):
    return web("POST", "/v1/cards", {"subject": person, "decision_id": decision, **more})


def test_the_card_of_a_decision_leads_to_its_why(web, real):
    """Words, values and markup agree; the link opens the page of that decision, in the card's own language."""
    person = real.who("tea")
    made = _card(web, person, _decided(web, person), lang="en", link="/tea").json()
    assert made["card"]["offer"] == {"text": "Money off tea", "link": "/tea"}
    assert (made["card"]["how"], made["card"]["personal"]) == ("chosen with AI", True)
    assert made["card"]["why"]["link"] in made["html"]
    page = Browser(web.app).get(made["card"]["why"]["link"])
    assert page.status_code == 200
    assert '<html lang="en">' in page.text
    assert "Money off tea" in page.text
    assert person not in str(made)


def test_the_language_is_that_of_the_browser_unless_it_is_named(web, real):
    """A shop can send on what the browser said."""
    person = real.who("tea")
    answer = web(
        "POST",
        "/v1/cards",
        {"subject": person, "decision_id": _decided(web, person)},
        {"accept-language": "nl-NL,nl;q=0.9"},
    )
    assert answer.headers["content-language"] == answer.json()["card"]["lang"] == "nl"


def test_where_nothing_is_offered_there_is_no_card(web):
    """No words that promise one: an empty place in the page. Here somebody who withdrew consent, and got nothing."""
    person = "canary6@mail.example"
    made = _card(web, person, _decided(web, person))
    assert made.json() == {"card": None, "html": ""}


def test_a_card_is_for_the_one_it_is_about(web, real):
    """Another person's decision, one that never was, and one of somebody erased, each have a problem of their own."""
    person = real.who("tea")
    decision = _decided(web, person)
    other = _card(web, "canary1@mail.example", decision)
    assert (other.status_code, other.json()["type"]) == (404, "/problems/decision-unknown")
    none = _card(web, person, "20200101T000000Z-000000.1")
    assert (none.status_code, none.json()["type"]) == (404, "/problems/decision-unknown")
    assembly.erase(person, home=web.place, at=datetime.now(UTC))
    gone = _card(web, person, decision)
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/decision-closed")


def test_what_makes_no_safe_card_is_a_problem(web, real):
    """No link that is a script, and no way to why that travels where anybody can read it."""
    person = real.who("tea")
    decision = _decided(web, person)
    for more in (
        {"link": "javascript:alert(1)"},
        {"link": "//evil.example/x"},
        {"site": "http://shop.example"},
        {"site": "http://127.0.0.1.evil.example"},
        {"site": 'https://shop.example/"x'},
        {"site": "https://"},
        {"site": "https://user@shop.example"},
        {"site": "https://[shop"},
        {"site": "/my"},
        {"days": 900},
        {"lang": "fr"},
        {"html": True},
    ):
        answer = _card(web, person, decision, **more)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unprocessable"), more


def test_a_card_may_stand_on_another_server(web, real):
    """Its way to why then names the server of the pages."""
    person = real.who("tea")
    made = _card(web, person, _decided(web, person), site="https://shop.example/").json()
    assert made["card"]["why"]["link"].startswith("https://shop.example/my/why/")


def test_a_key_must_be_allowed_to_read(real):
    """A way to why shows a person's facts: whoever may only decide makes no card, and nobody does without a key."""
    with opened(real.campaign.parent) as serving:
        web = Web(serving, "decide", **people_beside(serving, "/my"))
        asked = {"subject": real.who("tea"), "decision_id": "20200101T000000Z-000000.1"}
        assert web("POST", "/v1/cards", asked).status_code == 403
        assert web("POST", "/v1/cards", asked, {"authorization": ""}).status_code == 401


def test_the_files_are_for_everybody(web):
    """Without a key, as published byte for byte, for any page to name by its digest, and to be kept for a year."""
    for path, kind, content in (
        ("/card/1.js", "text/javascript", card_script(1)),
        ("/card/2.js", "text/javascript", card_script()),
        ("/card/1.css", "text/css", card_style()),
    ):
        answer = web("GET", path, headers={"authorization": ""})
        assert answer.headers["content-type"].startswith(kind)
        assert answer.content == content.encode()
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers
