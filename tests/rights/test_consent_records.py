"""Consent records: what they say of a day, and their form as a record that others can read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from evenhand.rights import (
    CONSENT_FIELDS,
    ConsentContext,
    Said,
    consent_record,
    missing_in,
    permits_on,
    records_text,
    said_now,
    standing_of,
)
from evenhand.terms import UsageError

AT = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSE = "PersonalisedAdvertising"
CONTEXT = ConsentContext(
    "Acme",
    "privacy@acme.example",
    "NL",
    address="Street 1, Utrecht",
    data=("visits",),
    recipients=("Mail House",),
    stored_in="NL",
    retention="P6M",
    rights_at="https://acme.example/rights",
    authority="Autoriteit Persoonsgegevens",
)
EVIDENCE = {"notice": "v7", "notice_hash": "ab" * 32, "language": "nl", "method": "app"}


def history(events):
    """Records from pairs of day and state."""
    return [Said("consent", PURPOSE, state, datetime.fromisoformat(f"{day}T09:00:00+00:00")) for day, state in events]


def test_a_history_is_answered_by_day(consents):
    """The shared vectors: the day of withdrawal counts as withdrawn."""
    vectors = consents["history_test"]
    said = history(vectors["events"])
    for day, expected in vectors["queries"]:
        assert permits_on(said, PURPOSE, date.fromisoformat(day)) is expected


def test_of_two_at_one_moment_the_no_stands():
    """Whichever was recorded first."""
    both = [Said("consent", PURPOSE, state, AT) for state in ("ConsentWithdrawn", "ConsentGiven")]
    for said in (both, both[::-1]):
        assert standing_of(said, AT)["consent", PURPOSE].status == "ConsentWithdrawn"


def test_a_record_has_every_mandatory_field(consents):
    """E-records. Of ISO/IEC TS 27560 and of the GDPR; each stands where our table says, and is filled in."""
    mandatory = {one["field"] for one in consents["iso_27560_fields"] if "Mandatory" in (one["iso_27560"], one["gdpr"])}
    assert mandatory <= set(CONSENT_FIELDS), mandatory - set(CONSENT_FIELDS)
    said = [said_now("give", PURPOSE, AT, **EVIDENCE)]
    assert missing_in(consent_record("ab", PURPOSE, said, CONTEXT)) == ()


def test_a_field_that_nobody_declared_is_named_and_not_made_up():
    """No notice, address or authority: these are missing, and nothing stands in their place."""
    said, bare = history([("2024-01-01", "ConsentGiven")]), ConsentContext("Acme", "a@b.nl", "NL")
    missing = set(missing_in(consent_record("ab", PURPOSE, said, bare)))
    assert {"privacy notice", "language", "party address", "authority party", "storage locations"} <= missing


def test_a_record_has_the_shape_of_the_example(consents):
    """Same keys and types as the example of the guide, and no key twice."""
    example = consents["example_record_adapted"]
    said = [said_now("give", PURPOSE, AT, **EVIDENCE), *history([("2026-04-20", "ConsentWithdrawn")])]
    record = consent_record("ab", PURPOSE, said, CONTEXT)
    assert set(example) - {"dpv:hasDataController"} <= set(record)
    assert example["dpv:hasConsentStatus"][0]["@type"] == record["dpv:hasConsentStatus"][0]["@type"]

    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    assert json.loads(records_text([record]), object_pairs_hook=once) == [record]


def test_a_word_needs_a_purpose_and_a_hash_is_one():
    """A yes names its purpose; a no may be to everything; a purpose we do not know is refused with a hint."""
    assert said_now("object", "", AT).purpose == ""
    with pytest.raises(UsageError, match="No purpose is named"):
        said_now("give", "", AT)
    with pytest.raises(UsageError, match="no purpose that evenhand knows") as caught:
        said_now("withdraw", "PersonalizedAdvertising", AT)
    assert "PersonalisedAdvertising" in caught.value.remedy
    with pytest.raises(UsageError, match="64 hex digits"):
        said_now("give", PURPOSE, AT, notice_hash="abc")


def test_a_body_comes_back_as_it_was():
    """What is written to the trail is what is read."""
    said = said_now("give", PURPOSE, AT, actor="desk 4", form="ExplicitlyExpressedConsent", **EVIDENCE)
    assert Said.from_body(said.to_body(), said.microseconds) == said
    (event,) = consent_record("ab", PURPOSE, [said], CONTEXT)["dpv:hasConsentStatus"]
    assert event["@type"] == ["dpv:ConsentGiven", "dpv:ExplicitlyExpressedConsent"]
