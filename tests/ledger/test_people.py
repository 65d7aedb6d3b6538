"""A decision stands in the chain as a commitment; with the key of its person gone nobody reads or guesses it (G-17)."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime

import pytest

from builders import MemoryLedger, begin_run, make_explained, model_from_json
from evenhand.ledger import (
    Kind,
    SubjectKey,
    columns,
    decisions,
    erase_subject,
    facts,
    finish,
    latest,
    link,
    record,
    replay,
    verify,
)
from evenhand.terms import DataError, StoreError, UsageError

AT = datetime(2026, 5, 1, tzinfo=UTC)
PEOPLE = 40


class MemoryKeys:
    """Keys of people in memory, with the same manners as those in a file."""

    def __init__(self):
        self.kept = {}

    def make(self, pseudonyms):
        """The key of each, new where there is none."""
        for one in pseudonyms:
            self.kept.setdefault(one, SubjectKey(one, os.urandom(16), os.urandom(32)))
        return b"".join(self.kept[one].handle + self.kept[one].key for one in pseudonyms)

    def draw(self, count):
        """So many random bytes."""
        return os.urandom(count)

    def of_handles(self, handles):
        """Those that are there, by handle."""
        return {key.handle: key for key in self.kept.values() if key.handle in set(handles)}

    def of_person(self, pseudonym):
        """The key of a person, or None."""
        return self.kept.get(pseudonym)

    def forget(self, pseudonym):
        """Destroy a key; the handle it had."""
        key = self.kept.pop(pseudonym, None)
        return key.handle if key else None


def _recorded(runs=("000001", "000002")):
    store, explained = MemoryLedger(MemoryKeys()), make_explained(PEOPLE)
    for identity in runs:
        with begin_run(store, identity=identity) as run:
            record(explained, run)
            finish(run, {})
    return store, explained, run.run_id


def _somebody(store, run_id):
    return next(one for one in decisions(store, run_id) if one.offer >= 0)


def test_the_chain_holds_nothing_of_a_decision_but_a_commitment_and_a_handle():
    """No pseudonym and no value; one person has one handle in every run; with the keys everything reads as before."""
    store, explained, run_id = _recorded()
    entries = [row for row in store.rows if row[1] == Kind.DECISION]
    assert {tuple(json.loads(row[4])) for row in entries} == {("@", "d", "h")}
    assert len({row[2] for row in entries}) == PEOPLE
    subjects = explained.allocated.scored.minimised.permitted.asked.subjects
    raw = b"".join(row[4] for row in store.rows) + b"".join(store.kept_payloads.values())
    assert not any(subject in raw or bytes.fromhex(subject.decode()) in raw for subject in subjects.tolist())
    clear = MemoryLedger()
    with begin_run(clear, identity="000002") as run:
        record(explained, run)
        finish(run, {})
    assert [repr(one) for one in decisions(store, run_id)] == [repr(one) for one in decisions(clear, run.run_id)]
    found, again = verify(store, model_from_json), replay(store, run_id, explained)
    assert (found.ok, found.decisions, found.closed, again.ok, again.closed) == (True, 2 * PEOPLE, 0, True, 0)


def test_the_same_decision_never_looks_the_same():
    """Two runs decide alike; no two commitments and no two kept bodies are equal."""
    store, *_ = _recorded()
    commitments = [json.loads(row[4])["d"] for row in store.rows if row[1] == Kind.DECISION]
    assert len(set(commitments)) == len(set(store.kept_payloads.values())) == 2 * PEOPLE


def test_an_erased_person_is_read_by_nobody_and_the_ledger_verifies():
    """Their decisions of every run; everybody else's read as before; run counts still add up; replay says so."""
    store, explained, run_id = _recorded()
    one = _somebody(store, run_id)
    before = verify(store, model_from_json)
    handle = erase_subject(store, bytes.fromhex(one.subject), at=AT)
    assert handle is not None
    found = verify(store, model_from_json)
    assert (found.ok, found.closed, found.erased) == (True, 2, 1)
    assert found.entries == before.entries + 1
    assert latest(store, one.subject) is None
    with pytest.raises(DataError, match="the key of its person is not there, or its time is over"):
        facts(store, one.decision_id)
    assert sum(len(chunk) for chunk in columns(store, run_id)) == PEOPLE - 1
    again = replay(store, run_id, explained)
    assert (again.ok, again.closed) == (True, 1)
    assert len(store.kept_payloads) == 2 * PEOPLE - 2


def test_erasing_again_does_nothing_and_a_later_decision_gets_another_handle():
    """Nothing leads from the new decisions back to the old ones."""
    store, explained, run_id = _recorded()
    pseudonym = bytes.fromhex(_somebody(store, run_id).subject)
    handle = erase_subject(store, pseudonym, at=AT)
    entries = len(store.rows)
    assert erase_subject(store, pseudonym, at=AT) is None
    assert len(store.rows) == entries
    with begin_run(store, identity="000003") as run:
        record(explained, run)
        finish(run, {})
    assert store.people.of_person(pseudonym).handle != handle
    assert verify(store, model_from_json).ok


def test_a_key_that_comes_back_after_an_erasure_is_found():
    """Out of a backup, say: verification names the entry that says it was destroyed."""
    store, _, run_id = _recorded()
    pseudonym = bytes.fromhex(_somebody(store, run_id).subject)
    key = store.people.of_person(pseudonym)
    erase_subject(store, pseudonym, at=AT)
    store.people.kept[pseudonym] = key
    found = verify(store, model_from_json)
    assert "their key is there again" in "".join(problem.what for problem in found.problems)


def test_keys_that_are_lost_are_told_from_people_that_were_erased():
    """A key gone without an entry is a problem; without any keys at hand only the chain is checked, and said to be."""
    store, _, run_id = _recorded()
    store.people.forget(bytes.fromhex(_somebody(store, run_id).subject))
    found = verify(store, model_from_json)
    assert "The keys of 1 person are missing" in found.problems[0].what
    store.people = None
    found = verify(store, model_from_json)
    assert (found.ok, found.closed) == (True, 2 * PEOPLE)


def test_a_kept_body_that_is_gone_is_no_lost_key_though_somebody_was_erased():
    """Where somebody's key is destroyed, a body of somebody else that is missing is told, and no lost key."""
    store, _, run_id = _recorded()
    erase_subject(store, bytes.fromhex(_somebody(store, run_id).subject), at=AT)
    seq = next(row[0] for row in store.rows if row[1] == Kind.DECISION and row[0] in store.kept_payloads)
    del store.kept_payloads[seq]
    found = verify(store, model_from_json)
    assert [problem.what for problem in found.problems] == [
        f"What entry {seq} commits to is not what is kept beside it."
    ]


@pytest.mark.parametrize("has_key", [True, False])
def test_another_body_handle_or_kept_text_is_found_and_named(has_key):
    """A kept body exchanged or missing needs the key to be seen; a handle that is not the entry's does not."""
    store, _, _ = _recorded()
    seq = next(row[0] for row in store.rows if row[1] == Kind.DECISION)
    people = store.people
    store.people = people if has_key else None
    kept = dict(store.kept_payloads)
    for payload in (kept[seq + 1], kept[seq][:-1], b"", None):
        store.kept_payloads = {**kept, seq: payload}
        if payload is None:
            del store.kept_payloads[seq]
        found = verify(store, model_from_json)
        assert ([problem.seq for problem in found.problems] == [seq]) == has_key
    store.kept_payloads = kept
    row = store.rows[seq - 1]
    store.rows[seq - 1] = (row[0], row[1], bytes(16), *row[3:])
    assert "filed under another subject" in verify(store, model_from_json).problems[0].what


def test_an_entry_that_commits_to_something_else_is_found_with_the_key():
    """Chain made anew by whoever can: the kept body is no longer what the entry commits to."""
    store, _, _ = _recorded(("000001",))
    seq = next(row[0] for row in store.rows if row[1] == Kind.DECISION)
    body = json.loads(store.rows[seq - 1][4])
    body["d"] = "0" * 64
    rows, before = [], bytes(32)
    for number, kind, about, _, raw in store.rows:
        text = json.dumps(body, separators=(",", ":")).encode() if number == seq else raw
        before = link(before, text)
        rows.append((number, kind, about, before, text))
    store.rows = rows
    assert f"What entry {seq} commits to is not what is kept" in "".join(
        problem.what for problem in verify(store, model_from_json).problems
    )


def test_a_run_that_counts_more_than_its_decisions_is_found_though_some_are_closed():
    """What cannot be opened explains so many people, and no more."""
    store, _, run_id = _recorded(("000001",))
    erase_subject(store, bytes.fromhex(_somebody(store, run_id).subject), at=AT)
    rows, before = [], bytes(32)
    for number, kind, about, _, raw in store.rows:
        text = raw
        if kind == Kind.RUN_FINISHED:
            said = json.loads(raw)
            said["refused"] += 2
            text = json.dumps(said, separators=(",", ":")).encode()
        before = link(before, text)
        rows.append((number, kind, about, before, text))
    store.rows = rows
    assert "other counts than its decisions" in "".join(
        problem.what for problem in verify(store, model_from_json).problems
    )


def test_whoever_is_first_decided_about_in_a_run_under_way_is_not_called_erased():
    """The run has the claim, and the person no key yet: refused as busy, and erased when asked again."""
    store, explained = MemoryLedger(MemoryKeys()), make_explained(PEOPLE)
    pseudonym = bytes.fromhex(explained.allocated.scored.minimised.permitted.asked.subjects[0].decode())
    with begin_run(store, identity="000001") as run:
        with pytest.raises(StoreError, match="Somebody else is writing"):
            erase_subject(store, pseudonym, at=AT)
        record(explained, run)
        finish(run, {})
    assert erase_subject(store, pseudonym, at=AT) is not None
    assert verify(store, model_from_json).closed == 1


def test_erasing_needs_the_keys():
    """A ledger that was opened without them is not written to."""
    store = MemoryLedger()
    with pytest.raises(UsageError, match="without the keys of people"):
        erase_subject(store, bytes(16), at=AT)
    assert store.rows == []


def test_a_process_that_ends_between_entry_and_key_leaves_what_asking_again_puts_right():
    """The entry stands and the key too: verification finds it; the second call destroys the key and adds nothing."""
    store, _, run_id = _recorded()
    pseudonym = bytes.fromhex(_somebody(store, run_id).subject)
    key = store.people.of_person(pseudonym)
    erase_subject(store, pseudonym, at=AT)
    store.people.kept[pseudonym] = key
    entries = len(store.rows)
    assert not verify(store, model_from_json).ok
    assert erase_subject(store, pseudonym, at=AT) == key.handle
    assert (verify(store, model_from_json).ok, len(store.rows)) == (True, entries)


def test_a_sealed_entry_is_spelled_as_every_other_body():
    """Written without the encoder, for speed: the bytes are those that it writes."""
    from evenhand.ledger._body import SealedDecision, encode, read_body
    from evenhand.ledger._personal import closed_decisions

    people, keys = MemoryKeys(), [bytes(range(48)), bytes(range(100, 148))]
    handles, entries, kept = closed_decisions(people.draw, keys, [b"{}", b'{"@":"decision"}'])
    for seq, (handle, entry) in enumerate(zip(handles, entries, strict=True), 7):
        read = read_body(entry, seq)
        assert isinstance(read, SealedDecision)
        assert (read.h, encode(read)) == (handle.hex(), entry)
    assert len(kept) == 2


def test_a_commitment_that_is_salted_by_its_number_opens_too():
    """Ledgers from before salts were made of nonces; a salt of another number, or another body, opens nothing."""
    from evenhand.ledger._personal import closed_decisions, salt_of, unsealed

    keys, body = bytes(range(48)), b'{"@":"decision"}'
    (handle,), (entry,), (kept,) = closed_decisions(MemoryKeys().draw, [keys], [body])
    key, nonce = keys[16:], kept[:12]
    assert unsealed((7, 0, handle, b"", entry), key, kept) == (salt_of(key, nonce), body)
    old = salt_of(key, (7).to_bytes(8, "big"))
    read = json.loads(entry) | {"d": hashlib.sha256(old + body).hexdigest()}
    older = json.dumps(read, separators=(",", ":")).encode()
    assert unsealed((7, 0, handle, b"", older), key, kept) == (old, body)
    assert unsealed((8, 0, handle, b"", older), key, kept) is None
    assert unsealed((7, 0, handle, b"", older), key, None) is None
