"""Gate 1, rule by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from campaign_cases import changed
from consent_cases import NOW, Said, answer, book, campaign, subjects, words
from evenhand.permission import ConsentBook, permit
from evenhand.policy import Campaign
from evenhand.terms import Asked, ConsentStatus, UsageError

GIVEN = Said(0, "consent", "ConsentGiven")
ON_CONTRACT = {"legal_basis": "contract"}


def test_only_given_and_renewed_consent_permit(consent_vectors):
    """The DPV states and their meaning, from the shared vectors; no state is unknown to us."""
    states = consent_vectors["consent_state_permits_processing"]
    assert set(states) == {status.value for status in ConsentStatus}
    for state, permits in states.items():
        standing, _ = answer([Said(0, "consent", state)])[0]
        assert (standing == "PERSONALISED") is permits


def test_a_history_is_answered_as_of_each_day(consent_vectors):
    """Given, then withdrawn: the day of withdrawal counts as withdrawn, and no record works backwards."""
    history = consent_vectors["history_test"]
    said = [Said(0, "consent", state, at=day) for day, state in history["events"]]
    for day, permits in history["queries"]:
        for hour in (0, 23):
            at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
            assert (answer(said, at=at)[0][0] == "PERSONALISED") is permits


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("ConsentWithdrawn", "CONSENT_WITHDRAWN"),
        ("ConsentRefused", "CONSENT_REFUSED"),
        ("ConsentExpired", "CONSENT_EXPIRED"),
        ("ConsentInvalidated", "CONSENT_INVALIDATED"),
        ("ConsentRevoked", "CONSENT_INVALIDATED"),
        ("ConsentRequested", "CONSENT_PENDING"),
        ("ConsentRequestDeferred", "CONSENT_PENDING"),
        ("ConsentUnknown", "CONSENT_UNKNOWN"),
        ("dpv:ConsentGiven", "CONSENT_VALID"),
    ],
)
def test_each_state_gives_its_own_reason(state, reason):
    """Forbidden (a rule says no) and unconfigured (nothing says yes) are told apart."""
    assert answer([Said(0, "consent", state)])[0][1] == reason


@pytest.mark.parametrize(("channel", "standing"), [("email", "REFUSED"), ("post", "REFUSED"), ("web", "CONTEXTUAL")])
def test_a_person_who_was_never_asked_is_refused_or_contextual(channel, standing):
    """No record, no personal data: nothing at all on a direct channel, the contextual offer on a surface."""
    assert answer([], channel=channel) == [(standing, "CONSENT_NEVER_ASKED")]


@pytest.mark.parametrize("basis", [{}, ON_CONTRACT, {"legal_basis": "legitimate_interest"}])
@pytest.mark.parametrize(
    "objected", ["PersonalisedAdvertising", "Advertising", "Marketing", "DirectMarketing", "", "Typo"]
)
@pytest.mark.parametrize(("channel", "standing"), [("email", "REFUSED"), ("web", "CONTEXTUAL")])
def test_an_objection_stands_above_everything(basis, objected, channel, standing):
    """Whatever the basis; to the purpose, to one above it, to direct marketing, or to we know not what."""
    said = [GIVEN, Said(0, "minor", "yes"), Said(0, "objection", "Objected", objected)]
    assert answer(said, channel=channel, **basis) == [(standing, "DIRECT_MARKETING_OBJECTION")]


def test_an_objection_to_something_narrower_or_other_does_not_reach():
    """It covers everything below its purpose, not what lies above or beside."""
    for purpose in ("TargetedAdvertising", "SocialMediaMarketing"):
        assert answer([GIVEN, Said(0, "objection", "Objected", purpose)])[0][0] == "PERSONALISED"


def test_an_objection_to_direct_marketing_reaches_what_is_sent_whatever_its_purpose():
    """A letter is direct marketing even if the campaign calls it public relations; a poster on the site is not."""
    said = [Said(0, "consent", "ConsentGiven", "PublicRelations"), Said(0, "objection", "Objected", "DirectMarketing")]
    assert answer(said, purpose="PublicRelations", channel="post")[0][1] == "DIRECT_MARKETING_OBJECTION"
    assert answer(said, purpose="PublicRelations", channel="web")[0][1] == "CONSENT_VALID"


def test_an_objection_lasts_until_it_is_withdrawn_for_the_same_purpose():
    """Taking back one objection leaves another standing."""
    said = [
        GIVEN,
        Said(0, "objection", "Objected", "Marketing", "2026-02-01"),
        Said(0, "objection", "Objected", "DirectMarketing", "2026-02-01"),
        Said(0, "objection", "ObjectionWithdrawn", "Marketing", "2026-03-01"),
    ]
    assert answer(said)[0][1] == "DIRECT_MARKETING_OBJECTION"
    said.append(Said(0, "objection", "ObjectionWithdrawn", "DirectMarketing", "2026-03-01"))
    assert answer(said)[0][1] == "CONSENT_VALID"


@pytest.mark.parametrize(("channel", "standing"), [("sms", "REFUSED"), ("app", "CONTEXTUAL")])
def test_a_minor_is_never_profiled(channel, standing):
    """Whatever was consented to; and a later `unknown` does not make anybody older."""
    said = [GIVEN, Said(0, "minor", "yes", ""), Said(0, "minor", "unknown", "", "2026-05-01")]
    assert answer(said, channel=channel) == [(standing, "MINOR")]


@pytest.mark.parametrize("channel", ["email", "web"])
@pytest.mark.parametrize("purpose", ["", "Personalisation", "PersonalisedAdvertising", "Marketing"])
def test_an_opt_out_of_personalisation_leaves_the_contextual_offer(channel, purpose):
    """On every channel, because the consent to be addressed still stands."""
    said = [GIVEN, Said(0, "opt_out", "OptedOut", purpose)]
    assert answer(said, channel=channel) == [("CONTEXTUAL", "PERSONALISATION_OPT_OUT")]


def test_an_opt_out_of_sale_and_sharing_reaches_who_does_not_say_that_it_does_neither():
    """A campaign that declares no use of data beyond its own context stays personal; all others are contextual."""
    said = [GIVEN, Said(0, "sale", "SaleOptedOut", "")]
    assert answer(said) == [("CONTEXTUAL", "SALE_OPT_OUT")]
    document = changed({"consents.signals": {"gpc": "gpc", "uses": []}})
    asked = Asked(subjects([0]), NOW)
    assert words(permit(asked, Campaign.model_validate(document), book(said))) == [("PERSONALISED", "CONSENT_VALID")]
    back = Said(0, "sale", "SaleOptOutWithdrawn", "", "2026-03-01")
    assert answer([*said, back]) == [("PERSONALISED", "CONSENT_VALID")]


def test_an_opt_out_does_not_hide_that_there_is_no_consent():
    """The heavier no is the reason."""
    assert answer([Said(0, "opt_out", "OptedOut")], channel="email") == [("REFUSED", "CONSENT_NEVER_ASKED")]


def test_consent_is_for_exactly_one_purpose():
    """Consent to all marketing is not consent to personalised advertising, nor the other way round."""
    for purpose in ("Marketing", "TargetedAdvertising", "Advertising", ""):
        assert answer([Said(0, "consent", "ConsentGiven", purpose)])[0][1] == "CONSENT_NEVER_ASKED"


def test_withdrawing_for_a_broader_purpose_ends_the_narrower_one():
    """Who is done with marketing is done with personalised advertising, until they say yes to that again."""
    said = [GIVEN, Said(0, "consent", "ConsentWithdrawn", "Marketing", "2026-02-01")]
    assert answer(said)[0][1] == "CONSENT_WITHDRAWN"
    assert answer([*said, GIVEN._replace(at="2026-03-01")])[0][1] == "CONSENT_VALID"


@pytest.mark.parametrize(
    ("basis", "reason"), [("contract", "BASIS_CONTRACT"), ("legitimate_interest", "BASIS_LEGITIMATE_INTEREST")]
)
def test_another_basis_needs_no_consent_and_is_no_way_around_a_no(basis, reason):
    """Nobody who withdrew or refused is addressed on another basis instead (RULES G-6)."""
    assert answer([], legal_basis=basis) == [("PERSONALISED", reason)]
    for state in ("ConsentWithdrawn", "ConsentRefused"):
        said = [Said(0, "consent", state), Said(0, "consent", "ConsentRequested", at="2026-02-01")]
        assert answer(said, legal_basis=basis)[0][0] == "CONTEXTUAL"
    assert answer([Said(0, "consent", "ConsentExpired")], legal_basis=basis)[0][0] == "PERSONALISED"


def test_of_two_records_at_the_same_moment_the_no_counts():
    """Whichever was written first."""
    for said in ([GIVEN, GIVEN._replace(status="ConsentWithdrawn")], [GIVEN._replace(status="ConsentUnknown"), GIVEN]):
        assert answer(said)[0][0] == "CONTEXTUAL"


def test_what_is_said_later_does_not_exist_yet():
    """One microsecond decides."""
    said = [GIVEN._replace(at="2026-06-01T12:00:00.000001")]
    assert answer(said)[0][1] == "CONSENT_NEVER_ASKED"
    assert answer(said, at=NOW + timedelta(microseconds=1))[0][1] == "CONSENT_VALID"


def test_the_moment_is_one_moment_in_every_time_zone():
    """14:00 in Amsterdam is 12:00 UTC."""
    said = [GIVEN._replace(at="2026-06-01T12:00")]
    amsterdam = timezone(timedelta(hours=2))
    assert answer(said, at=datetime(2026, 6, 1, 14, tzinfo=amsterdam))[0][1] == "CONSENT_VALID"
    assert answer(said, at=datetime(2026, 6, 1, 13, 59, tzinfo=amsterdam))[0][1] == "CONSENT_NEVER_ASKED"


def test_a_moment_without_time_zone_is_refused():
    """Nobody has to guess which clock was meant."""
    asked = Asked(subjects([0]), datetime(2026, 6, 1))
    with pytest.raises(UsageError, match="no time zone"):
        permit(asked, campaign(), ConsentBook.empty())


def test_people_keep_their_rows():
    """The answer stands in the order asked, for known and unknown people alike."""
    said = [Said(person, "consent", "ConsentGiven") for person in (3, 1)]
    asked = Asked(subjects([1, 2, 3, 4]), NOW)
    permitted = permit(asked, campaign(), book(said))
    assert permitted.asked is asked
    assert [standing for standing, _ in words(permitted)] == [
        "PERSONALISED",
        "CONTEXTUAL",
        "PERSONALISED",
        "CONTEXTUAL",
    ]
    assert permitted.standing.dtype == permitted.reason.dtype == np.uint8


def test_nobody_asked_is_an_empty_answer():
    """A batch of none is a batch."""
    assert answer([GIVEN], people=()) == []
