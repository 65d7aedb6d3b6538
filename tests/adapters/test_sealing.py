"""Decisions that another process encodes and encrypts: the same as here, whatever becomes of that process."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from builders import NOON, MemoryLedger, begin_run, make_campaign, make_explained, make_model
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.sealing import SealingProcess
from evenhand.ledger import Sitting, columns, finish, footing_of, record, runs, verify
from evenhand.scoring import model_to_json
from patience import WITHIN, soon

MANY = 700
RUN = f"{NOON:%Y%m%dT%H%M%SZ}-00000a"


@pytest.fixture
def beside():
    """Another process, ended behind the test."""
    with closing(SealingProcess(longest=WITHIN)) as one:
        yield one


def _priced(folder):
    """A ledger with keys and a run that found prices, and what later runs stand on."""
    people = SubjectKeyFile(folder / "keys.sqlite", lambda: bytes(range(32)))
    store, model = MemoryLedger(people=people), make_model(make_campaign())
    with begin_run(store, identity="000001") as run:
        record(make_explained(12), run)
        finish(run, {}, policy="p" * 64)
    told = {"campaign_file_digest": "0" * 64, "priced_by": "p" * 64, "version": "test"}
    return store, footing_of(make_campaign(), model, model_to_json(model), **told)


def _recorded(folder, sealer, people=MANY, meanwhile=lambda: None):
    """A ledger in which so many decisions were recorded in one sitting."""
    store, footing = _priced(folder)
    with ThreadPoolExecutor(1) as hands:
        sitting = Sitting(store, hands, sealer=sealer)
        sitting.hold(NOON)
        run = sitting.start(footing, run_id=RUN, at=NOON, data_digest="", room={"budget": 10**12})
        record(make_explained(people), run)
        meanwhile()
        sitting.close(run, {})
        sitting.commit()
        sitting.let_go()
    return store


def _decided(store):
    """What the last run decided, as it is read back."""
    parts = list(columns(store, runs(store)[-1].run_id))
    names = ("subject", "offer", "score", "margin", "price", "top_terms")
    return [[value for part in parts for value in getattr(part, name).tolist()] for name in names]


def _is_over(pid):
    try:
        return b"\nState:\tZ" in Path(f"/proc/{pid}/status").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_another_process_sealed_is_read_back_as_what_was_sealed_here(tmp_path, beside):
    """Decision for decision; and the ledger verifies."""
    there, here = _recorded(tmp_path, beside), _recorded(tmp_path, None)
    assert beside.pid is not None
    assert _decided(there) == _decided(here)
    assert verify(there, lambda _: make_model(make_campaign())).ok


def test_for_a_few_no_process_is_started(tmp_path, beside):
    """The way there would cost more than it saves."""
    store = _recorded(tmp_path, beside, people=40)
    assert beside.pid is None
    assert verify(store, lambda _: make_model(make_campaign())).ok


def test_where_the_process_is_killed_nothing_is_lost_and_another_takes_its_place(tmp_path, beside):
    """Stopped and killed with decisions in hand: they are recorded all the same, and the next go to a new one."""
    _recorded(tmp_path, beside)
    first = beside.pid
    os.kill(first, signal.SIGSTOP)
    store = _recorded(tmp_path, beside, meanwhile=lambda: os.kill(first, signal.SIGKILL))
    assert verify(store, lambda _: make_model(make_campaign())).ok
    assert len(_decided(store)[0]) == MANY
    _recorded(tmp_path, beside)
    assert beside.pid not in (None, first)


def test_a_process_that_is_stuck_holds_nobody_up_for_long(tmp_path):
    """Stopped for ever, with more in hand than a pipe holds: it is ended, and what it had is done here."""
    with closing(SealingProcess(longest=5.0)) as beside:
        _recorded(tmp_path, beside)
        if beside.pid is not None:  # where five seconds are too short to start it, it was ended for that already
            os.kill(beside.pid, signal.SIGSTOP)
        store = _recorded(tmp_path, beside, people=7_000)
        assert len(_decided(store)[0]) == 7_000


def test_a_process_that_ends_again_and_again_is_not_started_for_ever(tmp_path, beside):
    """After five of them everything is done here."""
    seen = set()
    for _ in range(7):
        store = _recorded(tmp_path, beside)
        assert len(_decided(store)[0]) == MANY
        if beside.pid is not None:
            seen.add(beside.pid)
            os.kill(beside.pid, signal.SIGKILL)
            assert soon(lambda: beside.pid is None)
    assert len(seen) == 5
    assert beside.pid is None


def test_it_ends_with_the_one_that_asks_and_is_told_no_secret(tmp_path, monkeypatch):
    """Closed, it is gone; of the environment it has a short list of names."""
    monkeypatch.setenv("EVENHAND_DATABASE", "postgresql://somebody:secret@nowhere/db")
    with closing(SealingProcess(longest=WITHIN)) as beside:
        _recorded(tmp_path, beside)
        pid = beside.pid
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert soon(lambda: _is_over(pid))
