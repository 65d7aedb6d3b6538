"""Requests that are a little off: what is wrong with each is told, and nothing that was sent is told back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from live_cases import Web, opened, person

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def web(_ran_shop, tmp_path_factory):
    """A machine that may do everything; one for all."""
    with opened(Path(shutil.copytree(_ran_shop, tmp_path_factory.mktemp("odd") / "shop"))) as serving:
        yield Web(serving, "decide", "events", "consents", "campaigns", "officer", "read")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/events", "GET, HEAD, POST"),
        ("PATCH", "/v1/campaigns/small-shop", "GET, HEAD, PUT"),
        ("OPTIONS", "/v1/consents", "POST"),
        ("HEAD", "/v1/consents", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("GET", "/v1/decisions", "POST"),
    ],
)
def test_another_method_is_told_all_that_there_are(web, method, path, allow):
    """`Allow` names every method of the address, not those of the first route that has it."""
    answer = web(method, path, **({"json": {}} if method in ("POST", "PATCH") else {}))
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/events", "/v1/campaigns", "/openapi.json"])
def test_a_head_is_answered_as_a_get_without_its_body(web, path):
    """Probes ask so."""
    got, head = web("GET", path), web("HEAD", path)
    assert (head.status_code, head.headers["content-type"]) == (200, got.headers["content-type"])
    assert head.content == b""
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "knows"),
    [
        ("GET", "/v1/events?limt=3", "cursor, limit"),
        ("GET", "/v1/campaigns/small-shop/plan?canary=5", "budget, contacts, bound"),
        ("GET", "/v1/campaigns/small-shop?canary", "none"),
        ("POST", "/v1/decisions?campaign=canary", "none"),
        ("POST", "/v1/consents/history?subject=canary", "none"),
    ],
)
def test_a_parameter_that_an_address_does_not_know_is_refused(web, method, path, knows):
    """It would be passed over, and the answer be that to another question; those that there are are told."""
    answer = web(method, path, **({"json": {"subject": person(3)}} if method == "POST" else {}))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unprocessable")
    assert answer.json()["errors"] == [{"pointer": "", "code": "unknown-parameter"}]
    assert answer.json()["policy_rule"] == f"the parameters of this address: {knows}"
    assert "canary" not in answer.text


def test_a_parameter_that_stands_twice_is_refused_unless_it_may_be_several(web):
    """Of two budgets neither is meant; bounds may be several."""
    twice = web("GET", "/v1/events?limit=1&limit=2")
    assert (twice.status_code, twice.json()["errors"]) == (422, [{"pointer": "/limit", "code": "named-twice"}])
    bounds = "bound=sex-reach:0.7&bound=sex-reach:0.8"
    assert web("GET", f"/v1/campaigns/small-shop/plan?{bounds}").status_code == 200
    assert web("GET", "/healthz?canary=1&canary=2").status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "code", "errors"),
    [
        (b"{", 400, "bad-json", None),
        (b"\x1f\x8b", 400, "bad-json", None),
        ('{"subject": "é"}'.encode("latin-1"), 400, "bad-json", None),
        (b"[]", 422, "unprocessable", [{"pointer": "", "code": "model_attributes_type"}]),
        (b'{"subject": "a", "canary@mail": 1}', 422, "unprocessable", [{"pointer": "", "code": "extra_forbidden"}]),
        (b'{"subject": 3}', 422, "unprocessable", [{"pointer": "/subject", "code": "string_type"}]),
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_told_with_its_place_and_no_name_of_the_askers(web, content, status, code, errors):
    """Also where the asker made the name of somebody's address; what is no JSON is told as on every address."""
    answer = web("POST", "/v1/consents/history", headers=JSON, content=content)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    assert answer.json().get("errors") == errors
    assert "canary" not in answer.text


def test_a_body_with_many_faults_has_a_short_answer(web):
    """As many places as help; not more bytes than came."""
    some = json.dumps({"events": [{"decision_id": "x", "kind": "y", "at": "z"}] * 1_000})
    answer = web("POST", "/v1/events", headers=JSON, content=some)
    assert answer.status_code == 422
    assert 0 < len(answer.json()["errors"]) <= 100


def test_of_whoever_has_no_key_no_body_is_read(web):
    """Neither its form nor its kind is looked at; addresses that need none are as they were."""
    nobody = {"authorization": "Bearer eh_0000000000_x"}
    for path in ("/v1/consents", "/v1/events", "/v1/campaigns", "/v1/nothing"):
        for content, kind in ((b"{", "application/json"), (b"x", "text/plain")):
            answer = web("POST", path, headers={**nobody, "content-type": kind}, content=content)
            assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthorised")
    assert web("GET", "/healthz", headers=nobody).status_code == 200


def test_a_campaign_that_there_is_not_is_not_found_by_any_address(web):
    """Its plan too is nowhere, rather than not valid."""
    for part in ("", "/plan", "/check", "/file", "/figures", "/monitor"):
        answer = web("GET", f"/v1/campaigns/none{part}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/campaign-unknown"), part
