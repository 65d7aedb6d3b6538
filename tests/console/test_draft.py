"""The form of a new campaign: it writes what a file says, and offers what the checks allow."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.adapters.declared.campaign_files import data_in
from evenhand.adapters.declared.campaign_yaml import yaml_of
from evenhand.console import draft_of, faults_of, options_for
from evenhand.policy import read_campaign
from evenhand.terms import Category
from shop_folder import CAMPAIGN

AT = datetime(2026, 3, 1, tzinfo=UTC)
AGED = CAMPAIGN.replace("  sex:", "  age: {role: feature, meaning: {nl: leeftijd, en: age}}\n  sex:")
BASE = data_in(AGED.encode())
AS_IT_IS = {
    "id": ["small-shop"],
    "purpose": ["PersonalisedAdvertising"],
    "channel": ["web"],
    "feature": ["visits", "days", "age"],
    "offer.0.use": ["yes"],
    "offer.0.nl": ["Korting op thee"],
    "offer.0.en": ["Money off tea"],
    "offer.0.value": ["4"],
    "offer.0.cost": ["0.10"],
    "offer.0.capacity": ["60"],
    "offer.0.ai": ["yes"],
    "budget": ["5"],
    "bound.sex-reach": ["0.8"],
}


def test_a_form_that_changes_nothing_writes_the_campaign_that_it_was_made_after():
    """To the last field; so the form loses nothing that it does not ask."""
    drafted = draft_of(options_for(BASE, "ordinary", at=AT), AS_IT_IS)
    assert read_campaign(drafted, at=AT)[0] == read_campaign(BASE, at=AT)[0]
    assert data_in(yaml_of(drafted).encode()) == drafted


def test_what_the_category_forbids_is_gone_with_its_rule_and_comes_back_with_no_form():
    """Age may not choose who sees a job; a form that sends it all the same writes it as forbidden."""
    options = options_for(BASE, "employment", at=AT)
    (gone,) = options.gone
    assert (gone.name, gone.code, gone.rule, gone.meaning["en"]) == ("age", "EH-POL-037", "F-HEC", "age")
    assert set(options.features) == {"visits", "days"}
    drafted = draft_of(options, AS_IT_IS)
    assert drafted["category"] == "employment"
    assert drafted["columns"]["age"]["role"] == "forbidden"
    assert "EH-POL-037" not in {one.finding.id for one in read_campaign(drafted, at=AT)[1]}


def test_a_stricter_category_says_what_nobody_is_chosen_by_also_where_no_feature_falls_away():
    """Which rule holds, and which columns compare groups and choose nobody; an ordinary category says neither."""
    base = data_in(CAMPAIGN.encode())
    for category in ("employment", "housing", "credit"):
        options = options_for(base, category, at=AT)
        gone = {one.name for one in options.gone if one.code != "EH-POL-016"}
        assert (gone, options.stricter, set(options.compared)) == (set(), "hec", {"sex"})
    assert options_for(base, "insurance", at=AT).stricter == "unisex"
    assert options_for(base, "ordinary", at=AT).stricter == ""


def test_a_purpose_that_the_category_forbids_is_gone_with_its_rule():
    """A job advert is offered for employment alone; elsewhere the form says why it is not there."""
    assert "RecruitmentTargetedAdvertising" in options_for(BASE, "employment", at=AT).purposes
    for category in ("ordinary", "housing", "credit", "insurance"):
        options = options_for(BASE, category, at=AT)
        assert options.purposes == ["PersonalisedAdvertising", "DirectMarketing"]
        (gone,) = (one for one in options.gone if one.code == "EH-POL-016")
        assert (gone.name, gone.meaning["en"]) == ("RecruitmentTargetedAdvertising", "targeted job advertising")


def test_after_a_job_advert_an_ordinary_campaign_can_be_made_for_another_purpose():
    """The category is possible; what the form begins with is a purpose that it allows."""
    jobs = {**BASE, "purpose": "RecruitmentTargetedAdvertising", "category": "employment"}
    options = options_for(jobs, "ordinary", at=AT)
    assert options.is_possible
    assert options.base["purpose"] == options.purposes[0] == "PersonalisedAdvertising"


def test_a_limit_that_the_category_forbids_is_gone_too():
    """Employment is decided without group membership."""
    aware = data_in(CAMPAIGN.replace("bound: 0.8}", "bound: 0.8, mode: aware, necessity: The gap is known.}").encode())
    options = options_for(aware, "employment", at=AT)
    assert [(one.name, one.code) for one in options.gone] == [("sex-reach", "EH-POL-053")]
    assert not options.limits


def test_a_category_that_cannot_be_has_no_form():
    """Political targeting is refused, with the rule; every other category has a form."""
    assert {one.value for one in Category if not options_for(BASE, one, at=AT).is_possible} == {"political"}
    assert options_for(BASE, "political", at=AT).gone[0].code == "EH-POL-012"


@pytest.mark.parametrize(("typed", "written"), [("4,50", Decimal("4.50")), ("4", 4), ("four", "four"), ("nan", "nan")])
def test_a_number_is_read_as_people_type_it_and_what_is_none_is_left_for_the_check(typed, written):
    """With a comma or a point; a word stays a word, which the check then points at."""
    drafted = draft_of(options_for(BASE, "ordinary", at=AT), AS_IT_IS | {"offer.0.value": [typed]})
    assert drafted["offers"][0]["value"] == written
    found = {one.path for one in read_campaign(drafted, at=AT)[1]}
    assert (("offers", 0, "value") in found) == isinstance(written, str)


_FIELDS = st.sampled_from([*AS_IT_IS, "offer.9.use", "bound.other", "csrf", "category"])


OPTIONS = {category: options_for(BASE, category, at=AT) for category in Category}


@settings(max_examples=25)
@given(
    st.dictionaries(_FIELDS, st.lists(st.text(max_size=30), min_size=1, max_size=3)), st.sampled_from(list(Category))
)
def test_whatever_is_sent_becomes_a_file_with_the_keys_of_the_base(form, category):
    """Nothing that anybody sends adds a key, a column, an offer or a table; it is data, and the check judges it. Every
    field that is told to be wrong is one of the form."""
    drafted = draft_of(OPTIONS[category], form)
    assert set(drafted) == {*BASE, "limits"}
    assert set(drafted["columns"]) == set(BASE["columns"])
    assert [drafted[name] for name in ("subjects", "history", "consents", "controller")] == [
        BASE[name] for name in ("subjects", "history", "consents", "controller")
    ]
    assert {one["id"] for one in drafted["offers"]} <= {"tea"}
    assert data_in(yaml_of(drafted).encode()) == drafted
    assert {one.field for one in faults_of(OPTIONS[category], form, at=AT)} <= {*AS_IT_IS, "contacts"}
