"""Generated consent records are possible histories, in the shares that were asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evenhand.terms import ConsentStatus
from evenhand.worlds import ConsentShares, consent_records

AT = np.datetime64("2026-01-01T12:00", "us")


def _drawn(seed, n, shares=None):
    return consent_records(n, purpose="PersonalisedAdvertising", at=AT, rng=np.random.default_rng(seed), shares=shares)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 400))
def test_every_record_is_from_the_past_and_in_time_order(seed, n):
    """No record is at or after `at`; the table is sorted by time; every person exists."""
    records = _drawn(seed, n)
    assert (records.at < AT).all()
    assert (np.diff(records.at.astype(np.int64)) >= 0).all()
    assert ((records.subject >= 0) & (records.subject < n)).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_consent_is_withdrawn_or_runs_out_only_after_it_was_given(seed):
    """In each person's own order, withdrawal and expiry follow a yes."""
    records = _drawn(seed, 300)
    given_once = set()
    for person, kind, status in zip(records.subject, records.kind, records.status, strict=True):
        if kind != "consent":
            continue
        if status in {ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED, ConsentStatus.RENEWED}:
            assert person in given_once
        if status == ConsentStatus.GIVEN:
            given_once.add(person)


def test_shares_are_those_asked_for():
    """Of many people the latest states, objections, opt-outs and minors come in the declared shares."""
    n, wanted = 100_000, ConsentShares(minors=0.02)
    records = _drawn(1, n, wanted)
    latest = {}
    for person, kind, status in zip(records.subject, records.kind, records.status, strict=True):
        latest[person, kind] = status
    states = list(latest.values())
    for status, share in (
        ("ConsentGiven", wanted.given),
        ("RenewedConsentGiven", wanted.renewed),
        ("ConsentWithdrawn", wanted.withdrawn),
        ("ConsentRefused", wanted.refused),
        ("ConsentExpired", wanted.expired),
        ("ConsentRequested", wanted.requested),
        ("Objected", wanted.objected),
        ("OptedOut", wanted.opted_out),
        ("yes", wanted.minors),
    ):
        assert abs(states.count(status) / n - share) < 0.005, status


def test_the_same_seed_gives_the_same_records():
    """Drawn again, every column is equal."""
    one, other = _drawn(9, 500), _drawn(9, 500)
    for name in ("subject", "kind", "purpose", "status", "at"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
