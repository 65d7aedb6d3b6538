"""Whatever is done to the entries afterwards, verification finds it and names the entry (RULES G-5-2)."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from builders import MemoryLedger, begin_run, make_explained, model_from_json
from evenhand.ledger import GENESIS, Head, Kind, Tail, finish, link, record, runs, verify


def _ledger(n=12):
    store = MemoryLedger()
    for identity in ("000001", "000002"):
        with begin_run(store, identity=identity) as run:
            record(make_explained(n), run)
            finish(run, {"n": n})
    return store


WHOLE = _ledger()
COUNT = len(WHOLE.rows)
places = st.integers(0, COUNT - 1)


def _changed(rows):
    store = MemoryLedger()
    store.rows, store.kept = list(rows), WHOLE.kept
    return verify(store, model_from_json)


def _rechained(rows):
    """The rows with sequence numbers and hashes made anew, as somebody without the key would."""
    out, hash_ = [], GENESIS
    for seq, (_, kind, about, _, body) in enumerate(rows, 1):
        hash_ = link(hash_, body)
        out.append((seq, kind, about, hash_, body))
    return out


def test_an_untouched_ledger_verifies():
    """Nothing altered, nothing found."""
    assert _changed(WHOLE.rows).ok


@given(places, st.sampled_from([2, 3, 4]), st.data())
def test_one_flipped_bit_is_found_and_named(place, field, data):
    """Any bit of any body, hash or filing: the entry is named, and no other is called altered."""
    rows = list(WHOLE.rows)
    row = list(rows[place])
    byte = data.draw(st.integers(0, len(row[field]) - 1))
    bit = data.draw(st.integers(0, 7))
    row[field] = row[field][:byte] + bytes([row[field][byte] ^ (1 << bit)]) + row[field][byte + 1 :]
    rows[place] = tuple(row)
    found = _changed(rows)
    assert not found.ok
    assert rows[place][0] in {problem.seq for problem in found.problems}
    assert {problem.seq for problem in found.problems if "altered" in problem.what} <= {rows[place][0]}


def test_a_model_of_another_shape_is_named_and_nothing_is_worked_out_from_it():
    """A cut of a feature gone from the model's text: the entry is named, the run's shape too, and reading goes on."""
    place, text = next((i, row[4]) for i, row in enumerate(WHOLE.rows) if b"binnings" in row[4])
    rows = list(WHOLE.rows)
    rows[place] = (*rows[place][:4], text.replace(b"[0.0,1.0,2.0,3.0]", b"[0.0]"))
    found = _changed(rows)
    assert place + 1 in {problem.seq for problem in found.problems}
    assert any("are not those of the campaign and the view" in problem.what for problem in found.problems)


@given(places, st.booleans())
def test_a_deleted_entry_is_found_and_named(place, closed):
    """Whether a gap is left or the following entries are moved up."""
    rows = WHOLE.rows[:place] + WHOLE.rows[place + 1 :]
    if closed:
        rows = [(i, *row[1:]) for i, row in enumerate(rows, 1)]
    found = _changed(rows)
    assert not found.ok
    assert place + 1 in {problem.seq for problem in found.problems}


@given(places, places)
def test_two_swapped_entries_are_found_and_named(one, other):
    """Everything but the sequence number changes places."""
    rows = list(WHOLE.rows)
    rows[one], rows[other] = (one + 1, *WHOLE.rows[other][1:]), (other + 1, *WHOLE.rows[one][1:])
    found = _changed(rows)
    assert found.ok == (one == other)
    assert one == other or {one + 1, other + 1} <= {problem.seq for problem in found.problems}


@given(places, places)
def test_an_inserted_entry_is_found_and_named(place, copied):
    """A copy of an entry put in between, hashes made to fit the one before it."""
    before = WHOLE.rows[place - 1][3] if place else GENESIS
    body = WHOLE.rows[copied][4]
    new = (0, WHOLE.rows[copied][1], WHOLE.rows[copied][2], link(before, body), body)
    rows = [(i, *row[1:]) for i, row in enumerate([*WHOLE.rows[:place], new, *WHOLE.rows[place:]], 1)]
    found = _changed(rows)
    assert not found.ok
    assert {place + 1, place + 2} & {problem.seq for problem in found.problems}


@given(st.integers(0, COUNT - 1))
def test_a_cut_off_end_is_found_and_named(left):
    """However much is left, the kept head tells what is missing."""
    found = _changed(WHOLE.rows[:left])
    assert not found.ok
    assert any(p.seq == left + 1 and "cut off" in p.what for p in found.problems)


@given(places)
def test_a_rewritten_history_is_found(place):
    """One body edited and every hash after it made anew, without the key: the kept head does not agree."""
    rows = list(WHOLE.rows)
    row = rows[place]
    rows[place] = (*row[:4], row[4][:-1] + b" }")
    found = _changed(_rechained(rows))
    assert any("under the kept head" in problem.what for problem in found.problems)


def test_a_known_head_shows_a_rewritten_history_even_with_the_key():
    """Whoever kept a head elsewhere finds that it is gone."""
    old = WHOLE.rows[5][3].hex()
    rows = _rechained([*WHOLE.rows[:3], *WHOLE.rows[3:]])
    body = json.dumps({**json.loads(rows[4][4]), "at": 1790000000000000}, sort_keys=True, separators=(",", ":"))
    rows = _rechained([*rows[:4], (*rows[4][:4], body.encode()), *rows[5:]])
    store = MemoryLedger()
    store.rows, store.kept = rows, Head(Tail(len(rows), rows[-1][3]))
    found = verify(store, model_from_json, known=[old])
    assert any("known head" in problem.what for problem in found.problems)


def _forged(change):
    """The ledger rewritten by somebody with the key: one decision changed, everything chained and sealed anew."""
    rows, place = list(WHOLE.rows), None
    for i, row in enumerate(rows):
        if row[1] == Kind.DECISION and b'"o":' in row[4] and b'"c":' in row[4]:
            place = i
            break
    body = {**json.loads(rows[place][4]), **change}
    text = json.dumps(dict(sorted(body.items())), separators=(",", ":"))
    rows = _rechained([*rows[:place], (*rows[place][:4], text.encode()), *rows[place + 1 :]])
    store = MemoryLedger()
    store.rows, store.kept = rows, Head(Tail(len(rows), rows[-1][3]))
    return place + 1, verify(store, model_from_json)


def test_the_promises_find_what_a_holder_of_the_key_forges():
    """Hashes fit, but the score does not add up, the subject is filed elsewhere, or a number does not exist."""
    for change, words in (
        ({"sc": 5}, "add up"),
        ({"v": 10**18}, "value"),
        ({"u": 10}, "objected"),
        ({"u": 99}, "does not exist"),
        ({"o": 30_000}, "does not exist"),
        ({"o": 10**9}, "cannot be read"),
        ({"c": "zz"}, "cannot be read"),
        ({"s": "0" * 32}, "another subject"),
        ({"n": 3_000}, "another place"),
        ({"at": 5}, "before its run"),
        ({"@": "other"}, "cannot be read"),
    ):
        seq, found = _forged(change)
        assert not found.ok
        assert any(p.seq == seq and words in p.what for p in found.problems), (change, found.problems)


def test_a_ledger_without_its_head_cannot_be_proved_whole():
    """No kept head is a problem of its own."""
    store = MemoryLedger()
    store.rows = WHOLE.rows
    assert "kept head is missing" in verify(store, model_from_json).problems[0].what
    assert verify(MemoryLedger(), model_from_json).ok


def test_progress_is_told():
    """Whoever waits is told how far it is."""
    seen = []
    verify(WHOLE, model_from_json, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (COUNT, COUNT)


class _Meanwhile(MemoryLedger):
    """A ledger into which somebody records a whole run after each look."""

    def __init__(self, later):
        super().__init__()
        self._later = later

    def of_kind(self, kind):
        found = list(super().of_kind(kind))
        self.rows = list(self._later)
        return iter(found)


def test_runs_are_listed_while_somebody_records_one():
    """A run that is recorded between two looks is not in the list yet, and is no trouble."""
    whole = MemoryLedger()
    with begin_run(whole, identity="000001") as run:
        record(make_explained(5), run)
        finish(run, {})
    assert len(runs(whole)) == 1
    assert runs(_Meanwhile(whole.rows)) == ()
