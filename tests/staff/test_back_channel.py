"""Signed out at the issuer, signed out here: what it says behind the scenes is checked, and is good once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evenhand.adapters.web.dev_issuer import DEV_PEOPLE
from evenhand.adapters.web.staff_door import COOKIE
from evenhand.staff import StaffRole
from staff_cases import AT

from .conftest import HERE, Visitor

PUCK, ARIE = DEV_PEOPLE[2], DEV_PEOPLE[4]
NOW = int(AT.timestamp())
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def _is_in(house, visitor):
    return house.sessions.read(visitor.cookies.get(COOKIE, ""), at=house.now) is not None


def _signed_in(house, *subjects):
    visitors = []
    for subject in subjects:
        visitor = Visitor(house)
        visitor.sign_in(subject)
        assert _is_in(house, visitor)
        visitors.append(visitor)
    return visitors


def test_whoever_is_signed_out_at_the_issuer_is_signed_out_here_in_every_browser(house):
    """By their subject: all of their sessions, and nobody else's."""
    one, two, other = _signed_in(house, "dev-3", "dev-3", "dev-5")
    answer = house.back_channel(logout_token=house.issuer.logout_token(PUCK))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert [_is_in(house, visitor) for visitor in (one, two, other)] == [False, False, True]
    assert one.get("/staff/").status_code == 303


def test_an_administrator_of_the_issuer_ends_a_session_and_the_house_is_told(house):
    """The issuer for trying is the other side: it tells, and says what it was answered."""
    (visitor,) = _signed_in(house, "dev-3")
    told = visitor.post("/dev-issuer/end/dev-3")
    assert (told.status_code, told.text) == (200, "The house was told, and answered 200.")
    assert not _is_in(house, visitor)
    assert visitor.post("/dev-issuer/end/nobody").status_code == 404


def test_one_session_of_the_issuer_ends_alone(house):
    """By its ``sid``, with or without the subject; a session of which none is known ends with its person."""
    words = {
        sid: house.sessions.open(
            mark="staff-1", name="P", roles=[StaffRole.AUDITOR], at=AT, session=sid and f"mark-of-{sid}"
        )
        for sid in ("a", "b", "")
    }

    def there():
        return {sid for sid, word in words.items() if house.sessions.read(word, at=AT)}

    assert house.sessions.end_all(session="mark-of-a") == 1
    assert there() == {"b", ""}
    assert house.sessions.end_all("staff-2", "mark-of-b") == 0
    assert house.sessions.end_all("staff-1", "mark-of-c") == 1
    assert there() == {"b"}


def test_the_session_of_a_sign_in_is_known_by_its_sid(house):
    """The one that the issuer names ends; another of the same person goes on."""
    first, second = _signed_in(house, "dev-3", "dev-3")
    sid = house.issuer.sids[-1]
    assert house.back_channel(logout_token=house.issuer.logout_token(PUCK, sub=None, sid=sid)).status_code == 200
    assert [_is_in(house, visitor) for visitor in (first, second)] == [True, False]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "another"}, "somebody else"),
        ({"events": None}, "missing"),
        ({"events": {}}, "says nothing of a logout"),
        ({"events": {EVENT: "yes"}}, "says nothing of a logout"),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, "says nothing of a logout"),
        ({"nonce": "n-1"}, "of a sign-in"),
        ({"sub": None}, "names nobody"),
        ({"sub": 7}, "cannot be trusted"),
        ({"jti": None}, "missing"),
        ({"jti": ""}, "names nobody"),
        ({"exp": None}, "missing"),
        ({"exp": NOW - 61}, "expired"),
        ({"iat": NOW - 601}, "not of now"),
        ({"iat": NOW + 61}, "not of now"),
    ],
)
def test_a_logout_token_with_one_thing_wrong_ends_nothing(house, other, why):
    """400, with nothing but a word for whoever asks, and the reason for whoever looks after the service."""
    (visitor,) = _signed_in(house, "dev-3")
    answer = house.back_channel(logout_token=house.issuer.logout_token(PUCK, **other))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert why in house.told[-1]
    assert _is_in(house, visitor)


def test_a_logout_token_is_good_once(house):
    """Sent again, it does not end the session of whoever signed in again."""
    _signed_in(house, "dev-3")
    token = house.issuer.logout_token(PUCK)
    assert house.back_channel(logout_token=token).status_code == 200
    (again,) = _signed_in(house, "dev-3")
    assert house.back_channel(logout_token=token).status_code == 400
    assert "came before" in house.told[-1]
    assert _is_in(house, again)


def test_a_token_of_a_sign_in_ends_nothing_and_a_logout_token_signs_nobody_in(house):
    """Each is good for its own purpose only; nor is a forged one, or none, or two of them."""
    (visitor,) = _signed_in(house, "dev-3")
    stolen = house.issuer.token_for(PUCK, "n-1")
    good = house.issuer.logout_token(PUCK)
    head, body, mac = good.split(".")
    for fields in (
        {"logout_token": stolen},
        {"logout_token": f"{head}.{body}.{mac[:-4]}AAAA"},
        {"logout_token": ""},
        {"logout_token": [good, good]},
        {},
    ):
        assert house.back_channel(**fields).status_code == 400, fields
    assert _is_in(house, visitor)


def test_where_the_issuers_keys_cannot_be_had_nothing_ends_and_the_token_stays_good(house):
    """The issuer can send it again."""
    (visitor,) = _signed_in(house, "dev-3")
    house.now += timedelta(minutes=1)
    house.seconds, house.is_there = 700.0, False
    token = house.issuer.logout_token(PUCK)
    assert house.back_channel(logout_token=token).status_code == 400
    house.seconds, house.is_there = 800.0, True
    assert house.back_channel(logout_token=token).status_code == 200
    assert not _is_in(house, visitor)


def test_the_issuer_for_trying_says_that_it_tells(house):
    """So whoever sets a sign-in up sees which address to register."""
    said = house.fetch(f"{HERE}/dev-issuer/.well-known/openid-configuration", None, {})
    assert said["backchannel_logout_supported"] is True
    assert house.sign_in.issuer.describe().tells_logout
