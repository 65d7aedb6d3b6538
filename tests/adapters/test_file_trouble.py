"""A disk that is full, and files that may not be written, have the same names whichever store meets them first."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from builders import begin_run
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.database import Database
from evenhand.terms import StoreError
from patience import WITHIN
from store_cases import InFiles

TESTS = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits and permissions of Unix")


def _take(leases: SqliteLeases) -> None:
    leases.take("p", {"budget": 1}, holder="test", at=NOW, lasts=timedelta(minutes=1))


def _say(people: Database) -> None:
    with people.begin("people") as connection:
        connection.execute(text("CREATE TABLE filled (x TEXT)"))


@contextlib.contextmanager
def _nothing_grows():
    """No file of this process grows meanwhile, as on a disk that is full for this user."""
    old, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)


def test_whichever_store_meets_a_full_disk_first_it_has_one_name(tmp_path):
    """Ledger, leases, keys of people and of runs, and what people say: `store-full`; with room again all go on."""
    stores = InFiles(tmp_path)
    with stores.ledger() as ledger, stores.leases() as leases, Database.in_file(tmp_path / "people.sqlite") as people:
        leases.open_pool("p", {"budget": 10})
        stores.people().make([bytes(16)])
        people.be_ready("people")
        acts = {
            "ledger": lambda: begin_run(ledger, identity="000001"),
            "leases": lambda: _take(leases),
            "keys of people": lambda: stores.people().make([bytes([1]) * 16]),
            "keys of runs": lambda: stores.run_keys().make("20260301T000000Z-000001"),
            "what people say": lambda: _say(people),
        }
        with _nothing_grows():
            for act in acts.values():
                with pytest.raises(StoreError, match="cannot grow: the disk is full") as caught:
                    act()
                assert caught.value.code == "store-full"
        _take(leases)
        _say(people)


UNWRITABLE = """
import os, sys
from pathlib import Path
from test_file_trouble import _say, _take
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.stores.database import Database
from evenhand.terms import StoreError
from store_cases import InFiles

def said(act):
    try:
        act()
    except StoreError as error:
        return error.code
    return "done"

stores, warm = InFiles.there(Path(sys.argv[1])), InFiles(Path(sys.argv[2]))
people = Database.in_file(Path(sys.argv[1]) / "people.sqlite")
with warm.ledger(), Database.in_file(Path(sys.argv[2]) / "people.sqlite") as other:
    warm.people().make([bytes(16)])
    other.be_ready("people")  # loads what is loaded late, while the interpreter's own files can be read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
leases = SqliteLeases(stores.folder / "leases.sqlite", even_unwritable=True)
acts = (
    lambda: stores.ledger().close(),
    lambda: _take(leases),
    lambda: stores.people().make([bytes([1]) * 16]),
    lambda: _say(people),
)
print(*map(said, acts), flush=True)
sys.stdin.readline()
print(*map(said, acts), flush=True)
"""


def test_a_file_that_may_only_be_read_is_refused_at_once_and_works_as_soon_as_it_may_be_written():
    """Every store of another's file says `store-denied`, the ledger when it is opened; nothing is opened anew."""
    folder, warm = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    try:
        stores = InFiles(folder)
        with stores.ledger(), stores.leases() as leases, Database.in_file(folder / "people.sqlite") as people:
            leases.open_pool("p", {"budget": 10})
            stores.people().make([bytes(16)])
            people.be_ready("people")
        files = [path for path in folder.iterdir() if path.suffix == ".sqlite"]
        for path in folder.iterdir():
            path.chmod(0o444 if path in files else 0o666)
        folder.chmod(0o777)
        told = subprocess.Popen(
            [sys.executable, "-c", UNWRITABLE, str(folder), str(warm)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS / "adapters"), *sys.path])},
        )
        with told:
            assert told.stdout.readline().split() == ["store-denied"] * 4
            for path in (*files, *folder.glob("*.sqlite-*")):
                path.chmod(0o666)
            assert told.communicate("\n", timeout=WITHIN)[0].split() == ["done"] * 4
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(warm)


def test_a_ledger_that_somebody_else_writes_can_be_opened(tmp_path):
    """Whether it can be written is found out without waiting for who does."""
    with SqliteLedger(tmp_path / "ledger.sqlite") as one:
        one.begin()
        with SqliteLedger(tmp_path / "ledger.sqlite") as other:
            assert other.tail().entries == 0
        one.rollback()
