"""Faults for real, on both stores: killed writers, a server that dies, broken connections, full disks, odd clocks.

After each, the ledger verifies, and every run is in it whole or not at all. ``make storm`` runs them a hundred times.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from builders import NOON, begin_run, make_explained, model_from_json
from evenhand import assembly
from evenhand.ledger import erase_subject, finish, record, runs, verify
from evenhand.terms import StoreError
from live_cases import asked, opened, person
from patience import WITHIN, soon, tries
from postgres_server import Server, binaries
from shop_folder import AT, write_shop
from store_cases import OnServer, stores_of

TIMES = int(os.environ.get("EVENHAND_STORM", "4"))
MOST = 30 + TIMES
"""Times in which one is killed in the middle of a run, on a machine of whatever speed."""
TESTS = Path(__file__).resolve().parent.parent

WRITER = """
import sys
from pathlib import Path
from builders import begin_run, make_explained
from evenhand.ledger import finish, record
from store_cases import stores_of
stores = stores_of(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
batches = [make_explained(400, seed=seed) for seed in range(4)]
with stores.ledger(people=stores.people()) as store:
    print("ready", flush=True)
    for number in range(int(sys.argv[4]), int(sys.argv[4]) + 10_000):
        with begin_run(store, identity=f"{number:06x}") as run:
            for batch in batches:
                record(batch, run)
            finish(run, {})
        print(run.run_id, flush=True)
"""


@pytest.fixture(scope="module")
def server():
    """A server that writes to disk, for tests that stop it; started anew by whoever stops it."""
    if binaries() is None:
        pytest.skip("no PostgreSQL server on this machine; on Debian: apt-get install postgresql")
    made = Server()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    """The stores of a fresh home, of each kind."""
    url = request.getfixturevalue("server").url if request.param == "server" else ""
    return stores_of(request.param, tmp_path / "home", url)


def _start(stores, number):
    address = "" if stores.kind == "files" else f"{stores.placement.url}#{stores.placement.schema}"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, stores.kind, str(stores.folder), address, str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    if writer.stdout.readline() != "ready\n":
        pytest.fail(writer.communicate(timeout=WITHIN)[1])
    return writer


def _begin_when_free(store, number):
    """Begin a run as soon as whoever was killed has been noticed: a server needs a moment for that."""
    until = time.monotonic() + WITHIN
    while True:
        try:
            return begin_run(store, identity=f"{number:06x}")
        except StoreError as error:
            if error.code != "store-busy" or time.monotonic() > until:
                raise
            time.sleep(0.05)


def _whole(stores, printed=frozenset()):
    """The ledger verifies, and what was said to be recorded is there, whole."""
    with stores.ledger(people=stores.people(), read_only=True) as store:
        found = verify(store, model_from_json)
        assert found.problems == ()
        finished = {line.run_id: line.decisions for line in runs(store) if line.finished}
    assert printed <= set(finished)
    assert found.decisions == sum(finished.values())
    assert set(finished.values()) <= {10, 1_600}
    return finished


@pytest.mark.slow
def test_killed_at_any_moment(stores):
    """`kill -9` at random moments: whole or nothing, and the next start says what it found."""
    draw, printed, told = random.Random(11), set(), 0
    for number in range(MOST):
        if told and number >= TIMES:
            break
        writer = _start(stores, 1 + number * 10_000)
        time.sleep(draw.uniform(0.0, 0.4))
        writer.send_signal(signal.SIGKILL)
        printed |= set(writer.communicate(timeout=WITHIN)[0].split())
        with stores.ledger(people=stores.people()) as store:
            with _begin_when_free(store, 0xF00000 + number) as run:
                record(make_explained(10, seed=number), run)
                finish(run, {})
            told += sum(finding.id == "EH-LEDGER-001" for finding in run.found)
            assert store.intents() == []
        _whole(stores, printed)
    assert told


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_dies_at_any_moment(tmp_path, server):
    """Stopped as if its process died, while runs are recorded: the writer says so, and after the restart the ledger is
    whole; what was said to be recorded is there."""
    stores, draw, printed = OnServer(tmp_path, server.url), random.Random(12), set()
    for number in range(max(2, TIMES // 5)):
        writer = _start(stores, 1 + number * 10_000)
        time.sleep(draw.uniform(0.1, 0.6))
        server.stop("immediate")
        out, said = writer.communicate(timeout=WITHIN)
        printed |= set(out.split())
        assert writer.returncode == 1
        assert "StoreError" in said.splitlines()[-1], said
        assert "cannot be reached" in said.splitlines()[-1]
        with pytest.raises(StoreError, match="cannot be reached"):
            stores.ledger()
        server.start()
        with (
            stores.ledger(people=stores.people()) as store,
            begin_run(store, identity=f"{0xF00000 + number:06x}") as run,
        ):
            record(make_explained(10, seed=number), run)
            finish(run, {})
        _whole(stores, printed)


@pytest.mark.postgres
def test_a_connection_that_is_cut_takes_claim_and_run_with_it(tmp_path, server):
    """The writer's session is ended by somebody else in mid-run: nothing of the run stays, and another may write."""
    stores = OnServer(tmp_path, server.url)
    with stores.ledger(people=stores.people()) as store:
        run = begin_run(store, identity="000001")
        record(make_explained(10), run)
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evenhand'"
            ).fetchall()
        with pytest.raises(StoreError, match="cannot be reached, or the connection to it broke"):
            finish(run, {})
        with pytest.raises(StoreError, match="cannot be reached"), run:
            pass
    with stores.ledger(people=stores.people()) as store:
        with _begin_when_free(store, 2) as run:
            record(make_explained(10), run)
            finish(run, {})
        assert [line.finished for line in runs(store)] == [False, True]
    _whole(stores)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_service_goes_on_after_its_server_was_away(tmp_path, server, monkeypatch):
    """While the server is away nobody is decided about and everybody is told; after its restart the service decides
    again, without one of its own."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENHAND_HOME", raising=False)
    monkeypatch.setenv("EVENHAND_DATABASE", server.url)
    assembly.upgrade_database(home="evenhand-home", schema=f"t{secrets.token_hex(6)}")
    assembly.run_campaign(Path("campaign.yaml"), at=datetime.fromisoformat(AT).replace(tzinfo=UTC))
    with opened(tmp_path) as serving:
        assert asked(serving.live, person(3)).answers
        server.stop("immediate")
        for number in (4, 5):
            with pytest.raises(StoreError, match="cannot be reached"):
                asked(serving.live, person(number))
        assert serving.live.not_ready() == "database-unreachable"
        server.start()
        answered = []

        def is_answered():
            try:
                answered.append(asked(serving.live, person(6 + len(answered))).answers[0])
            except StoreError:
                return False
            return True

        assert soon(is_answered, rest=0.2)
        for _ in range(5):
            assert is_answered()
        assert serving.live.not_ready() == ""
    assert assembly.verify_ledger(home="evenhand-home").ok
    assert sum(run["decisions"] for run in assembly.list_runs(home="evenhand-home")) == 401 + len(answered)


def test_writers_that_race_take_turns(stores):
    """Eight at once, each with a connection of its own: one writes, the others are refused and try again; all runs are
    in one chain."""
    failed = []

    def write(number):
        try:
            with stores.ledger(people=stores.people()) as store:
                for turn in range(2):
                    with _begin_when_free(store, 1 + number * 16 + turn) as run:
                        record(make_explained(10, seed=number), run)
                        finish(run, {})
        except Exception as error:
            failed.append(error)

    with stores.ledger(people=stores.people()):
        pass
    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(_whole(stores)) == 16


def test_a_clock_that_goes_back_breaks_nothing(stores):
    """A run that is begun before the one before it, by the clock, is recorded after it, and the chain holds."""
    with stores.ledger(people=stores.people()) as store:
        for number, at in enumerate((NOON, NOON - timedelta(days=400), NOON - timedelta(days=1)), 1):
            with begin_run(store, identity=f"{number:06x}", at=at) as run:
                record(make_explained(10, seed=number), run)
                finish(run, {})
        erase_subject(store, b"x" * 16, at=NOON - timedelta(days=900))
    assert len(_whole(stores)) == 3


@pytest.mark.slow
def test_a_servers_full_disk_records_nothing_and_says_so(tmp_path):
    """The disk under the tables is full in mid-run: the run is refused as such, and goes through once there is room."""
    if binaries() is None or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk, and a PostgreSQL server")
    disk = Path(tempfile.mkdtemp(prefix="evenhand-disk-"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=72m", "tmpfs", disk], check=False).returncode:
        disk.rmdir()
        pytest.skip("this machine lets nobody mount a disk")
    ballast, logs = disk / "ballast", disk.with_name(disk.name + "-log")
    small = None
    try:
        shutil.chown(disk, "postgres")
        logs.mkdir()
        shutil.chown(logs, "postgres")
        small = Server(disk / "data", log=logs)
        small.start()
        stores = OnServer(tmp_path / "home", small.url)
        with stores.ledger(people=stores.people()) as store:
            with begin_run(store, identity="000001") as run:
                record(make_explained(10), run)
                finish(run, {})
            free = shutil.disk_usage(disk).free
            ballast.write_bytes(bytes(max(0, free - 4_000_000)))

            def too_much():
                with begin_run(store, identity="000002") as run:
                    for _ in range(8):
                        record(make_explained(8_000), run)
                    finish(run, {})

            with pytest.raises(StoreError, match="is full") as caught:
                too_much()
            assert caught.value.exit_code == 4
            ballast.unlink()
            with begin_run(store, identity="000003") as run:
                assert "nothing of it was recorded" in run.found[0].what
                record(make_explained(10, seed=3), run)
                finish(run, {})
        assert len(_whole(stores)) == 2
    finally:
        if small is not None:
            small.remove()
        subprocess.run(["umount", disk], check=False)
        shutil.rmtree(disk, ignore_errors=True)
        shutil.rmtree(logs, ignore_errors=True)


SPENDER = """
import random, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from evenhand.terms import StoreError
from store_cases import stores_of

stores = stores_of(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
effects = open(Path(sys.argv[2]) / f"{sys.argv[4]}.effects", "ab", buffering=0)
draw = random.Random(sys.argv[4])
with stores.leases() as leases:
    while True:
        now = datetime.now(UTC)
        lease = leases.take("p", {"budget": 60}, holder=sys.argv[4], at=now, lasts=timedelta(seconds=1.5))
        left = lease.granted["budget"]
        if not left and not leases.left("p", at=datetime.now(UTC))["budget"]:
            if (Path(sys.argv[2]) / "killed").exists():
                sys.exit(0)
            time.sleep(0.01)
        while left:
            amount = min(left, draw.randrange(1, 9))
            try:
                leases.spend(lease, {"budget": amount}, at=datetime.now(UTC))
            except StoreError as error:
                assert error.code == "lease-over", error
                break
            effects.write(bytes([amount]))
            left -= amount
        if draw.random() < 0.7:
            leases.give_back(lease, at=datetime.now(UTC))
"""


@pytest.mark.slow
@pytest.mark.postgres
def test_eight_processes_never_overspend_on_a_server(tmp_path, server):
    """Three of eight are killed while they spend: what took effect is never above the bound, and what the dead had not
    spent is used by the others."""
    stores, bound = OnServer(tmp_path, server.url), tries(1_000, 2_000)
    with stores.leases() as leases:
        leases.open_pool("p", {"budget": bound})
    address = f"{server.url}#{stores.placement.schema}"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, "server", str(tmp_path), address, f"w{number}"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )
        for number in range(8)
    ]

    def effect():
        return sum(sum(path.read_bytes()) for path in tmp_path.glob("*.effects"))

    try:
        for number in (1, 3, 5):
            assert soon(lambda number=number: effect() > bound // 10 * number)
            workers[number].send_signal(signal.SIGKILL)
        (tmp_path / "killed").touch()
        ended = [worker.wait(2 * WITHIN) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert ended == [-signal.SIGKILL if number in (1, 3, 5) else 0 for number in range(8)]
    with stores.leases() as leases:
        last = leases.take(
            "p", {"budget": bound}, holder="end", at=datetime.now(UTC) + timedelta(hours=1), lasts=timedelta(minutes=1)
        )
    assert bound - 3 * 8 <= effect() + last.granted["budget"] <= bound
