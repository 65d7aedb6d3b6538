"""What holds of a ledger wherever it stands: in a file and on a server the same tests, against the real thing."""

from __future__ import annotations

import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import begin_run, make_explained, model_from_json
from evenhand.adapters.keys.wrapping import Wrapping
from evenhand.ledger import (
    GENESIS,
    Head,
    Kind,
    Tail,
    columns,
    decisions,
    erase_subject,
    facts,
    finish,
    latest,
    latest_checkpoint,
    link,
    open_run,
    proven_decision,
    record,
    replay,
    runs,
    verify,
)
from evenhand.terms import DataError, LedgerError, StoreError
from store_cases import KEY, OnServer, stores_of

AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    """The stores of a fresh home, of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "server" else ""
    return stores_of(request.param, tmp_path / "home", url)


def _record(store, people=40, number=1):
    explained = make_explained(people, seed=number)
    with begin_run(store, identity=f"{number:06x}") as run:
        record(explained, run)
        finish(run, {"number": number})
    return explained, run.run_id


def test_those_who_draw_keys_at_once_draw_one_for_each_person(stores):
    """A run and a question that meet the same person: the second takes what the first drew; none is refused."""
    people = [number.to_bytes(16, "big") for number in range(600)]
    orders = [random.Random(seed).sample(people, 500) for seed in range(4)]
    with ThreadPoolExecutor(len(orders)) as hands:
        made = list(hands.map(lambda order: stores.people().make(order), orders))
    stands = stores.people().make(people)
    rows = {one: stands[48 * place : 48 * place + 48] for place, one in enumerate(people)}
    assert made == [b"".join(rows[one] for one in order) for order in orders]
    assert len({row[:16] for row in rows.values()}) == len(people)


def test_what_was_recorded_is_read_back_and_verifies(stores):
    """Two runs: listed, told, replayed, proven and verified by others than those who wrote them."""
    with stores.ledger(people=stores.people()) as store:
        first, _ = _record(store, number=1)
        second, run_id = _record(store, number=2)
    with stores.ledger(people=stores.people(), read_only=True) as store:
        assert [line.finished for line in runs(store)] == [True, True]
        told = facts(store, f"{run_id}.3")
        assert told.subject == second.allocated.scored.minimised.permitted.asked.subjects[2].decode()
        assert latest(store, told.subject).decision_id == told.decision_id
        assert open_run(store, run_id).summary.decisions == 40
        assert len(list(decisions(store, run_id))) == 40
        assert sum(len(chunk.subject) for chunk in columns(store, run_id)) == 40
        assert replay(store, run_id, second).ok
        assert not replay(store, run_id, first).ok
        assert proven_decision(store, told.decision_id, latest_checkpoint(store)[0])
        found = verify(store, model_from_json)
        assert (found.ok, found.decisions, found.closed, found.checkpoints) == (True, 80, 0, 2)
        assert found.head == store.tail().hash.hex()


@pytest.mark.postgres
def test_the_same_run_has_the_same_entries_in_both(tmp_path, postgres_url):
    """A ledger says the same, to the byte, wherever it stands: only the place differs, not the record."""
    heads = []
    for kind in ("files", "server"):
        with stores_of(kind, tmp_path / kind, postgres_url).ledger() as store:
            _record(store, people=30)
            heads.append((store.tail(), [row for rows in store.read(1) for row in rows], list(store.checkpoints())))
    assert heads[0] == heads[1]


def test_a_run_that_is_left_leaves_nothing_and_the_next_start_says_so(stores):
    """Whatever ends it: no entry, no kept body, no tile; and a note of it in the chain of the next."""
    with stores.ledger(people=stores.people()) as store:

        def stumble():
            with begin_run(store, identity="000001") as run:
                record(make_explained(30), run)
                raise KeyError("stumbled")

        with pytest.raises(KeyError, match="stumbled"):
            stumble()
        assert store.tail() == Tail(0, GENESIS)
        assert store.payloads(1, 99) == {}
        assert [intent.why for intent in store.intents()] == ["KeyError"]
        _record(store, number=2)
        assert [line.why for line in runs(store) if not line.finished] == ["KeyError"]
        assert verify(store, model_from_json).ok


def test_there_is_one_writer_at_a_time(stores):
    """A second is refused at once, a reader is not, and what is not committed is seen by nobody."""
    with stores.ledger() as one, stores.ledger() as two:
        _record(one, number=1)
        with stores.ledger(read_only=True) as reader, begin_run(one, identity="000002") as run:
            record(make_explained(30), run)
            with pytest.raises(StoreError, match="Somebody else is writing"):
                two.claim()
            assert [line.run_id[-6:] for line in runs(reader)] == ["000001"]
            finish(run, {})
            assert [line.run_id[-6:] for line in runs(reader)] == ["000001", "000002"]
        two.claim()
        with pytest.raises(StoreError, match="Somebody else is writing"):
            one.claim()
        two.release()
        one.claim()
        with pytest.raises(StoreError, match="Somebody else is writing"):
            one.claim()


def test_a_ledger_that_was_never_begun_is_not_read(stores):
    """Reading does not make one."""
    with pytest.raises(StoreError, match=r"no ledger at|nothing in"):
        stores.ledger(read_only=True)


def _sql(stores, statement, *, around=False):
    """One statement by somebody with the store's password; `around` = with its triggers taken away first."""
    if stores.kind == "files":
        with sqlite3.connect(stores.folder / "ledger.sqlite", isolation_level=None) as db:
            if around:
                for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    db.execute(f"DROP TRIGGER {name}")
            db.execute(statement)
        return
    with psycopg.connect(stores.placement.url, autocommit=True) as db:
        db.execute(f"SET search_path TO {stores.placement.schema}")
        if around:
            db.execute("DROP TRIGGER entry_no_change ON entry")
            db.execute("DROP TRIGGER checkpoint_no_change ON checkpoint")
        db.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entry SET kind = 1 WHERE seq = 5", "DELETE FROM entry WHERE seq = 5", "DELETE FROM checkpoint"],
)
def test_the_store_itself_refuses_to_change_what_was_recorded(stores, statement):
    """By SQL too, with every right to write."""
    with stores.ledger() as store:
        _record(store)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="append-only"):
        _sql(stores, statement)
    with stores.ledger(read_only=True) as store:
        assert verify(store, model_from_json).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET hash = (SELECT hash FROM entry WHERE seq = 4) WHERE seq = 5",
        "DELETE FROM entry WHERE seq = 5",
        "DELETE FROM entry WHERE seq > 30",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM payload WHERE seq = 5",
    ],
)
def test_what_is_changed_around_that_is_found(stores, statement):
    """An edit, a gap, a cut end, a checkpoint and a kept body: verification names each, and the missing trigger."""
    with stores.ledger(people=stores.people()) as store:
        _record(store)
    _sql(stores, statement, around=True)
    with stores.ledger(people=stores.people(), read_only=True) as store:
        found = verify(store, model_from_json)
    assert not found.ok
    assert any("trigger" in problem.what for problem in found.problems)
    assert len(found.problems) > 1


@pytest.mark.postgres
def test_a_trigger_that_is_switched_off_is_found(tmp_path, postgres_url):
    """On a server a trigger need not be dropped to be out of the way."""
    stores = OnServer(tmp_path, postgres_url)
    with stores.ledger() as store:
        _record(store)
    _sql(stores, "ALTER TABLE entry DISABLE TRIGGER entry_no_change")
    with stores.ledger(read_only=True) as store:
        assert any("switched off" in problem.what for problem in verify(store, model_from_json).problems)


@pytest.mark.postgres
def test_a_schema_that_was_put_back_is_refused(tmp_path, postgres_url):
    """Entries, tree, checkpoint and sealed head, all of an older moment, agree with each other. The home remembers a
    later head; another home folder that never saw it cannot tell, and a head that was printed can."""
    stores = OnServer(tmp_path, postgres_url)
    with stores.ledger() as store:
        _record(store, number=1)
        older, head = store.tail().entries, store.head()
        _record(store, number=2)
        printed = store.tail().hash.hex()
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute(f"SET search_path TO {stores.placement.schema}")
        db.execute("SET session_replication_role = replica")
        db.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
        db.execute("ALTER TABLE checkpoint DISABLE TRIGGER ALL")
        db.execute("DELETE FROM entry WHERE seq > %s", (older,))
        db.execute("DELETE FROM checkpoint WHERE size > %s", (older,))
        db.execute("DELETE FROM tile WHERE (place + 1) * 256 > %s", (older,))
        from evenhand.adapters.ledgers._sealed_head import sealed_head

        db.execute("UPDATE head SET kept = %s", (sealed_head(head, KEY),))
        db.execute("ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_no_change")
        db.execute("ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_change")
    with stores.ledger() as store:
        with pytest.raises(LedgerError, match="it was put back"):
            _record(store, number=3)
        assert ["put back" in problem.what for problem in verify(store, model_from_json).problems] == [True]
    elsewhere = OnServer(tmp_path / "elsewhere", postgres_url, stores.placement.schema)
    with elsewhere.ledger() as store:
        assert verify(store, model_from_json).ok
        assert not verify(store, model_from_json, known=[printed]).ok


def test_a_head_cannot_be_made_without_the_key(stores):
    """Whoever adds entries and a head of their own is found."""
    with stores.ledger() as store:
        _record(store)
        forged = b'{"@":"document"}'
        tail = store.tail()
    hash_ = link(tail.hash, forged)
    if stores.kind == "files":
        path = stores.folder / "ledger.sqlite.head"
        path.write_text(path.read_text().replace(f"[{tail.entries},", f"[{tail.entries + 1},"))
        mark = "x''"
    else:
        _sql(stores, f"UPDATE head SET kept = replace(kept, '[{tail.entries},', '[{tail.entries + 1},')")
        mark = "''::bytea"
    literal = f"x'{hash_.hex()}'" if stores.kind == "files" else f"'\\x{hash_.hex()}'"
    body = f"x'{forged.hex()}'" if stores.kind == "files" else f"'\\x{forged.hex()}'"
    _sql(
        stores,
        f"INSERT INTO entry (seq, kind, about, hash, body) VALUES ({tail.entries + 1}, 4, {mark}, {literal}, {body})",
    )
    with stores.ledger() as store:
        with pytest.raises(LedgerError, match="head of the ledger was altered"):
            _record(store, number=2)
        assert not verify(store, model_from_json).ok


def test_heads_come_back_as_they_were_kept(stores):
    """Of a fresh ledger none; after a run that of its end, with nothing pending."""
    with stores.ledger() as store:
        assert store.head() is None
        _record(store)
        assert store.head() == Head(store.tail())


def test_an_erased_person_is_read_by_nobody(stores):
    """Key and kept bodies are gone, the mark is there, and the ledger verifies and says when."""
    with stores.ledger(people=stores.people()) as store:
        explained, run_id = _record(store)
        whom = explained.allocated.scored.minimised.permitted.asked.subjects
        stores.people().suppress(bytes.fromhex(whom[7].decode()), 123)
        handle = erase_subject(store, bytes.fromhex(whom[7].decode()), at=AT)
        store.shrink()
        assert [row[1] for row in store.about(handle)] == [Kind.DECISION]
        assert len(store.payloads(1, 99)) == 39
        with pytest.raises(DataError, match="cannot be read"):
            facts(store, f"{run_id}.8")
        found = verify(store, model_from_json)
        assert (found.ok, found.closed, found.erased) == (True, 1, 1)
        people = stores.people()
        assert people.of_person(bytes.fromhex(whom[7].decode())) is None
        assert people.suppressed(whom) == {bytes.fromhex(whom[7].decode()): 123}
        assert people.suppressed(whom, datetime(1970, 1, 1, tzinfo=UTC)) == {}


def test_one_person_has_one_key_whoever_asks(stores):
    """Keys are drawn once, in any order, and are the same for everybody who opens them with the home's secret."""
    rng = np.random.default_rng(5)
    who = [rng.bytes(16) for _ in range(50)]
    first = stores.people().make(who)
    again = stores.people().make([*reversed(who), rng.bytes(16)])
    assert again[: 48 * 50] == b"".join(first[48 * i : 48 * i + 48] for i in reversed(range(50)))
    handles = [first[48 * i : 48 * i + 16] for i in range(50)]
    assert set(stores.people().of_handles(handles)) == set(handles)
    assert stores.people().is_there


def test_keys_of_runs_are_kept_and_forgotten(stores):
    """Made once, read by everybody, gone when forgotten."""
    keys = stores.run_keys()
    made = keys.make("20260101T000000Z-000001")
    assert stores.run_keys().get("20260101T000000Z-000001") == made
    with pytest.raises(StoreError, match=r"cannot be written|refused a step"):
        keys.make("20260101T000000Z-000001")
    assert keys.forget("20260101T000000Z-000001")
    assert not keys.forget("20260101T000000Z-000001")
    assert stores.run_keys().get("20260101T000000Z-000001") is None


def test_what_is_lent_is_lent_once_and_a_clock_that_goes_back_wakes_nothing(stores):
    """Grants never exceed what is left, a lease that ran out spends nothing, whatever the clock says afterwards."""
    with stores.leases() as one, stores.leases() as two:
        one.open_pool("p", {"budget": 100})
        lease = one.take("p", {"budget": 70}, holder="one", at=AT, lasts=timedelta(minutes=1))
        other = two.take("p", {"budget": 70}, holder="two", at=AT, lasts=timedelta(minutes=9))
        assert (lease.granted, other.granted) == ({"budget": 70}, {"budget": 30})
        one.spend(lease, {"budget": 20}, at=AT)
        with pytest.raises(DataError, match="has 50 left"):
            one.spend(lease, {"budget": 51}, at=AT)
        assert two.left("p", at=AT + timedelta(minutes=2)) == {"budget": 50}
        with pytest.raises(StoreError, match="has run out"):
            one.spend(lease, {"budget": 1}, at=AT - timedelta(days=1))
        two.give_back(other, at=AT)
        assert one.left("p", at=AT) == {"budget": 80}
        with pytest.raises(DataError, match="other bounds"):
            two.open_pool("p", {"budget": 101})


@pytest.mark.postgres
def test_another_homes_key_opens_nothing_on_a_server(tmp_path, postgres_url):
    """The mark of the home is compared before a row is read or written."""
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger

    stores = OnServer(tmp_path, postgres_url)
    with pytest.raises(LedgerError, match="belongs to another home"):
        PostgresLedger(stores.placement, lambda: bytes(32))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=12), st.data())
def test_rows_are_kept_as_they_came(stores, bodies, data):
    """Whatever bytes: zeros, quotes and line ends come back as they went in, and an undone transaction leaves none."""
    kinds = data.draw(st.lists(st.sampled_from([0, 0, 4]), min_size=len(bodies), max_size=len(bodies)))
    rows = [
        (1 + i, kind, bytes([i, 0, 39, 92]) * (4 if kind == 0 else 8), bytes([i + 1]) * 32, body)
        for i, (kind, body) in enumerate(zip(kinds, bodies, strict=True))
    ]
    with stores.ledger() as store:
        store.begin()
        store.append(rows)
        store.keep_payloads(1, bodies)
        assert [row for chunk in store.read(1) for row in chunk] == rows
        assert list(store.payloads(1, len(rows)).values()) == bodies
        store.rollback()
        assert store.tail().entries == 0


def test_what_is_kept_of_a_person_is_wrapped_anew_and_their_key_stays(stores):
    """From the clear to one wrapping key to another: handles and keys are the same, and the old one opens no more."""
    rng = np.random.default_rng(6)
    who = [rng.bytes(16) for _ in range(50)]
    old, new = bytes([1]) * 32, bytes([2]) * 32
    made = stores.people().make(who)
    assert stores.people(Wrapping([old])).make(who) == made, "in the clear it opens with or without a wrapping key"
    assert stores.people(Wrapping([old])).rewrap() == 50
    assert stores.people(Wrapping([new, old])).rewrap() == 50
    assert stores.people(Wrapping([new, old])).rewrap() == 0
    assert stores.people(Wrapping([new])).make(who) == made
    assert list(stores.people(Wrapping([new])).under().values()) == [50]
    for wrapping in (None, Wrapping([old])):
        with pytest.raises(StoreError, match=r"wrapping key [0-9a-f]{8} is not there"):
            stores.people(wrapping).make(who)
