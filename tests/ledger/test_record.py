"""A run is recorded whole, or nothing of it is."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, MemoryLedger, begin_run, make_campaign, make_explained, make_model, model_from_json
from evenhand.ledger import (
    Kind,
    columns_from_explained,
    decisions,
    facts,
    finish,
    latest,
    layout_of,
    new_run_id,
    open_run,
    record,
    replay,
    runs,
    verify,
)
from evenhand.terms import DataError, LedgerError, Reason, Standing, StoreError


def _recorded(n=40, seed=0):
    store, explained = MemoryLedger(), make_explained(n, seed=seed)
    with begin_run(store) as run:
        result = record(explained, run)
        head = finish(run, {"report": {"people": n}})
    return store, explained, run, result, head


def test_a_finished_run_is_all_there():
    """Documents, start, every decision (refusals too) and end are in the chain, and it verifies."""
    store, _, run, result, head = _recorded()
    kinds = [row[1] for row in store.rows]
    assert kinds == [*[Kind.DOCUMENT] * 3, Kind.RUN_STARTED, *[Kind.DECISION] * 40, 4, Kind.RUN_FINISHED]
    assert (result.first, result.last) == (5, 44)
    assert result.run_id == run.run_id
    found = verify(store, model_from_json, known=[head, result.head])
    assert (found.ok, found.decisions, found.runs, found.problems) == (True, 40, 1, ())
    assert found.head == head == store.kept.tail.hash.hex()


def test_facts_say_what_was_decided():
    """Each decision comes back with the values that were recorded, codes and reasons included."""
    store, explained, run, _, _ = _recorded()
    allocated = explained.allocated
    codes = allocated.scored.minimised.codes
    for i, told in enumerate(decisions(store, run.run_id)):
        assert told == told.__class__(**{**_as_dict(told)})
        assert told.decision_id == f"{run.run_id}.{i + 1}"
        assert told.subject == allocated.scored.minimised.permitted.asked.subjects[i].decode()
        assert told.at == NOON
        assert told.standing is Standing(int(allocated.scored.minimised.permitted.standing[i]))
        assert told.outcome is Reason(int(allocated.reason[i]))
        assert (told.offer, told.runner_up) == (allocated.offer[i], allocated.runner_up[i])
        assert all((mine == his[..., i : i + 1]).all() for mine, his in zip(told.codes, codes, strict=True))
        assert told.margin == explained.margin[i]
        assert len(told.top_terms) == (explained.top_terms[i] >= 0).sum()
        if told.offer >= 0:
            assert told.score == allocated.scored.score[told.offer, i]
            assert told.value == allocated.scored.value[told.offer, i]
    assert told.decision_id == f"{run.run_id}.40"


def _as_dict(told):
    return {field.name: getattr(told, field.name) for field in dataclasses.fields(told)}


def test_one_decision_is_found_by_id_and_by_subject():
    """`facts` finds a decision by its id, `latest` the last one about a pseudonym; unknown ones are said to be so."""
    store, _, run, _, _ = _recorded()
    told = facts(store, f"{run.run_id}.7")
    assert latest(store, told.subject).decision_id == told.decision_id
    assert latest(store, "0" * 32) is None
    assert latest(store, "nobody") is None
    for unknown in (f"{run.run_id}.0", f"{run.run_id}.41", f"{run.run_id}.x", "20200101T000000Z-000000.1", "x"):
        with pytest.raises(DataError, match=r"no (run|decision)"):
            facts(store, unknown)


def test_a_later_run_is_found_first():
    """Of two runs about the same people, `latest` tells the second; both are listed in order."""
    store, explained, first, _, _ = _recorded()
    later = NOON + timedelta(days=1)
    with begin_run(store, at=later, identity="00000a") as run:
        record(make_explained(40, at=later), run)
        finish(run, {})
    subject = explained.allocated.scored.minimised.permitted.asked.subjects[0].decode()
    assert latest(store, subject).run_id == run.run_id
    assert [line.run_id for line in runs(store)] == [first.run_id, run.run_id]
    assert sum(row[1] == Kind.DOCUMENT for row in store.rows) == 5  # campaign, model and rules stand there once
    assert verify(store, model_from_json).ok


def test_a_run_can_be_opened_with_everything_it_stands_on():
    """Campaign, model, limits, prices, certificate and report come back as they went in."""
    store, explained, run, _, head = _recorded()
    opened = open_run(store, run.run_id)
    assert opened.campaign == make_campaign()
    model = model_from_json(opened.model_json)
    assert all((a == b).all() for a, b in zip(model.tables, make_model(make_campaign()).tables, strict=True))
    assert opened.report == {"report": {"people": 40}}
    assert opened.batches[0]["limits"][0]["id"] == "contacts"
    assert opened.batches[0]["prices"]["offer"] == explained.allocated.prices.offer.tolist()
    assert opened.summary.head == head
    assert opened.layout == layout_of(model) == (0, 0, 0, 3)
    assert opened.summary.selected == int((explained.allocated.offer >= 0).sum())


def test_bodies_are_canonical_json():
    """Keys in order, no spaces, integers and strings only: the standard library writes the same bytes."""
    store, *_ = _recorded()
    for _, _, _, _, body in store.rows:
        parsed = json.loads(body)
        assert json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == body
        flat = [x for value in parsed.values() for x in (value if isinstance(value, list) else [value])]
        assert all(type(value) in (int, str) for value in flat)


def test_a_refusal_is_short():
    """A refused person's entry holds who, when, and why: no code, no score, no offer."""
    store, *_ = _recorded()
    short = [json.loads(row[4]) for row in store.rows if row[1] == Kind.DECISION and b'"c":' not in row[4]]
    refused = [body for body in short if "st" not in body]
    assert refused
    assert all(set(body) == {"@", "at", "n", "r", "s", "u"} for body in refused)


@given(st.integers(0, 60), st.integers(0, 2**20), st.integers(1, 4), st.integers(0, 5), st.integers(0, 2))
def test_any_batch_survives_the_ledger(n, seed, offers, terms, per_offer):
    """Whatever the shape of codes and offers: recorded, verified, and replayed to the byte."""
    campaign = make_campaign(offers=offers, terms=terms, per_offer=min(terms, per_offer))
    explained = make_explained(n, campaign, make_model(campaign), seed=seed)
    store = MemoryLedger()
    with begin_run(store, campaign=campaign) as run:
        record(explained, run)
        finish(run, {})
    assert verify(store, model_from_json).problems == ()
    assert replay(store, run.run_id, explained).ok
    assert len(list(decisions(store, run.run_id))) == n


def test_several_batches_are_one_run():
    """Decisions are numbered on across batches, and each batch keeps its limits and prices."""
    store = MemoryLedger()
    with begin_run(store) as run:
        record(make_explained(5, seed=1), run)
        second = record(make_explained(4, seed=2), run)
        finish(run, {})
    assert [told.decision_id for told in decisions(store, run.run_id)][-1] == f"{run.run_id}.9"
    assert second.last - second.first == 3
    assert [(b["first"], b["last"]) for b in open_run(store, run.run_id).batches] == [(1, 5), (6, 9)]
    assert verify(store, model_from_json).ok


def _record_and_raise(run, error):
    record(make_explained(30), run)
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_is_left_early_leaves_nothing(error):
    """Whatever ends it, Ctrl-C too: no entry remains, and the next start says so and goes on."""
    store = MemoryLedger()
    run = begin_run(store)
    with pytest.raises(error, match="stop"), run:
        _record_and_raise(run, error("stop"))
    assert store.rows == []
    assert not store.claimed
    with begin_run(store, identity="000002") as again:
        assert [finding.id for finding in again.found] == ["EH-LEDGER-001"]
        assert run.run_id in again.found[0].what
        assert error.__name__ in again.found[0].what
        record(make_explained(3), again)
        finish(again, {})
    assert [line.finished for line in runs(store)] == [False, True]
    assert verify(store, model_from_json).ok
    with begin_run(store, identity="000003") as third:
        assert third.found == ()


def test_a_head_left_behind_by_a_crash_is_put_right():
    """Committed, but the new head not noted: the next start checks what lies beyond, accepts it and says so."""
    store, *_ = _recorded()
    from evenhand.ledger import GENESIS, Head, Tail

    store.kept = Head(Tail(0, GENESIS), pending=store.tail())
    assert verify(store, model_from_json).ok
    with begin_run(store, identity="000002") as run:
        assert [finding.id for finding in run.found] == ["EH-LEDGER-002"]
        finish(run, {})
    assert verify(store, model_from_json).ok


def test_nothing_is_added_to_an_altered_ledger():
    """A start refuses to go on where entries and kept head do not agree."""
    store, *_ = _recorded()
    whole = list(store.rows)
    for rows, words in ((whole[:-1], "cut off"), ([*whole, (47, 4, b"", bytes(32), b"{}")], "does not end")):
        store.rows = rows
        with pytest.raises(LedgerError, match=words):
            begin_run(store, identity="000002")
        assert not store.claimed
    store.rows, store.kept = whole, None
    with pytest.raises(LedgerError, match="no kept head"):
        begin_run(store, identity="000002")


def test_a_run_id_is_used_once():
    """The same id a second time is refused."""
    store, *_ = _recorded()
    with pytest.raises(LedgerError, match="already has a run"):
        begin_run(store)
    assert not store.claimed


def test_two_runs_do_not_record_at_the_same_time():
    """While one run is open, another start is refused at once."""
    store = MemoryLedger()
    with begin_run(store), pytest.raises(StoreError, match="writing"):
        begin_run(store, identity="000002")


def test_a_closed_run_takes_no_more():
    """After `finish` nothing can be recorded under that run."""
    _, explained, run, _, _ = _recorded()
    with pytest.raises(LedgerError, match="is closed"):
        record(explained, run)
    with pytest.raises(LedgerError, match="is closed"):
        finish(run, {})


def test_a_broken_promise_keeps_the_whole_run_out():
    """One false contribution among many decisions: nothing at all is recorded."""
    store, explained = MemoryLedger(), make_explained(50)
    listed = explained.top_contributions.copy()
    listed[np.flatnonzero(explained.top_terms[:, 0] >= 0)[-1], 0] += 1
    forged = dataclasses.replace(explained, top_contributions=listed)
    run = begin_run(store)
    record(make_explained(5, seed=9), run)
    with pytest.raises(LedgerError, match=r"does not keep a promise \(explained\)") as caught, run:
        record(forged, run)
    assert caught.value.code == "promise-explained-top-terms"
    assert store.rows == []


def test_only_the_declared_model_decides():
    """Decisions made with another model than the run declares are refused."""
    campaign = make_campaign()
    other = make_explained(5, campaign, make_model(campaign, seed=5))
    with pytest.raises(LedgerError, match="another model"), begin_run(MemoryLedger()) as run:
        record(other, run)


def test_only_pseudonyms_enter():
    """A subject that is not 32 lower-case hex digits never reaches the ledger, nor the message."""
    explained = make_explained(2)
    asked = explained.allocated.scored.minimised.permitted.asked
    asked.subjects[1] = b"jan.jansen@example.org"
    with pytest.raises(DataError, match="not pseudonyms") as caught, begin_run(MemoryLedger()) as run:
        record(explained, run)
    assert "jansen" not in str(caught.value)


def test_a_replay_names_what_differs():
    """Another outcome for one person is found, with the field."""
    store, explained, run, _, _ = _recorded()
    margin = explained.margin.copy()
    margin[11] += 1
    found = replay(store, run.run_id, dataclasses.replace(explained, margin=margin))
    assert (found.ok, found.same) == (False, 39)
    assert [(d.number, d.fields) for d in found.differences] == [(12, ("margin",))]
    assert not replay(store, run.run_id, make_explained(39)).ok


def test_run_ids_sort_by_time():
    """Later runs have greater ids; the identity is six hex digits."""
    early = new_run_id(datetime(2026, 1, 2, tzinfo=UTC), "ffffff")
    assert early < new_run_id(datetime(2026, 1, 2, 0, 0, 1, tzinfo=UTC), "000000")
    with pytest.raises(DataError, match="six hex digits"):
        new_run_id(NOON, "jan")


def test_columns_of_any_part_are_the_same_as_of_the_whole():
    """Chunking changes no bit."""
    explained = make_explained(20)
    whole, part = columns_from_explained(explained, 0, 20, 1), columns_from_explained(explained, 7, 12, 8)
    for field in dataclasses.fields(whole):
        if field.name != "codes":
            assert (getattr(whole, field.name)[7:12] == getattr(part, field.name)).all()
