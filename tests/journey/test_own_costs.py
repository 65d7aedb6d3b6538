"""What an offer costs differs per person: a column says it, and the budget is kept on what is spent, to the cent."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

import evenhand as eh
from evenhand.assembly import Frames
from evenhand.journey import propose
from evenhand.ledger import Kind, columns_from_explained
from evenhand.permission import ConsentBook
from evenhand.promises import Ground, check_decisions
from evenhand.terms import DataError
from small_world import AT, World, bodies, declared, make_world, open_road

MEANING = {"nl": "wat verzenden naar u kost", "en": "what sending to you costs"}
PAID = ("offer-00", "offer-02")


def priced(each: int = 1, **changes: object) -> World:
    """The small world, two offers of which cost each person's own postage; twelve of it is all there is."""
    plain = declared()
    columns = plain["columns"] | {"postage": {"role": "cost", "meaning": MEANING}}
    offers = [offer | ({"cost_column": "postage"} if offer["id"] in PAID else {}) for offer in plain["offers"]]
    limits = {"budget": 12, "contacts": {"offers_each": each}}
    world = make_world(**{"columns": columns, "offers": offers, "limits": limits, **changes})
    rng = np.random.default_rng(3)
    postage = rng.integers(0, 60, len(world.people)) / 100
    return world.but(people=world.people.with_columns(pl.Series("postage", postage)))


@pytest.fixture(scope="module", params=[1, 2])
def ran(request, tmp_path_factory):
    """A recorded run with one offer each, and one with two."""
    world = priced(request.param)
    home = tmp_path_factory.mktemp("costs") / "home"
    return world, world.run(home), home


def test_the_report_shows_what_an_offer_costs_those_who_get_it(ran):
    """The mean of their own costs in place of the declared one; nothing more than that they are few where they are."""
    world, decided, _ = ran
    for offer in decided.report["offers"]:
        got = decided.decisions.filter(pl.col("offer") == offer["id"])
        if offer["id"] not in PAID:
            assert "own_cost_micro" not in offer
        elif len(got) < 10:
            assert offer["own_cost_micro"] is None
        else:
            cost = dict(zip(world.people["person"], world.people["postage"], strict=True))
            declared_cost = offer["cost_micro"] / 1e6
            own = [
                cost[person] if standing == "personalised" else declared_cost
                for person, standing in got.select("person", "standing").iter_rows()
            ]
            assert offer["own_cost_micro"] == pytest.approx(1e6 * np.mean(own), abs=1)


def test_the_budget_is_kept_on_what_each_person_costs(ran):
    """Added up afresh from the table, in whole cents: no more than the budget, and nearly all of it."""
    world, decided, _ = ran
    plain = {offer["id"]: round(float(offer.get("cost", 0)) * 100) for offer in world.document["offers"]}
    cents = dict(zip(world.people["person"], (world.people["postage"] * 100).round().cast(int), strict=True))
    given = decided.decisions.filter(pl.col("offer").is_not_null())
    spent = sum(
        cents[person] if offer in PAID and standing == "personalised" else plain[offer]
        for person, offer, standing in given.select("person", "offer", "standing").iter_rows()
    )
    budget = next(limit for limit in decided.report["limits"] if limit["id"] == "budget")
    assert budget["used"] == spent * 10_000
    assert 1100 <= spent <= 1200
    assert budget["held"]


def test_it_verifies_and_replays(ran):
    """The cost of each decision is on record, and everything is worked out from it again."""
    world, decided, home = ran
    assert eh.verify_ledger(home=home).ok
    assert eh.replay(home=home, frames=Frames(world.people, world.shown, world.said)).same
    recorded = [json.loads(body) for body in bodies(home, Kind.DECISION)]
    assert len({one.get("co", 0) for one in recorded}) > 10
    someone = decided.decisions.filter(pl.col("offer") == PAID[0], pl.col("standing") == "personalised")["person"][0]
    told = eh.why(someone, home=home)
    for one in (told, *told.beside):
        rows = {row.key: row.own for row in one.sum}
        assert rows["cost"] == -one.facts.cost
        assert rows["response"] + rows["cost"] + rows["places"] + rows["groups"] == rows["left"]
        assert rows["groups"] == 0
        assert any("what sending to you costs" in line.text for line in one.lines if line.key == "own-costs")


def test_a_recorded_cost_that_nobody_declared_is_found():
    """Of whoever's data was not read, and of an offer without a column, the cost is the declared one."""
    road = open_road(priced(legal_basis="legitimate_interest"))
    model = road.learned(ConsentBook.empty())
    explained = propose(road.asked, road.campaign, model, road.stores(ConsentBook.empty()))
    columns = columns_from_explained(explained, 0, len(explained.margin), 1)
    ground = Ground(road.campaign, road.campaign.model_dump_json(), "", model, AT)
    assert not check_decisions(columns, ground)
    free = np.flatnonzero(columns.reference == 1)[0]
    broken = dataclasses.replace(columns, cost=columns.cost + (np.arange(len(columns)) == free))
    assert {"cost", "value"} <= {violation.code for violation in check_decisions(broken, ground)}


@pytest.mark.parametrize("value", ["dear", "-1", "nan euro"])
def test_a_cost_that_is_no_amount_stops_the_run(value):
    """The message says how many and what to write, and no value."""
    world = priced()
    people = world.people.with_columns(pl.lit(value).alias("postage"))
    with pytest.raises(DataError, match="values of column 'postage' are no amounts of money") as error:
        world.but(people=people).plan()
    assert value not in str(error.value)


def test_one_wrong_cost_among_many_is_counted_as_one():
    """So that it can be found."""
    world = priced()
    costs = ["0.20"] * world.people.height
    costs[_personalised(world)] = "free"
    with pytest.raises(DataError, match=r"^1 of \d+ values of column 'postage'"):
        world.but(people=world.people.with_columns(pl.Series("postage", costs))).plan()


def _personalised(world):
    """Row of somebody whose data is read."""
    return world.plan().decisions["standing"].to_list().index("personalised")


def test_an_empty_cost_is_the_declared_one():
    """Where the column says nothing the offer's own cost counts."""
    world = priced()
    people = world.people.with_columns(pl.lit(None, dtype=pl.Float64).alias("postage"))
    plain = world.but(document=world.document | {"offers": declared()["offers"]})
    one, other = world.but(people=people).plan(), plain.plan()
    assert one.summary["value"] == pytest.approx(other.summary["value"], rel=0.01)
