"""The closed vocabularies keep their meaning."""

from __future__ import annotations

import pytest

from evenhand.terms import (
    Binning,
    Channel,
    ConsentStatus,
    DataError,
    EvenhandError,
    LedgerError,
    PolicyError,
    Reason,
    Severity,
    StoreError,
    UsageError,
)

STORED = {
    "consent-valid": 1,
    "basis-contract": 2,
    "basis-legitimate-interest": 3,
    "direct-marketing-objection": 10,
    "consent-withdrawn": 11,
    "consent-refused": 12,
    "consent-expired": 13,
    "consent-invalidated": 14,
    "personalisation-opt-out": 15,
    "minor": 16,
    "consent-never-asked": 40,
    "consent-pending": 41,
    "consent-unknown": 42,
    "signal-consent": 4,
    "signal-opt-out": 17,
    "signal-refused": 18,
    "signal-unusable": 43,
    "signal-unclear": 44,
    "selected": 50,
    "beyond-limits": 51,
    "no-worthwhile-offer": 52,
}


def test_a_stored_reason_never_changes_its_number():
    """Ledgers hold these numbers; a new reason gets a new one."""
    assert {reason.key: int(reason) for reason in Reason if reason.key in STORED} == STORED


def test_every_reason_rests_on_a_rule_and_is_at_most_one_kind_of_no():
    """Forbidden and unconfigured are different refusals; nothing is both."""
    for reason in Reason:
        assert reason.rule
        assert not (reason.is_forbidden and reason.is_unconfigured)


def test_only_given_and_renewed_consent_permit():
    """Every other DPV state does not (RULES G-7)."""
    assert {status for status in ConsentStatus if status.permits} == {ConsentStatus.GIVEN, ConsentStatus.RENEWED}


def test_a_surface_is_where_the_person_comes():
    """Web, app and store are surfaces; everything else addresses the person directly."""
    assert {channel for channel in Channel if not channel.is_direct} == {Channel.WEB, Channel.APP, Channel.STORE}


def test_severities_are_ordered_lightest_first():
    """A note weighs less than a warning, and a warning less than an error."""
    assert [s.rank for s in (Severity.NOTE, Severity.WARNING, Severity.ERROR)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "code"), [(UsageError, 2), (PolicyError, 3), (DataError, 3), (StoreError, 4), (LedgerError, 5)]
)
def test_each_kind_of_error_has_its_exit_code(kind, code):
    """The documented codes; and the message says what, which rule and what to do."""
    error = kind("a-code", "This happened.", rule="that rule", remedy="do this")
    assert isinstance(error, EvenhandError)
    assert error.exit_code == code
    assert str(error) == "This happened. Rule: that rule. To do: do this"


def test_a_binning_counts_its_special_codes():
    """Withheld, missing and other come before the bins: k cuts make k + 1 of them, categories one each."""
    assert Binning("visits", "number", (1.0, 5.0)).size == 6
    assert Binning("region", "category", (), ("north", "south")).size == 5
