"""What came of the decisions by lot is weighed as if the model, or something simpler, had decided."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from evenhand import assembly
from evenhand.adapters.stores.home import find_home
from evenhand.ledger import columns, open_run
from evenhand.scoring import model_from_json
from evenhand.terms import expected_value, probability_ppm, score_of, term_contributions
from shop_folder import app
from small_world import AT, OFFERS, make_world

RATES = {"offer-00": 0.1, "offer-01": 0.6, "offer-02": 0.2, None: 0.05}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A recorded campaign of 3,000 people, 30 % by lot, and what came of every decision, drawn by its offer alone."""
    where = tmp_path_factory.mktemp("evaluate")
    world = make_world(3_000, exploration={"share": 0.3}, limits={"contacts": {"total": 1_500}})
    (where / "campaign.yaml").write_text(json.dumps(world.document))
    for name, table in (("people", world.people), ("shown", world.shown), ("said", world.said)):
        table.write_parquet(where / f"{name}.parquet")
    assembly.run_campaign(where / "campaign.yaml", home=where / "home", at=AT)
    decided = pl.read_csv(next((where / "home").rglob("decisions.csv")))
    rng = np.random.default_rng(3)
    rate = np.array([RATES[offer] for offer in decided["offer"]])
    came = decided.select("decision").with_columns(pl.Series("outcome", (rng.random(len(rate)) < rate).astype(int)))
    came.write_csv(where / "came.csv")
    return where


def evaluated(folder: Path, *more: str):
    """The command as a user types it."""
    return CliRunner().invoke(
        app, ["evaluate", str(folder / "campaign.yaml"), "--events", str(folder / "came.csv"),
              "--home", str(folder / "home"), *more],
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(folder) -> dict:
    """What the command says, as JSON."""
    got = evaluated(folder, "--json")
    assert got.exit_code == 0, got.output
    return json.loads(got.stdout)


def test_each_simple_policy_is_told_within_its_intervals(told):
    """Each offer for everybody, nothing, and the lot: the true rate is in the interval that holds at every size."""
    truth = {("offer", offer): RATES[offer] for offer in OFFERS} | {("nothing", ""): 0.05}
    truth[("lot", "")] = float(np.mean(list(RATES.values())))
    found = {(one["policy"], one["offer"]): one["response"] for one in told["policies"]}
    for key, rate in truth.items():
        lower, upper = found[key]["guaranteed"]
        assert lower <= rate <= upper, key
        assert found[key]["estimate"]["value"] == pytest.approx(rate, abs=0.12), key
    assert found["lot", ""]["effective_people"] == pytest.approx(told["drawn"] - told["left_out"])


def test_money_is_value_where_somebody_responded_less_cost(told):
    """Nothing for anybody brings nothing; an offer brings its value times its rate, less twenty cents."""
    found = {(one["policy"], one["offer"]): one["money"] for one in told["policies"]}
    assert found["nothing", ""]["estimate"]["value"] == 0.0
    rate = {(one["policy"], one["offer"]): one["response"]["estimate"]["value"] for one in told["policies"]}
    for place, offer in enumerate(OFFERS):
        expected = (5 + place) * rate["offer", offer] - 0.2
        assert found["offer", offer]["estimate"]["value"] == pytest.approx(expected)


def test_the_models_own_choice_is_what_it_would_have_chosen_at_the_runs_prices(folder, told):
    """Worked out again from codes, tables and price list, for everybody drawn: the same share of them agrees."""
    place = find_home(folder / "home")
    with assembly.open_ledger(place) as store:
        record = open_run(store, told["run_id"])
        chunks = list(columns(store, told["run_id"]))
    prices = np.array(assembly.prices_of(told["run_id"], home=folder / "home").offer_price)
    model = model_from_json(record.model_json)
    agreed = drawn = 0
    for chunk in chunks:
        rows = np.isin(chunk.outcome, (53, 54))
        codes = tuple(code[..., rows] for code in chunk.codes)
        margin = np.empty((3, rows.sum()))
        for offer in range(3):
            one = np.full(rows.sum(), offer)
            score = score_of(model, term_contributions(model, codes, one), one)
            declared = record.campaign.offers[offer]
            worth = expected_value(declared.value_micro, declared.cost_micro, probability_ppm(score))
            margin[offer] = worth - prices[offer]
        own = np.where(margin.max(axis=0) > 0, margin.argmax(axis=0), -1)
        agreed += int((own == chunk.offer[rows]).sum())
        drawn += int(rows.sum())
    response = next(one["response"] for one in told["policies"] if one["policy"] == "model")
    assert told["drawn"] == drawn
    assert response["effective_people"] == pytest.approx(agreed, rel=0.02), "each who agrees weighs the same"


def test_it_reads_as_a_table_and_says_whether_the_model_beats_the_lot(folder):
    """One line per policy in people and in money, and one sentence."""
    text = evaluated(folder).stdout
    assert "EUR per 100 people" in text
    assert text.count("offer-01 for everybody") == 2
    assert text.count("the model's choice") == 2
    assert "than the lot" in text or "beats the lot" in text
    assert "than as many offers by lot" in text or "beats as many offers by lot" in text


def test_the_model_is_compared_with_as_many_offers_by_lot(told):
    """Each offer alike and as many of them as the model's choice has: the true rate of that is in its interval."""
    own, as_many = told["policies"][0], next(one for one in told["policies"] if one["policy"] == "as-many")
    assert 0.0 < own["offered"] == as_many["offered"] < 1.0
    rate = own["offered"] * float(np.mean([RATES[offer] for offer in OFFERS])) + (1 - own["offered"]) * RATES[None]
    lower, upper = as_many["response"]["guaranteed"]
    assert lower <= rate <= upper
    assert as_many["response"]["estimate"]["value"] == pytest.approx(rate, abs=0.06)
    gain = own["response"]["gain_over_as_many"]
    assert gain["lower"] < gain["value"] < gain["upper"]


def test_a_file_of_those_who_responded_tells_what_the_whole_file_tells(folder, told, tmp_path):
    """Who is not listed did not respond, so the rows without a response may be left out."""
    pl.read_csv(folder / "came.csv").filter(pl.col("outcome") == 1).write_csv(tmp_path / "came.csv")
    got = evaluated(folder, "--events", str(tmp_path / "came.csv"), "--json")
    assert got.exit_code == 0, got.output
    assert json.loads(got.stdout)["policies"] == told["policies"]


def test_a_file_about_no_decision_of_the_run_is_refused(folder, tmp_path):
    """Ids of people, say, are no decisions; that nobody responded must not be read out of that."""
    (tmp_path / "came.csv").write_text("decision,outcome\n1002,1\n1003,0\n")
    got = evaluated(folder, "--events", str(tmp_path / "came.csv"))
    assert got.exit_code == 3
    assert "lots-other-run" in got.stderr
    assert "1002" not in got.stderr


def test_people_who_may_not_be_used_now_are_not_looked_at(folder, told, tmp_path):
    """Everybody drawn withdraws but a hundred: only those are left; below thirty there is no figure at all."""
    people = pl.read_parquet(folder / "people.parquet")["person"].to_list()
    campaign = json.loads((folder / "campaign.yaml").read_text())
    said = pl.read_parquet(folder / "said.parquet")
    for kept, code in ((1_000, 0), (10, 3)):
        gone = pl.DataFrame({"subject": people[kept:]}).with_columns(
            kind=pl.lit("consent"), purpose=pl.lit("PersonalisedAdvertising"), status=pl.lit("ConsentWithdrawn"),
            at=pl.lit("2026-03-02T00:00:00Z"),
        )  # fmt: skip
        (tmp_path / "campaign.yaml").write_text(json.dumps(campaign))
        for name in ("people", "shown"):
            (tmp_path / f"{name}.parquet").write_bytes((folder / f"{name}.parquet").read_bytes())
        pl.concat([said.select(pl.all().cast(pl.String)), gone.select(said.columns)]).write_parquet(
            tmp_path / "said.parquet"
        )
        got = CliRunner().invoke(
            app, ["evaluate", str(tmp_path / "campaign.yaml"), "--events", str(folder / "came.csv"),
                  "--home", str(folder / "home"), "--json"],
        )  # fmt: skip
        assert got.exit_code == code, got.output
        if code == 0:
            assert json.loads(got.stdout)["left_out"] > told["left_out"] + 300
        else:
            assert "lots-too-few" in got.output + got.stderr


def test_rows_of_other_decisions_are_counted_and_told(folder, told):
    """The file has every decision; those not by lot are not looked at."""
    assert told["unmatched"] == 3_000 - told["drawn"]
    assert told["listed"] == told["drawn"] - told["left_out"]


def test_a_run_without_lots_is_said_plainly(folder, tmp_path):
    """Exit code 2, the rule, and the line to add to the campaign file."""
    document = json.loads((folder / "campaign.yaml").read_text())
    del document["exploration"]
    (tmp_path / "campaign.yaml").write_text(json.dumps(document))
    for name in ("people", "shown", "said"):
        (tmp_path / f"{name}.parquet").write_bytes((folder / f"{name}.parquet").read_bytes())
    assembly.run_campaign(tmp_path / "campaign.yaml", home=tmp_path / "home", at=AT)
    got = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "campaign.yaml"), "--events", str(folder / "came.csv"),
              "--home", str(tmp_path / "home")],
    )  # fmt: skip
    assert got.exit_code == 2
    assert "exploration" in got.stderr


def test_numbers_of_a_few_people_are_null():
    """Four were left out, three were not in the file, two weigh in: none of it is told, nor what would tell it."""
    few, many = {"effective_people": 2.0}, {"effective_people": 36.0}
    found = assembly.Evaluated("run", 40, 4, 33, 0, ({"policy": "lot", "response": few, "money": many},)).to_dict()
    assert (found["drawn"], found["looked_at"], found["left_out"], found["listed"]) == (40, None, None, None)
    assert found["policies"][0]["response"]["effective_people"] is None
    assert found["policies"][0]["money"] == many
    plain = assembly.Evaluated("run", 80, 20, 40, 0, ()).to_dict()
    assert (plain["drawn"], plain["looked_at"], plain["left_out"], plain["listed"]) == (80, 60, 20, 40)
