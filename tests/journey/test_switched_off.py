"""A factor that a person switched off: not read, not learned from, withheld, recorded; everything else as it was."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent_cases import Said
from evenhand.journey import propose
from evenhand.ledger import columns_from_explained
from evenhand.permission import ConsentBook
from evenhand.policy import Campaign
from evenhand.promises import Ground, check_decisions
from evenhand.terms import WITHHELD, Role, Standing
from small_world import AT, Road, bodies, make_world, open_road, same_key

PEOPLE = 150
DAYS = ["2026-01-05", "2026-01-20", "2026-02-03"]
FEATURES = ("f00", "f01", "f02", "f03", "own")
anybody = st.integers(0, 6)
switches = st.lists(
    st.builds(
        Said,
        anybody,
        st.just("factor"),
        st.sampled_from(["SwitchedOff", "SwitchedOn"]),
        st.sampled_from([*FEATURES, "no_such_column"]),
        st.sampled_from(DAYS),
    ),
    max_size=14,
)


@cache
def road() -> Road:
    """The world, with a blind limit between groups and a pair of features that act together."""
    limit = {"id": "sex", "groups": ["sex"], "bound": 0.8}
    limits = {"contacts": {"total": 60}, "budget": 11, "disparity": [limit]}
    return open_road(make_world(PEOPLE, limits=limits, model={"kind": "pooled", "max_bins": 6, "pairs": 1}))


def book(said: list[Said]) -> ConsentBook:
    """Everybody said yes, and what was said besides."""
    everybody = [Said(person, "consent", "ConsentGiven", at="2025-12-01") for person in range(PEOPLE)]
    all_said = [*everybody, *said]
    return ConsentBook.from_columns(
        subjects=road().asked.subjects[[record.who for record in all_said]],
        kinds=[record.kind for record in all_said],
        purposes=[record.purpose for record in all_said],
        statuses=[record.status for record in all_said],
        at=np.array([record.at for record in all_said], dtype="datetime64[us]"),
    )


def standing_switches(said: list[Said]) -> set[tuple[int, str]]:
    """(person, feature) that is off now: the latest word says so, and of two at once the off."""
    latest: dict[tuple[int, str], tuple[str, str]] = {}
    for one in said:
        key = (one.who, one.purpose)
        word = (one.at, "b" if one.status == "SwitchedOff" else "a")
        latest[key] = max(latest.get(key, word), word)
    return {key for key, (_, word) in latest.items() if word == "b" and key[1] in FEATURES}


@settings(max_examples=20)
@given(said=switches)
def test_what_is_switched_off_is_withheld_and_nothing_else_is(said):
    """Codes, training rows and the record follow the latest word of each person about each factor."""
    open_, off = road(), standing_switches(said)
    consents = book(said)
    open_.past.read_rows[:] = False
    model = open_.learned(consents)
    names = [one.name for one in model.view.binnings]
    explained = propose(open_.asked, open_.campaign, model, open_.stores(consents))
    minimised = explained.allocated.scored.minimised
    assert (minimised.permitted.standing == Standing.PERSONALISED).all()
    withheld = {
        (person, name)
        for name, code in zip(names, minimised.codes, strict=True)
        for person in np.flatnonzero((np.atleast_2d(code) == WITHHELD).any(axis=0)).tolist()
    }
    assert withheld == off
    people = sorted({person for person, _ in off})
    assert not open_.past.read_rows[np.isin(open_.history.subjects, open_.asked.subjects[people])].any()

    columns = columns_from_explained(explained, 0, PEOPLE, 1)
    recorded = {(int(person), names[place]) for person, place in zip(*columns.switched_off.nonzero(), strict=True)}
    assert recorded == off
    for person, name in off:
        terms = np.flatnonzero([name in term.split(" x ") for term in model.terms])
        assert not np.isin(columns.top_terms[person], terms).any()
        assert columns.flip_term[person] not in terms
    ground = Ground(open_.campaign, "", "", model, AT)
    assert [one.code for one in check_decisions(columns, ground) if one.promise in ("private", "explained")] == []


def test_a_switched_off_column_is_not_read_of_the_person():
    """Gate 2 asks the column source for the others only."""

    class Asked:
        """Raw columns that remember of whom each column was read."""

        def __init__(self, whole):
            self.whole, self.asked = whole, {}

        def read(self, name, rows):
            """Remember, and hand on."""
            self.asked[name] = rows.copy()
            return self.whole.read(name, rows)

    open_ = road()
    consents = book([Said(3, "factor", "SwitchedOff", "f01"), Said(4, "factor", "SwitchedOff", "own")])
    stores = open_.stores(consents)
    spy = Asked(stores.columns)
    propose(open_.asked, open_.campaign, open_.learned(consents), type(stores)(consents, spy, stores.wall))
    assert np.flatnonzero(~spy.asked["f01"]).tolist() == [3]
    assert all(np.flatnonzero(~spy.asked[f"own@{offer.id}"]).tolist() == [4] for offer in open_.campaign.offers)
    assert spy.asked["f00"].all()


def _switched(world, *pairs):
    """The world in which these people switched these features off."""
    rows = [
        {"subject": f"canary{who}@mail.example", "kind": "factor", "purpose": name, "status": "SwitchedOff",
         "at": "2026-02-20"}
        for who, name in pairs
    ]  # fmt: skip
    said = world.said
    extra = pl.DataFrame(rows).with_columns(pl.col("at").str.to_datetime().cast(said["at"].dtype))
    return world.but(said=pl.concat([said, extra.select(said.columns)]))


def test_a_run_in_which_nobody_switches_anything_off_records_the_same_bytes(world, tmp_path):
    """Words about columns that this campaign does not have change no byte of any decision."""
    first = world.run(tmp_path / "a")
    other = _switched(world, (1, "another_column")).run(same_key(first.home, tmp_path / "b"))
    ours, theirs = bodies(first.home), bodies(other.home)
    assert ours == theirs
    assert not any(b'"of":' in body for body in ours)


def test_it_is_recorded_verified_replayed_and_explained(world, tmp_path):
    """The record says which; the ledger verifies; a replay gives the same bytes; the explanation says who did it."""
    import evenhand as eh
    from evenhand.assembly import replay

    standing = world.run(tmp_path / "before").decisions
    who = standing.filter(pl.col("standing") == "personalised")["person"][0]
    number = int(who.removeprefix("canary").partition("@")[0])
    changed = _switched(world, (number, "f00"), (number, "own"))
    ran = changed.run(tmp_path / "home")
    assert b'"of":[0,4]' in b"".join(bodies(ran.home))
    assert eh.verify_ledger(home=ran.home).ok
    frames = eh.Frames(subjects=changed.people, history=changed.shown, consents=changed.said)
    assert replay(ran.run_id, home=ran.home, frames=frames).same
    told = eh.why(who, home=ran.home)
    assert {"f00", "own"}.isdisjoint(factor.name for factor in told.factors)
    assert [why for _, why in told.not_used[:2]] == ["you switched this off"] * 2


@pytest.mark.parametrize("status", ["Off", "OptedOut", ""])
def test_an_unknown_word_about_a_factor_is_refused(status):
    """A record that cannot be read stops the run; it is not taken for a yes."""
    from evenhand.terms import DataError

    with pytest.raises(DataError, match="valid status for its kind"):
        book([Said(0, "factor", status, "f00")])


def test_a_factor_without_a_name_is_refused():
    """Which factor is not guessed."""
    from evenhand.terms import DataError

    with pytest.raises(DataError, match="valid column for a factor"):
        book([Said(0, "factor", "SwitchedOff", " ")])


def test_a_column_named_like_a_purpose_is_no_objection():
    """Switching off a factor called DirectMarketing is about that column alone."""
    consents = book([Said(0, "factor", "SwitchedOff", "DirectMarketing")])
    open_ = road()
    explained = propose(open_.asked, open_.campaign, open_.learned(consents), open_.stores(consents))
    assert explained.allocated.scored.minimised.permitted.standing[0] == Standing.PERSONALISED
    assert isinstance(open_.campaign, Campaign)
    assert "DirectMarketing" not in open_.campaign.names(Role.FEATURE)
