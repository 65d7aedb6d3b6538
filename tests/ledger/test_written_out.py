"""A run whose decisions were made ready before its turn is the run that it would have been otherwise."""

from __future__ import annotations

import pytest

from builders import (
    NOON,
    MemoryKeys,
    MemoryLedger,
    aware_campaign,
    begin_run,
    make_campaign,
    make_explained,
    make_model,
    model_from_json,
)
from evenhand.ledger import (
    Kind,
    columns_from_explained,
    decisions,
    erase_subject,
    finish,
    record,
    replay,
    runs,
    verify,
    write_out,
)
from evenhand.terms import DataError, LedgerError, StoreError
from ledger.test_people import MemoryKeys as PeopleKeys

PEOPLE = 60


def _written(store, explained, identity="000001", campaign=None, at=NOON):
    campaign = campaign or make_campaign()
    return write_out(
        explained,
        run_id=f"{at:%Y%m%dT%H%M%SZ}-{identity}",
        at=at,
        campaign=campaign,
        model=make_model(campaign),
        people=store.people,
    )


def _recorded_and_stopped(explained, run):
    record(explained, run)
    raise KeyboardInterrupt("stop")


def _store():
    return MemoryLedger(PeopleKeys())


def test_it_is_the_run_that_it_would_have_been():
    """Wherever the ledger ends by then: the same decisions, in a chain that verifies, and replayed to the byte."""
    store, explained = _store(), make_explained(PEOPLE)
    written = _written(store, explained)
    with begin_run(store, identity="000002") as other:  # somebody else's turn came first
        record(make_explained(7), other)
        finish(other, {})
    with begin_run(store, written=written) as run:
        result = record(explained, run)
        finish(run, {})
    found = verify(store, model_from_json, known=[result.head])
    assert (found.ok, found.decisions, found.runs, found.closed) == (True, PEOPLE + 7, 2, 0)
    assert replay(store, run.run_id, explained).ok
    plain = _store()
    with begin_run(plain) as same:
        record(explained, same)
        finish(same, {})
    assert [repr(one) for one in decisions(store, run.run_id)] == [repr(one) for one in decisions(plain, same.run_id)]


def test_what_stands_behind_it_is_numbered_on():
    """A second batch of the same run is added as ever."""
    store, explained, more = _store(), make_explained(PEOPLE), make_explained(9, seed=3)
    with begin_run(store, written=_written(store, explained)) as run:
        record(explained, run)
        record(more, run)
        finish(run, {})
    assert verify(store, model_from_json).ok
    assert [one.decision_id.split(".")[1] for one in decisions(store, run.run_id)][-1] == str(PEOPLE + 9)


def test_other_decisions_than_those_written_out_are_recorded_as_they_are():
    """What was made ready is used for the very decisions that it was made of, and for nothing else."""
    store, explained, other = _store(), make_explained(PEOPLE), make_explained(5, seed=9)
    with begin_run(store, written=_written(store, explained)) as run:
        record(other, run)
        finish(run, {})
    assert replay(store, run.run_id, other).ok


def test_whoever_was_erased_since_is_not_recorded():
    """Their key is gone, so what is encrypted under it could be read by nobody: nothing of the run is there."""
    store, explained = _store(), make_explained(PEOPLE)
    with begin_run(store) as first:
        record(explained, first)
        finish(first, {})
    written = _written(store, explained, "000002")
    subject = explained.allocated.scored.minimised.permitted.asked.subjects[4].decode()
    erase_subject(store, bytes.fromhex(subject), at=NOON)
    before = list(store.rows)
    with pytest.raises(DataError, match="was erased while the run was prepared"):
        begin_run(store, identity="000002", written=written)
    assert (store.rows, store.claimed, store.kept_intents) == (before, False, {})
    assert verify(store, model_from_json).ok


def test_an_erasure_of_somebody_else_is_in_nobodys_way():
    """Only the people of the run count."""
    store, explained = _store(), make_explained(PEOPLE)
    with begin_run(store) as first:
        record(explained, first)
        finish(first, {})
    subject = explained.allocated.scored.minimised.permitted.asked.subjects[4].decode()
    few = make_explained(3, seed=8)
    written = _written(store, few, "000002")
    erase_subject(store, bytes.fromhex(subject), at=NOON)
    shares = subject.encode() in few.allocated.scored.minimised.permitted.asked.subjects
    assert not shares
    with begin_run(store, identity="000002", written=written) as run:
        record(few, run)
        finish(run, {})
    assert verify(store, model_from_json).ok


@pytest.mark.parametrize("other", ["id", "campaign", "store"])
def test_it_is_recorded_in_its_own_run_only(other):
    """Another id, another campaign, or a ledger that encrypts nothing: refused before anybody has to wait."""
    store, explained = _store(), make_explained(PEOPLE)
    written = _written(store, explained)
    into = MemoryLedger() if other == "store" else store
    campaign = make_campaign(seed=99) if other == "campaign" else None
    with pytest.raises(LedgerError, match="made ready for another run"):
        begin_run(into, identity="000009" if other == "id" else "000001", campaign=campaign, written=written)
    assert (into.rows, into.claimed) == ([], False)


def test_a_decision_that_breaks_a_promise_is_never_made_ready():
    """The promises are asked before the turn; nothing is recorded, and no turn is taken."""
    store, explained = _store(), make_explained(PEOPLE)
    explained.allocated.offer[0] = 2 if explained.allocated.offer[0] != 2 else 1
    with pytest.raises(LedgerError, match="does not keep a promise"):
        _written(store, explained)
    assert (store.rows, store.claimed) == ([], False)


def test_sealed_prices_are_sealed_with_the_key_that_is_kept():
    """Under an aware limit the key is drawn before and kept, durably, before the first decision."""
    campaign = aware_campaign()
    store, keys, explained = _store(), MemoryKeys(), make_explained(PEOPLE, campaign, make_model(campaign))
    written = _written(store, explained, campaign=campaign)
    assert keys.kept == {}
    with begin_run(store, campaign=campaign, keys=keys, written=written) as run:
        assert list(keys.kept) == [run.run_id]
        record(explained, run)
        finish(run, {})
    found = verify(store, model_from_json, keys=keys)
    assert (found.ok, found.unopened) == (True, 0)
    assert verify(store, model_from_json).unopened > 0


def test_the_key_of_a_run_that_came_to_nothing_is_destroyed():
    """Also one that was drawn before."""
    campaign = aware_campaign()
    store, keys, explained = _store(), MemoryKeys(), make_explained(PEOPLE, campaign, make_model(campaign))
    written = _written(store, explained, campaign=campaign)
    run = begin_run(store, campaign=campaign, keys=keys, written=written)
    with pytest.raises(KeyboardInterrupt, match="stop"), run:
        _recorded_and_stopped(explained, run)
    assert (keys.kept, store.rows) == ({}, [])


@pytest.mark.parametrize("what", ["append", "keep_payloads"])
def test_a_store_that_fails_beside_leaves_nothing(what):
    """Decisions are added by a thread of their own: what fails there fails the run, and nothing of it is recorded."""

    class Failing(MemoryLedger):
        def append(self, rows):
            rows = list(rows)
            if what == "append" and rows[0][1] == Kind.DECISION:
                raise StoreError("store-full", "The disk is full.", rule="whole or not", remedy="make room")
            super().append(rows)

        def keep_payloads(self, first, payloads):
            if what == "keep_payloads":
                raise StoreError("store-full", "The disk is full.", rule="whole or not", remedy="make room")
            super().keep_payloads(first, payloads)

    store, explained = Failing(PeopleKeys()), make_explained(PEOPLE)
    written = _written(store, explained)
    run = begin_run(store, written=written)
    with pytest.raises(StoreError, match="disk is full"), run:
        record(explained, run)
    assert (store.rows, store.claimed) == ([], False)
    with begin_run(store, identity="000002") as again:
        finish(again, {})
    assert [line.finished for line in runs(store)] == [False, True]


def test_keys_are_drawn_for_some_thousands_at_a_time():
    """Whoever else needs a key waits for one portion, and each person has one key, as ever."""

    portions = []

    class Counting(PeopleKeys):
        def make(self, pseudonyms):
            portions.append(len(pseudonyms))
            return super().make(pseudonyms)

    store, explained = MemoryLedger(Counting()), make_explained(9_000)
    written = _written(store, explained)
    assert max(portions) <= 4_096
    with begin_run(store, written=written) as run:
        record(explained, run)
        finish(run, {})
    subjects = columns_from_explained(explained, 0, 9_000, 1).subject
    assert [one.subject.encode() for one in decisions(store, run.run_id)] == subjects.tolist()
