"""What Python users call: any data frame in, the same kind out."""

from __future__ import annotations

import dataclasses

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import evenhand as eh
from evenhand.terms import DataError, PolicyError, UsageError
from small_world import AT, World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    """The small world."""
    return make_world()


@pytest.mark.parametrize(
    ("convert", "kind"),
    [(lambda f: f, pl.DataFrame), (lambda f: f.to_pandas(), pd.DataFrame), (lambda f: f.to_arrow(), pa.Table)],
    ids=["polars", "pandas", "pyarrow"],
)
def test_the_same_kind_of_frame_comes_out(world, convert, kind):
    """Decisions come back as the kind of frame that the subjects came in, row for row, with the same decisions."""
    planned = dataclasses.replace(world, people=convert(world.people)).plan()
    assert isinstance(planned.decisions, kind)
    assert planned.summary == world.plan().summary
    assert list(pl.DataFrame(planned.decisions)["person"]) == world.people["person"].to_list()


def test_a_run_can_be_asked_verified_and_replayed(world, tmp_path):
    """run, why, verify_ledger, replay: all on frames."""
    ran = world.run(tmp_path / "home")
    assert ran.why("canary3@mail.example").facts.run_id == ran.run_id
    assert eh.why(f"{ran.run_id}.1", home=ran.home, lang="nl").lang == "nl"
    assert eh.verify_ledger(home=ran.home).ok
    from evenhand.assembly import Frames

    frames = Frames(world.people, world.shown, world.said)
    assert eh.replay("last", home=ran.home, frames=frames).same
    assert "<html" in ran.to_html()


def test_later_people_are_decided_with_the_prices_of_the_run(world, tmp_path):
    """decide and prices_of on frames: what the run gave them but for rounding, recorded, explained, replayed."""
    from evenhand.assembly import Frames

    ran = world.run(tmp_path / "home")
    who = world.people["person"].to_list()[5:45]
    frames = {"subjects": world.people, "consents": world.said}
    campaign = eh.load_campaign(world.document, at=AT)
    later = eh.decide(campaign, who, home=ran.home, at=AT, **frames)
    before = dict(zip(ran.decisions["person"], ran.decisions["offer"], strict=True))
    same = [before[person] == offer for person, offer in zip(who, later.columns["offer"], strict=True)]
    assert sum(same) >= len(who) - 1
    assert later.policy == eh.prices_of(home=ran.home).digest
    assert eh.why(later.columns["decision"][0], home=ran.home).facts.run_id == later.run_id
    replayed = eh.replay(later.run_id, home=ran.home, frames=Frames(world.people, None, world.said))
    assert replayed.same
    assert not replayed.learned


def test_a_replay_with_other_data_is_refused(world, tmp_path):
    """A replay says that the data changed; it does not compare apples with pears."""
    from evenhand.assembly import Frames

    ran = world.run(tmp_path / "home")
    other = world.people.with_columns(pl.col("f00") + 1.0)
    with pytest.raises(DataError, match="digest differs"):
        eh.replay("last", home=ran.home, frames=Frames(other, world.shown, world.said))


def test_a_plan_is_not_recorded_and_cannot_be_asked(world, tmp_path, monkeypatch):
    """A plan leaves no file anywhere, and says so when it is asked about a person."""
    monkeypatch.chdir(tmp_path)
    planned = world.plan()
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="A plan is not recorded"):
        planned.why("canary3@mail.example")


def test_an_audit_finds_the_planted_skew(world):
    """Outcome rates per group come out as counts-only tables; a personal-data column is found and left out."""
    frame = world.shown.with_columns(pl.Series("sex", ["f", "m"] * (len(world.shown) // 2)))
    found = eh.audit(frame.drop("hunch"), outcome="responded", sensitive_features=["sex"])
    assert {comparison.features for comparison in found.outcome} == {("sex",)}
    assert any(finding.id.startswith("EH-PII") for finding in found.findings)
    assert "canary" not in str(found.to_dict())


def test_a_dict_is_a_campaign_too(world):
    """load_campaign takes the keys of a campaign file; every problem is in the error at once."""
    assert eh.load_campaign(world.document, at=AT).campaign.campaign == "small-world"
    with pytest.raises(PolicyError, match="Rule: ") as caught:
        eh.load_campaign({**world.document, "category": "funny", "purpose": "Nothing"}, at=AT)
    assert caught.value.findings


def test_a_draft_of_a_frame_is_text(world):
    """draft looks at a frame and writes nothing unless told where."""
    drafted = eh.draft(world.shown, outcome="responded")
    assert "confirmed: false" in drafted.text


def test_a_floor_for_each_fifth_of_income_is_planned_run_and_verified(world, tmp_path):
    """A sensitive number is cut as the campaign says; every fifth has its own row in the limit and in the report."""
    income = pl.Series("income", [float(1000 + 37 * (row * 71 % 240)) for row in range(240)])
    floor = {"id": "fifths", "groups": ["income"], "measure": "selection_rate_floor", "bound": 0.02, "mode": "aware",
             "necessity": "test", "minimum_size": 10}  # fmt: skip
    even = {"id": "even", "groups": ["sex"], "bound": 0.9, "mode": "aware", "necessity": "test", "minimum_size": 10}
    columns = world.document["columns"] | {"income": {"role": "sensitive", "cut": "quintiles"}}
    limits = world.document["limits"] | {"disparity": [even, floor]}
    cut = world.but(
        people=world.people.with_columns(income), document=world.document | {"columns": columns, "limits": limits}
    )
    ran = cut.run(tmp_path / "home")
    chapter = next(one for one in ran.report["groups"] if one["limit"] == "fifths")
    assert len([rate for rate in chapter["after"]["rates"] if rate["rows"]]) == 5
    assert all(limit["held"] for limit in ran.report["limits"])
    assert eh.verify_ledger(home=ran.home).ok


@pytest.mark.parametrize("mode", ["blind", "aware"])
def test_limits_on_modelled_responses_are_planned_run_told_verified_and_replayed(world, tmp_path, mode):
    """The report says what is compared and that it is expected, not observed; the ledger keeps it and agrees."""
    from evenhand.assembly import Frames

    common = {"groups": ["sex"], "mode": mode, "necessity": "test", "minimum_size": 10}
    measures = {"expected_benefit_ratio": 0.9, "modelled_true_positive_difference": 0.2}
    limits = [{**common, "id": name.replace("_", "-"), "measure": name, "bound": at} for name, at in measures.items()]
    document = world.document | {"limits": world.document["limits"] | {"disparity": limits}}
    ran = world.but(document=document).run(tmp_path / "home")
    for limit, name in zip(limits, measures, strict=True):
        chapter = next(one for one in ran.report["groups"] if one["limit"] == limit["id"])
        outcome = next(one for one in ran.report["limits"] if one["id"] == limit["id"])
        assert outcome["held"]
        assert outcome["measure"] == name
        assert chapter["responses"]["after"] == outcome["used"]
    assert all(said in ran.to_html() for said in ("not observed", "niet gemeten"))
    assert eh.why(f"{ran.run_id}.1", home=ran.home).facts.run_id == ran.run_id
    assert eh.verify_ledger(home=ran.home).ok
    assert eh.replay("last", home=ran.home, frames=Frames(world.people, world.shown, world.said)).same


def test_a_replay_says_what_frames_it_wants(tmp_path):
    """A frame by itself is not the set of frames that a run was given; `eh.Frames` is."""
    with pytest.raises(UsageError, match=r"pass eh\.Frames"):
        eh.replay(home=tmp_path, frames={"subjects": 1})
