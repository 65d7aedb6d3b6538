"""Frames of every kind through every door: nothing in them changes, and the same content gives the same decisions."""

from __future__ import annotations

import json

import polars as pl
import pytest

import evenhand as eh
from evenhand.assembly import Frames
from evenhand.terms import DataError, EvenhandError, StoreError, UsageError
from small_world import AT, World, make_world

KINDS = {
    "polars": lambda frame: frame,
    "lazy polars": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "pyarrow": lambda frame: frame.to_arrow(),
}


@pytest.fixture(scope="module")
def world() -> World:
    """The small world."""
    return make_world(n=120)


@pytest.fixture(scope="module")
def planned(world) -> eh.Decisions:
    """What is decided on polars frames."""
    return world.plan()


def _as(kind: str, world: World) -> World:
    convert = KINDS[kind]
    return world.but(people=convert(world.people), shown=convert(world.shown), said=convert(world.said))


def _plain(frame) -> dict[str, list[object]]:
    """Columns as plain lists, None where missing, whatever kind of frame it is."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    return pl.DataFrame(frame).to_dict(as_series=False)


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_may_be_a_frame_of_any_kind(world, planned, kind):
    """Subjects, history and consents alike: the same decisions, back in the kind of frame that came in."""
    given = _as(kind, world)
    again = given.plan()
    assert type(again.decisions) is type(given.people)
    assert _plain(again.decisions) == _plain(planned.decisions)
    assert again.report == planned.report


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_one_kind_replays_from_another(world, tmp_path, kind):
    """The digest is of the content, so a run recorded from polars replays from pandas bit for bit."""
    ran = world.run(tmp_path / "home")
    given = _as(kind, world)
    frames = Frames(given.people, given.shown, given.said)
    replayed = eh.replay(ran.run_id, home=str(ran.home), frames=frames)
    assert replayed.same
    assert replayed.identical == replayed.decisions == 120


def test_frames_are_left_as_they_were(world):
    """No column is added, sorted or renamed in what a caller lent."""
    people = world.people.to_pandas()
    before = people.copy(deep=True)
    world.but(people=people).plan()
    assert people.equals(before)


@pytest.mark.parametrize("other", ["people", "shown", "said"])
def test_a_replay_needs_every_table_as_it_was(world, tmp_path, other):
    """One row less in any table is other data: refused, not compared."""
    ran = world.run(tmp_path / "home")
    changed = world.but(**{other: getattr(world, other)[:-1]})
    with pytest.raises(DataError, match=r"digest differs.*Rule: G-15h"):
        eh.replay("last", home=ran.home, frames=Frames(changed.people, changed.shown, changed.said))


def test_a_replay_does_not_look_at_what_is_outside_the_view(world, tmp_path):
    """Columns that no role opens may change: the run never read them, and its replay does not either."""
    ran = world.run(tmp_path / "home")
    people = world.people.with_columns(pl.lit("moved").alias("postcode"), pl.lit(0.0).alias("never_named"))
    assert eh.replay("last", home=ran.home, frames=Frames(people, world.shown, world.said)).same


def test_a_replay_uses_the_recorded_campaign(world, tmp_path):
    """What the campaign says today does not matter: each run replays under what it declared then."""
    first = world.run(tmp_path / "home")
    cheaper = {**world.document, "limits": {"contacts": {"total": 5}}}
    second = world.but(document=cheaper).run(tmp_path / "home")
    frames = Frames(world.people, world.shown, world.said)
    for ran in (first, second):
        assert eh.replay(ran.run_id, home=ran.home, frames=frames).same
    assert first.summary["funnel"][-1] != second.summary["funnel"][-1]


def test_a_plan_is_what_the_run_decides(world, tmp_path):
    """Planned in a home, then run there: the same people get the same offers."""
    world.run(tmp_path / "home")
    planned, ran = world.plan(home=tmp_path / "home"), world.run(tmp_path / "home")
    columns = ["person", "offer", "standing", "reason", "permission"]
    assert planned.decisions.select(columns).equals(ran.decisions.select(columns))


def test_a_plan_shows_no_pseudonym_that_anybody_could_undo(world, planned):
    """Without a home there is no secret, so the stories of a plan carry none at all."""
    assert planned.report["stories"]
    assert {told["subject"] for story in planned.report["stories"] for told in story.values()} == {"0" * 32}


def test_doors_take_text_for_a_path(world, tmp_path, monkeypatch):
    """Every home may be a text; a campaign may be the path of a file."""
    monkeypatch.chdir(tmp_path)
    ran = world.run("somewhere")
    assert eh.verify_ledger(home="somewhere").ok
    assert eh.why("canary3@mail.example", home="somewhere").facts.run_id == ran.run_id
    (tmp_path / "campaign.yaml").write_text(json.dumps(world.document), "utf-8")
    tables = {"subjects": world.people, "history": world.shown, "consents": world.said}
    assert eh.plan("campaign.yaml", **tables, at=AT, home="somewhere").summary == ran.summary


@pytest.mark.parametrize("wrong", [[1, 2], "people.csv", {"person": ["a"]}], ids=["list", "text", "dict"])
def test_what_is_no_frame_is_said(world, wrong):
    """A list, a path or a dict in place of a frame is wrong usage, told with a remedy."""
    with pytest.raises(UsageError, match=r"is not a data frame.*To do: "):
        world.but(people=wrong).plan()


def test_a_bare_campaign_is_not_enough(world):
    """A Campaign without its digest and findings is refused with the way to get them."""
    campaign = eh.load_campaign(world.document, at=AT).campaign
    with pytest.raises(UsageError, match="load_campaign"):
        eh.plan(campaign)


def test_a_repeated_person_is_refused(world):
    """Two rows of one subject: refused by row number, and nobody is named."""
    with pytest.raises(EvenhandError, match=r"Rule: .*To do: ") as caught:
        world.but(people=pl.concat([world.people, world.people[:1]])).plan()
    assert "canary" not in str(caught.value)


def test_a_home_that_is_a_file_is_a_store_that_cannot_be_written(world, tmp_path):
    """The error comes before any work."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be read or written"):
        world.run(tmp_path / "file" / "home")


def test_a_draft_of_any_frame_is_the_same(world):
    """init for Python: one text, whatever the frame; nothing is written unless asked."""
    texts = {eh.draft(convert(world.shown), outcome="responded").text for convert in KINDS.values()}
    assert len(texts) == 1


def test_an_audit_of_any_frame_is_the_same(world):
    """The data audit counts the same in every kind of frame."""
    frame = world.people.with_columns((pl.col("f00") > 0).cast(pl.Int64).alias("bought"))
    told = [
        eh.audit(convert(frame), outcome="bought", sensitive_features=["sex", "age"]).to_dict()
        for convert in KINDS.values()
    ]
    assert all(one == told[0] for one in told)


def test_a_notebook_shows_the_page_without_a_network(planned):
    """_repr_html_ is one self-contained frame; repr names nobody."""
    shown = planned._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "src=&quot;http" not in shown
    assert "canary" not in shown + repr(planned)
