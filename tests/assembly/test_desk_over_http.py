"""The desk of requests over HTTP: what the officer's pages do, with keys and scopes, and every look noted."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from live_cases import Web, opened, person

NOTE = "canary-note I moved to canary-street"
OFFICER = {"by": "Puck Privacy"}


@pytest.fixture(scope="module")
def serving(_ran_shop, tmp_path_factory):
    """A running service, for requests of people who are each asked about once."""
    import shutil
    from pathlib import Path

    with opened(Path(shutil.copytree(_ran_shop, tmp_path_factory.mktemp("desk") / "shop"))) as found:
        yield found


@pytest.fixture(scope="module")
def web(serving):
    """A key of the privacy officer's own programs."""
    return Web(serving, "officer", "decide")


@pytest.fixture(scope="module")
def keys(serving):
    """Headers of a key with these scopes."""
    made = assembly.machine_keys(serving.place.folder)

    def header(name, *scopes):
        return {"authorization": f"Bearer {made.make(name, scopes, at=datetime.now(UTC))}"}

    return header


def _asked(serving, kind, number, **more):
    return assembly.ask(
        person(number), kind, home=serving.place.folder, at=datetime.now(UTC), lang="en", **more
    ).request.number


def _looks(serving):
    return [(one.kind.value, one.about, one.who) for one in assembly.ReadsInHome(serving.place).reads()]


def test_the_queue_tells_what_is_due_and_names_nobody(serving, web):
    """By days left, with how urgent that is; closed ones where they are asked for."""
    number = _asked(serving, "access", 11, note=NOTE)
    closed = _asked(serving, "portability", 12)
    assert web("POST", f"/v1/requests/{closed}/steps", OFFICER | {"do": "withdraw"}).json()["done"] == "withdraw"
    before = len(_looks(serving))
    queue = web("GET", "/v1/requests")
    found = {one["number"]: one for one in queue.json()["requests"]}
    assert (found[number]["kind"], found[number]["urgency"]) == ("access", "fine")
    assert 27 <= found[number]["days_left"] <= 31
    assert closed not in found
    assert "canary" not in queue.text
    assert person(11) not in queue.text
    assert closed in web("GET", "/v1/requests?state=all").text
    assert len(_looks(serving)) == before


def test_the_queue_comes_in_pages_by_a_cursor(serving, web):
    """Each request once, in the same order, with the way to the next page; what is no cursor is refused."""
    for number in (21, 22, 23):
        _asked(serving, "access", number)
    whole = [one["number"] for one in web("GET", "/v1/requests?state=all").json()["requests"]]
    paged, path = [], "/v1/requests?state=all&limit=2"
    while path:
        page = web("GET", path).json()
        assert (len(page["requests"]), page["count"]) == (min(2, len(whole) - len(paged)), len(whole))
        paged += [one["number"] for one in page["requests"]]
        path = page["next"]
    assert paged == whole
    assert web("GET", "/v1/requests?cursor=x").status_code == 422


def test_a_request_is_masked_until_it_is_revealed_and_both_looks_are_noted_under_the_name_and_the_key(serving, web):
    """A look without a name is none."""
    number = _asked(serving, "access", 13, note=NOTE)
    assert web("POST", f"/v1/requests/{number}/look", {"by": "  "}).status_code == 422
    masked = web("POST", f"/v1/requests/{number}/look", OFFICER)
    assert "canary" not in masked.text
    assert {"start", "extend", "reveal", "refuse"} <= set(masked.json()["can"])
    revealed = web("POST", f"/v1/requests/{number}/reveal", OFFICER)
    assert revealed.json()["trail"][0]["private"]["note"] == NOTE
    assert revealed.headers["cache-control"] == "no-store"
    who = "Puck Privacy (machine tests)"
    assert [one for one in _looks(serving) if one[1] == number] == [("request", number, who), ("private", number, who)]


def test_a_request_is_taken_extended_and_answered_with_its_files(serving, web):
    """The same steps as on the pages; what cannot be done now says so with its code, and nothing of anybody."""
    number = _asked(serving, "access", 14)
    path = f"/v1/requests/{number}"
    assert web("POST", f"{path}/files", OFFICER | {"who": person(14)}).json()["errors"][0]["code"] == "answer-identity"
    assert web("POST", f"{path}/steps", OFFICER | {"do": "start"}).json() == {"done": "start", "request": None}
    assert web("POST", f"{path}/steps", OFFICER | {"do": "extend", "reason": "complex"}).status_code == 200
    twice = web("POST", f"{path}/steps", OFFICER | {"do": "extend", "reason": "complex"})
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/request-step")
    other = OFFICER | {"do": "answer", "who": person(15), "identity": "logged in"}
    refused = web("POST", f"{path}/steps", other)
    assert refused.json()["errors"][0]["code"] == "request-of-another"
    assert person(15) not in refused.text
    answered = web("POST", f"{path}/steps", other | {"who": person(14)})
    assert answered.json()["request"]["state"] == "answered"
    assert answered.json()["request"]["letter"]["lines"]
    archive = web("POST", f"{path}/files", OFFICER | {"who": person(14)})
    assert archive.headers["content-type"] == "application/zip"
    assert any(name.endswith(".json") for name in zipfile.ZipFile(io.BytesIO(archive.content)).namelist())
    assert ("package", number, "Puck Privacy (machine tests)") in _looks(serving)


def test_a_code_is_shown_this_once(serving, web):
    """In the answer to the step that made it, with its letter."""
    number = _asked(serving, "access", 16)
    asked = web("POST", f"/v1/requests/{number}/steps", OFFICER | {"do": "identity", "days": 5}).json()
    code = asked["request"]["code"]
    assert code
    assert web("POST", f"/v1/requests/{number}/look", OFFICER).json()["code"] == ""
    wrong = web("POST", f"/v1/requests/{number}/steps", OFFICER | {"do": "proved", "code": "000000"}).json()
    assert wrong["done"] == "wrong-code"
    assert (
        web("POST", f"/v1/requests/{number}/steps", OFFICER | {"do": "proved", "code": code}).json()["done"] == "proved"
    )


def test_an_erasure_needs_to_be_sure(serving, web):
    """It cannot be undone, so a step that does not say so does nothing. What it ends is told
    before; the queue tells which letters and which model are due then."""
    number, ended = _asked(serving, "erasure", 17), _asked(serving, "access", 17)
    assert web("POST", f"/v1/requests/{number}/look", OFFICER).json()["ends"] == [ended]
    path, said = f"/v1/requests/{number}/steps", OFFICER | {"do": "answer", "who": person(17), "identity": "logged in"}
    unsure = web("POST", path, said)
    assert (unsure.status_code, unsure.json()["errors"][0]["code"]) == (409, "sure")
    assert web("POST", path, said | {"sure": True}).json()["request"]["state"] == "answered"
    listed = web("GET", "/v1/requests").json()
    assert listed["letters_due"] == [ended]
    (due,) = listed["models_due"]
    assert (due["campaign"], due["urgency"]) == ("small-shop", "fine")


def test_a_reviewers_key_sees_and_answers_reviews_alone(serving, web, keys):
    """Another request is none to it; a key without either scope sees nothing."""
    board, shop = keys("board", "review"), keys("shop-desk", "decide", "consents", "read")
    decision = web("POST", "/v1/decisions", {"subject": person(18)}).json()["decision_id"]
    review, other = _asked(serving, "human_review", 18, decision=decision), _asked(serving, "access", 19)
    listed = web("GET", "/v1/requests", headers=board).json()
    assert {one["kind"] for one in listed["requests"]} == {"human_review"}
    assert listed["models_due"] == []
    assert review in {one["number"] for one in listed["requests"]}
    assert web("POST", f"/v1/requests/{other}/look", OFFICER, board).status_code == 404
    assert web("POST", f"/v1/requests/{other}/files", OFFICER | {"who": person(19)}, board).status_code == 403
    extend = web("POST", f"/v1/requests/{review}/steps", OFFICER | {"do": "extend", "reason": "complex"}, board)
    assert extend.status_code == 409
    keep = {"do": "answer", "who": person(18), "identity": "logged in", "outcome": "keep", "reason": "it adds up"}
    assert web("POST", f"/v1/requests/{review}/steps", OFFICER | keep, board).json()["request"]["state"] == "answered"
    for method, path in (("GET", ""), ("POST", f"/{other}/look"), ("POST", f"/{other}/reveal")):
        assert web(method, f"/v1/requests{path}", OFFICER if method == "POST" else None, shop).status_code == 403


def test_what_is_kept_and_what_was_read_are_told_to_an_officers_key(serving, web, keys):
    """Nothing is removed by looking."""
    assert web("POST", f"/v1/requests/{_asked(serving, 'access', 32)}/look", OFFICER).status_code == 200
    assert web("GET", "/v1/kept").json()["runs"] == []
    told = web("GET", "/v1/looks").json()
    assert told["count"] >= len(told["looks"]) > 0
    assert web("GET", "/v1/looks", headers=keys("other-board", "review")).status_code == 403


def test_a_correction_to_a_group_that_nobody_is_in_is_a_problem_with_the_words_that_are_there(serving, web):
    """It may be a typing error: with `sure` it is recorded."""
    number = _asked(serving, "rectification", 31)
    step = OFFICER | {"do": "answer", "who": person(31), "identity": "known", "values": {"sex": "femal"}}
    refused = web("POST", f"/v1/requests/{number}/steps", step)
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (409, "/problems/request-step")
    (told,) = problem["errors"]
    assert (told["pointer"], told["code"]) == ("/values", "correct-group")
    assert told["remedy"].startswith("use one of f, m; or say that it is right")
    assert "femal" not in refused.text
    assert web("POST", f"/v1/requests/{number}/steps", step | {"sure": True}).json()["done"] == "answer"
