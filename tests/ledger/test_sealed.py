"""Under an aware limit nothing in the ledger tells a group to whoever has no key of the run (RULES A-4a)."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    with_groups,
)
from evenhand.ledger import (
    GENESIS,
    Head,
    Intent,
    Kind,
    Tail,
    columns,
    columns_from_explained,
    decisions,
    facts,
    facts_of,
    finish,
    forget_groups,
    latest,
    link,
    open_run,
    record,
    replay,
    verify,
)
from evenhand.terms import DataError, LedgerError, Standing, StoreError

CAMPAIGN = aware_campaign()
PEOPLE = 60


def _batch(n=PEOPLE, seed=0, groups=1, campaign=CAMPAIGN):
    """A batch whose prices differ between three groups; `groups` draws who is in which, and what they pay."""
    rng = np.random.default_rng(groups)
    table = np.zeros((4, len(campaign.offers)), dtype=np.int64)
    table[1:] = rng.integers(-900_000, 900_000, size=(3, 1))
    base = make_explained(n, campaign, make_model(campaign), seed=seed)
    return with_groups(base, rng.integers(1, 4, size=n), table, seed=groups)


def _recorded(explained=None, campaign=CAMPAIGN):
    store, keys = MemoryLedger(), MemoryKeys()
    explained = explained or _batch()
    with begin_run(store, campaign=campaign, keys=keys) as run:
        record(explained, run)
        finish(run, {"people": 1})
    return store, keys, explained, run.run_id


def _rechained(store):
    """The store with hashes and head made anew, as by somebody who has the key of the head."""
    hash_, rows = GENESIS, []
    for seq, kind, about, _, body in store.rows:
        hash_ = link(hash_, body)
        rows.append((seq, kind, about, hash_, body))
    store.rows, store.kept = rows, Head(Tail(len(rows), hash_))
    store.kept_tiles, store.kept_checkpoints = {}, {}  # and signed nothing since
    return store


def _with_body(store, place, body):
    seq, kind, about, hash_, _ = store.rows[place]
    store.rows[place] = (seq, kind, about, hash_, json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
    return _rechained(store)


def _sealed_places(store):
    return [i for i, row in enumerate(store.rows) if row[1] == Kind.DECISION and b'"x":' in row[4]]


def _public(store):
    """What everybody can read: every body without the cipher texts and the mark of the key."""
    out = []
    for _, kind, about, _, raw in store.rows:
        body = json.loads(raw)
        for name in ("x", "seal"):
            body.pop(name, None)
        if "allocations" in body:
            told = json.loads(body["allocations"])
            for batch in told["batches"]:
                batch["prices"].pop("sealed")
            body["allocations"] = told
        out.append((kind, about, body))
    return out


def _same(one, other):
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
        assert all(np.array_equal(x, y) for x, y in pairs), field.name


@given(st.integers(0, 40), st.integers(0, 2**20), st.integers(1, 2**20), st.integers(2, 2**20))
def test_the_public_part_is_the_same_whoever_is_in_which_group(n, seed, one, other):
    """Same decisions, other groups and other prices of groups: the ledger differs in cipher texts alone."""
    first, *_ = _recorded(_batch(n, seed, one))
    second, *_ = _recorded(_batch(n, seed, other))
    assert _public(first) == _public(second)
    assert [len(row[4]) for row in first.rows if row[1] == 0] == [len(row[4]) for row in second.rows if row[1] == 0]


@given(st.integers(0, 40), st.integers(0, 2**20), st.integers(1, 2**20), st.integers(1, 4), st.integers(0, 4))
def test_whatever_is_sealed_opens_to_the_last_unit(n, seed, groups, offers, terms):
    """Seal and open: columns, facts and replay are those of the batch, with the key."""
    campaign = aware_campaign(offers=offers, terms=terms, per_offer=min(1, terms))
    explained = _batch(n, seed, groups, campaign)
    store, keys, _, run_id = _recorded(explained, campaign)
    for row, told in enumerate(decisions(store, run_id, keys)):
        expected = facts_of(explained, row, run_id)
        assert not told.sealed
        for name in ("price", "runner_up_price", "margin", "flip_term", "flip_code", "moved", "score", "value"):
            assert getattr(told, name) == getattr(expected, name), name
    start = 0
    for chunk in columns(store, run_id, keys):
        expected = columns_from_explained(explained, start, start + len(chunk), start + 1)
        width = chunk.top_terms.shape[1]
        cut = {name: getattr(expected, name)[:, :width] for name in ("top_terms", "top_contributions")}
        _same(chunk, dataclasses.replace(expected, **cut))
        start += len(chunk)
    assert start == n
    again = replay(store, run_id, explained, keys)
    assert (again.ok, again.unopened) == (True, 0)
    found = verify(store, model_from_json, keys=keys)
    assert (found.problems, found.unopened) == ((), 0)


def test_the_price_table_of_groups_opens_with_the_key_only():
    """Prices per group, of the aware limit and the cells stand sealed; offers' and other limits' prices do not."""
    store, keys, explained, run_id = _recorded()
    prices = explained.allocated.prices
    opened = open_run(store, run_id, keys).batches[0]["prices"]
    assert opened == {
        "offer": prices.offer.tolist(),
        "group": prices.group.tolist(),
        "by_limit": dict(prices.by_limit),
        "cell_tables": dict(prices.cell_tables),
    }
    closed = open_run(store, run_id).batches[0]["prices"]
    assert set(closed) == {"offer", "by_limit", "cell_tables", "sealed"}
    assert (closed["offer"], closed["by_limit"], closed["cell_tables"]) == (prices.offer.tolist(), {"contacts": 0}, {})


def test_every_seal_is_another():
    """Equal prices do not look equal, in one run or across runs, and all cipher texts have one length."""
    texts = []
    for _ in range(2):
        store, *_ = _recorded()
        texts += [json.loads(store.rows[place][4])["x"] for place in _sealed_places(store)]
    assert len(set(texts)) == len(texts) > PEOPLE
    assert {len(text) for text in texts} == {60}


def test_who_has_no_group_has_no_seal():
    """Refused and contextual people are as they always were: no group had a part in their price."""
    store, _, explained, _ = _recorded()
    standing = explained.allocated.scored.minimised.permitted.standing
    bodies = [json.loads(row[4]) for row in store.rows if row[1] == Kind.DECISION]
    assert [("x" in body) for body in bodies] == (standing == Standing.PERSONALISED).tolist()


def test_without_the_key_everything_else_is_checked():
    """The chain and every promise but margins hold; the result says how many were not opened; `replay` likewise."""
    store, _, explained, run_id = _recorded()
    sealed = len(_sealed_places(store))
    found = verify(store, model_from_json)
    assert (found.ok, found.unopened, found.decisions) == (True, sealed, PEOPLE)
    again = replay(store, run_id, explained)
    assert (again.ok, again.unopened) == (True, sealed)
    place = _sealed_places(store)[0]
    number = json.loads(store.rows[place][4])["n"]
    told = facts(store, f"{run_id}.{number}")
    assert (told.sealed, told.price, told.runner_up_price, told.margin, told.flip_term) == (True, 0, 0, 0, -1)
    assert latest(store, told.subject).sealed
    body = json.loads(store.rows[place][4])
    body["sc"] = body.get("sc", 0) + 1
    forged = verify(_with_body(store, place, body), model_from_json)
    assert [problem.seq for problem in forged.problems] == [place + 1]
    assert "do not add up" in forged.problems[0].what


def test_replay_without_the_key_still_sees_another_decision():
    """What is public is compared byte for byte, opened or not."""
    store, _, explained, run_id = _recorded()
    moved = np.flatnonzero(explained.allocated.offer >= 0)[0]
    other = explained.allocated.offer.copy()
    other[moved] = -1
    changed = dataclasses.replace(explained, allocated=dataclasses.replace(explained.allocated, offer=other))
    again = replay(store, run_id, changed)
    assert not again.ok
    assert [difference.number for difference in again.differences] == [moved + 1]


def test_replay_with_the_key_sees_another_group():
    """The same decisions with other groups are told apart, and the fields that differ are named."""
    store, keys, _, run_id = _recorded(_batch(groups=1))
    again = replay(store, run_id, _batch(groups=2), keys)
    assert not again.ok
    assert {name for difference in again.differences for name in difference.fields} >= {"price", "margin"}


@given(st.data())
def test_one_altered_byte_of_a_seal_is_found_and_named(data):
    """Even where all hashes and the head were made anew: the entry does not open."""
    store, keys, *_ = _recorded()
    place = data.draw(st.sampled_from(_sealed_places(store)))
    body = json.loads(store.rows[place][4])
    at = data.draw(st.integers(0, 59))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    letter = data.draw(st.sampled_from([letter for letter in letters if letter != body["x"][at]]))
    body["x"] = body["x"][:at] + letter + body["x"][at + 1 :]
    found = verify(_with_body(store, place, body), model_from_json, keys=keys)
    assert place + 1 in {problem.seq for problem in found.problems}
    named = [problem for problem in found.problems if problem.seq == place + 1]
    assert "does not open" in named[0].what


@pytest.mark.parametrize("with_key", [True, False])
def test_an_altered_seal_breaks_the_chain_whoever_has_the_key(with_key):
    """One flipped bit in the stored bytes: the chain names the entry, no key needed."""
    store, keys, *_ = _recorded()
    place = _sealed_places(store)[3]
    row = list(store.rows[place])
    row[4] = row[4][:-3] + bytes([row[4][-3] ^ 1]) + row[4][-2:]
    store.rows[place] = tuple(row)
    found = verify(store, model_from_json, keys=keys if with_key else None)
    assert place + 1 in {problem.seq for problem in found.problems if "altered" in problem.what}


def test_a_seal_of_another_decision_is_found():
    """Two people's sealed parts exchanged, hashes and head made anew: both entries are named."""
    store, keys, *_ = _recorded()
    one, other = _sealed_places(store)[:2]
    first, second = (json.loads(store.rows[place][4]) for place in (one, other))
    first["x"], second["x"] = second["x"], first["x"]
    _with_body(store, one, first)
    found = verify(_with_body(store, other, second), model_from_json, keys=keys)
    assert {problem.seq for problem in found.problems if "does not open" in problem.what} == {one + 1, other + 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pr": 1}, "in the clear"),
        ({"m": 5}, "in the clear"),
        ({"ft": 0, "fc": 4}, "in the clear"),
        ({"mv": 1}, "in the clear"),
        ({"x": ""}, "has no sealed part"),
    ],
)
def test_what_must_be_sealed_may_not_stand_in_the_clear(changes, words):
    """An entry that tells a price, or has lost its seal, is named, with and without the key."""
    for with_key in (True, False):
        store, keys, *_ = _recorded()
        place = _sealed_places(store)[0]
        body = {name: value for name, value in (json.loads(store.rows[place][4]) | changes).items() if value != ""}
        found = verify(_with_body(store, place, body), model_from_json, keys=keys if with_key else None)
        assert [problem.seq for problem in found.problems if words in problem.what] == [place + 1]


def test_another_key_is_said_to_be_another():
    """A wrong key opens nothing: the run is named, nothing is called altered, and all else is told without it."""
    store, keys, explained, run_id = _recorded()
    for wrong in (bytes(32), b"short"):
        keys.kept[run_id] = wrong
        found = verify(store, model_from_json, keys=keys)
        assert [problem.what for problem in found.problems] == [
            f"The key that is kept for run {run_id} is not the one that sealed it."
        ]
        assert found.unopened == len(_sealed_places(store))
        assert replay(store, run_id, explained, keys).unopened == found.unopened
        assert any(told.sealed for told in decisions(store, run_id, keys))


def test_an_aware_run_needs_a_place_for_its_key():
    """Without one nothing is begun: there is no way to record groups in the clear."""
    store = MemoryLedger()
    with pytest.raises(LedgerError, match="no place was named for its key"):
        begin_run(store, campaign=CAMPAIGN)
    assert (store.rows, store.claimed) == ([], False)


def _record_and_finish(run):
    record(_batch(), run)
    finish(run, {})


def _record_and_stop(run):
    record(_batch(), run)
    raise KeyboardInterrupt("stop")


def test_the_key_is_there_before_anything_is_recorded():
    """From the first decision on the key is kept; a run that is left early leaves none."""
    store, keys = MemoryLedger(), MemoryKeys()
    run = begin_run(store, campaign=CAMPAIGN, keys=keys)
    assert list(keys.kept) == [run.run_id]
    with pytest.raises(KeyboardInterrupt, match="stop"), run:
        _record_and_stop(run)
    assert (store.rows, keys.kept) == ([], {})


def test_a_key_that_a_killed_run_left_is_destroyed():
    """The process died before the commit: the next start finds intent and key, and destroys the key."""
    store, keys = MemoryLedger(), MemoryKeys()
    left = f"{NOON:%Y%m%dT%H%M%SZ}-0000ff"
    store.intend(Intent(left, NOON.isoformat()))
    keys.make(left)
    with begin_run(store, campaign=CAMPAIGN, keys=keys) as run:
        assert list(keys.kept) == [run.run_id]
        record(_batch(), run)
        finish(run, {})
    assert verify(store, model_from_json, keys=keys).ok


def test_a_recorded_run_keeps_its_key_whatever_comes_after():
    """An interrupt just after the commit, or a later run of the same id, takes no key away."""
    keys = MemoryKeys()

    class Late(MemoryLedger):
        def commit(self, settled):
            super().commit(settled)
            if settled:
                raise KeyboardInterrupt("stop")

    store = Late()
    run = begin_run(store, campaign=CAMPAIGN, keys=keys)
    with pytest.raises(KeyboardInterrupt, match="stop"), run:
        _record_and_finish(run)
    assert list(keys.kept) == [run.run_id]
    with pytest.raises(LedgerError, match="already has a run"):
        begin_run(store, campaign=CAMPAIGN, keys=keys)
    assert list(keys.kept) == [run.run_id]
    assert verify(store, model_from_json, keys=keys).ok


def test_a_key_that_cannot_be_kept_stops_the_run():
    """No key, no run: the store is as it was and free for others."""

    class Full(MemoryKeys):
        def make(self, run_id):
            raise StoreError("full", "The disk is full.", rule="A-4a", remedy="Make room.")

    store = MemoryLedger()
    with pytest.raises(StoreError, match="disk is full"):
        begin_run(store, campaign=CAMPAIGN, keys=Full())
    assert (store.rows, store.claimed) == ([], False)


def test_forgetting_groups_is_for_good_and_is_recorded():
    """The key goes, an entry says when, the chain goes on; asked again there is nothing to do."""
    store, keys, _, run_id = _recorded()
    head = store.tail().hash.hex()
    assert forget_groups(store, keys, run_id, at=NOON)
    assert keys.kept == {}
    assert (store.rows[-1][1], store.rows[-1][2]) == (Kind.GROUPS_FORGOTTEN, run_id.encode())
    assert not forget_groups(store, keys, run_id, at=NOON)
    assert not store.claimed
    found = verify(store, model_from_json, known=[head], keys=keys)
    assert (found.ok, found.forgotten, found.unopened) == (True, 1, len(_sealed_places(store)))
    with begin_run(store, campaign=CAMPAIGN, keys=keys, identity="000002") as run:
        record(_batch(), run)
        finish(run, {})
    assert verify(store, model_from_json, keys=keys).ok


def test_a_forgotten_key_that_is_there_again_is_a_problem():
    """Somebody put a backup of the key back: verification names the entry that says it was destroyed."""
    store, keys, _, run_id = _recorded()
    backup = dict(keys.kept)
    forget_groups(store, keys, run_id, at=NOON)
    keys.kept = backup
    found = verify(store, model_from_json, keys=keys)
    assert [(problem.seq, problem.rule) for problem in found.problems] == [(len(store.rows), "A-4a")]
    assert "is there again" in found.problems[0].what
    assert forget_groups(store, keys, run_id, at=NOON)
    assert verify(store, model_from_json, keys=keys).ok


def test_forgetting_that_was_interrupted_is_finished():
    """The key was destroyed and the process died: asking again adds the entry."""
    store, keys, _, run_id = _recorded()
    keys.forget(run_id)
    assert forget_groups(store, keys, run_id, at=NOON)
    assert store.rows[-1][1] == Kind.GROUPS_FORGOTTEN


def test_only_a_sealed_run_can_be_forgotten():
    """A run without an aware limit has nothing sealed, and an unknown run is said to be unknown."""
    store, keys, _, _ = _recorded(make_explained(9), make_campaign())
    with pytest.raises(DataError, match="has nothing sealed"):
        forget_groups(store, keys, f"{NOON:%Y%m%dT%H%M%SZ}-000001", at=NOON)
    with pytest.raises(DataError, match="no run") as caught:
        forget_groups(store, keys, f"{NOON:%Y%m%dT%H%M%SZ}-00000f", at=NOON)
    assert "`evenhand ledger runs`" in caught.value.remedy
    assert not store.claimed


def test_a_run_without_an_aware_limit_is_as_it_always_was():
    """Not a byte differs, whether there is a place for keys or not, and no key is made."""
    keys, heads = MemoryKeys(), set()
    for place in (keys, None):
        store = MemoryLedger()
        with begin_run(store, keys=place) as run:
            record(make_explained(30), run)
            heads.add(finish(run, {}))
        assert all(b'"x":' not in row[4] and b'"seal' not in row[4] for row in store.rows)
    assert (len(heads), keys.kept) == (1, {})


def test_an_aware_run_of_before_there_were_seals_still_verifies():
    """Recorded in the clear by an older version: chain and promises hold, margins included."""
    explained = _batch()
    store, keys, *_ = _recorded(explained)
    clear, *_ = _recorded(dataclasses.replace(explained), make_campaign())
    plain = [row[4] for row in clear.rows if row[1] == Kind.DECISION]
    rows = []
    for seq, kind, about, hash_, raw in store.rows:
        body = plain.pop(0) if kind == Kind.DECISION else raw
        if kind == Kind.RUN_STARTED:
            body = json.dumps({k: v for k, v in json.loads(raw).items() if k != "seal"}, separators=(",", ":")).encode()
        rows.append((seq, kind, about, hash_, body))
    store.rows = rows
    found = verify(_rechained(store), model_from_json, keys=keys)
    assert (found.problems, found.unopened) == ((), 0)
