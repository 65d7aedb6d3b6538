"""Signing in: the whole way, and everything that is not it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.adapters.entry.person_links import UsedInMemory
from evenhand.adapters.sign_in.issuer import Issuer
from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions
from evenhand.adapters.sign_in.staff_sign_in import PATIENCE, SignIn, StateError, safe_path
from evenhand.adapters.web import dev_settings
from evenhand.adapters.web.staff_door import COOKIE
from evenhand.adapters.web.staff_sign_in import SIGNING_IN
from evenhand.staff import StaffRole
from staff_cases import AT, SECRET

from .conftest import HERE, Visitor


def _who(house, visitor):
    return house.sessions.read(visitor.cookies.get(COOKIE, ""), at=house.now)


def test_the_whole_way_ends_in_a_session_with_the_roles_that_the_issuer_says(house, visitor):
    """Back to the page that was asked for; nothing of the sign-in is left in the browser."""
    answer = visitor.sign_in("dev-3", to="/officer/requests/R-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/officer/requests/R-1")
    who = _who(house, visitor)
    assert who.roles == {StaffRole.PRIVACY_OFFICER}
    assert who.name == "Puck Privacy"
    assert SIGNING_IN not in visitor.cookies
    assert "Puck" not in visitor.cookies[COOKIE]
    page = visitor.get("/staff/", lang="en").text
    assert "Puck Privacy" in page
    assert 'href="/officer/' in page
    assert 'href="/console/' not in page


def test_what_the_issuer_is_asked_has_state_nonce_and_proof_of_the_code(visitor):
    """All of them new each time; the way back is the registered one."""
    first, second = (parse_qs(urlsplit(visitor.begin()).query) for _ in range(2))
    assert first["redirect_uri"] == [f"{HERE}/staff/back"]
    assert first["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]


def test_the_same_person_has_the_same_mark_and_another_another(house, visitor):
    """So that records tell people apart, and name nobody."""
    visitor.sign_in("dev-3")
    first = _who(house, visitor).mark
    visitor.sign_in("dev-3")
    assert _who(house, visitor).mark == first
    visitor.sign_in("dev-5")
    assert _who(house, visitor).mark != first


def test_a_way_back_works_once(house, visitor):
    """Who repeats it, with the cookie even, is not signed in."""
    back = visitor.choose(visitor.begin(), "dev-3")
    kept = dict(visitor.cookies)
    assert visitor.get(back).status_code == 303
    again = Visitor(house)
    again.cookies = kept
    answer = again.get(back)
    assert answer.status_code == 403
    assert COOKIE not in again.cookies


def test_a_way_back_of_another_browser_signs_nobody_in(house, visitor):
    """An attacker's own sign-in, sent to somebody as a link, is none of theirs: with or without one begun."""
    back = visitor.choose(visitor.begin(), "dev-3")
    victim = Visitor(house)
    assert victim.get(back).status_code == 403
    victim.begin()
    assert victim.get(back).status_code == 403
    assert COOKIE not in victim.cookies


def test_a_code_of_another_sign_in_is_refused_by_its_nonce_and_proof(house, visitor):
    """The state fits, the code was made for somebody else: the issuer refuses the proof, and so do we."""
    other = Visitor(house)
    stolen = parse_qs(urlsplit(other.choose(other.begin(), "dev-3")).query)["code"][0]
    state = parse_qs(urlsplit(visitor.begin()).query)["state"][0]
    answer = visitor.get("/staff/back", code=stolen, state=state, iss=house.issuer.address)
    assert answer.status_code == 403
    assert "invalid_grant" in house.told[-1]
    assert stolen not in house.told[-1]
    assert COOKIE not in visitor.cookies


@pytest.mark.parametrize("change", ["state", "code", "iss", "error"])
def test_a_way_back_with_something_wrong_signs_nobody_in(house, visitor, change):
    """A state or a code left out, another issuer, or an error in place of a code."""
    query = {
        name: values[0] for name, values in parse_qs(urlsplit(visitor.choose(visitor.begin(), "dev-3")).query).items()
    }
    if change == "iss":
        query["iss"] = "https://evil.example"
    elif change == "error":
        query["error"] = "access_denied"
    else:
        del query[change]
    assert visitor.get("/staff/back", **query).status_code == 403
    assert COOKIE not in visitor.cookies


def test_whoever_takes_too_long_begins_again(house, visitor):
    """A sign-in that was begun is good for a while only."""
    back = visitor.choose(visitor.begin(), "dev-3")
    house.now = AT + PATIENCE
    assert visitor.get(back).status_code == 403


def test_a_session_is_a_new_one_and_the_one_before_ends(house, visitor):
    """Whatever word a browser had, also one that somebody else put there."""
    visitor.cookies[COOKIE] = "A" * 43
    visitor.sign_in("dev-3")
    first = visitor.cookies[COOKIE]
    assert first != "A" * 43
    visitor.sign_in("dev-3")
    assert visitor.cookies[COOKIE] != first
    assert house.sessions.read(first, at=house.now) is None


@pytest.mark.parametrize("path", ["/staff/", "/staff/sign-in"])
def test_a_page_with_a_way_out_lets_the_browser_say_where_its_form_came_from(visitor, path):
    """With no-referrer a browser sends an origin of null, and the form that signs out would be refused."""
    visitor.sign_in("dev-3")
    page = visitor.get(path)
    assert 'action="/staff/leave"' in page.text
    assert page.headers["referrer-policy"] == "same-origin"


def test_signing_out_ends_the_session_itself(house, visitor):
    """A cookie that was copied before is worth nothing either; without the token nothing happens."""
    visitor.sign_in("dev-3")
    copied = dict(visitor.cookies)
    assert visitor.post("/staff/leave", csrf="0" * 64).status_code == 403
    assert _who(house, visitor) is not None
    out = visitor.post("/staff/leave", csrf=_who(house, visitor).csrf, lang="en")
    assert out.status_code == 200
    assert f'href="{HERE}/dev-issuer/out?client_id=evenhand-dev&amp;ui_locales=en"' in out.text
    assert COOKIE not in visitor.cookies
    visitor.cookies = copied
    assert _who(house, visitor) is None
    assert visitor.get("/staff/").status_code == 303


def test_without_its_issuer_nobody_is_let_in(house, visitor):
    """Neither at the beginning nor at the end; whoever is in stays until their time is over."""
    visitor.sign_in("dev-3")
    house.is_there = False
    house.seconds += 3_600
    assert visitor.get("/staff/").status_code == 200
    other = Visitor(house)
    assert other.get("/staff/go").status_code == 503
    house.is_there = True
    house.seconds += 10
    back = other.choose(other.begin(), "dev-3")
    house.is_there = False
    answer = other.get(back)
    assert answer.status_code == 503
    assert COOKIE not in other.cookies
    assert "Puck" not in answer.text


def test_somebody_without_a_role_is_signed_in_and_can_open_nothing(house, visitor):
    """And is told so."""
    visitor.sign_in("dev-6")
    assert _who(house, visitor).roles == frozenset()
    assert "none of the pages" in visitor.get("/staff/", lang="en").text


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%2f/evil.example",
        "/officer/?next=//evil.example",
        "/officer/../../x",
        "javascript:alert(1)",
        "/a b",
        "/a\r\nset-cookie: x=y",
        "",
    ],
)
def test_nobody_is_sent_to_another_site_after_it(visitor, to):
    """Whatever stands in the address, the way on is a path of ours."""
    assert visitor.sign_in("dev-3", to=to).headers["location"] == "/staff/"


@given(st.text(st.sampled_from("/\\.:?#@%aA0-_ \t\r\n\x00\u2044"), max_size=30))
def test_a_way_on_is_always_a_plain_path(to):
    """One slash at the front, and nothing in it that leads elsewhere."""
    path = safe_path(to)
    parts = urlsplit(path)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert ".." not in path.split("/")


@given(st.text(max_size=80), st.text(st.sampled_from("abcXYZ019-_=.\u20ac"), max_size=80))
def test_no_word_that_somebody_makes_up_is_a_session_or_a_sign_in(one, other):
    """Whatever stands in a cookie or in an address is nobody, and no fault."""
    sessions = StaffSessions(SECRET, SessionsInMemory())
    settings = dev_settings(HERE)
    sign_in = SignIn(settings, Issuer(settings.issuer, _never), sessions, UsedInMemory(), SECRET)
    for word in (one, other):
        assert sessions.read(word, at=AT) is None
        sessions.end(word)
        with pytest.raises(StateError, match="not begun in this browser"):
            sign_in.finish(word, {"state": other, "code": one}, at=AT)


def _never(address, form, headers):
    raise AssertionError("the issuer was asked")


def test_the_sign_in_page_names_the_issuer_and_leads_there(visitor):
    """In both languages, with the way back in its link."""
    for lang, word in (("nl", "Aanmelden"), ("en", "Sign in")):
        page = visitor.get("/staff/sign-in", to="/officer/", lang=lang)
        assert page.status_code == 200
        assert f"<h1>{word}</h1>" in page.text
        assert "127.0.0.1" in page.text
        assert 'href="/staff/go?to=/officer/' in page.text


@pytest.mark.parametrize(("lang", "word"), [("nl", "Kies wie u bent"), ("en", "Choose who you are")])
def test_the_language_that_was_chosen_before_the_sign_in_is_there_after_it(visitor, lang, word):
    """The issuer is told it too, and out again the sign-in is in it; what is no language of ours is left out."""
    page = visitor.get("/staff/sign-in", to="/officer/", lang=lang).text
    go = unescape(re.search(r'href="(/staff/go[^"]*)"', page)[1])
    asked = visitor.get(go).headers["location"]
    assert parse_qs(urlsplit(asked).query)["ui_locales"] == [lang]
    assert word in visitor.get(asked.removeprefix(HERE)).text
    back = visitor.get(visitor.choose(asked, "dev-3"))
    assert back.headers["location"] == f"/officer/?lang={lang}"
    strange = visitor.get("/staff/go", to="/officer/", lang="/evil").headers["location"]
    assert "ui_locales" not in strange
    assert visitor.get(visitor.choose(strange, "dev-3")).headers["location"] == "/officer/"


def test_this_machine_by_another_name_is_sent_to_its_own(visitor):
    """A cookie is of one name; a name that a proxy puts there, or that somebody makes up, sends nobody anywhere."""
    page = "/staff/sign-in?to=/officer/&lang=en"
    sent = visitor._ask("GET", page, headers={"host": "localhost:8000"})
    assert sent.headers["location"] == HERE + page
    for host in ("127.0.0.1:8000", "evil.example", "shop.example"):
        assert visitor._ask("GET", page, headers={"host": host}).status_code == 200


def test_the_issuer_to_try_with_answers_here_only(house, visitor):
    """Asked under another name, for another client, without proof, or to send elsewhere, it gives nothing."""
    asked = visitor.begin().removeprefix(HERE)
    assert visitor.get(asked).status_code == 200
    bad = [
        asked.replace("127.0.0.1%3A8000%2Fstaff%2Fback", "evil.example"),
        asked.replace("evenhand-dev", "other"),
        asked.replace("S256", "plain"),
        asked.replace("code_challenge=", "x="),
    ]
    for one in bad:
        assert visitor.get(one).status_code == 400, one
        assert visitor.get(one.replace("/authorize?", "/choose?") + "&subject=dev-3").status_code == 400
    answer = visitor._ask("GET", asked, headers={"host": "evil.example"})
    assert answer.status_code == 403


def test_the_issuer_to_try_with_refuses_another_machine():
    """It asks for no password, so it is never reachable from elsewhere."""
    from evenhand.adapters.web.dev_issuer import DevIssuer
    from evenhand.terms import UsageError

    for site in ("https://shop.example", "http://0.0.0.0:8000", "http://127.0.0.1.evil.example"):
        with pytest.raises(UsageError, match="on this machine itself only"):
            DevIssuer(site)


def test_what_is_past_its_time_is_not_in_the_session_either(house, visitor):
    """An hour after the sign-in the pages ask again."""
    visitor.sign_in("dev-3")
    house.now = AT + timedelta(minutes=61)
    assert visitor.get("/staff/").status_code == 303
