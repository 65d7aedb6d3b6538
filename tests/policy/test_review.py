"""The rules about a campaign that types cannot say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_cases import FEATURE, NOW, PLAIN, changed
from evenhand.policy import CHECKS, NAME_TO_FILL_IN, OFFER_TO_FILL_IN, drafted_meaning, read_campaign

BALANCED = {"legal_basis": "legitimate_interest", "balancing": {"record": "LIA-1", "expires": "2026-11-23"}}
DRAFTED_OFFER = {"id": "offer-1", "text": {"nl": "thee", "en": "tea"}, "value": "1.00", "cost": 0, "made_by_ai": False}
WATCHED = {"id": "even", "groups": ["sex"]}
FOLLOWED = WATCHED | {"watch": "outcome", "events": {"file": "followed.csv"}}
CONDITION = FEATURE | {"role": "eligibility"}
HIRING = {"category": "employment", "purpose": "RecruitmentTargetedAdvertising"}
OWN_COSTS = {"offers.0.cost_column": "postage", "columns.postage": FEATURE | {"role": "cost"}}
TWO_EACH = {"limits.contacts": {"offers_each": 2}}
THREE_OFFERS = TWO_EACH | {"offers": [*PLAIN["offers"], PLAIN["offers"][0] | {"id": "scarves"}]}
INCREMENT = {"history.control": "none", "history.randomised": True, "model.target": "increment"}
EVIDENCE = {"notice": "n", "language": "l", "method": "m", "actor": "a"}
BARE_LAW = {"law": {"jurisdictions": ["NL"]}}
LAW = BARE_LAW | {"consents.evidence": EVIDENCE, "columns.visits.sensitivity": "ordinary"}
CUSTOMERS = {"everybody": True}
BY_RULES = {"EH-POL-128", "EH-POL-130", "EH-POL-131", "EH-POL-133", "EH-POL-170"}
"""Checks that need the rules themselves (tests/rules/test_review.py), or the files that an operator opened
(tests/policy/test_sources.py)."""

PROCESSING = {"people": {"nl": "klanten", "en": "customers"}, "security": {"nl": "goed", "en": "good"}}
MAILER = {"name": "Mail House", "role": "processor", "country": "US", "contract": "DPA-12", "safeguard": "clauses"}

BROKEN = [
    ("EH-POL-113", LAW | {"law.recipients": ["mailer"]}, ("law", "recipients")),
    ("EH-POL-120", LAW | {"law": {}}, ("law",)),
    ("EH-POL-121", LAW | {"law.column": "country"}, ("law",)),
    ("EH-POL-121", LAW | {"law.column": "sex"}, ("law",)),
    ("EH-POL-122", BARE_LAW, ("columns", "visits")),
    ("EH-POL-123", LAW | {"law.customer": {}}, ("law", "customer")),
    ("EH-POL-123", LAW | {"law.own_product": {"column": "visits", "everybody": True}}, ("law", "own_product")),
    ("EH-POL-124", LAW | {"law.similar_product": CUSTOMERS}, ("law", "similar_product")),
    ("EH-POL-125", BALANCED | LAW, ("balancing", "file")),
    ("EH-POL-126", {"consents.evidence": EVIDENCE | {"notice": "purpose"}}, ("consents", "evidence")),
    ("EH-POL-126", {"consents.evidence": EVIDENCE | {"notice": "m"}}, ("consents", "evidence")),
    ("EH-POL-126", {"consents.notices": [{"id": "v1"}]}, ("consents", "notices")),
    (
        "EH-POL-127",
        {"consents.evidence": EVIDENCE, "consents.notices": [{"id": "v1"}, {"id": "v1"}]},
        ("consents", "notices", 1),
    ),
    (
        "EH-POL-127",
        {"consents.evidence": EVIDENCE, "consents.notices": [{"id": "v1", "until": "2026-02-30"}]},
        ("consents", "notices", 0),
    ),
    ("EH-POL-129", BARE_LAW, ("consents", "evidence")),
    ("EH-POL-132", {"columns.country": {"role": "permission"}}, ("columns", "country", "role")),
    ("EH-POL-114", {"processing": PROCESSING | {"recipients": [MAILER]}}, ("processing", "recipients", 0)),
    (
        "EH-POL-114",
        {"processing": PROCESSING | {"recipients": [{**MAILER, "id": "mailer"}]}},
        ("processing", "recipients", 0),
    ),
    (
        "EH-POL-150",
        {"processing": PROCESSING | {"recipients": [{**MAILER, "safeguard": None}]}},
        ("processing", "recipients", 0),
    ),
    (
        "EH-POL-151",
        {"processing": PROCESSING | {"recipients": [{**MAILER, "contract": None}]}},
        ("processing", "recipients", 0),
    ),
    ("EH-POL-152", {"retention.consents": "P23M"}, ("retention", "consents")),
    ("EH-POL-010", {"purpose": "PersonnelHiring"}, ("purpose",)),
    ("EH-POL-011", {"purpose": "Marketing"}, ("purpose",)),
    ("EH-POL-012", {"category": "political"}, ("category",)),
    ("EH-POL-012", {"purpose": "PoliticalCampaign"}, ("category",)),
    ("EH-POL-013", {"consents": None}, ("consents",)),
    ("EH-POL-014", {"legal_basis": "legitimate_interest"}, ("balancing",)),
    ("EH-POL-015", BALANCED | {"balancing.expires": "2026-11-22"}, ("balancing", "expires")),
    ("EH-POL-015", BALANCED | {"balancing.expires": "2026-02-30"}, ("balancing", "expires")),
    ("EH-POL-016", {"purpose": "RecruitmentAdvertising"}, ("category",)),
    ("EH-POL-162", {"category": "employment"}, ("purpose",)),
    ("EH-POL-163", {"currency": "EUX"}, ("currency",)),
    ("EH-POL-017", BALANCED | {"channel": "email"}, ("legal_basis",)),
    ("EH-POL-134", BALANCED, ("law",)),
    ("EH-POL-134", BALANCED | {"channel": "phone"}, ("law",)),
    ("EH-POL-134", {"legal_basis": "contract"}, ("law",)),
    ("EH-POL-018", {"channel": "post", "surface": "online_platform"}, ("surface",)),
    ("EH-POL-019", BALANCED | {"consents": None}, ("consents",)),
    ("EH-POL-020", {"subjects": {"table": "t"}}, ("subjects",)),
    ("EH-POL-020", {"consents": {"file": "c.csv", "sql": "DB", "table": "t"}}, ("consents",)),
    ("EH-POL-021", {"subjects": {"sql": "DB"}}, ("subjects",)),
    ("EH-POL-021", {"subjects.table": "t"}, ("subjects",)),
    ("EH-POL-022", {"subjects": {"sql": "postgresql://u:geheim@h/d", "table": "t"}}, ("subjects", "sql")),
    ("EH-POL-023", {"history.offer": None}, ("history", "offer")),
    ("EH-POL-024", {"history.train_before": 3}, ("history", "order")),
    ("EH-POL-025", {"history.order": "sex"}, ("history", "order")),
    ("EH-POL-026", {"model.target": "increment"}, ("history", "control")),
    ("EH-POL-027", {"model.target": "increment", "history.control": "none"}, ("history", "randomised")),
    ("EH-POL-028", {"offers.1": None, "history.offer": None, "history.control": "none"}, ("history", "offer")),
    ("EH-POL-029", {"history.control": "hats"}, ("history", "control")),
    ("EH-POL-030", {"columns.person": None}, ("columns",)),
    ("EH-POL-030", {"columns.other": {"role": "identifier"}}, ("columns", "other", "role")),
    ("EH-POL-031", {"columns.bought.confirmed": False}, ("columns",)),
    ("EH-POL-032", {"columns.visits.confirmed": False}, ("columns",)),
    ("EH-POL-033", {"columns.visits": {"role": "feature"}}, ("columns", "visits")),
    ("EH-POL-034", {"columns.visits.special_category": True}, ("columns", "visits", "role")),
    ("EH-POL-035", {"columns.visits.confirmed": False}, ("columns", "visits", "confirmed")),
    ("EH-POL-036", {"columns.leeftijd": FEATURE}, ("columns", "leeftijd", "role")),
    ("EH-POL-037", HIRING | {"columns.customerPostcode": FEATURE}, ("columns", "customerPostcode", "role")),
    ("EH-POL-037", {"category": "insurance", "columns.geslacht": FEATURE}, ("columns", "geslacht", "role")),
    (
        "EH-POL-038",
        {"surface": "online_platform", "columns.sex.special_category": True},
        ("columns", "sex"),
    ),
    ("EH-POL-039", {"columns.sex.per_offer": True}, ("columns", "sex")),
    ("EH-POL-039", {"columns.visits@shoes": FEATURE}, ("columns", "visits@shoes")),
    ("EH-POL-040", {"offers.1.id": "shoes"}, ("offers", 1, "id")),
    ("EH-POL-041", {"offers.0.cost": 5}, ("offers", 0, "value")),
    ("EH-POL-042", {"offers.0.cost": 0}, ("limits", "budget")),
    ("EH-POL-057", {"offers.0.eligible": "member"}, ("offers", 0, "eligible")),
    ("EH-POL-057", {"offers.0.eligible": "visits"}, ("offers", 0, "eligible")),
    (
        "EH-POL-057",
        {"offers.0.eligible": "member", "columns.member": CONDITION | {"confirmed": False}},
        ("offers", 0, "eligible"),
    ),
    ("EH-POL-033", {"columns.member": {"role": "eligibility"}}, ("columns", "member")),
    ("EH-POL-034", {"columns.member": CONDITION | {"special_category": True}}, ("columns", "member", "role")),
    ("EH-POL-036", {"columns.leeftijd": CONDITION}, ("columns", "leeftijd", "role")),
    ("EH-POL-037", HIRING | {"columns.postcode": CONDITION}, ("columns", "postcode", "role")),
    ("EH-POL-048", {"offers.0.minimum": 9, "offers.0.capacity": 8}, ("offers", 0, "minimum")),
    ("EH-POL-049", {"offers.1.minimum": 9, "limits.contacts": {"total": 8}}, ("limits", "contacts", "total")),
    ("EH-POL-049", {"offers.0.minimum": 11}, ("limits", "budget")),
    ("EH-POL-058", {"limits.disparity.0.ceiling": 0}, ("limits", "disparity", 0, "ceiling")),
    ("EH-POL-056", {"limits.disparity.0.offers": ["shoos"]}, ("limits", "disparity", 0, "offers", 0)),
    ("EH-POL-056", {"limits.disparity.0.offers": ["hats", "hats"]}, ("limits", "disparity", 0, "offers", 1)),
    ("EH-POL-090", {"columns.visits.cut": "quintiles"}, ("columns", "visits", "cut")),
    ("EH-POL-090", {"columns.sex.cut": 5, "columns.sex.kind": "category"}, ("columns", "sex", "cut")),
    ("EH-POL-091", {"columns.sex.cut": [10, 10]}, ("columns", "sex", "cut")),
    (
        "EH-POL-092",
        {"limits.disparity.0.measure": "expected_benefit_ratio", "model": {"target": "increment"}},
        ("limits", "disparity", 0, "measure"),
    ),
    ("EH-POL-091", {"columns.sex.cut": []}, ("columns", "sex", "cut")),
    ("EH-POL-161", {"columns.visits.kept_in": "vault"}, ("columns", "visits", "kept_in")),
    ("EH-POL-043", {"columns.sex.change_only": "up"}, ("columns", "sex", "change_only")),
    (
        "EH-POL-043",
        {"columns.visits.kind": "category", "columns.visits.change_within": {"at_most": 3}},
        ("columns", "visits", "change_within"),
    ),
    (
        "EH-POL-043",
        {"columns.visits.actionable": False, "columns.visits.change_only": "down"},
        ("columns", "visits", "change_only"),
    ),
    (
        "EH-POL-044",
        {"columns.visits.change_within": {"at_least": 3, "at_most": 2}},
        ("columns", "visits", "change_within"),
    ),
    ("EH-POL-044", {"columns.visits.change_within": {}}, ("columns", "visits", "change_within")),
    ("EH-POL-045", INCREMENT | {"columns.visits.per_offer": True}, ("columns", "visits", "per_offer")),
    ("EH-POL-046", INCREMENT | {"model.kind": "pooled"}, ("model", "kind")),
    (
        "EH-POL-080",
        INCREMENT | {"columns.member": {"role": "eligibility"}, "offers.0.eligible": "member"},
        ("offers", 0, "eligible"),
    ),
    ("EH-POL-100", {"consents.signals": {"vendor": 755}}, ("consents", "signals")),
    ("EH-POL-101", {"consents.signals": {"gpp": "signal", "tcf": "signal"}}, ("consents", "signals")),
    ("EH-POL-101", {"consents.signals": {"gpc": "status"}}, ("consents", "signals")),
    ("EH-POL-102", {"consents.signals": {"tcf": "tc"}, "channel": "email"}, ("consents", "signals", "tcf")),
    ("EH-POL-102", {"consents.signals": {"tcf": "tc"}, "purpose": "DirectMarketing"}, ("consents", "signals", "tcf")),
    (
        "EH-POL-103",
        {"consents.signals": {"gpc": "gpc", "uses": ["sale"]}, "surface": "online_platform"},
        ("consents", "signals", "uses"),
    ),
    ("EH-POL-104", {"consents.signals": {"gpc": "gpc", "uses": []}}, ("consents", "signals", "uses")),
    ("EH-POL-047", {"history.control": "none", "history.randomised": True}, ("model", "target")),
    ("EH-POL-050", {"limits.disparity.0.id": "budget"}, ("limits", "disparity", 0, "id")),
    ("EH-POL-051", {"limits.disparity.0.groups": ["sex", "visits"]}, ("limits", "disparity", 0, "groups", 1)),
    ("EH-POL-051", {"columns.sex.confirmed": False}, ("limits", "disparity", 0, "groups", 0)),
    ("EH-POL-052", {"limits.disparity.0.mode": "aware"}, ("limits", "disparity", 0, "necessity")),
    (
        "EH-POL-053",
        HIRING | {"limits.disparity.0.mode": "aware", "limits.disparity.0.necessity": "because"},
        ("limits", "disparity", 0, "mode"),
    ),
    ("EH-POL-054", {"limits.disparity.0.bound": 0}, ("limits", "disparity", 0, "bound")),
    ("EH-POL-054", {"limits.disparity.0.intersections": True}, ("limits", "disparity", 0, "intersections")),
    ("EH-POL-055", HIRING | {"columns.sex.role": "forbidden"}, ("columns",)),
    ("EH-POL-060", {"controller.name": "Name of your organisation"}, ("controller", "name")),
    ("EH-POL-061", {"controller.contact": "privacy@example.org"}, ("controller", "contact")),
    ("EH-POL-062", {"offers.1.text.en": "Write your offer here."}, ("offers", 1, "text", "en")),
    ("EH-POL-062", {"offers.0.text": OFFER_TO_FILL_IN}, ("offers", 0, "text")),
    ("EH-POL-063", {"columns.visits.meaning.nl": "VUL IN: visits"}, ("columns", "visits", "meaning", "nl")),
    ("EH-POL-063", {"columns.visits.meaning": drafted_meaning("visits")}, ("columns", "visits", "meaning")),
    ("EH-POL-064", {"offers.0": DRAFTED_OFFER}, ("offers", 0, "value")),
    ("EH-POL-065", {"columns.visits.meaning": {"nl": "Visits", "en": "visits"}}, ("columns", "visits", "meaning")),
    ("EH-POL-070", {"monitor": [WATCHED, WATCHED]}, ("monitor", 1, "id")),
    ("EH-POL-071", {"monitor": [WATCHED | {"groups": ["visits"]}]}, ("monitor", 0, "groups", 0)),
    ("EH-POL-071", {"monitor": [WATCHED | {"groups": ["sex", "sxe"]}]}, ("monitor", 0, "groups", 1)),
    ("EH-POL-071", {"monitor": [WATCHED | {"groups": ["sex", "sex"]}]}, ("monitor", 0, "groups", 1)),
    ("EH-POL-072", {"monitor": [WATCHED | {"watch": "delivery"}]}, ("monitor", 0, "events")),
    ("EH-POL-072", {"monitor": [FOLLOWED | {"watch": "selection"}]}, ("monitor", 0, "events")),
    ("EH-POL-020", {"monitor": [FOLLOWED | {"events": {}}]}, ("monitor", 0, "events")),
    ("EH-POL-073", {"monitor": [WATCHED | {"reference": {"age": "old"}}]}, ("monitor", 0, "reference")),
    (
        "EH-POL-073",
        {
            "columns.age": {"role": "sensitive"},
            "monitor": [WATCHED | {"groups": ["sex", "age"], "intersections": True, "reference": {"sex": "m"}}],
        },
        ("monitor", 0, "reference"),
    ),
    ("EH-POL-074", {"monitor": [WATCHED | {"tolerance": 0}]}, ("monitor", 0, "tolerance")),
    (
        "EH-POL-074",
        {
            "limits.disparity.0.mode": "aware",
            "limits.disparity.0.necessity": "measured",
            "monitor": [WATCHED | {"on_alarm": "fall_back"}],
        },
        ("monitor", 0, "on_alarm"),
    ),
    ("EH-POL-074", {"monitor": [WATCHED | {"intersections": True}]}, ("monitor", 0, "intersections")),
    ("EH-POL-074", {"monitor": [FOLLOWED | {"weight": "w"}]}, ("monitor", 0, "largest_weight")),
    ("EH-POL-081", TWO_EACH | {"exploration": {"share": 0.1}}, ("exploration",)),
    (
        "EH-POL-082",
        THREE_OFFERS | {"limits.disparity.0.offers": ["shoes", "hats"]},
        ("limits", "disparity", 0, "offers"),
    ),
    (
        "EH-POL-085",
        TWO_EACH | {"limits.disparity.0.measure": "expected_benefit_ratio"},
        ("limits", "disparity", 0, "measure"),
    ),
    (
        "EH-POL-110",
        THREE_OFFERS | {"limits.contacts": {"offers_each": 2, "each": [{"offers": 1, "within": "P1D"}]}},
        ("limits", "contacts", "each", 0, "offers"),
    ),
    (
        "EH-POL-111",
        {"limits.contacts": {"each": [{"offers": 3, "within": "P1D"}, {"offers": 2, "within": "P1W"}]}},
        ("limits", "contacts", "each", 0),
    ),
    (
        "EH-POL-112",
        {"limits.contacts": {"each": [{"offers": 1, "within": "P999D"}]}, "retention.decisions": "P2Y"},
        ("limits", "contacts", "each", 0, "within"),
    ),
    ("EH-POL-086", {"offers.0.cost_column": "postage"}, ("offers", 0, "cost_column")),
    ("EH-POL-087", OWN_COSTS | {"exploration": {"share": 0.1}}, ("exploration",)),
    (
        "EH-POL-087",
        OWN_COSTS | {"limits.disparity.0.measure": "expected_benefit_ratio"},
        ("limits", "disparity", 0, "measure"),
    ),
    ("EH-POL-087", OWN_COSTS | {"monitor": [WATCHED | {"on_alarm": "fall_back"}]}, ("monitor", 0, "on_alarm")),
    ("EH-POL-083", TWO_EACH | {"monitor": [WATCHED]}, ("monitor", 0)),
    ("EH-POL-084", {"limits.contacts": {"offers_each": 4}}, ("limits", "contacts", "offers_each")),
]


def test_nothing_is_found_in_a_campaign_that_nothing_is_wrong_with():
    """The campaign that all other tests change passes whole."""
    campaign, findings = read_campaign(PLAIN, at=NOW)
    assert campaign is not None
    assert findings == ()


@pytest.mark.parametrize("target", ["increment", "response"])
def test_a_randomised_history_may_be_used_either_way(findings, target):
    """Whoever says which of the two the decision goes by is not asked about it."""
    assert findings(INCREMENT | {"model.target": target}) == {}


@pytest.mark.parametrize(("id", "changes", "path"), BROKEN, ids=[f"{case[0]}-{i}" for i, case in enumerate(BROKEN)])
def test_each_rule_finds_its_breach_and_the_place(findings, id, changes, path):
    """One change breaks one rule; the finding says which, where, and what to do, without any value."""
    item = findings(changes)[id]
    assert item.path == path
    assert item.finding.rule == CHECKS[id].rule
    assert item.finding.remedy
    assert "geheim" not in item.finding.what + item.finding.remedy


def test_a_monitor_that_nothing_is_wrong_with_passes(findings):
    """Selections need no events; outcomes name theirs; the reference is a value of a column that is compared."""
    assert findings({"monitor": [WATCHED | {"reference": {"sex": "m"}}, FOLLOWED | {"id": "followed"}]}) == {}


def test_a_misspelt_column_of_a_monitor_says_which_was_meant(findings):
    """The remedy names the sensitive column that is nearest."""
    assert "did you mean sex?" in findings({"monitor": [WATCHED | {"groups": ["sx"]}]})["EH-POL-071"].finding.remedy


def test_a_campaign_that_watches_nothing_is_recorded_as_before():
    """No key is added to the recorded text of a campaign without a monitor, and one with a monitor comes back."""
    plain, _ = read_campaign(PLAIN, at=NOW)
    watched, _ = read_campaign(PLAIN | {"monitor": [FOLLOWED]}, at=NOW)
    assert plain is not None
    assert watched is not None
    assert '"monitor"' not in plain.model_dump_json()
    assert type(watched).model_validate_json(watched.model_dump_json()) == watched


def test_every_rule_of_a_campaign_is_tested_here():
    """No check without a breach that shows it (ids below 010 are about the form, those of rule packs stand there)."""
    assert {case[0] for case in BROKEN} == {id for id in CHECKS if id >= "EH-POL-010"} - BY_RULES


def test_a_balancing_test_holds_on_its_last_day(findings):
    """It expires after the date that stands in it."""
    assert "EH-POL-015" not in findings(BALANCED)
    assert "EH-POL-015" in findings(BALANCED, at=datetime(2026, 11, 24, tzinfo=UTC))


def test_a_limit_on_a_misspelt_column_says_which_was_meant(findings):
    """Only sensitive columns are proposed."""
    item = findings({"limits.disparity.0.groups": ["sexe"]})["EH-POL-051"]
    assert item.finding.remedy.startswith("did you mean sex? ")


@pytest.mark.parametrize(
    "name",
    [
        *("age", "ageBand", "birth_date", "geboortejaar", "gender", "is_vrouw", "nationaliteit", "country_of_birth"),
        *("zip", "ZIPCode", "home_postcode", "wijk", "burgerlijke_staat", "heeft-handicap"),
    ],
)
@pytest.mark.parametrize("category", ["employment", "housing", "credit"])
def test_nobody_is_targeted_by_protected_attributes_or_place_where_law_forbids_it(findings, name, category):
    """In employment, housing and credit the name alone stops the campaign, in English and Dutch."""
    found = findings({"category": category, f"columns.{name}": FEATURE})
    assert found["EH-POL-037"].finding.severity == "error"


def test_amounts_are_in_any_currency_that_there_is_and_in_no_other(findings):
    """Else every amount would be told in a money that nobody has."""
    assert set(findings({"currency": "XAU"})) == {"EH-POL-163"}
    assert findings({"currency": "JPY"}) == {}
    assert read_campaign(PLAIN, at=NOW)[0].currency == "EUR", "where a file is silent"


@pytest.mark.parametrize(
    "name", ["account_age", "age_of_contract", "average_basket", "manual", "email_address_valid", "stage"]
)
def test_the_age_of_a_thing_and_words_that_merely_look_alike_pass(findings, name):
    """A false alarm in such a campaign could not be answered, so names are read word by word."""
    assert findings({"category": "credit", f"columns.{name}": FEATURE}) == {}


def test_a_telling_name_is_only_a_warning_in_an_ordinary_campaign(findings):
    """There a person judges; for a place it is a note."""
    assert findings({"columns.age": FEATURE})["EH-POL-036"].finding.severity == "warning"
    assert findings({"columns.postcode": FEATURE})["EH-POL-036"].finding.severity == "note"


def test_errors_come_before_warnings_and_notes():
    """What stops the campaign is read first."""
    document = changed({"columns.age": FEATURE, "columns.postcode": FEATURE, "consents": None})
    ranks = [item.finding.severity.rank for item in read_campaign(document, at=NOW)[1]]
    assert ranks == sorted(ranks, reverse=True)
    assert set(ranks) == {0, 1, 2}


PLACEHOLDERS = {f"EH-POL-06{digit}" for digit in range(6)}


def _unfilled(findings, changes):
    return {id for id in findings(changes) if id in PLACEHOLDERS}


def test_a_drafted_meaning_stops_only_a_feature_that_is_used(findings):
    """Nobody reads the meaning of an unconfirmed feature, so there it is a note."""
    changes = {"columns.days": {"role": "feature", "meaning": drafted_meaning("days"), "confirmed": False}}
    assert findings(changes)["EH-POL-063"].finding.severity == "note"
    assert findings(changes | {"columns.days.confirmed": True})["EH-POL-063"].finding.severity == "error"


def test_placeholders_are_told_although_the_form_is_wrong_too():
    """A fresh draft lacks its category; what else is to be filled in is told with it, not one check later."""
    campaign, found = read_campaign(changed({"category": None, "controller.name": NAME_TO_FILL_IN}), at=NOW)
    assert campaign is None
    assert [item.finding.id for item in found] == ["EH-POL-004", "EH-POL-060"]


@pytest.mark.parametrize(
    "contact", ["ask@EXAMPLE.com", "https://example.net/privacy", "www.example.org", "a@mail.example.org"]
)
def test_no_address_of_a_domain_for_examples_is_a_contact(findings, contact):
    """RFC 2606 keeps them for documentation: nobody can be reached there."""
    assert _unfilled(findings, {"controller.contact": contact}) == {"EH-POL-061"}


@pytest.mark.parametrize("contact", ["privacy@myexample.org", "https://shop.nl/example.org-less", "example@shop.nl"])
def test_an_address_that_merely_looks_like_an_example_passes(findings, contact):
    """Only the whole domain counts."""
    assert not _unfilled(findings, {"controller.contact": contact})


@given(
    name=st.text(min_size=1, max_size=30),
    offer=st.text(min_size=1, max_size=30),
    meaning=st.text(min_size=1, max_size=30),
)
def test_ones_own_words_are_never_taken_for_a_placeholder(name, offer, meaning):
    """Whatever a person writes in front of which stands no mark of the draft."""
    changes = {
        "controller.name": f"Shop {name}",
        "offers.0.text": {"nl": f"nu {offer}", "en": f"now {offer}"},
        "columns.visits.meaning": {"nl": f"dat {meaning}", "en": f"that {meaning}"},
    }
    assert not [item for item in read_campaign(changed(changes), at=NOW)[1] if item.finding.id in PLACEHOLDERS]


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["controller", "name", "contact", "offers", "columns", "text", "meaning", "role", "id"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_looking_for_placeholders_survives_any_document(document):
    """Also where lists stand for mappings and numbers for texts: each finding is about a place in the file."""
    campaign, found = read_campaign({"evenhand": 1, "columns": document, "offers": [document]}, at=NOW)
    assert campaign is None
    assert found
