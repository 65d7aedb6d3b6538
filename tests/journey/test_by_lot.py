"""Some are decided about by lot, to learn from: evenly, within every limit, on record, and told as what it is."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import evenhand as eh
from evenhand.assembly import Frames
from evenhand.journey import propose
from evenhand.ledger import columns_from_explained
from evenhand.permission import ConsentBook
from evenhand.promises import Ground, check_decisions
from evenhand.terms import DataError, Reason
from small_world import AT, World, make_world, open_road, same_key

LOTS = {"share": 0.25}
LIMITS = {
    "contacts": {"total": 110},
    "budget": 21,
    "disparity": [{"id": "sex-reach", "groups": ["sex"], "bound": 0.8, "minimum_size": 10}],
}


@pytest.fixture(scope="module")
def world() -> World:
    """400 people, a quarter of the personal decisions by lot, and a limit on a difference between groups."""
    return make_world(400, limits=LIMITS, exploration=LOTS)


@pytest.fixture(scope="module")
def ran(world, tmp_path_factory):
    """A recorded run, of a home with a key of its own: who is drawn depends on that, and with some draws a few people
    are left for one reason, so that what the lots came to is not told."""
    home = tmp_path_factory.mktemp("lots") / "home"
    home.mkdir(mode=0o700)
    (home / "secret.key").write_bytes(bytes(range(32)))
    (home / "secret.key").chmod(0o600)
    return world.run(home), home


def test_a_quarter_of_the_personal_decisions_fall_by_lot(ran):
    """Among them every offer and none occur; nobody without personal decisions is drawn."""
    table = ran[0].decisions
    by_lot = table.filter(pl.col("reason").str.starts_with("drawn-"))
    assert set(by_lot["standing"]) == {"personalised"}
    personal = table.filter(pl.col("standing") == "personalised").height
    assert abs(by_lot.height - 0.25 * personal) < 4 * np.sqrt(personal * 0.25 * 0.75)
    assert by_lot["offer"].n_unique() == 4
    assert (by_lot["offer"].is_null() == (by_lot["reason"] == "drawn-nothing")).all()


def test_every_limit_holds_for_all_of_them_together(ran):
    """Contacts, budget and the limit on groups count those decided by lot too."""
    decided, _ = ran
    assert all(limit["held"] for limit in decided.summary["limits"])
    table = decided.decisions
    assert table["offer"].is_not_null().sum() <= 110
    assert {one["label"] if "label" in one else one["id"] for one in decided.summary["limits"]} == {
        "contacts",
        "budget",
        "sex-reach",
    }


def test_the_ledger_draws_the_lots_again_and_the_run_replays(world, ran):
    """Verification finds nothing; replay gives the same bits."""
    _, home = ran
    assert eh.verify_ledger(home=home).ok
    again = eh.replay(home=home, frames=Frames(world.people, world.shown, world.said))
    assert again.identical == again.decisions == 400


@pytest.mark.parametrize("who", ["drew-an-offer", "drew-nothing", "was-not-drawn"])
def test_a_lot_that_was_interfered_with_is_named(world, who):
    """Somebody who drew an offer and got another; who drew nothing and is told the model chose; who was not drawn."""
    road = open_road(world)
    people = road.asked.subjects
    consents = ConsentBook.from_columns(
        subjects=people,
        kinds=["consent"] * len(people),
        purposes=[road.campaign.purpose] * len(people),
        statuses=["ConsentGiven"] * len(people),
        at=np.full(len(people), np.datetime64("2026-01-01", "us")),
    )
    model = road.learned(consents)
    columns = columns_from_explained(
        propose(road.asked, road.campaign, model, road.stores(consents)), 0, len(people), 1
    )
    text = road.campaign.model_dump_json()
    ground = Ground(road.campaign, text, hashlib.sha256(text.encode()).hexdigest(), model, AT)
    assert check_decisions(columns, ground) == ()
    offer, outcome = columns.offer.copy(), columns.outcome.copy()
    if who == "drew-an-offer":
        row = np.flatnonzero(outcome == Reason.DRAWN_OFFER)[0]
        offer[row] = ({0, 1, 2} - {int(offer[row]), int(columns.runner_up[row])}).pop()
    elif who == "drew-nothing":
        row = np.flatnonzero(outcome == Reason.DRAWN_NOTHING)[0]
        outcome[row] = Reason.BEYOND_LIMITS
    else:
        row = np.flatnonzero(outcome == Reason.BEYOND_LIMITS)[0]
        outcome[row] = Reason.DRAWN_NOTHING
    found = check_decisions(dataclasses.replace(columns, offer=offer, outcome=outcome), ground)
    assert [violation.rows for violation in found if violation.code == "lot"] == [(int(row),)]


def test_why_says_that_it_was_by_lot_and_names_no_factor(ran):
    """In both languages; no reason in favour, no change that would have helped, no sum against a runner-up."""
    decided, home = ran
    table = decided.decisions
    for reason in ("drawn-offer", "drawn-nothing"):
        decision = table.filter(pl.col("reason") == reason)["decision"][0]
        told = {lang: eh.why(decision, home=home, lang=lang) for lang in ("nl", "en")}
        assert "by lot" in told["en"].headline
        assert "geloot" in told["nl"].headline
        for one in told.values():
            keys = {line.key for line in one.lines}
            assert "by-lot" in keys
            assert not keys & {"ai", "reason", "change", "price", "runner-up", "moved"}
            assert one.sum == ()
            assert one.instead is None


def test_the_report_tells_what_the_lots_cost(ran):
    """People, offers, nothing, and what the model expects to lose by them; on the page in both languages."""
    decided, _ = ran
    lots = decided.report["lots"]
    assert lots["people"] == lots["offers"] + lots["nothing"]
    assert lots["lost_micro"] > 0
    page = (decided.folder / "report.html").read_text("utf-8")
    assert "By lot, to learn from (25" in page
    assert "Door loting, om van te leren (25" in page


def test_without_lots_nothing_is_by_lot(world, tmp_path):
    """The default is that the model decides about everybody, and the report has no such chapter."""
    document = {key: value for key, value in world.document.items() if key != "exploration"}
    decided = world.but(document=document).run(tmp_path / "home")
    assert not [reason for reason in decided.decisions["reason"] if reason.startswith("drawn-")]
    assert decided.report["lots"] is None


def test_those_not_drawn_are_decided_as_well_as_what_is_left_allows(world, tmp_path):
    """The certificate's bound counts the lots at what they fell on, and the gap stays that of the solver."""
    decided = world.run(tmp_path / "home")
    value, bound = (decided.report["certificate"][name] for name in ("value", "bound"))
    assert 0 < value <= bound
    assert (bound - value) / bound < 0.02


def test_lots_that_alone_break_a_limit_are_refused_and_nothing_is_recorded(world, tmp_path):
    """Five contacts and a quarter by lot: an error with the limit's name, and no run in the ledger."""
    document = {**world.document, "limits": {"contacts": {"total": 5}}}
    with pytest.raises(DataError, match="more than a limit allows: contacts"):
        world.but(document=document).run(tmp_path / "home")
    assert not (tmp_path / "home" / "ledger.sqlite").exists()


def test_a_repeated_run_draws_other_people(world, ran, tmp_path):
    """With the same key, an hour later, who is drawn is another draw."""
    _, home = ran
    other = same_key(home, tmp_path / "other")
    campaign = eh.load_campaign(world.document, at=AT)
    later = eh.run(
        campaign,
        subjects=world.people,
        history=world.shown,
        consents=world.said,
        at=AT + timedelta(hours=1),
        home=other,
    )
    first, second = (
        {row for row, reason in enumerate(one.decisions["reason"]) if reason.startswith("drawn-")}
        for one in (ran[0], later)
    )
    assert first != second
