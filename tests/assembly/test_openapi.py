"""The description of the service: published as it is, and true of whatever a machine makes up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from evenhand.adapters.web import CODES, description
from evenhand.assembly import people_beside
from live_cases import Web, opened
from patience import tries

MOST = tries(4, 30)


@pytest.fixture(scope="module")
def _folder(_ran_shop, tmp_path_factory):
    return Path(shutil.copytree(_ran_shop, tmp_path_factory.mktemp("described") / "shop"))


@pytest.fixture(scope="module")
def web(_folder):
    """One service, with the pages of people, for all that is made up."""
    with opened(_folder) as serving:
        yield Web(serving, "decide", "events", "consents", "read", "officer", **people_beside(serving, "/my"))


def test_the_service_does_what_its_description_says(web):
    """Every answer to a made-up request has a status, a type and a form that the description names; none is a fault."""
    described = schemathesis.openapi.from_asgi("/openapi.json", web.app)
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=MOST, deadline=None, suppress_health_check=list(HealthCheck))
        def holds(case):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {web.key}"}
            answer = case.call()
            assert answer.status_code < 500, answer.text
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])  # people are made up too

        holds()
        tried.append(operation.path)
    assert set(tried) == set(description()["paths"])


def test_the_published_description_is_the_services_own(web):
    """docs/reference/openapi.json is what the code says (python tools/publish_reference.py writes it)."""
    published = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "openapi.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(description())) == web("GET", "/openapi.json").json()
    assert published["openapi"] == "3.1.0"


def test_every_problem_is_described():
    """The type of each stands in the description."""
    types = description()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert types == [f"/problems/{code}" for code in CODES]
