"""Learning what an offer changes from a campaign's history: which rows teach, and when nothing can be learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from evenhand.assembly import check
from evenhand.cli._increment_lines import increment_lines
from evenhand.terms import DataError, PolicyError, Severity
from mailing_cases import AT, declared, walk
from shop_folder import app


@pytest.fixture(scope="module")
def world():
    """Eight thousand people, half of them mailed by lot."""
    return walk()


def sent(table: pl.DataFrame, **offers: object) -> pl.DataFrame:
    """The history with its column of offers renamed."""
    return table.with_columns(pl.col("shown").replace(offers))


def test_the_report_says_what_was_learned_from_and_what_was_measured(world):
    """Rows of both sides, the assignment, the Qini coefficient with its interval, and ten bins; no AUROC."""
    evaluation = world.plan(declared()).report["model"]["evaluation"]
    told = evaluation["offers"]["tea"]
    rows = evaluation["rows"]
    assert rows["training"] == told["training_rows"] + told["control_rows"]
    assert rows["training"] + rows["held_out"] == 8_000
    assert told["assignment"]["chance"] > 0.01
    held_out = told["held_out"]
    assert held_out["shown"] + held_out["control"] == held_out["rows"] == rows["held_out"]
    value, lower, upper = held_out["coefficient"]
    assert lower < value < upper
    assert len(held_out["reliability"]) == 10
    assert "auroc" not in str(evaluation)


def test_increments_follow_what_was_planted(world):
    """Over all people they lie along the truth, and the base is the change measured in the rows learned from."""
    report = world.plan(declared()).report
    shapes = {term["name"]: term["shapes"]["tea"] for term in report["model"]["terms"]}
    effect = {one["label"]["text"]: one["effect"] for one in shapes["complained"] if one["label"]["kind"] == "category"}
    assert effect["yes"] < effect["no"] - 0.03
    away = [one for one in shapes["weeks_away"] if one["label"]["kind"] == "range"]
    inside = [one["effect"] for one in away if 5 <= (one["label"]["lower"] or 0) < 11]
    outside = [one["effect"] for one in away if (one["label"]["upper"] or 99) <= 4]
    assert np.mean(inside) > np.mean(outside) + 0.05


def test_several_offers_are_each_compared_with_the_same_control():
    """Two offers that change different things have different shapes, and rows of a third teach neither."""
    world = walk(past=9_000)
    third = pl.Series(np.arange(9_000) % 3)
    sent_to = pl.when(pl.col("shown") == "none").then(pl.lit("none"))
    offers = sent_to.when(third == 0).then(pl.lit("tea")).when(third == 1).then(pl.lit("mug")).otherwise(pl.lit("pen"))
    mug = declared()["offers"][0] | {"id": "mug"}
    document = declared(offers=[*declared()["offers"], mug])
    history = world.history.with_columns(offers.alias("shown"))
    report = world.plan(document, history=history).report
    told = report["model"]["evaluation"]["offers"]
    assert told["tea"]["control_rows"] == told["mug"]["control_rows"] > 3_000
    assert report["run"]["other_offers"] == int((history["shown"] == "pen").sum())
    assert report["model"]["terms"][0]["shapes"]["tea"] != report["model"]["terms"][0]["shapes"]["mug"]


def test_the_order_of_the_rows_changes_nothing_even_where_people_recur(world):
    """Everybody has one to three rows; shuffled, the same integers come out."""
    times = pl.Series("row", np.repeat(np.arange(8_000), 1 + np.arange(8_000) % 3))
    history = world.history[times]
    drawn = history.sample(fraction=1.0, shuffle=True, seed=3)
    digests = {world.plan(declared(), history=table).report["model"]["digest"] for table in (history, drawn)}
    assert len(digests) == 1


def test_a_model_of_responses_leaves_the_control_out(world):
    """Who was shown nothing says nothing of how people respond to an offer."""
    plain = {"file": "sent.parquet", "offer": "shown"}
    shown = world.history.filter(pl.col("shown") != "none")
    with_control = world.plan(declared("response")).report
    without = world.plan(declared("response", history=plain), history=shown).report
    assert with_control["model"]["digest"] == without["model"]["digest"]
    assert with_control["run"]["other_offers"] == 8_000 - len(shown)


def test_a_control_that_occurs_nowhere_is_an_error_with_a_remedy(world):
    """A misspelt value is not taken for an experiment without a control."""
    with pytest.raises(DataError, match="None of the 8000 history rows holds the value") as caught:
        world.plan(declared(history=declared()["history"] | {"control": "nothing"}))
    assert "exactly as it stands" in caught.value.remedy


def test_a_column_of_zeros_and_ones_can_say_who_was_shown_the_offer(world):
    """A table that marks the control with 0 needs no new column: the offer's id is then 1."""
    marked = world.history.with_columns((pl.col("shown") == "tea").cast(pl.Int64).alias("shown"))
    document = declared(
        history=declared()["history"] | {"control": "0"}, offers=[declared()["offers"][0] | {"id": "1"}]
    )
    told = world.plan(document, history=marked).report["model"]["evaluation"]["offers"]["1"]
    assert told["training_rows"] > 2_900
    assert told["control_rows"] > 2_900


@pytest.mark.parametrize(("kept", "code"), [("none", "history-too-few-control"), ("tea", "history-too-few-shown")])
def test_a_side_of_too_few_people_is_an_error_with_a_remedy(world, kept, code):
    """Fewer than a hundred rows to learn from on either side are no measure of a change."""
    few = pl.concat(
        [world.history.filter(pl.col("shown") == kept).head(60), world.history.filter(pl.col("shown") != kept)]
    )
    with pytest.raises(DataError, match="100 are needed") as caught:
        world.plan(declared(), history=few)
    assert caught.value.code == code


def test_an_outcome_that_hardly_occurs_is_an_error_with_a_remedy(world):
    """Ten buyers among thousands say nothing about who buys because of an offer."""
    rare = world.history.with_columns(pl.Series("bought", (np.arange(8_000) % 800 == 0).astype(int)))
    with pytest.raises(DataError, match="have the rarer outcome"):
        world.plan(declared(), history=rare)


def test_a_mailing_that_followed_a_column_is_refused():
    """Frequent visitors were mailed twice as often: that is found, named and refused, whatever the file declares."""
    chosen = walk(follows=1.0)
    with pytest.raises(DataError, match="Chance did not decide who was shown the offer 'tea': by the column 'visits'"):
        chosen.plan(declared())
    assert chosen.plan(declared("response")).summary["target"] == "response"


def test_a_lot_that_changed_over_time_is_refused(world):
    """If three in four were mailed at first and one in four later, time stands in for the offer: the order tells it."""
    rng = np.random.default_rng(4)
    week = rng.integers(0, 50, 8_000)
    mailed = rng.random(8_000) < np.where(week < 25, 0.75, 0.25)
    drifting = world.history.with_columns(
        pl.Series("week", week), pl.Series("shown", np.where(mailed, "tea", "none").tolist())
    )
    even = drifting.with_columns(pl.Series("week", rng.permutation(week)))
    document = declared(history=declared()["history"] | {"order": "week", "hold_out": 0.25})
    with pytest.raises(DataError, match="by the column 'week'"):
        world.plan(document, history=drifting)
    assert world.plan(document, history=even).summary["target"] == "increment"


def test_drawn_histories_are_not_refused():
    """In thirty histories that were drawn by lot the columns never stand in the way."""
    chances = [
        walk(past=1_500, now=50, seed=seed, objecting=0).plan(declared()).report["model"]["evaluation"]["offers"]["tea"]
        for seed in range(30)
    ]
    assert min(one["assignment"]["chance"] for one in chances) > 1e-4


def test_people_who_were_drawn_once_and_bought_often_are_no_false_alarm():
    """A person mailed by lot has the same side in all ten rows; they count as one person, not as ten."""
    for seed in range(5):
        world = walk(past=400, now=50, seed=seed, objecting=0)
        history = world.history[np.repeat(np.arange(400), 10)]
        told = world.plan(declared(), history=history).report["model"]["evaluation"]["offers"]["tea"]
        assert told["assignment"]["chance"] > 1e-3


def test_where_an_offer_only_puts_people_off_nobody_gets_it(world):
    """Everybody's increment is below zero: nobody is selected, and it is said in words."""
    shown = world.history["shown"] == "tea"
    put_off = world.history.with_columns(
        pl.when(shown).then(0).otherwise((pl.int_range(pl.len()) % 2).cast(pl.Int64)).alias("bought")
    )
    decided = world.plan(declared(), history=put_off)
    assert decided.summary["funnel"][-1]["people"] == 0
    assert decided.summary["value"] == 0
    said = list(increment_lines(decided.summary))
    assert said[-1] == "nobody is selected: no offer is expected to change enough to be worth its cost"
    page = decided.to_html()
    assert "So nobody gets one." in page
    assert "Dus krijgt niemand er een." in page


def test_an_increment_without_a_control_in_the_file_is_refused_before_any_data_is_read():
    """The campaign file alone says that it cannot be known."""
    history = {"file": "sent.parquet", "offer": "shown", "randomised": True}
    with pytest.raises(PolicyError, match="nobody is named who was shown nothing"):
        walk(past=200, now=20, objecting=0).plan(declared(history=history))


@pytest.fixture
def folder(world, tmp_path) -> Path:
    """The mailing as a folder of files, with its campaign."""
    world.history.write_csv(tmp_path / "sent.csv")
    world.people.write_csv(tmp_path / "people.csv")
    world.said.write_csv(tmp_path / "said.csv")
    tables = {"subjects": {"file": "people.csv"}, "consents": {"file": "said.csv"}}
    document = declared(**tables, history=declared()["history"] | {"file": "sent.csv"})
    (tmp_path / "campaign.yaml").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return tmp_path


def test_a_check_says_that_chance_decided_as_far_as_the_columns_tell(folder):
    """A note with the line of the declaration: it is not proved, and the check says so."""
    checked = check(folder / "campaign.yaml", at=AT)
    (note,) = [finding for finding in checked.findings if finding.id == "EH-DRAW-001"]
    assert note.severity is Severity.NOTE
    assert "cannot prove it" in note.remedy
    assert '"randomised": true' in (folder / "campaign.yaml").read_text("utf-8").splitlines()[note.line - 1]
    assert not checked.broken


@pytest.mark.parametrize(
    ("edit", "id", "key"),
    [
        (('"control": "none"', '"control": "nothing"'), "EH-HISTORY-NO-CONTROL", '"control"'),
        (('"offer": "shown"', '"offer": "sex"'), "EH-POL-025", '"offer"'),
        (('"randomised": true', '"randomised": false'), "EH-POL-027", '"randomised"'),
        (('"control": "none"', '"control": "tea"'), "EH-POL-029", '"control"'),
    ],
)
def test_a_check_places_what_is_wrong_at_its_line(folder, edit, id, key):
    """Errors of the file and errors of the data alike name the field that they are about."""
    path = folder / "campaign.yaml"
    text = path.read_text("utf-8")
    assert edit[0] in text
    path.write_text(text.replace(*edit), encoding="utf-8")
    checked = check(path, at=AT)
    finding = next(finding for finding in checked.findings if finding.id == id)
    assert checked.broken
    assert key in path.read_text("utf-8").splitlines()[finding.line - 1]
    assert finding.remedy


def test_a_check_refuses_a_mailing_that_followed_a_column(folder):
    """What a run would refuse is found before it, at the declaration that does not hold."""
    walk(follows=1.0).history.write_csv(folder / "sent.csv")
    checked = check(folder / "campaign.yaml", at=AT)
    assert checked.broken
    assert checked.findings[0].id == "EH-HISTORY-NOT-RANDOMISED"


def test_people_missing_on_one_side_only_are_warned_about(folder, world):
    """If those who were mailed withdrew consent three times as often, they are missing from what is measured."""
    mailed = world.history.filter(pl.col("shown") == "tea")["shopper"].head(400)
    others = world.history.filter(pl.col("shown") == "none")["shopper"].head(130)
    gone = pl.concat([mailed, others]).to_list()
    said = world.said.with_columns(
        pl.when(pl.col("subject").is_in(gone)).then(pl.lit("ConsentWithdrawn")).otherwise("status").alias("status")
    )
    said.write_csv(folder / "said.csv")
    found = [finding for finding in check(folder / "campaign.yaml", at=AT).findings if finding.id == "EH-DRAW-002"]
    assert [finding.severity for finding in found] == [Severity.WARNING]
    assert found[0].measured["shown"] > 2 * found[0].measured["control"]


def test_the_terminal_speaks_of_what_the_offer_changes(folder):
    """Funnel, limits, what was measured of either order, and the *extra* value."""
    done = CliRunner().invoke(app, ["plan", str(folder / "campaign.yaml"), "--at", "2026-03-01"])
    assert done.exit_code == 0, done.output
    assert "offer tea: changed responses by " in done.output
    assert "offer tea: order by change, Qini " in done.output
    assert "offer tea: order by response, Qini " in done.output
    assert "expected extra value EUR " in done.output
