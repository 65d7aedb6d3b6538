"""Turns at a ledger, in a file and on a server: a large run that was made ready before, and who waits for it."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from builders import NOON, begin_run, make_campaign, make_explained, make_model, model_from_json
from evenhand.ledger import Intent, decisions, finish, record, replay, runs, verify, write_out
from evenhand.terms import StoreError
from patience import WITHIN
from store_cases import stores_of

PEOPLE = 5_000
"""Enough that a file folds its write-ahead log in after the turn."""


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    """The stores of a fresh home, of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "server" else ""
    return stores_of(request.param, tmp_path / "home", url)


def _written(people, explained, identity):
    campaign = make_campaign()
    run_id, model = f"{NOON:%Y%m%dT%H%M%SZ}-{identity}", make_model(campaign)
    return write_out(explained, run_id=run_id, at=NOON, campaign=campaign, model=model, people=people)


def test_a_run_that_was_made_ready_before_is_whole_or_absent(stores):
    """Somebody else's run comes between; one that is given up leaves nothing; the next is read, verified, replayed."""
    explained, people = make_explained(PEOPLE), stores.people()
    with stores.ledger(people=people) as store:
        with begin_run(store, identity="000001") as other:
            record(make_explained(3, seed=5), other)
            finish(other, {})
        given_up = begin_run(store, identity="000002", written=_written(people, explained, "000002"))
        with pytest.raises(KeyboardInterrupt, match="stop"), given_up:
            _stopped(explained, given_up)
        assert store.tail().entries == 9
        written = _written(people, explained, "000003")
        with stores.ledger(people=people) as between, begin_run(between, identity="000004") as other:
            record(make_explained(3, seed=6), other)
            finish(other, {})
        with begin_run(store, identity="000003", written=written) as run:
            record(explained, run)
            finish(run, {})
    with stores.ledger(people=people, read_only=True) as store:
        assert [(line.run_id[-1], line.finished) for line in runs(store)] == [
            ("1", True), ("2", False), ("4", True), ("3", True)
        ]  # fmt: skip
        found = verify(store, model_from_json)
        assert (found.ok, found.decisions, found.closed) == (True, PEOPLE + 6, 0)
        assert replay(store, run.run_id, explained).ok
        assert sum(1 for _ in decisions(store, run.run_id)) == PEOPLE


def _stopped(explained, run):
    record(explained, run)
    raise KeyboardInterrupt("stop")


def test_whoever_wants_to_write_waits_longer_for_a_whole_run(stores):
    """While a run is being recorded its turn is waited for; while anybody else writes the usual patience counts."""
    with stores.ledger() as one, stores.ledger(patience=0.05, for_a_run=WITHIN) as two:
        one.claim()
        begun = time.monotonic()
        with pytest.raises(StoreError, match="writing"):
            two.claim()
        assert time.monotonic() - begun < WITHIN / 2
        one.intend(Intent("20260301T120000Z-000001", NOON.isoformat()))
        soon = threading.Timer(0.3, one.release)
        soon.start()
        two.claim()
        soon.join()
        two.release()
        one.claim()


def test_who_waits_comes_before_who_just_wrote(stores):
    """Two that write again and again take turns, whichever is quicker."""
    wrote: list[str] = []

    def write(name, store, times):
        with closing(store):
            for _ in range(times):
                store.claim()
                wrote.append(name)
                while len(wrote) < 40 and not store.is_wanted():
                    time.sleep(0.001)
                store.release()

    first = stores.ledger(patience=WITHIN)
    second = stores.ledger(patience=WITHIN)
    threads = [threading.Thread(target=write, args=(name, store, 20)) for name, store in (("a", first), ("b", second))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrote.count("a") == wrote.count("b") == 20
    assert "aaaa" not in "".join(wrote[:30])
    assert "bbbb" not in "".join(wrote[:30])
