"""Strings of consent platforms and of the United States, told over HTTP: each holds for the very next decision."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from evenhand import assembly
from evenhand.signals import IdSet, PublisherTc, TcfString, decisecond, write_tcf
from live_cases import Web, opened
from portal_cases import name_of, write_corner_shop

VENDOR = 11
CLAUSE = "consents: {file: said.csv, signals: {tcf: tc, gpp: gpp, gpc: gpc, vendor: 11}}"
OWN = "consents: {file: said.csv, signals: {gpp: gpp, uses: []}}"
IN_TABLE = 23
US_OPTED_OUT, US_OPEN, US_NOT_APPLICABLE = "DBABLA~CVVVkkkkkpFY.YA", "DBABLA~CAAqAAAAAAAA.QA", "DBABLA~CAAAAAAAAAAA.QA"


def tc_string(*, yes=True, days_ago=0, vendor=VENDOR):
    """A TC string of a registered platform that gives or refuses the purposes 1, 3 and 4 to a vendor."""
    made = decisecond(datetime.now(UTC) - timedelta(days=days_ago))
    purposes, vendors = IdSet.of((1, 3, 4) if yes else (1,)), IdSet.of((vendor,))
    return write_tcf(
        TcfString(
            created_ds=made,
            last_updated_ds=made,
            cmp_id=10,
            cmp_version=1,
            consent_screen=1,
            consent_language="NL",
            vendor_list_version=100,
            policy_version=5,
            is_service_specific=True,
            use_non_standard_texts=False,
            special_feature_opt_ins=IdSet.of(()),
            purposes_consent=purposes,
            purposes_li_transparency=IdSet.of(()),
            purpose_one_treatment=False,
            publisher_cc="NL",
            vendor_consents=vendors,
            vendor_legitimate_interests=IdSet.of(()),
            publisher_restrictions=(),
            disclosed_vendors=vendors,
            allowed_vendors=None,
            publisher_tc=PublisherTc(purposes, IdSet.of(()), 0, IdSet.of(()), IdSet.of(())),
        )
    )


def _ran(folder, clause):
    campaign = write_corner_shop(folder)
    campaign.write_text(campaign.read_text("utf-8").replace("consents: {file: said.csv}", clause), "utf-8")
    said = folder / "said.csv"
    rows = said.read_text("utf-8").splitlines()
    said.write_text("\n".join([rows[0] + ",tc,gpp,gpc", *(f"{row},,," for row in rows[1:])]) + "\n", "utf-8")
    if "gpc: gpc" in clause:
        with said.open("a", encoding="utf-8") as file:
            file.write(f"{name_of(IN_TABLE)},signal,,,2026-02-01,,,1\n")
    assembly.run_campaign(campaign, at=datetime.now(UTC) - timedelta(hours=1))
    return folder


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A machine at a shop that is vendor 11 of the Global Vendor List."""
    with opened(_ran(tmp_path_factory.mktemp("vendor"), CLAUSE)) as serving:
        yield Web(serving, "decide", "consents", "read")


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """A machine at a shop whose campaign declares no signals."""
    with opened(_ran(tmp_path_factory.mktemp("silent"), "consents: {file: said.csv}")) as serving:
        yield Web(serving, "decide", "consents", "read")


@pytest.fixture(scope="module")
def own_data(tmp_path_factory):
    """A machine at a shop that sells and shares nothing."""
    with opened(_ran(tmp_path_factory.mktemp("own"), OWN)) as serving:
        yield Web(serving, "decide", "consents")


def _say(web, number, **signals):
    answer = web("POST", "/v1/signals", {"subject": name_of(number), **signals})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _decided(web, number, **headers):
    answer = web("POST", "/v1/decisions", {"subject": name_of(number)}, headers)
    return answer.json()["standing"], answer.json()["permission"]


WITHDREW = 6
"""Every seventh of the shop withdrew consent."""


def test_a_tc_string_gives_and_refuses_for_the_next_decision(web):
    """The yes of a platform counts for somebody who had withdrawn before, its no ends it; both with evidence."""
    assert _decided(web, WITHDREW) == ("contextual", "consent-withdrawn")
    heard = _say(web, WITHDREW, tcf=tc_string())
    assert heard["means"] == {"tcf": {"corner-shop": "permits"}}
    assert _decided(web, WITHDREW) == ("personalised", "signal-consent")
    refused = tc_string(yes=False)
    heard = _say(web, WITHDREW, tcf=refused)
    assert heard["means"]["tcf"]["corner-shop"] == "refuses"
    assert _decided(web, WITHDREW) == ("contextual", "signal-refused")
    (record,) = heard["kept"]
    assert (record["kind"], record["purpose"], record["status"]) == ("signal", "tcf", "SignalledNo")
    assert (record["signal"], record["method"], record["actor"]) == (refused, "TCF", "machine tests")


@pytest.mark.parametrize(
    ("number", "signal", "means", "permission"),
    [
        (100, {"tcf": tc_string(vendor=99)}, "unusable", "signal-unusable"),
        (101, {"gpp": US_OPTED_OUT}, "opts-out", "signal-opt-out"),
        (102, {"gpp": US_OPEN}, "open", "consent-valid"),
        (105, {"gpp": US_NOT_APPLICABLE}, "unclear", "signal-unclear"),
        (106, {"us_privacy": "1YYN"}, "opts-out", "signal-opt-out"),
        (107, {"us_privacy": "1YNN"}, "open", "consent-valid"),
        (108, {"gpc": True}, "opts-out", "signal-opt-out"),
    ],
)
def test_each_signal_means_in_the_decision_what_the_answer_says(web, number, signal, means, permission):
    """Also for strings that no column of the table holds; and what the person is to be shown is there exactly then."""
    heard = _say(web, number, **signal)
    (name,) = signal
    assert heard["means"] == {name: {"corner-shop": means}}
    assert _decided(web, number)[1] == permission
    assert (heard["show"] is not None) == (means == "opts-out")


def test_an_old_tc_string_is_no_consent(web):
    """Its age is judged when a decision is made: 390 days."""
    heard = _say(web, 13, tcf=tc_string(days_ago=391))
    assert heard["means"]["tcf"]["corner-shop"] == "unusable"
    assert _decided(web, 13)[0] == "contextual"


def test_a_string_that_goes_on_being_sent_undoes_no_later_choice(web):
    """The person took the opt-out back, or withdrew, after the signal: sending the same again is no new word."""
    _say(web, 8, gpp=US_OPTED_OUT, tcf=tc_string())
    assert _decided(web, 8) == ("contextual", "signal-opt-out")
    body = {"subject": name_of(8), "word": "take-back-opt-out", "purpose": "", "actor": "person"}
    assert web("POST", "/v1/consents", body).status_code == 428, "a signal says no"
    assert web("POST", "/v1/consents", body, {"If-Match": "*"}).status_code == 201
    assert _decided(web, 8)[0] == "personalised"
    again = _say(web, 8, gpp=US_OPTED_OUT)
    assert (again["kept"], again["unchanged"], again["overruled"]) == ([], ["gpp"], ["gpp"])
    assert again["show"] is None
    assert _decided(web, 8)[0] == "personalised"
    _say(web, 8, gpp=US_NOT_APPLICABLE)
    assert _decided(web, 8) == ("contextual", "signal-unclear"), "another string is another word"


def test_global_privacy_control_is_overruled_by_a_later_choice_alone(web):
    """Sent with each request it opts out, until the person says otherwise after it was recorded; then the answer does
    not claim that it was honoured."""
    header = {"Sec-GPC": "1"}
    back = {"subject": name_of(9), "word": "take-back-opt-out", "actor": "person"}
    web("POST", "/v1/consents", {**back, "word": "opt-out"})
    web("POST", "/v1/consents", back, {"If-Match": "*"})
    assert _decided(web, 9, **header)[0] == "contextual", "a choice of before the signal does not overrule it"
    _say(web, 9, gpc=True)
    assert _say(web, 9, gpc=True)["unchanged"] == ["gpc"]
    assert _decided(web, 9)[0] == "contextual"
    web("POST", "/v1/consents", back, {"If-Match": "*"})
    answer = web("POST", "/v1/decisions", {"subject": name_of(9)}, header).json()
    assert (answer["standing"], answer["gpc_honoured"]) == ("personalised", False)
    assert _say(web, 9, gpc=True)["overruled"] == ["gpc"]
    other = web("POST", "/v1/decisions", {"subject": name_of(10)}, header).json()
    assert (other["standing"], other["gpc_honoured"]) == ("contextual", True)
    web("POST", "/v1/consents", {**back, "word": "opt-out"})
    assert _decided(web, 9, **header)[0] == "contextual"


def test_an_opt_out_that_stands_in_the_table_is_overruled_by_a_later_choice_as_well(web):
    """The table had the signal before the service heard it: the person's choice of since counts, also where their
    browser sends it with the next question, and where a machine tells it anew."""
    header, person = {"Sec-GPC": "1"}, IN_TABLE
    assert _decided(web, person) == ("contextual", "signal-opt-out")
    web("POST", "/v1/consents", {"subject": name_of(person), "word": "take-back-opt-out"}, {"If-Match": "*"})
    assert _decided(web, person)[0] == "personalised"
    for _ in range(20):  # what a question brings is kept beside, at any moment
        assert _decided(web, person, **header)[0] == "personalised"
        time.sleep(0.01)
    for _ in range(2):
        heard = _say(web, person, gpc=True)
        assert (heard["overruled"], heard["show"]) == (["gpc"], None)
    assert _decided(web, person, **header)[0] == "personalised"


def test_global_privacy_control_stops_nothing_where_nothing_is_sold_or_shared(own_data):
    """With an empty list of uses: neither with a question nor once it is kept; the table has no column of it."""
    header = {"Sec-GPC": "1"}
    assert _decided(own_data, 9, **header)[0] == "personalised"
    heard = _say(own_data, 9, gpc=True)
    assert (heard["means"], heard["show"]) == ({"gpc": {"corner-shop": "nothing"}}, None)
    answer = own_data("POST", "/v1/decisions", {"subject": name_of(9)}, header).json()
    assert (answer["standing"], answer["gpc_honoured"]) == ("personalised", True)
    own_data("POST", "/v1/consents", {"subject": name_of(9), "word": "opt-out"})
    assert _decided(own_data, 9, **header)[0] == "contextual", "the person's own word is about everything"


def test_a_campaign_that_declares_no_signals_hears_opt_outs_and_no_consent(silent):
    """Closed when in doubt: every opt-out reaches it, and a TC string is neither a yes nor a no."""
    assert _say(silent, WITHDREW, tcf=tc_string())["means"]["tcf"]["corner-shop"] == "nothing"
    assert _decided(silent, WITHDREW) == ("contextual", "consent-withdrawn")
    _say(silent, 0, tcf=tc_string(yes=False))
    assert _decided(silent, 0)[0] == "personalised"
    _say(silent, 0, gpp=US_OPTED_OUT)
    assert _decided(silent, 0) == ("contextual", "signal-opt-out")


def test_runs_with_signals_are_replayed_and_verified(web):
    """The string that was told is read again, and the same comes out to the bit."""
    _say(web, 14, gpp=US_OPTED_OUT)
    decided = web("POST", "/v1/decisions", {"subject": name_of(14)}).json()
    home = web.place
    assert assembly.replay(decided["decision_id"].split(".")[0], home=home).same
    assert assembly.verify_rights(home=home).ok


def test_a_string_stands_in_no_file_and_is_gone_with_the_key(web):
    """Whoever takes the files without the keys reads nothing of it; the person gets it back, until they are erased."""
    signal = tc_string(yes=False)
    _say(web, 16, tcf=signal)
    home = web.place
    assert signal.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert [one.signal for one in assembly.consent_history(name_of(16), home=home).said] == [signal]
    assembly.erase(name_of(16), home=home, at=datetime.now(UTC))
    assert assembly.consent_history(name_of(16), home=home).said == ()
    assert assembly.verify_rights(home=home).ok


def test_what_is_no_signal_is_refused_and_nothing_comes_back(web):
    """Unreadable strings, none at all, one that is too long; no part of a string stands in the answer, which says
    of which signal it is."""
    for signal, code, where in (
        ({"tcf": "CANARY"}, "signal-unreadable", "/tcf"),
        ({"gpp": "CANARY~"}, "signal-unreadable", "/gpp"),
        ({"us_privacy": "CANARY"}, "signal-unreadable", "/us_privacy"),
        ({"us_privacy": "1YYN", "gpp": "CANARY~"}, "signal-unreadable", "/gpp"),
        ({}, "unprocessable", ""),
        ({"gpc": False}, "unprocessable", "/gpc"),
        ({"tcf": "C" * 20_000}, "unprocessable", "/tcf"),
    ):
        answer = web("POST", "/v1/signals", {"subject": name_of(15), **signal})
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")
        assert [one["pointer"] for one in answer.json()["errors"]] == [where]
        assert "CANARY" not in answer.text
    assert web("POST", "/v1/consents/history", {"subject": name_of(15)}).json()["said"] == []


def test_who_wrote_it_down_can_be_named(web):
    """The actor as it was told, and the machine beside it; nobody can pass for the machine."""
    body = {"subject": name_of(17), "word": "withdraw", "purpose": "PersonalisedAdvertising", "actor": "desk 3"}
    said = web("POST", "/v1/consents", body).json()
    assert (said["actor"], said["via"]) == ("desk 3", "machine tests")
    said = web("POST", "/v1/consents", {**body, "actor": ""}).json()
    assert said["actor"] == "machine tests"
    assert "via" not in said
    assert web("POST", "/v1/consents", {**body, "actor": "a\nb"}).status_code == 422
    web("POST", "/v1/requests", {"subject": name_of(17), "kind": "access", "actor": "desk 3"})
    (asked,) = assembly.list_requests(home=web.place, who=name_of(17))
    assert asked.trail[0].by == "desk 3 (machine tests)"


def test_a_signal_that_says_no_reaches_a_run_that_was_prepared_before(web):
    """Who opted out by a string since a run read what people said stands in the list before the send."""
    since = assembly.consents_since(home=web.place, at=datetime.now(UTC))
    _say(web, 21, gpp=US_OPTED_OUT)
    _say(web, 22, tcf=tc_string())
    after = assembly.consents_since(home=web.place, at=datetime.now(UTC))
    assert after.people == since.people + 1
