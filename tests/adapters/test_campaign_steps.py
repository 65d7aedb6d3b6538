"""The steps of campaigns in the database of a home: in order, whole, each once."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest

from evenhand.adapters.stores.campaign_tables import CampaignStep, CampaignSteps, ChangedMeanwhileError, StepKind
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.placement import Placement

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.postgres)])
def steps(request, tmp_path):
    """The steps of an empty home, on each kind of database."""
    if request.param == "file":
        made = Database.in_file(tmp_path / "people.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
        made = Database.on_server(Placement("EVENHAND_DATABASE", f"t{secrets.token_hex(6)}", url, url))
        made.upgrade("people")
    with made:
        yield CampaignSteps(made)


def _step(number, what=StepKind.UPLOADED, campaign="tea", **more):
    return CampaignStep(campaign, number, AT, what, "Noor", "spring", 1, **more)


def test_steps_come_back_as_they_were_kept(steps):
    """To the microsecond and the byte; a list of all is without the files."""
    first = _step(1, document="campaign: thé\n".encode())
    second = _step(2, StepKind.STARTED, run="20260301T120000Z-000001")
    assert steps.of("tea") == []
    for one in (first, second, _step(1, campaign="bread", document=b"x")):
        steps.append(one)
    assert steps.of("tea") == [first, second]
    assert [(one.campaign, one.number, one.document) for one in steps.all()] == [
        ("bread", 1, None),
        ("tea", 1, None),
        ("tea", 2, None),
    ]


def test_of_two_who_take_the_same_step_one_is_told(steps):
    """A number that is taken, or that leaves a gap, is refused, and nothing is kept."""
    steps.append(_step(1, document=b"mine"))
    for number in (1, 3):
        with pytest.raises(ChangedMeanwhileError, match="changed by somebody else"):
            steps.append(_step(number, StepKind.REPLACED, document=b"theirs"))
    assert [one.document for one in steps.of("tea")] == [b"mine"]
