"""The service over HTTP, without a socket: what is answered, what is refused, and that no problem tells a value."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, date, datetime
from importlib.resources import files

import httpx
import pytest

from evenhand import assembly
from evenhand.adapters.web import CODES, GPC_RESOURCE, Limits, root_pages
from evenhand.receipts import check
from evenhand.signals import GpcSupport, Support, read_gpc_resource
from live_cases import Web, opened, person
from patience import WITHIN

V1 = "/v1/decisions"


@pytest.fixture
def web(ran_shop):
    """The application of a running service."""
    with opened(ran_shop) as serving:
        yield Web(serving)


def _type(response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code == CODES[problem["type"].removeprefix("/problems/")]
    assert problem["instance"].endswith(response.headers["x-request-id"])
    return problem["type"].removeprefix("/problems/")


def test_one_person_gets_everything_that_a_card_needs(web):
    """Offer in both languages, words for the card, the DSA object, links to three explanations and the receipt."""
    answer = web("POST", V1, {"subject": person(3), "features": {"visits": 19, "days": 3}})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    one = answer.json()
    assert one["offer"] == "tea"
    text = {"nl": "Korting op thee", "en": "Money off tea"}
    assert one["offers"] == {"tea": {"id": "tea", "text": text, "made_by_ai": True}}
    words = {how: ad["text"]["nl"] for how, ad in one["ads"].items()}
    assert words == {"personal": "Advertentie namens Small Shop - gekozen met AI - Waarom zie ik dit?"}
    assert one["dsa"]["personal"] == {
        "behalf": "Small Shop",
        "paid": "Small Shop",
        "adrender": 1,
        "transparency": [{"domain": "shop.example", "dsaparams": [1]}],
    }
    assert set(one["explanations"]) == {"person", "employee", "regulator"}
    assert person(3) not in answer.text


def test_links_of_an_answer_lead_to_what_was_recorded(web):
    """Each register tells the decision, the person's without pseudonym or code; the receipt checks."""
    one = web("POST", V1, {"subject": person(3)}).json()
    told = {name: web("GET", link, headers={"accept-language": "nl"}) for name, link in one["explanations"].items()}
    assert all(found.json()["decision_id"] == one["decision_id"] for found in told.values())
    assert all(found.headers["content-language"] == "nl" for found in told.values())
    assert "subject" not in told["person"].json()
    assert "value" not in told["employee"].json()["factors"][0]
    assert told["regulator"].json()["run"]["legal_basis"] == "consent"
    assert check(web("GET", one["receipt"]).json(), None).ok
    tag = told["person"].headers["etag"]
    again = web("GET", one["explanations"]["person"], headers={"accept-language": "nl", "if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_after_an_erasure_the_receipt_proves_the_record_alone(web):
    """In place of a no: that the decision stands in the ledger, and nothing of the person; the explanation is gone."""
    one = web("POST", V1, {"subject": person(3), "features": {"visits": 19, "days": 3}}).json()
    before = web("GET", one["receipt"])
    assembly.erase(person(3), home=web.place, at=datetime.now(UTC))
    after = web("GET", one["receipt"])
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]
    checked = check(after.json(), None)
    assert (checked.ok, set(checked.facts), checked.parts) == (True, {"entry"}, [])
    assert {one["role"] for one in after.json()["entries"]} == {"decision", "run"}
    assert not {"opened", "salt"} & {name for entry in after.json()["entries"] for name in entry}
    gone = web("GET", one["explanations"]["person"])
    assert gone.status_code == 410, gone.text
    assert _type(gone) == "decision-closed"


def test_a_decision_reads_the_same_alone_and_among_several(web):
    """Every member of a decision among several has the same form where it is the only one, and what goes by it too;
    where nothing is offered, no words for a card are there that could be taken for it."""
    asked = [{"subject": person(3), "features": {"visits": 19, "days": 3}}, {"subject": person(26)}]
    several = web("POST", V1, {"subjects": asked}).json()
    assert [one["offer"] for one in several["decisions"]] == ["tea", None]
    for body, among in zip(asked, several["decisions"], strict=True):
        alone = web("POST", V1, body).json()
        assert {name: alone[name] for name in among if name != "decision_id"} == {
            name: among[name] for name in among if name != "decision_id"
        }
        for part, by in (("offers", "offer"), ("ads", "how"), ("dsa", "how")):
            assert alone[part] == ({} if among["offer"] is None else {among[by]: several[part][among[by]]})


def test_several_people_are_answered_in_the_order_asked(web):
    """One question, one run; texts stand once; a refused consent is contextual with its reason."""
    several = web("POST", V1, {"subjects": [{"subject": person(n)} for n in (3, 10, 26)]}).json()
    assert [one["standing"] for one in several["decisions"]] == ["personalised", "contextual", "contextual"]
    assert [one["decision_id"].split(".")[1] for one in several["decisions"]] == ["1", "2", "3"]
    assert set(several["offers"]) <= {"tea"}
    assert several["dsa"]["contextual"]["transparency"][0]["dsaparams"] == [2]


@pytest.mark.parametrize(
    ("headers", "body", "is_out"),
    [
        ({"sec-gpc": "1"}, {}, True),
        ({"sec-gpc": "0"}, {}, False),
        ({"sec-gpc": "true"}, {}, False),
        ({}, {"opted_out": True}, True),
        ({}, {}, False),
    ],
)
def test_an_opt_out_gives_the_contextual_decision(web, headers, body, is_out):
    """Sec-GPC: 1 and an opt-out in the request, and nothing else, keep personal data out."""
    one = web("POST", V1, {"subject": person(3), **body}, headers).json()
    assert (one["standing"] == "contextual") is is_out
    assert one["gpc_honoured"] is (headers.get("sec-gpc") == "1")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"subject": "canary-nobody"}, "subject-unknown", "/subject"),
        ({"subjects": [{"subject": person(3)}, {"subject": "canary"}]}, "subject-unknown", "/subjects/1/subject"),
        (
            {"subjects": [{"subject": person(3)}, {"subject": person(4), "features": {"visits": "canary"}}]},
            "feature-type",
            "/subjects/1/features/visits",
        ),
        ({"subject": person(3), "features": {"sex": "canary"}}, "feature-not-declared", "/features/sex"),
        ({"subject": person(3), "features": {"visits": "canary"}}, "feature-type", "/features/visits"),
        ({"subject": person(3), "features": {"a/b": 1}}, "feature-not-declared", "/features/a~1b"),
        ({"subject": person(3), "campaign": "canary"}, "campaign-not-served", "/campaign"),
        ({"subject": person(3), "subjects": [{"subject": person(4)}]}, "bad-json", "/subject"),
        ({"subject": person(3), "canary": 1}, "bad-json", ""),
        ({"subject": 3}, "bad-json", "/subject"),
        ({"subject": person(3), "features": {"visits": [1]}}, "bad-json", "/features"),
        ({"subjects": [{"subject": person(3)}, {"subject": 4}]}, "bad-json", "/subjects/1/subject"),
        ({"subjects": [{"subject": person(3)}, {}]}, "bad-json", "/subjects/1"),
        ({"subjects": [{"subject": person(3), "canary": "canary"}]}, "bad-json", "/subjects/0"),
        ({"subjects": [{"subject": person(3)}, {"subject": person(3)}]}, "subjects-named", None),
        ({"subjects": []}, "subjects-named", None),
        ({}, "subjects-named", None),
        ([], "bad-json", ""),
    ],
)
def test_what_cannot_be_asked_is_a_problem_without_a_value(web, body, code, pointer):
    """A stable type, in Dutch where that is asked; columns are named, values and people never."""
    answer = web("POST", V1, body, {"accept-language": "nl"})
    assert _type(answer) == code
    assert answer.headers["content-language"] == "nl"
    assert "canary" not in answer.text.replace("/problems/", "")
    assert [one["pointer"] for one in answer.json().get("errors", [])] == ([] if pointer is None else [pointer])


@pytest.mark.parametrize(
    ("headers", "content", "code"),
    [
        ({"content-type": "application/json"}, b"{", "bad-json"),
        ({"content-type": "application/json"}, b"\xff", "bad-json"),
        ({"content-type": "application/json"}, b'{"subject": "\xff"}', "bad-json"),
        ({"content-type": "application/json"}, b'{"subject": NaN}', "bad-json"),
        ({"content-type": "application/json"}, b"[" * 100_000, "bad-json"),
        ({"content-type": "text/plain"}, b"{}", "content-type"),
        ({}, b"{}", "content-type"),
        ({"content-type": "application/json"}, b" " * 2_000, "body-too-large"),
    ],
)
def test_a_body_that_is_none_is_refused(ran_shop, headers, content, code):
    """Broken, deep, not JSON, or larger than the service takes."""
    with opened(ran_shop) as serving:
        web = Web(serving, limits=Limits(body=1_000 if code == "body-too-large" else 200_000))
        assert _type(web("POST", V1, headers=headers, content=content)) == code


def test_a_body_without_a_length_is_measured_as_it_comes(ran_shop):
    """In parts, too: what is larger is refused before all of it is there; what does not come is not waited for."""

    async def parts():
        for _ in range(100):
            yield b" " * 100

    async def never():
        yield b"{"
        await asyncio.sleep(5)

    with opened(ran_shop) as serving:
        web = Web(serving, limits=Limits(body=1_000, arrives=WITHIN))
        json_type = {"content-type": "application/json"}
        assert _type(web("POST", V1, headers=json_type, content=parts())) == "body-too-large"
        web.app = assembly.service_app(serving, limits=Limits(body=1_000, arrives=0.2))
        assert _type(web("POST", V1, headers=json_type, content=never())) == "slow"


@pytest.mark.parametrize(
    "key", ["", "Bearer", "Bearer x", "Basic eDp4", "Bearer eh__", "Bearer eh_0000000000_" + "A" * 43, "Bearer é"]
)
def test_without_a_key_nobody_gets_in(web, key):
    """Whatever is presented, the answer is the same, and says how a key is sent."""
    for method, path in (("POST", V1), ("GET", "/v1/receipts/20260301T000000Z-000000.1")):
        body = {"subject": person(3)} if method == "POST" else None
        answer = web(method, path, body, {"authorization": key.encode("latin-1")})
        assert _type(answer) == "unauthorised"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_does_what_it_is_for_and_nothing_else(ran_shop):
    """A reader cannot decide; somebody who decides cannot read; a revoked or rotated key can do nothing."""
    with opened(ran_shop) as serving:
        web = Web(serving, "read")
        assert _type(web("POST", V1, {"subject": person(3)})) == "forbidden"
        keys, now = assembly.machine_keys(serving.place.folder), datetime.now(UTC)
        decides = keys.make("decides", ["decide"], at=now)
        old, web.key = web.key, decides
        one = web("POST", V1, {"subject": person(3)}).json()
        assert _type(web("GET", one["receipt"])) == "forbidden"
        web.key = keys.rotate("tests", at=now)
        assert web("GET", one["receipt"]).status_code == 200
        keys.revoke("tests", at=now)
        assert _type(web("GET", one["receipt"])) == "unauthorised"
        web.key = old
        assert _type(web("GET", one["receipt"])) == "unauthorised"


def test_a_key_with_a_pace_is_held_to_it(ran_shop):
    """Five people a second: who asked about a hundred at once, which one may, comes again after twenty seconds."""
    with opened(ran_shop) as serving:
        web = Web(serving, "decide", rate=5)
        assert web("POST", V1, {"subjects": [{"subject": person(n)} for n in range(100)]}).status_code == 200
        refused = web("POST", V1, {"subject": person(9)})
        assert (_type(refused), refused.headers["retry-after"]) == ("rate", "1")


def test_an_idempotency_key_gives_the_same_decision_again(web):
    """Also when both come at once; another body, or another signal, under it is refused."""
    body, key = {"subject": person(3)}, {"idempotency-key": "order-17"}
    first, second = web.together([(V1, body, key), (V1, body, key)])
    assert first.json()["decision_id"] == second.json()["decision_id"]
    assert web("POST", V1, body, key).json()["decision_id"] == first.json()["decision_id"]
    for other, more in (({"subject": person(4)}, {}), (body, {"sec-gpc": "1"})):
        assert _type(web("POST", V1, other, key | more)) == "idempotency-key-reused"
    for bad in ("x" * 129, "\x7f"):
        assert _type(web("POST", V1, body, {"idempotency-key": bad})) == "idempotency-key"


def test_two_machines_do_not_meet_in_one_key(ran_shop):
    """The same Idempotency-Key of two callers stands for two questions."""
    with opened(ran_shop) as serving:
        web, key = Web(serving), {"idempotency-key": "1"}
        one = web("POST", V1, {"subject": person(3)}, key).json()
        web.key = assembly.machine_keys(serving.place.folder).make("other", ["decide"], at=datetime.now(UTC))
        assert web("POST", V1, {"subject": person(4)}, key).json()["decision_id"] != one["decision_id"]


def test_health_and_figures_tell_nothing_of_a_person(web):
    """Alive, ready, and counts; no id, no pseudonym, no key."""
    one = web("POST", V1, {"subject": person(3)}).json()
    assert web("GET", "/healthz").json() == {"status": "alive"}
    assert web("GET", "/readyz").json() == {"status": "ready"}
    figures = web("GET", "/metrics").text
    counted = 'evenhand_decisions_total{campaign="small-shop",standing="personalised"}'
    assert f"{counted} 0.0" in figures
    for number in (4, 5, 6, 7, 8, 9, 12, 13, 14):
        web("POST", V1, {"subject": person(number)})
    assert f"{counted} 10.0" in web("GET", "/metrics").text
    assert 'evenhand_requests_total{route="/v1/decisions",status="200"} 1.0' in figures
    assert person(3) not in figures
    assert one["decision_id"] not in figures


@pytest.mark.parametrize(("declared", "day"), [("", None), (", gpc_since: 2026-03-01", date(2026, 3, 1))])
def test_the_service_says_that_it_abides_by_global_privacy_control(ran_shop, declared, day):
    """To anybody, without a key, as our own reader of the standard reads it; with the day that a campaign declares."""
    if declared:
        campaign, mail = ran_shop / "campaign.yaml", "contact: privacy@shop.example"
        campaign.write_text(campaign.read_text("utf-8").replace(mail, mail + declared), encoding="utf-8")
        assembly.run_campaign(campaign, at=datetime(2026, 3, 1, tzinfo=UTC))
    with opened(ran_shop) as serving:
        said = Web(serving)("GET", GPC_RESOURCE, headers={"authorization": ""})
    found = read_gpc_resource(said.content, content_type=said.headers["content-type"], status=said.status_code)
    assert found == GpcSupport(Support.YES, day)
    assert said.headers["cache-control"] == "public, max-age=86400"


def test_after_the_end_the_service_says_that_it_is_closing(ran_shop):
    """Not ready, and every question is refused for now."""
    with opened(ran_shop) as serving:
        web = Web(serving)
    assert web("GET", "/readyz").json() == {"status": "not-ready", "why": "closing"}
    refused = web("POST", V1, {"subject": person(3)})
    assert (_type(refused), refused.headers["retry-after"]) == ("unavailable", "2")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nowhere", "not-found"),
        ("GET", V1, "method"),
        ("DELETE", "/healthz", "method"),
        ("GET", "/v1/explanations/x", "unprocessable"),
        ("GET", "/v1/explanations/20260301T000000Z-000000.1", "decision-unknown"),
        ("GET", "/v1/explanations/20260301T000000Z-000000.1?register=canary", "unprocessable"),
        ("GET", "/v1/receipts/20260301T000000Z-000000.1", "decision-unknown"),
    ],
)
def test_every_other_wrong_turn_is_a_problem_too(web, method, path, code):
    """No page of a framework is ever seen, and nothing that was sent comes back."""
    answer = web(method, path)
    assert _type(answer) == code
    assert "canary" not in answer.text


def test_an_erased_person_is_told_of_no_more(web):
    """The explanations and the stored answer under a key are gone; of the receipt, what anybody may know is left."""
    body, key = {"subject": person(3)}, {"idempotency-key": "k"}
    one = web("POST", V1, body, key).json()
    assembly.erase(person(3), home=web.place, at=datetime.now(UTC))
    for link in one["explanations"].values():
        assert _type(web("GET", link)) == "decision-closed"
    assert _type(web("POST", V1, body, key)) == "decision-closed"


def test_no_problem_is_without_a_text():
    """Every code has one in both languages, of at most 25 words a sentence."""
    folder = files("evenhand.adapters.web") / "texts"
    nl, en = (json.loads((folder / f"{lang}.json").read_text("utf-8")) for lang in ("nl", "en"))
    assert set(nl) == set(en)
    assert {f"problem.{code}" for code in CODES} == {key for key in en if key.startswith("problem.")}
    for said in (*nl.values(), *en.values()):
        assert all(len(sentence.split()) <= 25 for sentence in said.split(". "))


class _Faulty:
    """A served campaign in which something breaks at each decision; otherwise as it is."""

    def __init__(self, campaign):
        self._campaign = campaign

    def __getattr__(self, name):
        return getattr(self._campaign, name)

    def decide(self, *_):
        raise ValueError("canary3@mail.example")


def test_whoever_runs_it_is_told_of_a_fault_and_the_asker_is_not(ran_shop):
    """By its type and place, never by its text, which may hold somebody's values; nobody is decided about."""
    told = []
    with opened(ran_shop) as serving:
        serving.live.campaigns = {name: _Faulty(one) for name, one in serving.live.campaigns.items()}
        answer = Web(serving, told=told.append)("POST", V1, {"subject": person(3)})
    assert _type(answer) == "unavailable"
    assert "ValueError" not in answer.text
    (line,) = told
    assert "This is a fault in evenhand: ValueError in test_web.py:" in line
    assert "canary" not in line


@pytest.mark.parametrize(
    ("pages", "staff", "links"),
    [("", "", []), ("", "/staff", ["/staff/"]), ("/my", "/staff", ["/my/how", "/my/me", "/staff/"])],
)
def test_the_page_at_the_address_itself_links_to_the_pages_that_are_there(pages, staff, links):
    """And to no other; below a prefix of a proxy all of them stand there."""
    app = root_pages(lambda: ("Shop", "desk@shop.example"), pages=pages, staff=staff)

    async def ask():
        transport = httpx.ASGITransport(app=app, root_path="/below")
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
            return await client.get("/below/", params={"lang": "nl"}, headers={"accept": "text/html"})

    page = asyncio.run(ask())
    assert "Een dienst voor programma&#39;s" in page.text
    assert set(re.findall(r'<a href="([^"?]*)\?lang=nl">', page.text)) == {f"/below{one}" for one in links}
    assert ("stylesheet" in page.text) is bool(links)
