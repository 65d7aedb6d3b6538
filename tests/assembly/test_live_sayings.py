"""What people say through the service holds for the very next decision, and a replay hears the same."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from evenhand import assembly
from live_cases import Web, asked, opened, person
from patience import WITHIN

LATER = "2999-01-01T00:00:00Z"
PURPOSE = "PersonalisedAdvertising"


@pytest.fixture
def serving(ran_shop):
    """A running service."""
    with opened(ran_shop) as found:
        yield found


@pytest.fixture
def web(serving):
    """A machine that may decide and say what people say."""
    return Web(serving, "decide", "consents", "read")


def _seen(web, number):
    """The header that says what was seen of a person's history."""
    return {"If-Match": web("POST", "/v1/consents/history", {"subject": person(number)}).headers["etag"]}


def _standing(web, number, **more):
    return web("POST", "/v1/decisions", {"subject": person(number), **more}).json()


def test_a_withdrawal_holds_for_the_next_decision(web):
    """Said, then asked at once: contextual, with the reason; given again, then asked: personal."""
    for number in range(2, 9):
        assert _standing(web, number)["standing"] == "personalised"
        said = web("POST", "/v1/consents", {"subject": person(number), "word": "withdraw", "purpose": PURPOSE})
        assert (said.status_code, said.json()["status"]) == (201, "ConsentWithdrawn")
        after = _standing(web, number)
        assert (after["standing"], after["permission"]) == ("contextual", "consent-withdrawn")
        give = {"subject": person(number), "word": "give", "purpose": PURPOSE}
        assert web("POST", "/v1/consents", give, _seen(web, number)).status_code == 201
        assert _standing(web, number)["standing"] == "personalised"


def test_a_yes_is_answered_with_what_nobody_can_show_of_it_later(web):
    """Without notice, language and method it is kept and named incomplete; with them, and a no, nothing is missing."""
    said = {"subject": person(301), "purpose": PURPOSE}
    bare = web("POST", "/v1/consents", said | {"word": "give"})
    assert (bare.status_code, bare.json()["evidence_missing"]) == (201, ["notice", "language", "method"])
    whole = said | {"word": "renew", "notice": "2026-1", "language": "nl", "method": "web form"}
    assert web("POST", "/v1/consents", whole).json()["evidence_missing"] == []
    assert web("POST", "/v1/consents", said | {"word": "withdraw"}).json()["evidence_missing"] == []


def test_a_withdrawal_holds_under_load_too(serving):
    """While others ask all the time: whoever said no is decided about without personal data from then on."""
    stop, wrong = threading.Event(), []

    def ask_all_the_time(start):
        number = start
        while not stop.is_set():
            number = start + (number + 1 - start) % 100
            asked(serving.live, person(number))

    others = [threading.Thread(target=ask_all_the_time, args=(start,)) for start in (100, 200)]
    for thread in others:
        thread.start()
    try:
        for number in range(31, 50):
            if number % 10 and number % 25 != 1:
                assert asked(serving.live, person(number)).answers[0].standing == "personalised"
                assembly.say(person(number), "withdraw", PURPOSE, home=serving.place.folder, at=datetime.now(UTC))
                after = asked(serving.live, person(number)).answers[0]
                wrong += [] if after.permission == "consent-withdrawn" else [number]
    finally:
        stop.set()
        for thread in others:
            thread.join(WITHIN)
    assert wrong == []


def test_objections_signals_and_factors_hold_too(web):
    """An objection, a browser's signal, and one factor switched off; what was taken back counts again."""
    web("POST", "/v1/objections", {"subject": person(3)})
    assert _standing(web, 3)["permission"] == "direct-marketing-objection"
    assert web("POST", "/v1/objections", {"subject": person(3), "taken_back": True}).status_code == 428
    web("POST", "/v1/objections", {"subject": person(3), "taken_back": True}, _seen(web, 3))
    assert _standing(web, 3)["standing"] == "personalised"
    web("POST", "/v1/signals", {"subject": person(4), "gpc": True})
    assert _standing(web, 4)["permission"] == "signal-opt-out"
    before = _standing(web, 5)
    web("POST", "/v1/consents", {"subject": person(5), "word": "switch-off", "purpose": "visits"})
    after = _standing(web, 5)
    assert before["standing"] == after["standing"] == "personalised"
    told = web("GET", after["explanations"]["person"]).json()
    assert "number of visits" not in {one["meaning"] for one in told["factors"] if one["direction"] != "neutral"}


def test_an_answer_in_which_nothing_of_a_person_counts_does_not_say_that_it_was_chosen_for_them(web):
    """Whoever switched every fact off is decided about without any: the words of the card and the DSA object say so,
    also where the same question is asked again; one of several is told apart from the others."""
    assert _standing(web, 5)["how"] == "personal"
    for column in ("visits", "days"):
        web("POST", "/v1/consents", {"subject": person(5), "word": "switch-off", "purpose": column})
    once = {"idempotency-key": "one-and-the-same"}
    for _ in range(2):
        after = web("POST", "/v1/decisions", {"subject": person(5)}, once).json()
        assert (after["standing"], after["how"]) == ("personalised", "contextual")
        assert after["offer"] is None or "not based on your data" in after["ads"]["contextual"]["text"]["en"]
        assert after["offer"] is None or after["dsa"]["contextual"]["transparency"][0]["dsaparams"] == [2]
    both = web("POST", "/v1/decisions", {"subjects": [{"subject": person(5)}, {"subject": person(6)}]}).json()
    assert [one["how"] for one in both["decisions"]] == ["contextual", "personal"]
    assert [both["dsa"][how]["transparency"][0]["dsaparams"] for how in ("contextual", "personal", "chance")] == [
        [2], [1], [2],
    ]  # fmt: skip


def test_who_would_ask_for_a_yes_again_learns_from_which_day(web):
    """After an opt-out of sale a day next year; none once the person says by themselves that it may again."""
    body = {"subject": person(9)}
    assert web("POST", "/v1/consents", body | {"word": "opt-out-of-sale"}).status_code == 201
    now = web("POST", "/v1/consents/history", body)
    day = date.fromisoformat(now.json()["may_ask_again_from"])
    assert timedelta(days=365) <= day - datetime.now(UTC).date() <= timedelta(days=367)
    back = body | {"word": "take-back-opt-out-of-sale"}
    assert web("POST", "/v1/consents", back, {"if-match": now.headers["etag"]}).status_code == 201
    assert web("POST", "/v1/consents/history", body).json()["may_ask_again_from"] is None


def test_a_fact_that_no_campaign_has_cannot_be_switched_off(web):
    """A wish that would change nothing is not answered with a yes: the asker learns where the name is wrong."""
    for column in ("visitz", "sex", "person"):
        body = {"subject": person(5), "word": "switch-off", "purpose": column}
        answer = web("POST", "/v1/consents", body, {"accept-language": "nl"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/factor-unknown")
        assert answer.json()["title"] == "Geen enkele campagne heeft een kenmerk met deze naam. Er is niets bewaard."
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/purpose"]
    assert web("POST", "/v1/consents/history", {"subject": person(5)}).json() == {
        "said": [],
        "now": [],
        "may_ask_again_from": None,
        "known": True,
    }


def test_what_was_said_is_verified_replayed_and_told(web, serving):
    """Runs before and after a no come out again to the bit; the history has every word, with its evidence."""
    ids = [_standing(web, 3)["decision_id"]]
    web("POST", "/v1/consents", {"subject": person(3), "word": "withdraw", "purpose": PURPOSE, "method": "web form"})
    ids.append(_standing(web, 3)["decision_id"])
    web("POST", "/v1/consents", {"subject": person(3), "word": "give", "purpose": PURPOSE}, _seen(web, 3))
    ids.append(_standing(web, 3)["decision_id"])
    home = serving.place.folder
    for one in ids:
        assert assembly.replay(one.split(".")[0], home=home).same
    assert assembly.verify_ledger(home=home).ok
    assert assembly.verify_rights(home=home).ok
    history = web("POST", "/v1/consents/history", {"subject": person(3)}).json()
    assert [one["status"] for one in history["said"]] == ["ConsentWithdrawn", "ConsentGiven"]
    assert [one["status"] for one in history["now"]] == ["ConsentGiven"]
    assert (history["said"][0]["actor"], history["said"][0]["method"]) == ("machine tests", "web form")


def test_what_people_ask_is_kept_with_its_deadline(web):
    """An access request has a number and a day; an objection by request holds at once."""
    made = web("POST", "/v1/requests", {"subject": person(3), "kind": "access"})
    assert (made.status_code, made.json()["kind"]) == (201, "access")
    again = web("GET", f"/v1/requests/{made.json()['number']}").json()
    assert again["due"] == made.json()["due"]
    assert "trail" not in again
    web("POST", "/v1/requests", {"subject": person(3), "kind": "objection"})
    assert _standing(web, 3)["permission"] == "direct-marketing-objection"
    assert web("GET", "/v1/requests/R-20260301-000000").json()["type"] == "/problems/request-unknown"


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/v1/consents", {"subject": person(3), "word": "give", "purpose": "Canary"}, "/purpose"),
        ("/v1/consents", {"subject": person(3), "word": "give"}, "/purpose"),
        ("/v1/consents", {"subject": person(3), "word": "canary", "purpose": PURPOSE}, "/word"),
        ("/v1/consents", {"subject": "", "word": "give", "purpose": PURPOSE}, "/subject"),
        ("/v1/consents", {"subject": person(3), "word": "give", "purpose": PURPOSE, "said_at": LATER}, "/said_at"),
        ("/v1/consents", {"subject": person(3), "word": "give", "purpose": PURPOSE, "language": "12"}, "/language"),
        ("/v1/signals", {"subject": person(3), "gpc": False}, "/gpc"),
        ("/v1/requests", {"subject": person(3), "kind": "canary"}, "/kind"),
        ("/v1/requests", {"subject": person(3), "kind": "restriction", "law": "ccpa"}, "/law"),
        ("/v1/requests", {"subject": person(3), "kind": "human_review", "decision": "canary"}, "/decision"),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_place_without_a_value(web, path, body, where):
    """Nothing is kept, nothing that was sent comes back, and the answer points at the member that is wrong."""
    answer = web("POST", path, body)
    assert (answer.status_code, "canary" in answer.text.lower()) == (422, False)
    assert [one["pointer"] for one in answer.json()["errors"]] == [where]
    assert web("POST", "/v1/consents/history", {"subject": person(3)}).json()["said"] == []


def test_only_a_key_for_it_may_speak_for_people(ran_shop):
    """Deciding and reading are other scopes."""
    with opened(ran_shop) as serving:
        web = Web(serving, "decide", "read", "events")
        for path in ("/v1/consents", "/v1/objections", "/v1/signals", "/v1/requests", "/v1/consents/history"):
            body = {
                "/v1/consents": {"subject": person(3), "word": "withdraw", "purpose": PURPOSE},
                "/v1/signals": {"subject": person(3), "gpc": True},
                "/v1/requests": {"subject": person(3), "kind": "access"},
            }.get(path, {"subject": person(3)})
            assert web("POST", path, body).json()["type"] == "/problems/forbidden"


def test_a_corrected_value_counts_for_the_next_decision(serving, web):
    """The person's visits were wrong; once that is put right the service decides with the right number, and a replay
    does too."""
    home = serving.place.folder
    before = _standing(web, 3)
    number = web("POST", "/v1/requests", {"subject": person(3), "kind": "rectification"}).json()["number"]
    was = {one["name"]: one["value"] for one in _factors(web, before)}
    right = "0" if "0" not in was["visits"].split() else "19"
    assembly.answer_request(
        number, person(3), home=home, by="dpo", identity="known", values={"visits": right}, at=datetime.now(UTC)
    )
    after = _standing(web, 3)
    assert {one["name"]: one["value"] for one in _factors(web, after)}["visits"] != was["visits"]
    for one in (before, after):
        assert assembly.replay(one["decision_id"].split(".")[0], home=home).same


def _factors(web, decided):
    return web("GET", decided["explanations"]["regulator"]).json()["factors"]


def test_a_new_id_over_http_carries_every_no_to_the_next_decision(web):
    """The old id objected in the table; the new one is the same person: the service hears it at once."""
    assert _standing(web, 3)["standing"] == "personalised"
    told = {"subject": person(3), "was": person(26), "evidence": "login merged", "actor": "desk-4"}
    done = web("POST", "/v1/same-person", told)
    assert (done.status_code, done.json()["carried"]) == (201, 1)
    assert _standing(web, 3)["permission"] == "direct-marketing-objection"
    assert web("POST", "/v1/same-person", {**told, "was": person(3)}).status_code == 422
    assert web("POST", "/v1/same-person", {"subject": person(3), "was": person(26)}).status_code in (400, 422)


def test_a_machine_that_reads_is_named_by_its_key(serving, web):
    """An explanation, a receipt, and what a person said: by the name of the key, in the person's own overview."""
    one = web("POST", "/v1/decisions", {"subject": person(2)}).json()
    for path in (one["explanations"]["employee"], one["receipt"]):
        assert web("GET", path).status_code == 200
    assert web("POST", "/v1/consents/history", {"subject": person(2)}).status_code == 200
    home = serving.place.folder
    looks = assembly.package_about(person(2), home=home).to_dict()["looks"]
    assert [one["what"] for one in looks] == ["decision", "receipt", "said"]
    assert {one["who"].split()[0] for one in looks} == {"machine"}


ODD = {"white space": f" {person(6)}", "a line end": f"{person(6)}\n", "an accent apart": f"Zoe\u0308-{person(6)}"}
SAID = {
    "/v1/objections": {},
    "/v1/consents": {"word": "withdraw", "purpose": PURPOSE},
    "/v1/requests": {"kind": "objection"},
    "/v1/signals": {"gpc": True},
    "/v1/same-person": {"was": person(7), "evidence": "ticket 1"},
}


@pytest.mark.parametrize("path", SAID)
def test_an_id_that_nobody_writes_like_this_is_refused_before_anything_is_kept(web, serving, path):
    """G-21b, G-7: white space around it, or an accent apart from its letter: 422, in Dutch too, with the member."""
    entries = assembly.verify_rights(home=serving.place.folder).entries
    for who in ODD.values():
        refused = web("POST", path, {"subject": who, **SAID[path]}, {"Accept-Language": "nl"})
        assert refused.status_code == 422
        problem = refused.json()
        assert problem["type"] == "/problems/subject-odd"
        assert problem["errors"] == [{"pointer": "/subject", "code": "subject-odd"}]
        assert "Er is niets bewaard" in problem["title"]
        assert "canary" not in refused.text
    assert assembly.verify_rights(home=serving.place.folder).entries == entries


def test_an_odd_id_that_the_tables_have_is_right(ran_shop):
    """Where the organisation writes it so, its people can say no."""
    who = f"Zoe\u0308-{person(6)}"
    for name in ("people.csv", "said.csv"):
        text = (ran_shop / name).read_text("utf-8")
        (ran_shop / name).write_text(text.replace(f"{person(6)},", f"{who},"), "utf-8")
    with opened(ran_shop) as serving:
        web = Web(serving, "decide", "consents")
        said = web("POST", "/v1/objections", {"subject": who})
        assert (said.status_code, said.json()["known"]) == (201, True)
        assert web("POST", "/v1/decisions", {"subject": who}).json()["standing"] == "contextual"


@pytest.mark.parametrize("path", [*SAID, "/v1/consents/history"])
def test_an_answer_says_whether_the_id_is_anybodys(web, path):
    """G-21b: a no about nobody is kept, and whoever passes it on is told, every time; `known` says it in every answer
    about a person, also where they are only asked after."""
    nobody = person(5).upper()
    for _ in range(2):
        said = web("POST", path, {"subject": nobody, **SAID.get(path, {})})
        assert (said.is_success, said.json()["known"]) == (True, False)
    assert web("POST", path, {"subject": person(5), **SAID.get(path, {})}).json()["known"] is True


def test_of_two_ids_an_answer_says_of_each_whether_it_is_anybodys(web):
    """Where the old id was mistyped there was nothing to carry, and whoever passed it on learns why."""
    told = {"subject": person(5), "was": person(7).upper(), "evidence": "ticket 1"}
    done = web("POST", "/v1/same-person", told).json()
    assert (done["known"], done["was_known"]) == (True, False)
    assert web("POST", "/v1/same-person", {**told, "was": person(7)}).json()["was_known"] is True
