"""The pages beside the live service: a live decision is told, and what is switched off there is heard by the next."""

from __future__ import annotations

import re

import pytest

from evenhand.assembly import consent_history, people_beside
from live_cases import Web, opened
from portal_cases import Browser


@pytest.fixture
def web(real):
    """A service that has the pages below /my, and a key for everything."""
    with opened(real.campaign.parent) as serving:
        yield Web(serving, "decide", "read", "consents", **people_beside(serving, "/my"))


def _decided(web, person):
    answer = web("POST", "/v1/decisions", {"subject": person})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_from_the_answer_to_the_page_and_back(web, real):
    """Decide, make the link for the ad, open it, press the button; the next decision does not use the facts."""
    person = real.who("tea")
    first = _decided(web, person)
    made = web("POST", "/v1/links", {"subject": person, "decision_id": first["decision_id"]}).json()
    assert made["link"].startswith("/my/why/")
    assert (made["once"], made["known"]) == (False, True)
    page = Browser(web.app).get(made["link"] + "?lang=en").text
    named = re.findall(r'name="name" value="([^"]+)"', page.split('value="factor-off"')[0])
    assert named
    done = Browser(web.app).post(made["link"], data={"do": "factor-off", "name": named, "lang": "en"})
    assert "From now on this does not count for you." in done.text
    second = _decided(web, person)
    found, _ = real.house.desk(person).record.decision(second["decision_id"])
    assert len(found.switched_off) == len(named)
    done = Browser(web.app).post(made["link"], data={"do": "personal-off", "lang": "en"})
    assert _decided(web, person)["standing"] == "contextual"
    assert len(consent_history(person, home=real.home.folder).said) == len(named) + 1


def test_own_pages_open_once(web, real):
    """By a link that a machine with the right scope asked for."""
    made = web("POST", "/v1/links", {"subject": real.who("tea"), "days": 1}).json()
    assert (made["once"], made["known"]) == (True, True)
    page = Browser(web.app).post(made["link"])
    assert page.url.path == "/my/me"
    assert Browser(web.app).post(made["link"]).status_code == 403
    nobody = web("POST", "/v1/links", {"subject": real.who("tea").upper() + "-", "days": 1}).json()
    assert (nobody["once"], nobody["known"]) == (True, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"subject": "nobody", "decision_id": "20200101T000000Z-000000.1"}, 422),
        ({"subject": "x", "decision_id": "last"}, 422),
        ({"subject": "x", "days": 900}, 422),
        ({"subject": ""}, 422),
        ({"subject": "x", "site": "https://evil.example"}, 422),
    ],
)
def test_what_is_no_link_is_a_problem(web, body, status):
    """In one shape, and without the person's id."""
    answer = web("POST", "/v1/links", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_without_the_scope_makes_no_links(real):
    """A machine that may decide may not open people's pages."""
    with opened(real.campaign.parent) as serving:
        web = Web(serving, "decide", "read", **people_beside(serving, "/my"))
        assert web("POST", "/v1/links", {"subject": "x"}).status_code == 403
