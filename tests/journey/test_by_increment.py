"""The road where a decision goes by what an offer changes: better where that differs, recorded, told and made again."""

from __future__ import annotations

import json

import numpy as np
import pytest

import evenhand as eh
from evenhand import assembly
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.stores.home import find_home
from evenhand.assembly import Frames, replay, verify_ledger
from evenhand.ledger import facts, open_run
from evenhand.reports import model_card
from mailing_cases import AT, REACH, declared, walk
from small_world import bodies, make_world


@pytest.fixture(scope="module")
def world():
    """Eight thousand people of the past, three thousand to decide about; a hundred opted out of personalisation."""
    return walk()


@pytest.fixture(scope="module")
def ran(world, tmp_path_factory) -> eh.Decisions:
    """A recorded run."""
    return world.run(declared(), tmp_path_factory.mktemp("home"))


def told(ran: eh.Decisions, row: int):
    """What the ledger holds of one decision."""
    with assembly.open_ledger(find_home(ran.home)) as store:
        return facts(store, f"{ran.run_id}.{row + 1}", RunKeyFolder(ran.home / "run-keys"))


@pytest.mark.parametrize(("seed", "extra", "by_responses", "most"), [(0, 83.3, 4, 87), (1, 72, 3, 88), (2, 74, 2, 90)])
def test_deciding_by_what_changes_wins_extra_buyers_where_responders_buy_anyway(seed, extra, by_responses, most):
    """Of as many people reached, those with the largest increments bring many times the truly extra buyers: the figures
    of docs/explanation/incremental-value.md."""
    world = walk(seed=seed, objecting=0)
    by_change, by_response = world.plan(declared("increment")), world.plan(declared("response"))
    assert world.reached(by_change).sum() == world.reached(by_response).sum() == REACH
    best = np.sort(world.now.increment)[-REACH:].sum()
    told = world.extra(by_change), world.extra(by_response), best
    assert told == pytest.approx((extra, by_responses, most), abs=0.6)


def test_the_value_is_what_is_expected_extra_and_near_the_truth(world, ran):
    """Responses would be valued at thousands; the extra ones at what they truly are, within a third."""
    truth = 10 * world.extra(ran) - 0.2 * REACH
    assert ran.summary["value"] == pytest.approx(truth, rel=0.33)
    assert world.plan(declared("response")).summary["value"] > 5 * ran.summary["value"]


def test_every_promise_holds_and_the_run_comes_out_again_to_the_bit(world, ran):
    """The ledger verifies; learned and decided again from the same tables, every decision has the same bytes."""
    assert verify_ledger(home=ran.home).ok
    frames = Frames(world.people, world.history, world.said)
    again = replay(ran.run_id, home=ran.home, frames=frames)
    assert again.same
    assert again.identical == 3_000


def test_later_people_are_decided_about_by_the_same_changes_and_prices(world, tmp_path):
    """With the prices of the run the same people get the same, one by one; it verifies, and comes out again."""
    ran = world.run(declared(), tmp_path)
    before = dict(zip(ran.decisions["shopper"], ran.decisions["offer"], strict=True))
    who = world.people["shopper"].to_list()[100:140]
    tables = {"subjects": world.people, "consents": world.said}
    decided = eh.decide(world.load(declared()), who, at=AT, home=ran.home, **tables)
    assert decided.columns["offer"] == [before[one] for one in who]
    assert verify_ledger(home=ran.home).ok
    assert replay(decided.run_id, home=ran.home, frames=Frames(world.people, None, world.said)).same


def test_a_change_below_zero_is_recorded_as_one(ran):
    """Some are put off: their recorded change is negative, it is the score, and they get nothing."""
    recorded = [json.loads(body) for body in bodies(ran.home)]
    below = [one for one in recorded if one.get("sc", 0) < 0]
    assert len(below) > 100
    assert all(one["p"] == one["sc"] and one.get("o", -1) == -1 for one in below)


def test_people_without_personal_data_are_decided_by_the_average_change(ran):
    """Whoever opted out has the change of the average row as score, and no reason of their own."""
    opted = told(ran, 0)
    assert opted.standing == 1
    with assembly.open_ledger(find_home(ran.home)) as store:
        base = open_run(store, ran.run_id).model_json["base"][0]
    assert opted.score == opted.probability == base
    assert opted.top_terms == ()


@pytest.mark.parametrize(
    ("lang", "more", "less", "extra"),
    [
        ("en", "this makes the offer change your choice more", "change your choice less", "extra, after costs"),
        ("nl", "daardoor verandert het aanbod uw keuze meer", "uw keuze minder", "extra waard"),
    ],
)
def test_reasons_speak_of_what_the_offer_changes(ran, lang, more, less, extra):
    """No sentence of a decision names a chance of buying; each factor adds to the change or takes from it."""
    chosen = ran.decisions["offer"].is_not_null().arg_max()
    texts = [
        " ".join(line.text for line in ran.why(f"{ran.run_id}.{row + 1}", lang).lines)
        for row in (chosen, *range(200, 260))
    ]
    assert more in texts[0]
    assert extra in texts[0]
    assert any(less in said for said in texts)
    forbidden = {"en": ("with a chance of", "In favour:"), "nl": ("met een kans van", "Ervoor:")}[lang]
    assert not [said for said in texts if any(words in said for words in forbidden)]


def test_the_sum_behind_a_decision_adds_up(ran):
    """Base and shares are the change; value, cost and price are the margin; nothing is left over."""
    chosen = int(ran.decisions["offer"].is_not_null().arg_max())
    story = ran.why(f"{ran.run_id}.{chosen + 1}")
    assert story.base + sum(one.contribution for one in story.factors) == story.facts.score == story.facts.probability
    response, cost, *prices, left, margin = [row.own for row in story.sum]
    assert response == 10 * story.facts.score
    assert response + cost + sum(prices) == left == margin == story.facts.margin
    document = story.to_dict()
    assert document["increment_ppm"] == story.facts.score
    assert "probability_ppm" not in document


def test_the_page_and_the_card_speak_of_changes(ran):
    """Both say what was measured, and neither names a ranking of responders."""
    page = ran.to_html()
    for said in (
        "expected extra, after costs",
        "Qini",
        "Was it a draw?",
        "Volgorde: Qini",
        "verwachte extra opbrengst",
    ):
        assert said in page
    assert "AUROC 0." not in page
    with assembly.open_ledger(find_home(ran.home)) as store:
        model = open_run(store, ran.run_id).model_json
    for lang, said in (("en", "percentage points of the chance"), ("nl", "procentpunten van de kans")):
        card = model_card(model, lang=lang)
        assert said in card
        assert "Qini" in card
        assert "AUROC" not in card


def test_a_campaign_by_responses_is_recorded_as_it_was_before(tmp_path):
    """The keys that increments need are not written where they are not used."""
    world = make_world()
    ran = world.run(tmp_path)
    with assembly.open_ledger(find_home(ran.home)) as store:
        recorded = open_run(store, ran.run_id)
    campaign = json.loads(recorded.campaign_text)
    assert "target" not in campaign["model"]
    assert {"control", "randomised"}.isdisjoint(campaign["history"])
    assert "target" not in ran.report["campaign"]
