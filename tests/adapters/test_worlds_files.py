"""Generated worlds on disk: whole campaign folders that point at tables which are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from ruamel.yaml import YAML

from evenhand.adapters.demonstration.worlds_files import moment_of, write_hiring, write_shoppers
from evenhand.policy import Campaign
from evenhand.terms import Role, StoreError

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def _table(folder, name):
    return pl.read_parquet(folder / "data" / f"{name}.parquet")


def test_shoppers_become_a_campaign_folder(tmp_path):
    """The campaign file is of the right form, and every feature and sensitive column stands in the tables."""
    file = write_shoppers(tmp_path, 2_000, 4, 5, seed=1, at=AT)
    campaign = Campaign.model_validate(YAML(typ="safe").load(file.read_text(encoding="utf-8")))
    people, past, consents = (_table(tmp_path, name) for name in ("subjects", "history", "consents"))
    assert people.height == people["shopper"].n_unique() == 2_000
    assert {*campaign.names(Role.FEATURE), *campaign.names(Role.SENSITIVE)} < set(people.columns)
    assert {*campaign.names(Role.FEATURE), campaign.outcome, "shopper", "offer"} == set(past.columns)
    assert set(past["offer"]) == {offer.id for offer in campaign.offers}
    assert set(past["shopper"]) <= set(people["shopper"])
    assert set(consents["subject"]) <= set(people["shopper"])
    assert people["sex"].null_count() > 0


def test_nobody_is_in_both_parts_of_the_hiring_data(tmp_path):
    """Subjects are not in the history, have no outcome, and unknown gender is null, not a word."""
    write_hiring(tmp_path, seed=1, at=AT, past=300, now=200)
    people, past, consents = (_table(tmp_path, name) for name in ("subjects", "history", "consents"))
    assert (people.height, past.height) == (200, 300)
    assert not set(people["applicant"]) & set(past["applicant"])
    assert "hired" not in people.columns
    assert set(people["gender"].drop_nulls()) == {"woman", "man"}
    assert consents["at"].max() < AT


def test_the_same_seed_gives_the_same_files(tmp_path):
    """Written twice, every table is equal."""
    for name in ("one", "other"):
        write_hiring(tmp_path / name, seed=5, at=AT, past=300, now=200)
        write_shoppers(tmp_path / f"s-{name}", 500, 2, 3, seed=5, at=AT)
    for first, second in (("one", "other"), ("s-one", "s-other")):
        for table in ("subjects", "history", "consents"):
            assert _table(tmp_path / first, table).equals(_table(tmp_path / second, table))


def test_moments_are_told_in_utc():
    """Another time zone is converted; none at all is taken as UTC."""
    amsterdam = timezone(timedelta(hours=1))
    assert moment_of(datetime(2026, 1, 5, 10, tzinfo=amsterdam)) == moment_of(AT) == moment_of(datetime(2026, 1, 5, 9))


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="could not be written"):
        write_hiring(tmp_path / "taken", seed=1, at=AT, past=50, now=50)
