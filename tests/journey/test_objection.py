"""G-21b: whoever objects to direct marketing is not read, not learned from, and gets no direct marketing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent_cases import Said
from evenhand.journey import propose
from evenhand.permission import ConsentBook
from evenhand.policy import ancestors
from evenhand.terms import WITHHELD, Reason, Standing
from small_world import Road, make_world, open_road

COVERING = sorted({"DirectMarketing", "PersonalisedAdvertising", *ancestors("PersonalisedAdvertising")} - {"Purpose"})
CONSENT = ["ConsentGiven", "RenewedConsentGiven", "ConsentWithdrawn", "ConsentRefused", "ConsentExpired"]
DAYS = [f"2026-0{month}-{day:02d}" for month in (1, 2) for day in (1, 9, 17, 25)]
PEOPLE = 150

days = st.sampled_from(DAYS)
anybody = st.integers(0, 7)
records = st.lists(
    st.one_of(
        st.builds(
            Said, anybody, st.just("consent"), st.sampled_from(CONSENT), st.just("PersonalisedAdvertising"), days
        ),
        st.builds(Said, anybody, st.just("opt_out"), st.sampled_from(["OptedOut", "OptOutWithdrawn"]), at=days),
        st.builds(Said, anybody, st.just("objection"), st.just("ObjectionWithdrawn"), st.sampled_from(COVERING), days),
    ),
    max_size=12,
)
objections = st.lists(
    st.builds(Said, anybody, st.just("objection"), st.just("Objected"), st.sampled_from(COVERING), days), min_size=1
)


@cache
def road(channel: str, basis: str) -> Road:
    """The world on a channel and a legal basis."""
    more = {"balancing": {"record": "BT-7", "expires": "2027-01-01"}} if basis == "legitimate_interest" else {}
    return open_road(make_world(PEOPLE, channel=channel, legal_basis=basis, **more))


def book(open_: Road, said: list[Said]) -> ConsentBook:
    """What the first eight people said; everybody else said yes."""
    everybody = [Said(person, "consent", "ConsentGiven", at="2025-12-01") for person in range(PEOPLE)]
    all_said = [*everybody, *said]
    return ConsentBook.from_columns(
        subjects=open_.asked.subjects[[record.who for record in all_said]],
        kinds=[record.kind for record in all_said],
        purposes=[record.purpose for record in all_said],
        statuses=[record.status for record in all_said],
        at=np.array([record.at for record in all_said], dtype="datetime64[us]"),
    )


def standing_objections(said: list[Said]) -> set[int]:
    """Who objects now: by any purpose, with no withdrawal of that very objection later than it."""
    latest: dict[tuple[int, str], list[Said]] = {}
    for record in said:
        if record.kind == "objection":
            latest.setdefault((record.who, record.purpose), []).append(record)
    return {
        who
        for (who, _), own in latest.items()
        if any(one.status == "Objected" and one.at == max(other.at for other in own) for one in own)
    }


@settings(max_examples=25)
@given(
    others=records,
    no=objections,
    how=st.sampled_from([("post", "consent"), ("email", "legitimate_interest"), ("web", "consent")]),
)
def test_an_objection_outweighs_everything_else_that_a_person_said(others, no, how):
    """No direct marketing, zero reads of their columns, not one row of theirs in training; on a surface contextual."""
    open_ = road(*how)
    said = [*others, *no]
    objectors = sorted(standing_objections(said))
    consents = book(open_, said)
    open_.columns.read_rows[:] = False
    open_.past.read_rows[:] = False
    model = open_.learned(consents)
    explained = propose(open_.asked, open_.campaign, model, open_.stores(consents))

    assert open_.columns.read_rows.any()
    assert open_.past.read_rows.any()
    assert not open_.columns.read_rows[objectors].any()
    assert not open_.past.read_rows[np.isin(open_.history.subjects, open_.asked.subjects[objectors])].any()
    permitted = explained.allocated.scored.minimised.permitted
    expected = Standing.CONTEXTUAL if how[0] == "web" else Standing.REFUSED
    assert (permitted.standing[objectors] == expected).all()
    assert (permitted.reason[objectors] == Reason.DIRECT_MARKETING_OBJECTION).all()
    if how[0] != "web":
        assert (explained.allocated.offer[objectors] == -1).all()
    for code in explained.allocated.scored.minimised.codes:
        assert (code[..., objectors] == WITHHELD).all()


def test_only_columns_of_the_view_are_read():
    """The road asks the column source for features alone, and for each of them."""
    open_ = road("web", "consent")
    consents = book(open_, [])
    propose(open_.asked, open_.campaign, open_.learned(consents), open_.stores(consents))
    assert open_.columns.read_names == open_.columns.names
    assert open_.past.read_names == open_.past.names


@pytest.mark.parametrize("channel", ["post", "web"])
def test_a_withdrawn_objection_lets_the_person_back(channel):
    """The check above can fail: without the objection the same person is read and personalised."""
    open_ = road(channel, "consent")
    said = [
        Said(0, "objection", "Objected", "DirectMarketing", "2026-01-01"),
        Said(0, "objection", "ObjectionWithdrawn", "DirectMarketing", "2026-01-09"),
    ]
    consents = book(open_, said)
    open_.columns.read_rows[:] = False
    explained = propose(open_.asked, open_.campaign, open_.learned(consents), open_.stores(consents))
    assert explained.allocated.scored.minimised.permitted.standing[0] == Standing.PERSONALISED
    assert open_.columns.read_rows[0]
