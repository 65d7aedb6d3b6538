"""A body that says something twice says two things: it is refused, wherever it is sent, and neither is told back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evenhand.adapters.web import CODES
from live_cases import Web, opened, person

V1 = "/v1/decisions"
JSON = {"content-type": "application/json"}
DECISION = "20260301T000000Z-000000.1"
CONSENT = f'"subject": "{person(3)}", "word": "withdraw", "purpose": "PersonalisedAdvertising"'


@pytest.fixture(scope="module")
def web(_ran_shop, tmp_path_factory):
    """A machine that may do what brings a body; one for all, since nothing is kept."""
    with opened(Path(shutil.copytree(_ran_shop, tmp_path_factory.mktemp("twice") / "shop"))) as serving:
        yield Web(serving, "decide", "events", "consents", "campaigns", "officer", "read")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (V1, f'{{"subject": "canary-a", "subject": "{person(3)}"}}'),
        (V1, f'{{"subject": "{person(3)}", "\\u0073ubject": "{person(3)}"}}'),
        (V1, f'{{"subject": "{person(3)}", "opted_out": true, "opted_out": false}}'),
        (V1, f'{{"subject": "{person(3)}", "features": {{"visits": 1, "days": 2, "visits": 3}}}}'),
        (V1, f'{{"subjects": [{{"subject": "{person(3)}"}}, {{"subject": "{person(4)}", "subject": "canary"}}]}}'),
        (V1, '{"subjects": [], "subjects": [{"subject": "canary"}]}'),
        ("/v1/consents", f'{{{CONSENT}, "word": "give"}}'),
        ("/v1/objections", f'{{"subject": "{person(3)}", "taken_back": false, "taken_back": true}}'),
        ("/v1/signals", f'{{"subject": "{person(3)}", "gpc": true, "subject": "{person(4)}"}}'),
        ("/v1/same-person", f'{{"subject": "{person(3)}", "was": "canary", "was": "b", "evidence": "x"}}'),
        ("/v1/requests", f'{{"subject": "{person(3)}", "kind": "access", "kind": "erasure"}}'),
        ("/v1/events", f'{{"events": [{{"decision_id": "{DECISION}", "kind": "shown", "kind": "bought"}}]}}'),
        ("/v1/campaigns", '{"campaign": "canary", "limits": {"budget": 5, "budget": 50000}}'),
        ("/v1/campaigns/small-shop/pause", '{"by": "canary", "by": "Noor", "reason": "x"}'),
    ],
)
def test_an_object_that_names_a_member_twice_is_refused(web, path, text):
    """Also where both say the same or one is written otherwise; nothing is decided or kept, and no value is told."""
    answer = web("POST", path, headers=JSON, content=text.encode())
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-json"), answer.text
    assert answer.json()["errors"] == [{"pointer": "", "code": "named-twice"}]
    assert answer.json()["policy_rule"] == "an object in a body names each of its members once"
    assert "canary" not in answer.text
    assert CODES["bad-json"] == 400
    assert web("POST", "/v1/consents/history", {"subject": person(3)}).json()["said"] == []


def test_objects_beside_each_other_may_have_the_same_members(web):
    """A batch names a subject for each person; numbers of any size, signs and spaces of any kind are no matter."""
    some = [{"subject": person(n), "features": {"visits": 10**30, "days": 1.5e3}} for n in (3, 4)]
    for text in (json.dumps({"subjects": some}), json.dumps({"subjects": some}, indent=3, ensure_ascii=False)):
        answer = web("POST", V1, headers=JSON, content=text.encode())
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b'{"a": NaN', b"", b"[]"])
@pytest.mark.parametrize("path", ["/v1/consents", "/v1/events", "/v1/campaigns"])
def test_what_is_no_json_is_told_as_that(web, path, content):
    """The look for names does not come before the one that tells what is no JSON."""
    answer = web("POST", path, headers=JSON, content=content)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
