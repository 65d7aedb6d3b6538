"""Gate 1 under rules that differ by date, by place and by what is known of people."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_cases import Said, book, subjects
from evenhand.permission import ConsentBook, permit, recall
from evenhand.rules import Law
from evenhand.terms import Asked, UsageError
from law_cases import GIVEN, NOW, evidence, law_answer, law_campaign, own_pack

INTEREST = {"legal_basis": "legitimate_interest"}
SOFT = ("customer", "own_product", "similar_product", "objection_offered")
EXPLICIT = {"form": "ExplicitlyExpressedConsent"}


def _soft(values):
    return {
        name: {"everybody": value} | ({"decided_by": "A. Jansen"} if name == "similar_product" else {})
        for name, value in zip(SOFT, values, strict=True)
    }


@pytest.mark.parametrize("facts", list(product([True, False], repeat=4)))
@pytest.mark.parametrize("place", ["NL", "DE"])
@pytest.mark.parametrize("channel", ["email", "sms", "push"])
def test_only_all_four_facts_together_are_a_soft_opt_in(facts, place, channel):
    """E-mail: details out of a sale, an own product, a similar one, an objection that was offered: all, or consent."""
    campaign = law_campaign({"jurisdictions": [place], **_soft(facts)}, channel=channel, **INTEREST)
    expected = ("PERSONALISED", "SOFT_OPT_IN") if all(facts) else ("REFUSED", "CHANNEL_NEEDS_CONSENT")
    assert law_answer([], campaign) == [expected]


def test_a_soft_opt_in_is_no_way_around_an_objection():
    """The free and easy objection is its very condition."""
    campaign = law_campaign(_soft([True] * 4), channel="email", **INTEREST)
    assert law_answer([Said(0, "objection", "Objected", "DirectMarketing")], campaign) == [
        ("REFUSED", "DIRECT_MARKETING_OBJECTION")
    ]


def test_what_is_not_known_is_no_soft_opt_in():
    """A fact that nobody declared does not hold."""
    known = {name: source for name, source in _soft([True] * 4).items() if name != "similar_product"}
    assert law_answer([], law_campaign(known, channel="email", **INTEREST)) == [("REFUSED", "CHANNEL_NEEDS_CONSENT")]


@pytest.mark.parametrize(
    ("at", "sender", "customer", "permitted"),
    [
        ("2026-06-30T21:59:59", "company", True, True),
        ("2026-06-30T22:00:00", "company", True, False),
        ("2026-06-30T00:00:00", "company", False, False),
        ("2026-07-01T00:00:00", "charity", True, True),
        ("2026-07-01T00:00:00", "charity_lottery", True, True),
        ("2026-07-01T00:00:00", "press", True, True),
        ("2026-07-01T00:00:00", "charity", False, False),
    ],
)
def test_calling_own_customers_ended_on_the_first_of_july_2026(at, sender, customer, permitted):
    """E-phone. At midnight in the Netherlands; charities, charity lotteries and the press still may call theirs."""
    campaign = law_campaign({"sender": sender, "customer": {"everybody": customer}}, channel="phone", **INTEREST)
    answer = law_answer([], campaign, at=datetime.fromisoformat(at).replace(tzinfo=UTC))[0]
    assert answer[0] == ("PERSONALISED" if permitted else "REFUSED")
    assert permitted or answer[1] == "CHANNEL_NEEDS_CONSENT"


def test_consent_is_enough_on_every_channel():
    """The rules about channels speak of other bases."""
    for channel in ("email", "sms", "push", "phone", "post"):
        assert law_answer([GIVEN], law_campaign(channel=channel)) == [("PERSONALISED", "CONSENT_VALID")]


@pytest.mark.parametrize("state", ["none", "unsigned", "altered", "expired"])
def test_a_legitimate_interest_without_a_valid_balancing_test_refuses_everybody(state):
    """G-6f. Nothing says yes: it goes to the organisation, which can have it signed again."""
    assert law_answer([], law_campaign(channel="post", **INTEREST), balancing=state) == [
        ("REFUSED", "BALANCING_NOT_VALID")
    ]


@pytest.mark.parametrize("channel", ["post", "web"])
@pytest.mark.parametrize("purpose", ["", "PersonalisedAdvertising", "Marketing"])
def test_an_objection_stops_a_legitimate_interest_at_once(channel, purpose):
    """G-21a: with a signed balancing test and all; nobody weighs first."""
    campaign = law_campaign(channel=channel, **INTEREST)
    assert law_answer([], campaign)[0][1] == "BASIS_LEGITIMATE_INTEREST"
    said = [Said(0, "objection", "Objected", purpose, NOW.replace(tzinfo=None).isoformat())]
    standing = "REFUSED" if channel == "post" else "CONTEXTUAL"
    assert law_answer(said, campaign) == [(standing, "DIRECT_MARKETING_OBJECTION")]


def test_a_restriction_keeps_data_from_every_use_until_it_is_lifted():
    """Whatever the purpose that it names, and whatever was consented to."""
    said = [GIVEN, Said(0, "restriction", "Restricted", "", "2026-02-01")]
    assert law_answer(said, law_campaign(channel="email")) == [("REFUSED", "RESTRICTED")]
    assert law_answer(said, law_campaign()) == [("CONTEXTUAL", "RESTRICTED")]
    said.append(Said(0, "restriction", "RestrictionLifted", "", "2026-03-01"))
    assert law_answer(said, law_campaign()) == [("PERSONALISED", "CONSENT_VALID")]


@pytest.mark.parametrize(
    ("place", "age", "by_parent", "reason"),
    [
        ("NL", "16-17", False, "CONSENT_VALID"),
        ("NL", "15", False, "UNDER_AGE"),
        ("NL", "15", True, "CONSENT_VALID"),
        ("NL", "under_13", True, "MINOR"),
        ("DE", "15", False, "UNDER_AGE"),
        ("FR", "15", False, "CONSENT_VALID"),
        ("FR", "14", False, "UNDER_AGE"),
        ("IT", "14", False, "CONSENT_VALID"),
        ("IT", "13", False, "UNDER_AGE"),
        ("SE", "13", False, "CONSENT_VALID"),
        ("SE", "under_13", False, "MINOR"),
        ("EU", "15", False, "UNDER_AGE"),
    ],
)
def test_the_age_of_consent_is_that_of_the_country(place, age, by_parent, reason):
    """G-8. Of somebody who consented explicitly on an own site; below the age a parent has to."""
    actor = "parent" if by_parent else "subject"
    weighed = evidence(EXPLICIT | {"actor": actor}, {})
    answer = law_answer([GIVEN, Said(0, "minor", age, "")], law_campaign({"jurisdictions": [place]}), weighed=weighed)
    assert answer[0][1] == reason


def test_no_consent_opens_a_platform_to_a_minor():
    """DSA 28(2): explicit consent, or a parent's, lifts the house's own rule and not this one."""
    for actor in ("subject", "parent"):
        weighed = evidence(EXPLICIT | {"actor": actor}, {})
        said = [GIVEN, Said(0, "minor", "16-17", "")]
        assert law_answer(said, law_campaign(), weighed=weighed) == [("PERSONALISED", "CONSENT_VALID")]
        platform = law_campaign(surface="online_platform")
        assert law_answer(said, platform, weighed=weighed) == [("CONTEXTUAL", "MINOR")]


def test_an_unknown_age_counts_as_a_child_only_where_children_are_addressed():
    """G-8, G-11. Nobody collects more data only to find out; in a place for children, closed when in doubt."""
    assert law_answer([GIVEN], law_campaign()) == [("PERSONALISED", "CONSENT_VALID")]
    assert law_answer([GIVEN], law_campaign({"for_children": True})) == [("CONTEXTUAL", "AGE_UNKNOWN")]
    adult = Said(0, "minor", "no", "")
    assert law_answer([GIVEN, adult], law_campaign({"for_children": True})) == [("PERSONALISED", "CONSENT_VALID")]


@pytest.mark.parametrize(
    ("sensitivity", "surface", "explicit", "reason"),
    [
        ("ordinary", "own", False, "CONSENT_VALID"),
        ("special", "own", False, "SPECIAL_CATEGORY"),
        ("special", "own", True, "CONSENT_VALID"),
        ("inferred", "own", False, "SPECIAL_CATEGORY"),
        ("inferred", "own", True, "CONSENT_VALID"),
        ("special", "online_platform", True, "SPECIAL_ON_PLATFORM"),
        ("inferred", "online_platform", True, "SPECIAL_ON_PLATFORM"),
        ("criminal", "own", True, "CRIMINAL_DATA"),
        ("vulnerability", "own", True, "VULNERABILITY"),
        (None, "own", False, "SPECIAL_CATEGORY"),
    ],
)
def test_sensitive_data_needs_explicit_consent_and_some_is_never_used(sensitivity, surface, explicit, reason):
    """Special categories, inferred ones too, and data without a label; on a platform not even that opens them."""
    changes = {"columns__visits__sensitivity": sensitivity} if sensitivity else {}
    if sensitivity is None:
        changes = {"columns__visits": {"role": "feature", "meaning": {"nl": "iets", "en": "something"}}}
    weighed = evidence(EXPLICIT if explicit else {})
    assert law_answer([GIVEN], law_campaign(surface=surface, **changes), weighed=weighed)[0][1] == reason


def test_an_explicit_consent_counts_only_while_it_stands():
    """What was withdrawn, or renewed in another form, lifts nothing."""
    campaign = law_campaign(columns__visits__sensitivity="special")
    renewed = [GIVEN, Said(0, "consent", "RenewedConsentGiven", at="2026-03-01")]
    assert law_answer(renewed, campaign, weighed=evidence(EXPLICIT, {}))[0][1] == "SPECIAL_CATEGORY"
    assert law_answer(renewed, campaign, weighed=evidence({}, EXPLICIT))[0][1] == "CONSENT_VALID"
    withdrawn = [GIVEN, Said(0, "consent", "ConsentWithdrawn", at="2026-03-01")]
    assert law_answer(withdrawn, campaign, weighed=evidence(EXPLICIT, EXPLICIT))[0][1] == "CONSENT_WITHDRAWN"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "CONSENT_VALID"),
        ({"method": "pre_ticked"}, "CONSENT_NOT_ACTIVE"),
        ({"method": "silence"}, "CONSENT_NOT_ACTIVE"),
        ({"method": "continued_use"}, "CONSENT_NOT_ACTIVE"),
        ({"actor": "controller"}, "CONSENT_NOT_ACTIVE"),
        ({"form": "dpv:ImpliedConsent"}, "CONSENT_NOT_ACTIVE"),
        ({"method": None}, "CONSENT_WITHOUT_EVIDENCE"),
        ({"method": "Pre-ticked"}, "CONSENT_NOT_ACTIVE"),
        ({"method": "web form", "actor": "person"}, "CONSENT_VALID"),
        ({"notice": " "}, "CONSENT_WITHOUT_EVIDENCE"),
        ({"language": None}, "CONSENT_WITHOUT_EVIDENCE"),
        ({"actor": None}, "CONSENT_WITHOUT_EVIDENCE"),
    ],
)
def test_a_consent_counts_where_it_can_be_shown(record, reason):
    """E-records, G-7. Which text, language, how, and by whom; and the person did something themselves (Planet49)."""
    assert law_answer([GIVEN], law_campaign(), weighed=evidence(record))[0][1] == reason


def test_a_no_needs_no_evidence():
    """Withdrawing is as easy as it can be: nothing has to be shown for it."""
    said = [GIVEN, Said(0, "consent", "ConsentWithdrawn", at="2026-03-01")]
    assert law_answer(said, law_campaign(), weighed=evidence({}, dict.fromkeys(["method", "actor", "notice"])))[0][
        1
    ] == ("CONSENT_WITHDRAWN")


def test_a_consent_ends_with_its_notice():
    """On the first day on which the version no longer counts; one that is not declared, or has another text, never."""
    text = "a" * 64
    notices = [{"id": "v1", "sha256": text, "until": "2026-06-01"}, {"id": "v2"}]
    own = {"notice": "v1", "notice_hash": text}
    weighed = evidence(own, notices=notices)
    for at, reason in (("2026-05-31T23:59:59", "CONSENT_VALID"), ("2026-06-01T00:00:00", "NOTICE_ENDED")):
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        assert law_answer([GIVEN], law_campaign(), at=moment, weighed=weighed)[0][1] == reason
    for other in ({"notice": "v0"}, own | {"notice_hash": "b" * 64}, own | {"notice_hash": None}):
        weighed = evidence(other, notices=notices)
        assert law_answer([GIVEN], law_campaign(), weighed=weighed)[0][1] == "CONSENT_WITHOUT_EVIDENCE"


def test_each_person_gets_the_law_of_their_place():
    """A column says it; an empty cell, or a place that no rules know, is the strict default."""
    law = {"jurisdictions": ["NL", "US-CA"], "column": "country", "own_product": {"everybody": True}}
    campaign = law_campaign(law, legal_basis="contract", controller__country="US")
    countries = ["NL", "us-ca", None, "BR", "DE"]
    answers = law_answer([], campaign, texts={"country": countries}, people=5)
    assert answers == [
        ("PERSONALISED", "BASIS_CONTRACT"),
        ("PERSONALISED", "BASIS_CONTRACT"),
        ("CONTEXTUAL", "PLACE_UNKNOWN"),
        ("CONTEXTUAL", "PLACE_UNKNOWN"),
        ("CONTEXTUAL", "PLACE_UNKNOWN"),  # the rules know Germany; the campaign did not name it
    ]


def test_several_places_for_everybody_are_the_rules_of_all_of_them():
    """Where no column tells people apart, whoever could be in either is treated as in both."""
    campaign = law_campaign({"jurisdictions": ["FR", "DE"]})
    said = [GIVEN, Said(0, "minor", "15", "")]
    assert law_answer(said, campaign, weighed=evidence(EXPLICIT, {}))[0][1] == "UNDER_AGE"
    only = law_campaign({"jurisdictions": ["FR"]})
    assert law_answer(said, only, weighed=evidence(EXPLICIT, {}))[0][1] == "CONSENT_VALID"


def test_somebody_of_whom_nothing_is_known_gets_every_rule_that_refuses():
    """The age of consent of the strictest country, California's limit, and no basis but consent."""
    law = {"jurisdictions": [], "column": "country"}
    texts = {"country": [None]}
    minor = [GIVEN, Said(0, "minor", "15", "")]
    assert law_answer(minor, law_campaign(law), texts=texts, weighed=evidence(EXPLICIT, {}))[0][1] == "UNDER_AGE"
    limited = [GIVEN, Said(0, "limit", "LimitRequested", "")]
    special = law_campaign(law, columns__visits__sensitivity="special")
    assert law_answer(limited, special, texts=texts, weighed=evidence(EXPLICIT, {}))[0][1] == "SENSITIVE_LIMITED"


def test_an_organisation_in_the_union_is_under_its_law_wherever_people_are():
    """GDPR 3(1): special categories of a Californian need explicit consent of a Dutch shop, and not of one there."""
    places = {"jurisdictions": ["US-CA"]}
    here = law_campaign(places, columns__visits__sensitivity="special")
    there = law_campaign(places, columns__visits__sensitivity="special", controller__country="US")
    assert law_answer([GIVEN], here)[0][1] == "SPECIAL_CATEGORY"
    assert law_answer([GIVEN], there)[0][1] == "CONSENT_VALID"


CALIFORNIA = {"jurisdictions": ["US-CA"], "recipients": ["buyer"]}
BUYER = {
    "id": "buyer",
    "name": "Buyer",
    "role": "controller",
    "country": "US",
    "contract": "C-1",
    "safeguards": "SCC",
    "uses": ["sale"],
}


@pytest.mark.parametrize(
    ("age", "opt_in", "reason"),
    [
        ("16-17", None, "CONSENT_VALID"),
        ("15", None, "SALE_UNDER_AGE"),
        ("15", "OptedIn", "CONSENT_VALID"),
        ("15", "OptedInByParent", "CONSENT_VALID"),
        ("13", "OptInWithdrawn", "SALE_UNDER_AGE"),
        ("no", None, "CONSENT_VALID"),
    ],
)
def test_data_of_the_young_is_sold_only_after_a_yes(age, opt_in, reason):
    """C-120. Below 16 it is their own yes; nobody is addressed with personal data where it would be sold without."""
    campaign = law_campaign(CALIFORNIA, controller__country="US")
    said = [GIVEN, Said(0, "minor", age, "")]
    said += [Said(0, "opt_in", opt_in, "")] if opt_in else []
    weighed = evidence(*[EXPLICIT] * len(said))
    own = [own_pack(recipients=[BUYER])]
    assert law_answer(said, campaign, weighed=weighed, own=own)[0][1] == reason


def test_a_limit_on_sensitive_data_is_californian_and_about_sensitive_data():
    """First-party ordinary data goes on; nothing of it holds for somebody elsewhere."""
    said = [GIVEN, Said(0, "limit", "LimitRequested", "")]
    weighed = evidence(EXPLICIT, {})
    special = {"columns__visits__sensitivity": "special"}
    here = {"jurisdictions": ["US-CA"]}
    assert law_answer(said, law_campaign(here, **special), weighed=weighed)[0] == ("CONTEXTUAL", "SENSITIVE_LIMITED")
    assert law_answer(said, law_campaign(here), weighed=weighed)[0][1] == "CONSENT_VALID"
    assert law_answer(said, law_campaign(**special), weighed=weighed)[0][1] == "CONSENT_VALID"
    taken_back = [*said, Said(0, "limit", "LimitWithdrawn", "", "2026-04-01")]
    again = law_answer(taken_back, law_campaign(here, **special), weighed=evidence(EXPLICIT, {}, {}))
    assert again[0][1] == "CONSENT_VALID"


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ({"country": "NL"}, "CONSENT_VALID"),
        ({"country": "IS"}, "CONSENT_VALID"),
        ({"country": "CH"}, "CONSENT_VALID"),
        ({"country": "BR"}, "TRANSFER_NOT_ALLOWED"),
        ({"country": "BR", "safeguards": "SCC 2026-01"}, "CONSENT_VALID"),
        ({"country": "NL", "until": "2026-11-27"}, "RECIPIENT_NOT_ALLOWED"),
        ({"country": "NL", "until": "2026-11-28"}, "CONSENT_VALID"),
        ({"id": "another", "country": "NL"}, "RECIPIENT_NOT_ALLOWED"),
    ],
)
def test_data_goes_to_recipients_and_countries_on_the_list(recipient, reason):
    """G-26/28, G-44. On the list, under a contract that runs; inside, to a listed country, or under safeguards."""
    one = {"id": "mailer", "name": "Mailer", "role": "processor", "contract": "DPA-1"} | recipient
    campaign = law_campaign({"recipients": ["mailer"]})
    assert law_answer([GIVEN], campaign, own=[own_pack(recipients=[one])])[0][1] == reason


@pytest.mark.parametrize("at", ["2024-01-01", "2026-11-27"])
def test_an_own_rule_can_only_add_a_no(at):
    """Whatever it says, nobody is addressed with more than without it, and heavier reasons stay."""
    own = [own_pack({"id": "own/no-app", "when": {"channel": "app"}, "effect": "contextual"})]
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    said = [Said(0, "consent", "ConsentGiven", at="2023-01-01")]
    app, web = law_campaign(channel="app"), law_campaign()
    assert law_answer(said, app, own=own, at=moment) == [("CONTEXTUAL", "OWN_RULE")]
    assert law_answer(said, web, own=own, at=moment) == [("PERSONALISED", "CONSENT_VALID")]
    refused = [own_pack({"id": "own/none", "effect": "contextual"})]
    assert law_answer([], law_campaign(channel="email"), own=refused) == [("REFUSED", "CONSENT_NEVER_ASKED")]


def test_columns_that_were_not_read_are_no_reason_to_forget_the_law():
    """A campaign that tells people apart by a column cannot be asked about without it."""
    campaign = law_campaign({"column": "country"})
    with pytest.raises(UsageError, match="were not read"):
        permit(Asked(subjects([0]), NOW), campaign, ConsentBook.empty())


def test_some_of_the_people_get_their_own_law():
    """Rows are picked in any order; somebody who is not there has no known place and no known facts."""
    campaign = law_campaign({"column": "country", "jurisdictions": []}, legal_basis="contract")
    law = Law.of_people(campaign, {"country": ["NL", None, "FR"]}, 3)
    picked = law.rows(np.array([2, -1, 0, 1]))
    places = [picked.places[code] for code in picked.where.tolist()]
    assert places == [frozenset({"FR"}), frozenset(), frozenset({"NL"}), frozenset()]
    alone = Law.of_people(campaign, {"country": ["NL"]}, 1).rows(np.array([-1, 0]))
    assert [alone.places[code] for code in alone.where.tolist()] == [frozenset(), frozenset({"NL"})]


@given(
    st.lists(
        st.builds(
            Said,
            who=st.integers(0, 5),
            kind=st.just("consent"),
            status=st.sampled_from(["ConsentGiven", "ConsentWithdrawn", "ConsentRefused"]),
            at=st.sampled_from(["2026-01-01", "2026-02-01"]),
        ),
        max_size=8,
    ),
    st.lists(st.sampled_from(["NL", "DE", "US-CA", None]), min_size=6, max_size=6),
)
def test_many_people_are_decided_as_one_by_one(said, places):
    """Looked at once for each way to be, or row by row; and looked up once for several purposes: the same."""
    campaign = law_campaign({"column": "country", "jurisdictions": []})
    times = 1_000
    asked = Asked(subjects([number // times for number in range(6 * times)]), NOW)
    law = Law.of_people(campaign, {"country": [place for place in places for _ in range(times)]}, 6 * times)
    many = permit(asked, campaign, book(said), law, recall(asked, book(said)))
    for who in range(6):
        alone = Asked(subjects([who]), NOW)
        one = permit(alone, campaign, book(said), law.rows(np.array([who * times])))
        rows = slice(who * times, (who + 1) * times)
        assert set(many.reason[rows].tolist()) == set(one.reason.tolist())
        assert set(many.standing[rows].tolist()) == set(one.standing.tolist())
        assert many.rule is not None
        assert one.rule is not None
        assert set(many.rule[rows].tolist()) == set(one.rule.tolist())
