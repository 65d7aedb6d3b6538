"""Database files that one process has open twice: SQLite's locks outlast the second one."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.own_file import make_own_file

OPEN_AND_CLOSE = (
    "import sqlite3, sys; one = sqlite3.connect(sys.argv[1]); one.execute('SELECT * FROM sqlite_master'); one.close()"
)


def test_a_file_is_made_for_its_owner_and_one_that_is_there_is_left_alone(tmp_path):
    """With its folder; the second time nothing is opened, so nothing is closed."""
    path = tmp_path / "deep" / "ledger.sqlite"
    assert make_own_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"kept")
    path.chmod(0o000)
    assert not make_own_file(path)
    path.chmod(0o600)
    assert path.read_bytes() == b"kept"


@pytest.mark.parametrize("store", ["ledger", "leases"])
def test_another_process_does_not_take_itself_for_the_last_one_after_a_second_writer_here_closed(tmp_path, store):
    """The write-ahead log that is in use stays: without it what is committed next would be lost, or damage the file."""
    path, key = tmp_path / f"{store}.sqlite", bytes(range(32))

    def opened():
        return SqliteLedger(path, key=lambda: key) if store == "ledger" else SqliteLeases(path)

    with opened():
        with opened():
            pass
        log = path.with_name(path.name + "-wal")
        before = log.stat().st_ino
        subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, str(path)], check=True, timeout=60)
        assert log.exists()
        assert log.stat().st_ino == before
