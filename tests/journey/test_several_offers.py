"""Up to two offers for one person, asked for in the campaign file: recorded, told and replayed like any other."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter

import numpy as np
import polars as pl
import pytest

import evenhand as eh
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import find_home
from evenhand.assembly import Frames, list_runs, monitor
from evenhand.journey import propose
from evenhand.ledger import Kind, columns_from_explained
from evenhand.permission import ConsentBook
from evenhand.promises import Ground, check_decisions
from evenhand.terms import DataError, Standing, UsageError
from small_world import AT, World, bodies, make_world, open_road

REACH = {"id": "sex-reach", "groups": ["sex"], "bound": 0.8, "minimum_size": 10}
LIMITS = {"contacts": {"total": 90, "offers_each": 2}, "budget": 24, "disparity": [REACH]}


@pytest.fixture(scope="module")
def world() -> World:
    """240 people, three offers, up to two each."""
    return make_world(limits=LIMITS)


@pytest.fixture(scope="module")
def ran(world, tmp_path_factory):
    """A recorded run, and its home."""
    home = tmp_path_factory.mktemp("several") / "home"
    return world.run(home), home


def test_contacts_count_people_and_offers_stand_in_rows_of_their_own(ran):
    """Nobody has an offer twice or more than two; the table has a row for each, numbered best first."""
    decided, _ = ran
    table = decided.decisions
    given = table.filter(pl.col("offer").is_not_null())
    per_person = given.group_by("person").agg(pl.len().alias("number"), pl.col("offer").n_unique().alias("different"))
    assert per_person["number"].max() == 2
    assert (per_person["number"] == per_person["different"]).all()
    assert len(per_person) <= 90 < given.height
    assert table["person"].n_unique() == 240
    assert set(table.group_by("person").agg(pl.col("place").max())["place"]) == {1, 2}
    assert table["decision"].n_unique() == table.height


def test_the_report_says_how_many_got_one_offer_and_how_many_two(ran):
    """Numbers, rates and the funnel count people, whatever each of them gets."""
    decided, _ = ran
    given = decided.decisions.filter(pl.col("offer").is_not_null())
    number = Counter(given.group_by("person").len()["len"].to_list())
    told = {one["offers"]: one["people"] for one in decided.report["numbers"]}
    assert told == {1: number[1], 2: number[2]}
    steps = {step["key"]: step["people"] for step in decided.report["funnel"]}
    assert steps["selected"] == given["person"].n_unique()
    contacts = next(limit for limit in decided.report["limits"] if limit["id"] == "contacts")
    assert contacts["used"] == steps["selected"]
    rates = next(one for one in decided.report["groups"] if one["limit"] == "sex-reach")["after"]["rates"]
    assert all(one["hits"] <= one["rows"] for one in rates if one["hits"] is not None)
    assert "A person may get up to 2 offers at once." in decided.to_html()
    assert any(one["label"] == "  of whom with 2 offers" for one in decided.summary["funnel"])


def test_the_ledger_keeps_each_offer_as_a_decision_that_verifies_and_replays(ran, world):
    """Every promise is checked for each; a replay gives the same bytes; counts of people are of people."""
    decided, home = ran
    verified = eh.verify_ledger(home=home)
    assert verified.ok, verified.problems
    assert verified.decisions == decided.decisions.height
    frames = Frames(world.people, world.shown, world.said)
    again = eh.replay(home=home, frames=frames)
    assert again.same, again.sentence()
    run = list_runs(home=home)[-1]
    assert run["selected"] == decided.decisions.filter(pl.col("offer").is_not_null())["person"].n_unique()
    assert run["decisions"] == decided.decisions.height


def test_one_offer_each_is_recorded_as_it_was_before_several_could_be(tmp_path):
    """No key, count or price of several offers stands in such a ledger, and the campaign's text has no new word."""
    world = make_world(60, limits={"contacts": {"total": 20}})
    world.run(tmp_path / "home")
    entries = [
        json.loads(body) for kind in (Kind.DECISION, Kind.RUN_FINISHED) for body in bodies(tmp_path / "home", kind)
    ]
    assert not any({"li", "further"} & set(entry) for entry in entries)
    assert not any("offers_each" in body.decode() for body in bodies(tmp_path / "home", Kind.DOCUMENT))
    prices = json.loads(entries[-1]["allocations"])["batches"][0]["prices"]
    assert set(prices) == {"offer", "group", "by_limit", "cell_tables"}


def test_why_tells_each_offer_with_its_own_exact_reasons(ran):
    """Asked about a person, both offers are told, each with a sum that adds up and the other one named."""
    decided, home = ran
    both = decided.decisions.filter(pl.col("place") == 2)["person"][0]
    finished = json.loads(bodies(home, Kind.RUN_FINISHED)[-1])
    prices = json.loads(finished["allocations"])["batches"][0]["prices"]
    for lang in ("en", "nl"):
        told = eh.why(both, home=home, lang=lang)
        assert [one.facts.place for one in (told, *told.beside)] == [1, 2]
        offers = [one.facts.offer for one in (told, *told.beside)]
        assert tuple(offers) == told.facts.listed
        for one in (told, *told.beside):
            facts = one.facts
            assert facts.score == one.base + sum(factor.contribution for factor in one.factors)
            net = (
                facts.value
                - facts.price
                - (facts.runner_up_value - facts.runner_up_price if facts.runner_up >= 0 else 0)
            )
            assert facts.margin == net
            assert any(line.key == "several" for line in one.lines)
            rows = {row.key: row.own for row in one.sum}
            assert rows["response"] + rows["cost"] + rows["places"] + rows["groups"] == rows["left"]
            reached = prices["contact"] if facts.place == 1 else 0
            assert rows["places"] == -(prices["offer"][facts.offer] + reached)
            assert not any(line.key == "change" for line in one.lines)
        assert told.to_dict()["beside"][0]["decision_id"] == told.beside[0].facts.decision_id
        assert told.beside[0].offer in told.to_text()
    alone = eh.why(told.beside[0].facts.decision_id, home=home)
    assert alone.facts.place == 2
    assert not alone.beside


def test_later_people_are_not_decided_with_prices_of_several_offers(ran, world):
    """The prices are for the run's own people; the refusal says so."""
    _, home = ran
    campaign = eh.load_campaign(world.document, at=AT)
    someone = world.people["person"][0]
    with pytest.raises(DataError, match="its prices are for its own people only"):
        eh.decide(campaign, [someone], subjects=world.people, consents=world.said, at=AT, home=home)


def test_an_aware_limit_seals_the_price_of_being_reached(tmp_path):
    """The group's part of the price of a contact stands under the run's key, and verifies with it and without."""
    aware = {**REACH, "mode": "aware", "necessity": "a test"}
    world = make_world(limits={**LIMITS, "disparity": [aware]})
    home = tmp_path / "home"
    world.run(home)
    finished = json.loads(bodies(home, Kind.RUN_FINISHED)[-1])
    prices = json.loads(finished["allocations"])["batches"][0]["prices"]
    assert "contact" in prices
    assert not {"group", "group_contact"} & set(prices)
    assert eh.verify_ledger(home=home).ok
    run = list_runs(home=home)[-1]["run_id"]
    place = find_home(home)
    from evenhand.ledger import open_run

    with SqliteLedger(place.ledger, key=place.key_file, read_only=True) as store:
        opened = open_run(store, run, RunKeyFolder(place.run_keys))
    assert len(opened.batches[0]["prices"]["group_contact"]) == len(opened.batches[0]["prices"]["group"])
    shutil.rmtree(place.run_keys)
    verified = eh.verify_ledger(home=home)
    assert verified.ok
    assert verified.unopened


@pytest.fixture(scope="module")
def recorded():
    """The columns of a proposal, and the ground that they stand on."""
    road = open_road(make_world(limits=LIMITS, legal_basis="legitimate_interest"))
    model = road.learned(ConsentBook.empty())
    explained = propose(road.asked, road.campaign, model, road.stores(ConsentBook.empty()))
    ground = Ground(road.campaign, road.campaign.model_dump_json(), "", model, AT)
    return columns_from_explained(explained, 0, len(explained.margin), 1), ground


@pytest.mark.parametrize("forged", ["gap", "twice", "stranger", "too many", "order", "runner-up"])
def test_a_list_that_says_something_else_is_found(recorded, forged):
    """A list with a hole, an offer twice, another person's, three offers where two may be, or in another order."""
    columns, ground = recorded
    assert not check_decisions(columns, ground)
    row = int(np.flatnonzero(columns.is_further)[0])
    listed, runner_up, subject = columns.listed.copy(), columns.runner_up.copy(), columns.subject.copy()
    if forged == "gap":
        listed[row] = [-1, listed[row, 1]]
    elif forged == "twice":
        listed[row] = listed[row, 1]
    elif forged == "stranger":
        subject[row] = b"0" * 32
    elif forged == "too many":
        listed = np.column_stack([listed, np.where(listed[:, 0] >= 0, 3 - listed.sum(axis=1), -1).astype(np.int16)])
    elif forged == "order":
        listed[row] = listed[row, ::-1]
    else:
        runner_up[row] = listed[row, 0]
    broken = dataclasses.replace(columns, listed=listed, runner_up=runner_up, subject=subject)
    assert "list" in {violation.code for violation in check_decisions(broken, ground)}


def test_people_who_may_not_be_addressed_have_one_decision_as_ever(ran):
    """Refused and contextual people: one row for the refused, up to two offers for the contextual."""
    table = ran[0].decisions
    refused = table.filter(pl.col("standing") == Standing.REFUSED.name.lower())
    assert refused["person"].n_unique() == refused.height
    assert refused["offer"].is_null().all()


def test_a_campaign_with_several_offers_is_not_watched(world, ran, tmp_path):
    """Events of one person are not independent of each other: refused, also without a clause, with what to do."""
    campaign = tmp_path / "campaign.yaml"
    campaign.write_text(json.dumps(world.document), encoding="utf-8")
    with pytest.raises(UsageError, match="one choice per person"):
        monitor(campaign, home=ran[1], at=AT)
