"""The door for staff: roles, sessions, forms from elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from starlette.responses import PlainTextResponse

from evenhand.adapters.sign_in.staff_sessions import SESSION, SessionsInMemory, StaffSessions
from evenhand.adapters.web import StaffDoor
from evenhand.staff import Section, StaffRole
from staff_cases import AT, SECRET, SITE, StaffBrowser, a_door

SECTIONS = (
    Section("/officer/", "staff.role.privacy-officer", frozenset({StaffRole.PRIVACY_OFFICER})),
    Section("/console/", "staff.role.marketer", frozenset({StaffRole.MARKETER})),
)


def _house(door):
    changed = []

    async def page(request, staff):
        return PlainTextResponse(staff.mark)

    async def change(request, staff, form):
        changed.append(form["name"][-1])
        return door.sent_on("/officer/", request, form, done="kept")

    routes = [
        door.page("/officer/", page, StaffRole.PRIVACY_OFFICER),
        door.sending("/officer/change", change, StaffRole.PRIVACY_OFFICER),
    ]
    return door.mount(routes), changed


def test_whoever_has_the_role_gets_the_page_with_private_headers():
    """It is not kept, not framed, and its forms say where they came from."""
    door = a_door(SECTIONS)
    app, _ = _house(door)
    answer = StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER]).get("/officer/")
    assert answer.status_code == 200
    assert re.fullmatch(r"staff-[0-9a-f]{12}", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "same-origin"


def test_nobody_is_sent_to_the_sign_in_and_back():
    """The way back is the path alone: no other site, and no query that holds anything."""
    door = a_door(SECTIONS)
    app, _ = _house(door)
    answer = StaffBrowser(app, door).get("/officer/?x=//evil.example")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/staff/sign-in?to=/officer/&lang=nl"


@pytest.mark.parametrize(
    "roles", [[], [StaffRole.MARKETER], [r for r in StaffRole if r is not StaffRole.PRIVACY_OFFICER]]
)
def test_every_other_role_is_refused_and_told_whom_to_ask(roles):
    """A page and a form alike; the parts of the house that are not theirs are not named either."""
    door = a_door(SECTIONS)
    app, changed = _house(door)
    browser = StaffBrowser(app, door, roles)
    page, sent = browser.get("/officer/?lang=en"), browser.post("/officer/change", name="x", lang="en")
    for answer in (page, sent):
        assert answer.status_code == 403
        assert "it@shop.example" in answer.text
        assert "privacy officer" in answer.text
        assert 'class="parts"' not in answer.text or StaffRole.MARKETER in roles
        assert ">privacy officer</a>" not in answer.text
    assert not changed


def test_a_form_from_elsewhere_changes_nothing():
    """A wrong token, another origin, another site, or a browser that says nothing of where it came from."""
    door = a_door()
    app, changed = _house(door)
    browser = StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER])
    bad = [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": SITE},
        {"origin": SITE + ".evil.example"},
        {"origin": "http://shop.example"},
        {},
    ]
    for headers in bad:
        assert browser.post("/officer/change", headers=headers, name="x").status_code == 403, headers
    browser.csrf = "0" * 64
    assert browser.post("/officer/change", name="x").status_code == 403
    browser.csrf = ""
    assert browser.post("/officer/change", name="x").status_code == 403
    assert not changed


def test_a_token_of_another_session_is_none():
    """Of the same person even: each session has its own."""
    door = a_door()
    app, changed = _house(door)
    one, other = (StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER]) for _ in range(2))
    one.csrf = other.csrf
    assert one.post("/officer/change", name="x").status_code == 403
    assert not changed


def test_a_form_that_is_too_large_or_none_is_refused():
    """Before anything is done with it."""
    door = a_door()
    app, changed = _house(door)
    browser = StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER])
    assert browser.post("/officer/change", name="x" * 70_000).status_code == 403
    assert not changed


def test_a_good_form_is_carried_out_and_sends_on():
    """By a GET, so that a reload sends it once."""
    door = a_door()
    app, changed = _house(door)
    answer = StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER]).post("/officer/change", name="one", lang="en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/officer/?lang=en&done=kept")
    assert changed == ["one"]


def test_a_session_ends_by_itself_and_by_signing_out():
    """After its time, and at once when it is ended; then a form changes nothing."""
    now = [AT]
    door = a_door(clock=lambda: now[0])
    app, changed = _house(door)
    browser = StaffBrowser(app, door, [StaffRole.PRIVACY_OFFICER])
    now[0] = AT + SESSION - timedelta(seconds=1)
    assert browser.get("/officer/").status_code == 200
    now[0] = AT + SESSION
    assert browser.get("/officer/").status_code == 303
    assert browser.post("/officer/change", name="x").status_code == 401
    assert not changed


def test_a_page_that_no_role_opens_is_a_mistake():
    """It is found when the page is added, not when somebody looks."""

    async def page(request, staff):
        return PlainTextResponse("")

    with pytest.raises(ValueError, match="no role"):
        a_door().page("/x", page)


def test_a_fault_in_a_page_is_told_to_whoever_runs_it_and_not_to_who_asks():
    """A page instead, without a word of what went wrong."""
    told = []
    sessions = StaffSessions(SECRET, SessionsInMemory())
    door = StaffDoor(sessions, (), site=SITE, clock=lambda: AT, fault=told.append)

    async def page(request, staff):
        raise ValueError("canary")

    browser = StaffBrowser(
        door.mount([door.page("/x", page, StaffRole.AUDITOR)]), door, [StaffRole.AUDITOR], quiet=True
    )
    answer = browser.get("/x")
    assert answer.status_code == 503
    assert "canary" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert [str(one) for one in told] == ["canary"]
