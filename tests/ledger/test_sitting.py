"""Many small runs by one process: each whole, several to a commit, and as good as runs begun by themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from builders import NOON, MemoryLedger, begin_run, make_campaign, make_explained, make_model
from evenhand.ledger import (
    Head,
    Kind,
    Sitting,
    answered,
    finish,
    footing_of,
    open_run,
    record,
    runs,
    verify,
)
from evenhand.scoring import model_to_json
from evenhand.terms import LedgerError, StoreError


@pytest.fixture
def hands():
    """A thread that writes the head."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def priced():
    """A ledger with a run that found prices, and what later runs stand on."""
    store, model = MemoryLedger(), make_model(make_campaign())
    with begin_run(store, identity="000001") as run:
        record(make_explained(12), run)
        finish(run, {}, policy="p" * 64)
    footing = footing_of(
        make_campaign(),
        model,
        model_to_json(model),
        campaign_file_digest="0" * 64,
        priced_by="p" * 64,
        version="test",
    )
    return store, footing


def _run(sitting, footing, number, people=3):
    at = NOON + timedelta(seconds=number)
    run = sitting.start(
        footing, run_id=f"{at:%Y%m%dT%H%M%SZ}-{number:06x}", at=at, data_digest="", room={"budget": 10**12}
    )
    record(make_explained(people, at=at), run)
    return run


def _verified(store):
    return verify(store, lambda _: make_model(make_campaign()))


def test_runs_of_a_sitting_are_whole_and_verify(priced, hands):
    """Three runs in one commit, one in the next: all are there, with one checkpoint for each commit."""
    store, footing = priced
    before = len(list(store.checkpoints()))
    sitting = Sitting(store, hands)
    for group in ((1, 2, 3), (4,)):
        assert sitting.hold(NOON) == ()
        for number in group:
            sitting.close(_run(sitting, footing, number), {"kind": "live"})
        sitting.commit()
    sitting.let_go()
    assert [run.decisions for run in runs(store)] == [12, 3, 3, 3, 3]
    assert len(list(store.checkpoints())) == before + 2
    assert _verified(store).ok
    assert open_run(store, runs(store)[-1].run_id).room == {"budget": 10**12}
    texts = [row[2] for row in store.rows if row[1] == Kind.DOCUMENT]
    assert len(texts) == len(set(texts))


def test_what_is_undone_was_never_there(priced, hands):
    """Nothing of the group is recorded, somebody else may write, and the sitting goes on afterwards."""
    store, footing = priced
    sitting, before = Sitting(store, hands), store.tail()
    sitting.hold(NOON)
    _run(sitting, footing, 1)
    sitting.undo()
    assert (store.tail(), store.claimed) == (before, False)
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 2), {})
    sitting.commit()
    sitting.let_go()
    assert _verified(store).ok


def test_what_was_kept_before_a_group_that_is_undone_is_no_trace_of_a_crash(priced, hands):
    """The end of what was kept is noted, so the next start finds nothing to tell of."""
    store, footing = priced
    sitting = Sitting(store, hands)
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 1), {})
    sitting.commit()
    _run(sitting, footing, 2)
    sitting.undo()
    assert store.head() == Head(store.tail())
    assert sitting.hold(NOON) == ()
    sitting.let_go()
    assert _verified(store).ok


def test_others_write_between_two_groups(priced, hands):
    """After it let go, another run is recorded, and the sitting continues behind it."""
    store, footing = priced
    sitting = Sitting(store, hands)
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 1), {})
    sitting.commit()
    with pytest.raises(StoreError, match="Somebody else is writing"):
        begin_run(store, identity="00000f")
    sitting.let_go()
    with begin_run(store, identity="00000f") as run:
        record(make_explained(4), run)
        finish(run, {})
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 2), {})
    sitting.commit()
    sitting.let_go()
    assert [run.decisions for run in runs(store)] == [12, 3, 4, 3]
    assert _verified(store).ok


def test_a_run_needs_the_ledger_in_hand_and_an_id_of_its_own(priced, hands):
    """Without holding nothing starts; an id that is taken is refused."""
    store, footing = priced
    sitting = Sitting(store, hands)
    with pytest.raises(LedgerError, match="not held by this sitting"):
        _run(sitting, footing, 1)
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 1), {})
    with pytest.raises(LedgerError, match="already has a run"):
        _run(sitting, footing, 1)


def test_a_crash_before_the_head_was_written_is_made_good(priced, hands):
    """The entries are there and the head is not: the ledger's own signature lets them in, once; then all verifies."""
    store, footing = priced
    sitting, old = Sitting(store, hands), store.head()
    sitting.hold(NOON)
    sitting.close(_run(sitting, footing, 1), {})
    sitting.commit()
    store.kept, store.claimed = old, False  # the process ended before the head was on disk
    assert _verified(store).ok
    again = Sitting(store, hands)
    (found,) = again.hold(NOON)
    assert (found.id, store.head()) == ("EH-LEDGER-003", Head(store.tail()))
    again.let_go()
    assert _verified(store).ok


def test_entries_that_nobody_signed_are_not_let_in(priced, hands):
    """Without the checkpoint, or with two commits behind the head, it is no crash but an alteration."""
    store, footing = priced
    sitting, old = Sitting(store, hands), store.head()
    for number in (1, 2):
        sitting.hold(NOON)
        sitting.close(_run(sitting, footing, number), {})
        sitting.commit()
    store.claimed = False
    for unsigned in (False, True):
        store.kept = old
        if unsigned:
            store.kept_checkpoints.popitem()
        assert not _verified(store).ok
        with pytest.raises(LedgerError, match="does not end as its kept head says"):
            Sitting(store, hands).hold(NOON)
        store.claimed = False


def test_a_key_is_answered_once(priced, hands):
    """What was answered is found again by its key; two answers under one key, or to nothing, do not verify."""
    store, footing = priced
    sitting, key = Sitting(store, hands), b"k" * 32
    sitting.hold(NOON)
    run = _run(sitting, footing, 1)
    sitting.answer_once(run, key, "aa", 2, 3)
    sitting.close(run, {})
    sitting.commit()
    said = answered(store, key)
    assert (said.run_id, said.first, said.last, said.asked) == (run.run_id, 2, 3, "aa")
    assert answered(store, b"o" * 32) is None
    assert _verified(store).ok
    for number, (other, last, problem) in enumerate(
        ((key, 3, "answers what an earlier entry has answered"), (b"n" * 32, 4, "do not stand before it")), 2
    ):
        run = _run(sitting, footing, number)
        sitting.answer_once(run, other, "aa", 1, last)
        sitting.close(run, {})
        sitting.commit()
        assert any(problem in found.what for found in _verified(store).problems)
