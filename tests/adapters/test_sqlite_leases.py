"""Workers that share what is left of a limit never use more than there is, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.terms import DataError, StoreError, UsageError
from patience import WITHIN, soon

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOUNDS = {"budget": 1000, "contacts": 10}


@pytest.fixture
def leases(tmp_path):
    """A store with one pool."""
    with SqliteLeases(tmp_path / "leases.sqlite") as store:
        store.open_pool("p", BOUNDS)
        yield store


def _take(store, amount, at=NOW, lasts=MINUTE):
    return store.take("p", {"budget": amount}, holder="test", at=at, lasts=lasts)


def test_what_is_lent_is_not_lent_again(leases):
    """A second worker gets what the first left, and no more."""
    assert _take(leases, 700).granted == {"budget": 700}
    assert _take(leases, 700).granted == {"budget": 300}
    assert _take(leases, 1).granted == {"budget": 0}
    assert leases.left("p", at=NOW) == {"budget": 0, "contacts": 10}


def test_what_is_given_back_is_free_again_but_for_what_was_spent(leases):
    """Spent stays spent; giving back twice changes nothing."""
    lease = _take(leases, 700)
    leases.spend(lease, {"budget": 200}, at=NOW)
    leases.give_back(lease, at=NOW)
    leases.give_back(lease, at=NOW)
    assert leases.left("p", at=NOW)["budget"] == 800


def test_a_lease_that_has_run_out_gives_back_what_was_not_spent_and_spends_nothing_more(leases):
    """A worker that slept through the end of its lease is told so, and what it decided must not become effective."""
    lease = _take(leases, 1000)
    leases.spend(lease, {"budget": 300}, at=NOW)
    late = NOW + MINUTE
    assert leases.left("p", at=late)["budget"] == 700
    with pytest.raises(StoreError, match="run out or was given back; nothing was spent"):
        leases.spend(lease, {"budget": 1}, at=late)
    with pytest.raises(StoreError, match="run out"):
        leases.undo(lease, {"budget": 1}, at=late)
    assert leases.left("p", at=late)["budget"] == 700


def test_a_clock_that_goes_back_does_not_wake_a_lease_or_make_a_new_one_last(leases):
    """The store stands still at the latest moment that it has seen, whoever's clock that was."""
    lease = _take(leases, 400)
    later = NOW + 2 * MINUTE
    assert leases.left("p", at=later)["budget"] == 1000
    with pytest.raises(StoreError, match="run out"):
        leases.spend(lease, {"budget": 1}, at=NOW)
    fresh = _take(leases, 400, at=NOW)
    assert fresh.until == later + MINUTE
    leases.spend(fresh, {"budget": 300}, at=NOW)
    assert leases.left("p", at=NOW)["budget"] == 600
    assert leases.left("p", at=later + MINUTE)["budget"] == 700


def test_a_lease_lasts_some_time(leases):
    """None ends as it begins."""
    with pytest.raises(UsageError, match="would end as it begins"):
        _take(leases, 1, lasts=timedelta(0))


def test_no_more_is_spent_than_was_granted(leases):
    """An amount that does not fit is refused whole, also where another limit would have had room."""
    lease = leases.take("p", {"budget": 100, "contacts": 1}, holder="test", at=NOW, lasts=MINUTE)
    with pytest.raises(DataError, match="Of contacts the lease has 1 left, and 2 were to be used"):
        leases.spend(lease, {"budget": 10, "contacts": 2}, at=NOW)
    leases.give_back(lease, at=NOW)
    assert leases.left("p", at=NOW) == BOUNDS


def test_what_did_not_become_effective_is_taken_back(leases):
    """Decisions that were not recorded after all leave the limits as they were; not more than was spent."""
    lease = _take(leases, 500)
    leases.spend(lease, {"budget": 500}, at=NOW)
    leases.undo(lease, {"budget": 200}, at=NOW)
    with pytest.raises(DataError, match="Of budget the lease has 200 left"):
        leases.undo(lease, {"budget": 400}, at=NOW)
    leases.give_back(lease, at=NOW)
    assert leases.left("p", at=NOW)["budget"] == 700


def test_a_pool_keeps_its_bounds(leases):
    """Opened again it is the same pool; with other bounds it is refused."""
    lease = _take(leases, 1000)
    leases.spend(lease, {"budget": 1000}, at=NOW)
    leases.open_pool("p", BOUNDS)
    assert leases.left("p", at=NOW)["budget"] == 0
    with pytest.raises(DataError, match="opened before, with other bounds"):
        leases.open_pool("p", {**BOUNDS, "budget": 2000})


def test_another_file_is_not_written_to(tmp_path):
    """A database of something else stays as it is; a file that is no database is told."""
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (x)")
    with pytest.raises(StoreError, match="not a store of leases"):
        SqliteLeases(other)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all, but long enough to be taken for a header" * 20)
    with pytest.raises(StoreError, match="cannot be read or written"):
        SqliteLeases(broken)


step = st.tuples(
    st.sampled_from(["take", "spend", "undo", "give_back", "later"]), st.integers(0, 3), st.integers(0, 700)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=40))
def test_whatever_is_done_in_whatever_order_spent_and_lent_never_exceed_the_bound(tmp_path_factory, steps):
    """After every step: spent + lent + left is the bound, and none of them is below zero."""
    with SqliteLeases(tmp_path_factory.mktemp("leases") / "leases.sqlite") as store:
        store.open_pool("p", {"budget": 1000})
        at, held, spent = NOW, [], 0
        for kind, which, amount in steps:
            if kind == "take":
                held.append(_take(store, amount, at=at))
            elif kind == "later":
                at += timedelta(seconds=amount % 90)
            elif held:
                lease = held[which % len(held)]
                try:
                    getattr(store, kind)(
                        lease, **({} if kind == "give_back" else {"amounts": {"budget": amount}}), at=at
                    )
                    spent += {"spend": amount, "undo": -amount}.get(kind, 0)
                except (DataError, StoreError):
                    pass
            assert 0 <= spent <= 1000
            assert 0 <= store.left("p", at=at)["budget"] <= 1000 - spent
        assert store.left("p", at=at + timedelta(days=1))["budget"] == 1000 - spent


WORKER = """
import random, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.terms import StoreError

path, name, lasts = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
draw = random.Random(name)
effects = open(path.parent / f"{name}.effects", "ab", buffering=0)
with SqliteLeases(path) as store:
    while not (path.parent / "go").exists():
        time.sleep(0.01)
    while True:
        now = datetime.now(UTC)
        lease = store.take("p", {"budget": 60}, holder=name, at=now, lasts=timedelta(seconds=lasts))
        left = lease.granted["budget"]
        if not left and not store.left("p", at=datetime.now(UTC))["budget"]:
            if (path.parent / "killed").exists():
                sys.exit(0)
            time.sleep(0.01)
        while left:
            amount = min(left, draw.randrange(1, 9))
            try:
                store.spend(lease, {"budget": amount}, at=datetime.now(UTC))
            except StoreError as error:
                assert error.code == "lease-over", error
                break
            effects.write(bytes([amount]))
            left -= amount
        if draw.random() < 0.7:
            store.give_back(lease, at=datetime.now(UTC))
"""


@pytest.mark.slow
def test_eight_processes_of_which_some_are_killed_never_overspend(tmp_path):
    """Three are killed with SIGKILL while they spend. What took effect is never above the bound; what the dead had not
    spent comes back when their leases end, and the others use all of it but one spend of each that was killed."""
    bound, lasts = 6_000, 1.5
    path = tmp_path / "leases.sqlite"
    with SqliteLeases(path) as store:
        store.open_pool("p", {"budget": bound})
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(path), f"w{number}", str(lasts)], env=os.environ)
        for number in range(8)
    ]
    try:
        assert soon(lambda: all((tmp_path / f"w{number}.effects").exists() for number in range(8)))
        (tmp_path / "go").touch()
        for number in (1, 3, 5):  # one that waits long for its turn may not have spent anything yet
            assert soon(lambda number=number: sum(_effect(tmp_path, each) for each in range(8)) > 400 * number)
            workers[number].send_signal(signal.SIGKILL)
        (tmp_path / "killed").touch()
        ended = [worker.wait(2 * WITHIN) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert ended == [-signal.SIGKILL if number in (1, 3, 5) else 0 for number in range(8)]
    time.sleep(lasts)
    with SqliteLeases(path) as store:
        last = store.take("p", {"budget": bound}, holder="end", at=datetime.now(UTC), lasts=MINUTE)
    took_effect = sum(_effect(tmp_path, number) for number in range(8))
    assert took_effect + last.granted["budget"] <= bound
    assert took_effect + last.granted["budget"] >= bound - 3 * 8


def _effect(folder: Path, number: int) -> int:
    return sum((folder / f"w{number}.effects").read_bytes())
