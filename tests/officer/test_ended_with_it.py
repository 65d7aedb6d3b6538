"""Requests that end because their person is erased: said before it is done, and their letters found after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evenhand.rights import State
from evenhand.staff import StaffRole


def _erase(desk, number, who):
    more = {"do": "answer", "who": who, "identity": "logged in", "lang": "en", "sure": "yes"}
    assert desk.officer.post(f"/officer/requests/{number}", **more).status_code == 200


@pytest.mark.parametrize(
    ("lang", "says"), [("nl", "vervallen dan zonder antwoord (2)"), ("en", "end without an answer (2)")]
)
def test_the_form_for_an_erasure_names_the_requests_that_end_with_it(desk, lang, says):
    """Those of the same person that are open, with links; nobody else's, and none where none is open."""
    number, who = desk.ask("erasure")
    other, _ = desk.ask("access", who=desk.shop.who("bread"))
    page = f"/officer/requests/{number}?lang={lang}"
    assert says.split("(", maxsplit=1)[0] not in desk.officer.get(page).text
    open_ones = [desk.ask(kind, who=who)[0] for kind in ("access", "rectification")]
    told = desk.officer.get(page).text
    assert says in told
    assert all(f'href="/officer/requests/{one}?lang={lang}"' in told for one in open_ones)
    assert f"/requests/{other}?" not in told
    assert says not in desk.officer.get(f"/officer/requests/{open_ones[0]}?lang={lang}").text


def test_the_letters_of_requests_that_ended_stand_in_the_queue(desk):
    """Each leads to its letter, for thirty days; a reviewer sees only those of reviews."""
    number, who = desk.ask("erasure")
    ended = desk.ask("access", who=who)[0]
    assert "Letters to be sent" not in desk.officer.get("/officer/?lang=en").text
    _erase(desk, number, who)
    assert desk.found(ended).request.state is State.LAPSED
    page = desk.officer.get("/officer/?lang=en").text
    assert "Letters to be sent" in page
    assert f'href="/officer/requests/{ended}?lang=en#letter"' in page
    assert "before there was an answer" in desk.officer.get(f"/officer/requests/{ended}?lang=en").text
    assert "Letters to be sent" not in desk.browser(StaffRole.REVIEWER).get("/officer/?lang=en").text
    desk.now += timedelta(days=31)
    assert "Letters to be sent" not in desk.officer.get("/officer/?lang=en").text
