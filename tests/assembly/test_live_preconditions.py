"""A yes replaces a no only where whoever tells it has seen the no; reads say when nothing changed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from evenhand import assembly
from live_cases import Web, opened, person

PURPOSE = "PersonalisedAdvertising"


@pytest.fixture
def web(ran_shop):
    """A machine that may say what people say."""
    with opened(ran_shop) as serving:
        yield Web(serving, "decide", "consents", "read")


def _tag(web, number):
    return web("POST", "/v1/consents/history", {"subject": person(number)}).headers["etag"]


def _say(web, number, word, seen=None, purpose=PURPOSE, **more):
    headers = {} if seen is None else {"If-Match": seen}
    return web("POST", "/v1/consents", {"subject": person(number), "word": word, "purpose": purpose, **more}, headers)


YES_OVER_NO = [
    ("withdraw", "give", PURPOSE),
    ("refuse", "renew", PURPOSE),
    ("opt-out", "take-back-opt-out", ""),
    ("opt-out-of-sale", "take-back-opt-out-of-sale", ""),
    ("switch-off", "switch-on", "visits"),
    ("restrict", "lift-restriction", ""),
]


def test_a_yes_over_a_no_needs_the_tag_of_what_was_seen(web):
    """428 without, 412 with an old one, 201 with that of now; a no needs none, and what stood stays otherwise."""
    for number, (no, yes, purpose) in enumerate(YES_OVER_NO, 11):
        before = _tag(web, number)
        assert _say(web, number, no, purpose=purpose).status_code == 201
        missing = _say(web, number, yes, purpose=purpose)
        assert (missing.status_code, missing.json()["type"]) == (428, "/problems/consent-over-no")
        stale = _say(web, number, yes, before, purpose=purpose)
        assert (stale.status_code, stale.json()["type"]) == (412, "/problems/consent-changed")
        weak = _say(web, number, yes, f"W/{_tag(web, number)}", purpose=purpose)
        assert weak.status_code == 412, "a weak tag matches nothing"
        assert len(web("POST", "/v1/consents/history", {"subject": person(number)}).json()["said"]) == 1
        assert _say(web, number, yes, f'"x", {_tag(web, number)}', purpose=purpose).status_code == 201
        assert person(number) not in missing.text + stale.text


def test_a_yes_where_no_no_stands_needs_nothing(web):
    """A first consent, one again, and a no over a yes go without; a tag that is given is always looked at."""
    assert _say(web, 3, "give").status_code == 201
    assert _say(web, 3, "give").status_code == 201
    old = _tag(web, 3)
    assert _say(web, 3, "withdraw").status_code == 201
    assert _say(web, 3, "refuse", old).status_code == 412
    assert _say(web, 3, "give", "*").status_code == 201, "said to be meant, whatever stands"


def test_what_was_said_before_a_no_and_is_told_after_it_replaces_nothing(web):
    """An old yes that a program brings late is kept as what it is; the no stands."""
    assert _say(web, 3, "withdraw").status_code == 201
    earlier = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    assert _say(web, 3, "give", said_at=earlier).status_code == 201
    now = web("POST", "/v1/consents/history", {"subject": person(3)}).json()["now"]
    assert [one["status"] for one in now] == ["ConsentWithdrawn"]


def test_of_two_that_saw_the_same_one_is_kept(web):
    """Eight programs with the same tag at the same moment: one 201, seven 412; the history verifies."""
    _say(web, 3, "withdraw")
    seen, found, ready = _tag(web, 3), [], threading.Barrier(8)

    def go():
        ready.wait()
        found.append(_say(web, 3, "give", seen).status_code)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [201] + [412] * 7
    assert assembly.verify_rights(home=web.place).ok


def test_a_tag_is_of_one_person_and_tells_nothing(web):
    """Another's tag matches nothing; nobody with nothing said looks different from another such."""
    _say(web, 3, "withdraw")
    _say(web, 4, "withdraw")
    assert _tag(web, 3) != _tag(web, 4)
    assert _say(web, 3, "give", _tag(web, 4)).status_code == 412
    assert _tag(web, 5) == _tag(web, 6)
    assert web("POST", "/v1/consents/history", {"subject": "nobody"}).headers["etag"] == _tag(web, 5)


def test_what_did_not_change_is_not_sent_again(web):
    """304 for a request and for a receipt, also where a proxy marked the tag as weak; another tag after a step."""
    number = web("POST", "/v1/requests", {"subject": person(3), "kind": "access"}).json()["number"]
    decision = web("POST", "/v1/decisions", {"subject": person(3)}).json()["decision_id"]
    assembly.sign_checkpoint(home=web.place, at=datetime.now(UTC))
    for path in (f"/v1/requests/{number}", f"/v1/receipts/{decision}"):
        first = web("GET", path)
        assert first.status_code == 200, first.text
        tag = first.headers["etag"]
        for has in (tag, f"W/{tag}", f'"other", W/{tag}', "*"):
            again = web("GET", path, headers={"If-None-Match": has})
            assert (again.status_code, again.content) == (304, b""), has
        assert web("GET", path, headers={"If-None-Match": '"other", W/"other"'}).status_code == 200
    tag = web("GET", f"/v1/requests/{number}").headers["etag"]
    assembly.start_request(number, home=web.place, by="desk", at=datetime.now(UTC))
    assert web("GET", f"/v1/requests/{number}", headers={"If-None-Match": tag}).status_code == 200
