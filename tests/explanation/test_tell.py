"""One decision in plain words: true reasons, sums that add up, nothing of people whose data may not be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import with_groups
from evenhand.explanation import LANGUAGES, Explanation, number, tell
from evenhand.ledger import facts_of
from evenhand.policy import Campaign
from evenhand.terms import Explained, Reason, Standing

SEEDS = st.integers(0, 10_000)
SUM_PARTS = {"response", "cost", "price", "places", "groups"}


def told(campaign: Campaign, explained: Explained, row: int, lang: str = "en", *, parts: bool = True) -> Explanation:
    """The explanation of one row."""
    a = explained.allocated
    prices = a.prices.offer.tolist() if parts else None
    return tell(facts_of(explained, row, "run"), campaign, a.scored.minimised.model, lang, offer_prices=prices)


@given(seed=SEEDS, parts=st.booleans())
def test_every_sum_adds_up_with_nothing_left_over(decided, seed, parts):
    """Base and shares are the score; value, cost and prices are what is left; the difference is the margin."""
    campaign, explained = decided(seed=seed, people=12)
    for row in range(12):
        story = told(campaign, explained, row, parts=parts)
        if story.factors:
            assert story.base + sum(factor.contribution for factor in story.factors) == story.facts.score
        if not story.sum:
            continue
        left = next(one for one in story.sum if one.key == "left")
        margin = next(one for one in story.sum if one.key == "margin")
        above = [one for one in story.sum if one.key in SUM_PARTS]
        assert sum(one.own for one in above) == left.own
        assert sum(one.other or 0 for one in above) == (left.other or 0)
        assert margin.own == left.own - (left.other or 0) == story.facts.margin


@given(seed=SEEDS)
def test_a_headline_names_only_large_true_reasons(decided, seed):
    """Each factor in the headline is among the top terms; it counted in favour of an offer, or against the one that was
    not made."""
    campaign, explained = decided(seed=seed, people=12)
    named = {f"f{t}": {"nl": f"gegeven {t}.", "en": f"factor {t}."} for t in range(4)}
    columns = {
        name: column.model_copy(update={"meaning": type(campaign.offers[0].text)(**named[name])})
        if name in named
        else column
        for name, column in campaign.columns.items()
    }
    campaign = campaign.model_copy(update={"columns": columns})
    for row in range(12):
        story = told(campaign, explained, row)
        model = explained.allocated.scored.minimised.model
        top = {model.terms[t] for t in story.facts.top_terms}
        headline = story.headline
        for factor in sorted(story.factors, key=lambda one: -len(one.meaning)):  # a pair's words hold its features'
            if factor.meaning in headline:
                headline = headline.replace(factor.meaning, "")
                assert factor.name in top
                assert (factor.contribution > 0) == (story.facts.offer >= 0)


@given(seed=SEEDS)
def test_what_is_not_known_is_told_as_that_and_as_seen_or_given_by_nobody(decided, seed):
    """Its value, where it came from, and the headline where it counted most; of what is known nothing changes."""
    campaign, explained = decided(seed=seed, people=12)
    for row in range(12):
        for lang, value, origin, word in (
            ("en", "not known", "we do not have this of you", "which we do not know"),
            ("nl", "niet bekend", "wij hebben dit niet van u", "dat weten wij niet"),
        ):
            story = told(campaign, explained, row, lang)
            factors = story.to_dict()["factors"]
            assert [one["origin_text"] == origin for one in factors] == [one["value"] == value for one in factors]
            unknown = {one["name"] for one in factors if one["value"] == value}
            assert story.headline.count(word) == len(unknown & set(story.named)) or not story.named


@given(seed=SEEDS)
def test_both_languages_say_the_same_things(decided, seed):
    """Dutch and English have the same lines in the same order, and the same amounts."""
    campaign, explained = decided(seed=seed, people=8)
    for row in range(8):
        nl, en = (told(campaign, explained, row, lang) for lang in LANGUAGES)
        assert [(one.key, one.layer) for one in nl.lines] == [(one.key, one.layer) for one in en.lines]
        assert [(one.own, one.other) for one in nl.sum] == [(one.own, one.other) for one in en.sum]
        assert [f.contribution for f in nl.factors] == [f.contribution for f in en.factors]


def test_a_refused_person_is_told_the_reason_and_the_remedy(decided):
    """Nothing is scored for them; they read which rule said no, and who can change that."""
    campaign, explained = decided(people=50)
    row = int(np.flatnonzero(explained.allocated.reason == Reason.DIRECT_MARKETING_OBJECTION)[0])
    story = told(campaign, explained, row)
    assert not story.factors
    assert not story.sum
    assert "G-21b" in story.to_text()
    assert campaign.controller.contact in next(one.text for one in story.lines if one.key == "remedy")
    assert "used none of your data" in story.headline


def test_a_contextual_person_is_told_that_no_data_was_used(decided):
    """They get the decision that anybody would get, and every feature is named as not used."""
    campaign, explained = decided(people=50)
    standing = explained.allocated.scored.minimised.permitted.standing
    row = int(np.flatnonzero(standing == Standing.CONTEXTUAL)[0])
    story = told(campaign, explained, row)
    assert not story.factors
    assert {"contextual", "permission"} <= {one.key for one in story.lines}
    assert len([why for _, why in story.not_used if "no data about you" in why]) == 4


def test_ai_is_named_as_such_and_its_texts_too(decided):
    """Whoever is decided about reads that a calculation did it; an offer made by AI says so."""
    campaign, explained = decided(people=200)
    chosen = np.flatnonzero(explained.allocated.offer == 0)
    story = told(campaign, explained, int(chosen[0]))
    assert campaign.offers[0].made_by_ai
    assert {"ai", "made-by-ai"} <= {one.key for one in story.lines if one.layer == 1}


def test_a_group_in_the_price_is_never_kept_silent(decided):
    """Where an aware limit may use a group, the person is told which."""
    limit = {"id": "even", "groups": ["sex"], "bound": 0.8, "mode": "aware", "necessity": "no other way reaches both"}
    campaign, explained = decided(people=50, limits={"disparity": [limit]})
    row = int(np.flatnonzero(explained.allocated.offer >= 0)[0])
    story = told(campaign, explained, row)
    assert "sex" in next(one.text for one in story.lines if one.key == "aware")
    assert dict(story.not_used)["sex"].startswith("not part of the score")


def test_the_price_of_a_recorded_group_is_told_without_its_amount(decided):
    """Whoever reads a page opened behind the wall learns which way the group counted, not by how much: that is the same
    for everybody of the group. What money and places cost stands apart."""
    limit = {"id": "reach", "groups": ["sex"], "bound": 0.8, "mode": "aware", "necessity": "no other way reaches both"}
    campaign, explained = decided(people=60, limits={"disparity": [limit]})
    group = np.arange(60) % 3
    explained = with_groups(explained, group, np.array([[0, 0, 0], [70_001, 70_002, 70_003], [-80_001] * 3]))
    ways = set()
    for row in range(60):
        story = told(campaign, explained, row)
        lines = {one.key: one.text for one in story.lines}
        if "groups" not in lines:
            continue
        way = "dearer" if group[row] == 1 else "cheaper"
        ways.add(way)
        assert "the group counted that is recorded for you" in lines["groups"]
        assert f"became {way}" in lines["groups"]
        assert "0.07" not in lines["groups"] + lines["price"]
        assert "0.08" not in lines["groups"] + lines["price"]
    assert ways == {"dearer", "cheaper"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_explanation_is_plain_values_text_and_html(decided, lang):
    """JSON round trip, a text for the terminal with every factor, and HTML that a hostile text cannot break."""
    campaign, explained = decided(people=50)
    hostile = "<script>alert(1)</script>"
    columns = {**campaign.columns}
    columns["f0"] = columns["f0"].model_copy(update={"meaning": type(campaign.offers[0].text)(nl=hostile, en=hostile)})
    campaign = campaign.model_copy(update={"columns": columns})
    row = int(np.flatnonzero(explained.allocated.offer >= 0)[0])
    story = told(campaign, explained, row, lang)
    plain = story.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert all(factor.meaning in story.to_text() for factor in story.factors)
    assert hostile not in story._repr_html_()


def test_the_decision_can_be_found_again(decided):
    """The last layer names the ledger's id, the controller, the purpose, the basis and the rights."""
    campaign, explained = decided(people=50)
    story = told(campaign, explained, int(np.flatnonzero(explained.allocated.offer >= 0)[0]))
    last = " ".join(one.text for one in story.lines if one.layer == 3)
    for needed in (story.facts.decision_id, "Shop", "privacy@shop.example", "personalised advertising", "your consent"):
        assert needed in last


@given(value=st.floats(-1e9, 1e9, allow_nan=False), lang=st.sampled_from(LANGUAGES))
def test_a_border_of_a_bin_is_written_whole(value, lang):
    """No decimal is rounded away: a person can see on which side of a border their value lies."""
    written = number(value, lang)
    plain = written.replace(",", "") if lang == "en" else written.replace(".", "").replace(",", ".")
    assert float(plain.replace("\N{MINUS SIGN}", "-")) == value
