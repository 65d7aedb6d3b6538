"""A question that names no campaign keeps being about the one that it was about, whatever is started beside."""

from __future__ import annotations

from datetime import UTC, datetime

from campaigns_cases import FILE, named, start, taking
from evenhand import assembly
from live_cases import Web, person
from shop_folder import CAMPAIGN, write_shop


def _ask(web, **more):
    return web("POST", "/v1/decisions", json={"subject": person(3), **more})


def test_whoever_names_no_campaign_keeps_the_one_that_was_served_first_when_another_starts(tmp_path):
    """The first stays theirs, also after a restart and though the other comes first by name; the start tells it."""
    with taking(tmp_path) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        start(serving)
        web = Web(serving, "decide")
        assert _ask(web).json()["campaign"] == "small-shop"
        serving.register.upload(named("a-tea-week"), who="staff-1", why="")
        assert serving.register.read("a-tea-week")["default"] == "small-shop"
        start(serving, "a-tea-week")
        assert _ask(web).json()["campaign"] == "small-shop"
        assert _ask(web, campaign="a-tea-week").json()["campaign"] == "a-tea-week"
    with taking(tmp_path) as again:
        web.app = assembly.service_app(again)
        assert _ask(web).json()["campaign"] == "small-shop"


def test_where_several_were_served_from_the_beginning_the_problem_says_which_can_be_named(tmp_path):
    """Nobody can know which is meant, so nothing is decided, and the answer names them."""
    first = write_shop(tmp_path)
    second = tmp_path / "other.yaml"
    second.write_text(CAMPAIGN.replace("campaign: small-shop", "campaign: tea-week"), "utf-8")
    at = datetime.now(UTC)
    for file in (first, second):
        assembly.run_campaign(file, at=at)
    with assembly.open_service([first, second], home=tmp_path / "evenhand-home", at=at) as serving:
        answer = _ask(Web(serving, "decide"))
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/campaign-not-named")
        assert answer.json()["detail"] == "Name one of: small-shop, tea-week."
        assert answer.json()["errors"] == [{"pointer": "/campaign", "code": "missing"}]
