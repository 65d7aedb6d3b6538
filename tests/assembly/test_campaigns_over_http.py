"""Campaigns over HTTP: taken with every check, started only where nothing stands against it, stopped at once."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from campaigns_cases import ANY, CAMPAIGN, FILE, YAML, named, taking
from evenhand import assembly
from live_cases import Web, offered, person

WHO = {"by": "Noor de Wit", "reason": "agreed"}
SMALL = "/v1/campaigns/small-shop"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One service for tests that each bring a campaign of their own."""
    with taking(tmp_path_factory.mktemp("taken")) as serving:
        yield Web(serving, "decide", "events", "campaigns")


@pytest.fixture(scope="module")
def started(service):
    """The shop's campaign, uploaded and started."""
    assert service("POST", "/v1/campaigns?reason=spring", content=FILE, headers=YAML).status_code == 201
    told = service("POST", f"{SMALL}/activate", json=WHO, headers=ANY)
    assert told.status_code == 200, told.text
    return service


def test_an_upload_is_a_draft_and_the_same_upload_again_is_the_same_draft(service):
    """Who and why stand in its history; nobody is decided about in it."""
    first = service("POST", "/v1/campaigns?reason=tea", content=named("tea-week"), headers=YAML)
    again = service("POST", "/v1/campaigns?reason=tea", content=named("tea-week"), headers=YAML)
    assert (first.status_code, first.json()["state"], first.headers["location"]) == (
        201,
        "draft",
        "/v1/campaigns/tea-week",
    )
    assert again.json() == first.json()
    assert [(one["by"], one["reason"], one["version"]) for one in first.json()["history"]] == [
        ("machine tests", "tea", 1)
    ]
    refused = service("POST", "/v1/decisions", json={"campaign": "tea-week", "subject": person(3)})
    assert refused.json()["type"] == "/problems/campaign-not-served"
    other = service("POST", "/v1/campaigns", content=named("tea-week") + b"# \n", headers=YAML)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/campaign-taken")
    assert service("GET", "/v1/campaigns/tea-week/file").content == named("tea-week")


def test_an_upload_under_a_key_is_kept_once_whatever_came_of_it_since(service):
    """Sent again after it was replaced, since no answer had come, it is told how it stands; another file under the key,
    even of another campaign, is refused, and kept nowhere."""
    once = {"idempotency-key": "upload-1"}
    first = service("POST", "/v1/campaigns", content=named("keyed"), headers=YAML | once)
    changed = named("keyed") + b"# changed\n"
    assert service("PUT", "/v1/campaigns/keyed", content=changed, headers=YAML | ANY).status_code == 200
    again = service("POST", "/v1/campaigns", content=named("keyed"), headers=YAML | once)
    assert (first.status_code, again.status_code, again.json()["version"]) == (201, 201, 2)
    for other in (changed, named("keyed-too")):
        refused = service("POST", "/v1/campaigns", content=other, headers=YAML | once)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert service("GET", "/v1/campaigns/keyed-too").status_code == 404
    without = service("POST", "/v1/campaigns", content=named("keyed"), headers=YAML)
    assert (without.status_code, without.json()["type"]) == (409, "/problems/campaign-taken")
    for wrong in ("", "k" * 129, "\t"):
        assert service(
            "POST", "/v1/campaigns", content=named("keyed-too"), headers=YAML | {"idempotency-key": wrong}
        ).status_code in (400, 422)


def test_a_vacancy_made_of_a_shops_campaign_is_told_to_whoever_judges_purposes(service):
    """G-5b: the people consented to adverts of a shop. Whether its columns may count for jobs is for a person to judge
    (RULES 13), so it stops nothing by itself, and is told with the draft and by each check, to the privacy officer."""
    vacancy = named("vacancy").replace(b"category: ordinary", b"category: employment")
    draft = service("POST", "/v1/campaigns?reason=jobs", content=vacancy, headers=YAML)
    assert draft.status_code == 201
    for found in (draft.json()["blocks"], service("GET", "/v1/campaigns/vacancy/check").json()["findings"]):
        (told,) = [one for one in found if one["code"] == "EH-POL-162"]
        assert (told["owner"], told["rule"], told["blocks"]) == ("privacy_officer", "G-5b", False)
        assert "RecruitmentTargetedAdvertising" in told["remedy"]


def test_json_is_taken_too_and_kept_as_the_same_yaml(service):
    """What comes back as a file says what was sent; what is no object is refused."""
    from evenhand.adapters.declared._yaml_document import read_document

    sent = read_document(named("in-json")).data
    told = service(
        "POST", "/v1/campaigns", content=json.dumps(sent, default=float), headers={"content-type": "application/json"}
    )
    assert told.status_code == 201, told.text
    kept = read_document(service("GET", "/v1/campaigns/in-json/file").content).data
    assert kept == sent
    for broken in ("[1]", "{", '{"evenhand": NaN}', "[" * 5000):
        answer = service("POST", "/v1/campaigns", content=broken, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-json"), broken[:20]


def test_every_finding_of_an_upload_has_its_place_its_rule_its_owner_and_its_remedy(service):
    """All of them at once, in a problem; nothing is kept."""
    wrong = named(
        "wrong", CAMPAIGN.replace("category: ordinary", "category: political").replace("value: 4", "value: -4")
    )
    answer = service("POST", "/v1/campaigns", content=wrong, headers=YAML | {"accept-language": "nl"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/campaign-not-valid")
    assert answer.json()["title"].startswith("De campagne kan zo niet draaien.")
    found = {one["code"]: one for one in answer.json()["errors"]}
    assert found["EH-POL-007"]["pointer"] == "/offers/0/value"
    assert found["EH-POL-007"]["owner"] == "marketer"
    political = service(
        "POST", "/v1/campaigns", content=named("wrong", CAMPAIGN.replace("ordinary", "political")), headers=YAML
    )
    (block,) = [one for one in political.json()["errors"] if one["blocks"]]
    assert (block["code"], block["pointer"], block["owner"]) == ("EH-POL-012", "/category", "privacy_officer")
    assert block["rule"] == "T-18"
    assert block["remedy"]
    assert service("GET", "/v1/campaigns/wrong").status_code == 404


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{file: people.csv}", "{file: /etc/passwd}"),
        ("{file: people.csv}", "{file: ../home/secret.key}"),
        ("{file: people.csv}", "{file: sub/../people.csv}"),
        ("{file: people.csv}", "{file: out.csv}"),
        ("{file: people.csv}", "{file: .hidden.csv}"),
        ("{file: people.csv}", "{sql: 'sqlite:///../home/ledger.sqlite', table: entry}"),
        ("{file: people.csv}", "{sql: DATABASE_URL, table: people}"),
        ("retention:", "law: {jurisdictions: [NL], packs: [/etc/passwd]}\nretention:"),
        ("retention:", "balancing: {record: b-1, expires: 2030-01-01, file: /etc/hosts}\nretention:"),
        (
            "retention:",
            "monitor: [{id: a, watch: outcome, groups: [sex], events: {file: /proc/self/environ}}]\nretention:",
        ),
    ],
)
def test_a_campaign_from_the_network_names_only_files_that_the_operator_opened(service, before, after):
    """No path out, no hidden file, no link that leads out, no database; and nothing of what lies there is told."""
    folder = service.place.parent / "data"
    if not (folder / "out.csv").exists():
        (folder / "out.csv").symlink_to(service.place / "secret.key")
        (folder / ".hidden.csv").write_bytes((folder / "people.csv").read_bytes())
    answer = service("POST", "/v1/campaigns", content=named("thief", CAMPAIGN.replace(before, after, 1)), headers=YAML)
    assert answer.status_code == 422
    assert "EH-POL-170" in {one["code"] for one in answer.json()["errors"]}
    assert "root:" not in answer.text


def test_a_plan_tells_reach_value_and_prices_and_writes_nothing(service):
    """With other limits too; no group of fewer than ten, tens of people and whole percents otherwise."""
    service("POST", "/v1/campaigns", content=named("planned"), headers=YAML)
    path = "/v1/campaigns/planned/plan"
    plan, tight = service("GET", path).json(), service("GET", f"{path}?budget=2&bound=sex-reach:0.5").json()
    assert [one["key"] for one in plan["funnel"]] == ["known", "permitted", "worthwhile", "selected"]
    assert tight["value"] < plan["value"]
    budget = next(one for one in tight["limits"] if one["id"] == "budget")
    assert (budget["declared"], budget["binding"]) == (2.0, True)
    assert budget["price"] > 0
    for group in (group for reach in plan["reach"] for group in reach["groups"]):
        assert group["people"] is None or group["people"] % 10 == 0
        assert group["offered"] is None or group["offered"] % 10 == 0
    assert service("GET", "/v1/campaigns/planned").json()["state"] == "draft"
    assert service("GET", f"{path}?bound=nothing:0.5").json()["type"] == "/problems/limit-unknown"
    assert service("GET", f"{path}?bound=sex-reach:9").json()["errors"][0]["pointer"] == "/bound/0"


def test_a_campaign_that_its_data_stands_against_is_not_started_and_says_why(service):
    """A column is not in the table: no run is recorded, the block names rule and remedy, the draft stays a draft."""
    service("POST", "/v1/campaigns", content=named("no-column", CAMPAIGN.replace("  days:", "  weeks:")), headers=YAML)
    refused = service("POST", "/v1/campaigns/no-column/activate", json=WHO, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/campaign-not-valid")
    told = service("GET", "/v1/campaigns/no-column").json()
    assert (told["state"], told["is_served"], told["trouble"]) == ("draft", False, "campaign-not-valid")
    (block,) = [one for one in told["blocks"] if one["blocks"]]
    assert (block["code"], block["owner"]) == ("EH-DATA-MISSING-COLUMNS", "data_scientist")
    assert block["remedy"]
    assert service("GET", "/v1/campaigns/no-column/figures").json()["figures"] is None
    assert service("GET", "/v1/campaigns/no-column/plan").json()["type"] == "/problems/campaign-not-valid"


def test_whoever_changes_a_campaign_has_seen_it(service):
    """Without If-Match 428, with an old one 412, with the present one a new version; under another id refused."""
    service("POST", "/v1/campaigns", content=named("changing"), headers=YAML)
    path, old = "/v1/campaigns/changing", service("GET", "/v1/campaigns/changing").headers["etag"]
    new = named("changing", CAMPAIGN.replace("budget: 5", "budget: 4"))
    assert service("GET", path, headers={"if-none-match": f"W/{old}"}).status_code == 304
    assert service("PUT", path, content=new, headers=YAML).status_code == 428
    kept = service("PUT", f"{path}?reason=less", content=new, headers=YAML | {"if-match": old})
    assert (kept.status_code, kept.json()["version"]) == (200, 2)
    late = service("PUT", path, content=new, headers=YAML | {"if-match": old})
    assert (late.status_code, late.json()["type"]) == (412, "/problems/campaign-changed")
    assert service("POST", f"{path}/activate", json=WHO, headers={"if-match": old}).status_code == 412
    assert service("POST", f"{path}/activate", json=WHO).status_code == 428
    other = service("PUT", path, content=named("other"), headers=YAML | ANY)
    assert other.json()["type"] == "/problems/campaign-other"


def test_pages_of_the_list_hold_every_campaign_once(service):
    """By their ids, with a link to the next page; a made-up cursor is refused."""
    path, names = "/v1/campaigns?limit=2", []
    while path:
        page = service("GET", path).json()
        names += [one["campaign"] for one in page["campaigns"]]
        path = page["next"]
    assert names == sorted(set(names))
    assert service("GET", "/v1/campaigns?cursor=zzz").status_code == 422


def test_a_started_campaign_decides_and_is_started_once(started):
    """Its figures are those of the recorded run, and a second start changes nothing."""
    told = started("GET", SMALL).json()
    assert (told["state"], told["started_version"], told["is_served"]) == ("active", 1, True)
    assert [one["by"] for one in told["history"] if one["what"] == "started"] == ["Noor de Wit (machine tests)"]
    answer = started("POST", "/v1/decisions", json={"campaign": "small-shop", "subject": person(3)})
    assert answer.status_code == 200
    again = started("POST", f"{SMALL}/activate", json=WHO, headers=ANY).json()
    assert again["run"] == told["run"]
    assert started("GET", f"{SMALL}/figures").json()["figures"]["run"] == told["run"]


@pytest.mark.parametrize("budget", ["1e-400", "0.0000001", "x", "-1", "1e12"])
def test_a_budget_that_cannot_be_tried_is_refused_as_a_wrong_request(started, budget):
    """Also one with more digits than money has; it is no fault of the service."""
    refused = started("GET", f"{SMALL}/plan?budget={budget}")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/unprocessable")


@pytest.mark.parametrize(
    "wrong", [{}, {"by": "Noor"}, {"reason": "x"}, {"by": "", "reason": "x"}, {"by": "N", "reason": " "}]
)
def test_nobody_starts_a_campaign_without_a_name_and_a_reason(service, wrong):
    """As nobody pauses one; nothing is decided and nothing is kept."""
    service("POST", "/v1/campaigns?reason=tea", content=named("unsigned"), headers=YAML)
    for asked in (wrong, wrong and {**wrong, "by": "\t"}, wrong and {"reason": "x", "by": "\u200b\u0000"}):
        refused = service("POST", "/v1/campaigns/unsigned/activate", json=asked, headers=ANY)
        assert refused.status_code == 422, asked
        assert refused.json()["type"] in ("/problems/start-unsigned", "/problems/unprocessable"), asked
    assert service("GET", "/v1/campaigns/unsigned").json()["state"] == "draft"


def test_a_reason_is_kept_as_it_can_be_read(service):
    """Without characters that a database does not take, or that turn around what stands beside it in a history."""
    kept = service("POST", "/v1/campaigns?reason=tea%00%E2%80%AEtime", content=named("plain-reason"), headers=YAML)
    assert kept.status_code == 201, kept.text
    assert [one["reason"] for one in kept.json()["history"]] == ["tea time"]


def test_what_was_delivered_ends_the_funnel(started):
    """Once events say that decisions of the run were shown; fewer than ten are not told."""
    made = offered(started.place, started("GET", SMALL).json()["run"])
    for shown in (made[:5], made[:30]):
        events = [{"decision_id": decision, "kind": "shown"} for decision in shown]
        assert started("POST", "/v1/events", json={"events": events}).status_code == 200
        last = started("GET", f"{SMALL}/figures").json()["figures"]["funnel"][-1]
        assert last == {"key": "delivered", "people": None if len(events) < 10 else 30}


def test_a_pause_stops_decisions_at_once_until_a_named_person_ends_it(started):
    """No decision is made in between, by nobody; without a name or a reason nothing happens."""
    for wrong in ({"by": "Noor"}, {"by": "Noor", "reason": " "}, {"by": "", "reason": "x"}):
        assert started("POST", f"{SMALL}/pause", json=wrong).status_code == 422
    paused = started("POST", f"{SMALL}/pause", json={"by": "Noor de Wit", "reason": "complaints"})
    assert (paused.status_code, paused.json()["state"]) == (200, "paused")
    refused = started("POST", "/v1/decisions", json={"campaign": "small-shop", "subject": person(5)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/campaign-paused")
    assert (
        started("POST", f"{SMALL}/pause", json={"by": "N", "reason": "x"}).json()["type"]
        == "/problems/campaign-paused-already"
    )
    assert (
        started("POST", f"{SMALL}/resume", json={"by": "Noor de Wit", "reason": "text changed"}).json()["state"]
        == "active"
    )
    told = started("GET", SMALL).json()["history"]
    assert [(one["what"], one["reason"]) for one in told[-2:]] == [
        ("paused-by", "complaints"),
        ("resumed", "text changed"),
    ]
    assert started("POST", "/v1/decisions", json={"campaign": "small-shop", "subject": person(5)}).status_code == 200


def test_a_key_without_the_scope_may_do_nothing_with_campaigns(tmp_path):
    """Not even look."""
    with taking(tmp_path) as serving:
        web = Web(serving, "decide", "read", "events", "consents")
        for method, path in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "/x"),
            ("PUT", "/x"),
            ("GET", "/x/plan"),
            ("GET", "/x/file"),
        ):
            assert web(method, f"/v1/campaigns{path}", json={}, headers=ANY).status_code == 403, path
        for act in ("activate", "pause", "resume"):
            answer = web("POST", f"/v1/campaigns/x/{act}", json={"by": "n", "reason": "r"})
            assert answer.status_code == 403


def test_a_started_campaign_is_there_again_after_a_restart_also_when_it_is_paused(tmp_path):
    """A service that starts again serves what was started, by the same run; a pause outlives it."""
    with taking(tmp_path) as serving:
        web = Web(serving, "decide", "campaigns")
        web("POST", "/v1/campaigns", content=FILE, headers=YAML)
        before = web("POST", f"{SMALL}/activate", json=WHO, headers=ANY).json()
        web("POST", f"{SMALL}/pause", json={"by": "Noor", "reason": "night"})
    with taking(tmp_path) as serving:
        app = assembly.service_app(serving)
        web.app = app
        told = web("GET", SMALL).json()
        assert (told["state"], told["is_served"], told["run"]) == ("paused", True, before["run"])
        web("POST", f"{SMALL}/resume", json={"by": "Noor", "reason": "day"})
        assert web("POST", "/v1/decisions", json={"subject": person(7)}).status_code == 200
    (tmp_path / "data" / "people.csv").rename(tmp_path / "data" / "gone.csv")
    with taking(tmp_path) as serving:
        web.app = assembly.service_app(serving)
        told = web("GET", SMALL).json()
        assert (told["is_served"], told["trouble"]) == (False, "campaign-not-valid")
        assert any("cannot be served" in notice for notice in serving.notices)
        assert web("POST", "/v1/decisions", json={"subject": person(7)}).status_code == 404


def test_a_start_that_was_cut_short_goes_on_from_the_run_that_was_recorded(tmp_path):
    """A kill between the run and the note of it: nobody is decided about twice."""
    with taking(tmp_path) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        (tmp_path / "data" / "campaign.yaml").write_bytes(FILE)
        ran = assembly.run_campaign(
            tmp_path / "data" / "campaign.yaml", home=serving.place.folder, at=datetime.now(UTC)
        )
        assert serving.register.read("small-shop")["state"] == "draft"
        told = serving.register.start("small-shop", seen="*", who="staff-1", why="again")
        assert (told["state"], told["run"]) == ("active", ran.run_id)
        assert len(assembly.list_runs(home=serving.place.folder)) == 1


def test_while_somebody_else_writes_the_ledger_a_start_fails_whole_and_can_be_made_again(tmp_path):
    """503 with a time to come back, a draft as before, and nothing recorded."""
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

    with taking(tmp_path) as serving:
        web, place = Web(serving, "campaigns"), serving.place
        web("POST", "/v1/campaigns", content=FILE, headers=YAML)
        with SqliteLedger(place.ledger, key=lambda: place.key(make=False)) as other:
            other.claim()
            answer = web("POST", f"{SMALL}/activate", json=WHO, headers=ANY)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert web("GET", SMALL).json()["state"] == "draft"
        assert web("POST", f"{SMALL}/activate", json=WHO, headers=ANY).json()["state"] == "active"


def test_a_start_that_takes_long_is_answered_with_202_and_is_no_news_to_whoever_has_it(service):
    """The state says so, and a tag does not hide that it goes on."""

    class Slow:
        def start(self, name, **_):
            return {"campaign": name, "state": "starting", "etag": '"1.0"', "blocks": []}

        def read(self, name):
            return self.start(name)

    with taking(service.place.parent / "slow") as serving:
        web = Web(dataclasses.replace(serving, register=Slow()), "campaigns")
        assert web("POST", f"{SMALL}/activate", json=WHO, headers=ANY).status_code == 202
        again = web("GET", SMALL, headers={"if-none-match": '"1.0"'})
        assert (again.status_code, again.json()["state"]) == (200, "starting")


def test_a_key_of_an_officer_stops_what_a_key_of_marketers_does_not_start_again(started):
    """The roles come with the scopes of the key; the refusal has its own type, and tells who can."""
    keys = assembly.machine_keys(started.place)
    desk = {"authorization": f"Bearer {keys.make('desk', ['officer'], at=datetime.now(UTC))}"}
    said = {"by": "Puck Privacy", "reason": "complaints"}
    paused = started("POST", f"{SMALL}/pause", json=said, headers=desk)
    assert (paused.status_code, paused.json()["pause"]["role"]) == (200, "privacy-officer")
    assert paused.json()["pause"]["resumed_by"] == ["privacy-officer"]
    refused = started("POST", f"{SMALL}/resume", json=said)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/pause-of-another")
    (told,) = refused.json()["errors"]
    assert (told["owner"], told["code"]) == ("privacy_officer", "pause-of-another")
    assert "privacy-officer" in told["remedy"]
    assert started("POST", f"{SMALL}/activate", json=WHO, headers=ANY | desk).status_code == 403
    resumed = started("POST", f"{SMALL}/resume", json=said, headers=desk).json()
    assert (resumed["state"], resumed["pause"], resumed["history"][-1]["role"]) == ("active", None, "privacy-officer")


def test_a_campaign_is_reviewed_over_http_by_another_key_than_the_authors(service):
    """Sent by the desk's key, approved by the reviewers' of exactly that file; then it starts."""
    keys = assembly.machine_keys(service.place)
    board = {"authorization": f"Bearer {keys.make('board', ['review'], at=datetime.now(UTC))}"}
    file = named("boarded", CAMPAIGN.replace("retention:", "review: {by: [reviewer]}\nretention:", 1))
    path = "/v1/campaigns/boarded"
    service("POST", "/v1/campaigns", content=file, headers=YAML)
    early = service("POST", f"{path}/activate", json=WHO, headers=ANY)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/campaign-not-reviewed")
    assert early.json()["errors"][0]["remedy"].startswith("send it for review")
    sent = service("POST", f"{path}/review", json={"by": "Noor", "reviewers": ["Rosa"]}, headers=ANY)
    assert (sent.status_code, sent.json()["review"]["state"]) == (200, "in-review")
    assert service("POST", f"{path}/review", json={"by": "Noor"}).status_code == 428
    assert service("POST", f"{path}/review", json={"by": "Noor"}, headers=ANY).json()["type"].endswith("review-open")
    said = {"by": "Rosa", "reason": "fits", "verdict": "approved", "digest": sent.json()["review"]["digest"]}
    assert service("POST", f"{path}/verdict", json=said).status_code == 403
    own = service("POST", f"{path}/verdict", json=said | {"by": "Noor"}, headers=board)
    assert (own.status_code, own.json()["type"]) == (403, "/problems/review-own")
    assert service("GET", f"{path}/file", headers=board).content == file
    given = service("POST", f"{path}/verdict", json=said, headers=board)
    assert (given.status_code, given.json()["review"]["by"]) == (200, "Rosa (machine board)")
    assert service("POST", f"{path}/activate", json=WHO, headers=ANY).json()["state"] == "active"
