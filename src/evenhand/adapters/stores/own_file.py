"""A database file, made for its owner's eyes only before SQLite opens it.

A file that is there already is not opened here. On POSIX a process that closes any handle of a file gives up every lock
that it has on it, those of SQLite's open connections too; then another process that ends would take itself for the last
one, remove the write-ahead log under them, and the file would be damaged (sqlite.org, "How to corrupt", 2.2).
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

__all__ = ["fold_in", "make_own_file", "make_tables", "may_be_written", "refuse_unwritable", "wait_at_most"]

_MAKING, _BETWEEN = 60.0, 0.005
"""Seconds."""


def make_own_file(path: Path) -> bool:
    """Make an empty file that its owner alone can read, with its folder; whether there was none. One that is there must
    be writable: else SQLite would open it for reading, and leave files beside it that nobody may write either.

    Raises:
        OSError: it cannot be made, or not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not may_be_written(path):
            raise PermissionError(errno.EACCES, "") from None
        return False
    return True


def may_be_written(path: Path) -> bool:
    """Whether the system would let this process write a file or folder. It says no too where the file system is read
    only, or the file was made immutable; and yes where something else may still stand in the way."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def make_tables(database: sqlite3.Connection, script: str, patience: float) -> None:
    """Have a new file keep a write-ahead log, and make its tables. Whoever is at it too is waited for: for some that
    start at once on a slow disk it takes seconds. For the log SQLite does not wait by itself.

    Args:
        database: the connection, outside a transaction.
        script: statements that change nothing where others were first.
        patience: seconds that the connection waits for others, from then on.

    Raises:
        sqlite3.OperationalError: it cannot be written, or somebody else is at it for too long.
    """
    wait_at_most(database, _MAKING)
    try:
        _keep_log(database)
        database.executescript(f"BEGIN IMMEDIATE; {script} COMMIT;")
    finally:
        wait_at_most(database, patience)


def wait_at_most(database: Any, patience: float) -> None:
    """Seconds that a connection waits for others."""
    database.execute(f"PRAGMA busy_timeout = {int(1000 * patience)}")


def fold_in(database: Any, patience: float) -> bool:
    """Fold a file's write-ahead log into it and empty it, so that what was removed is in neither; whether that could be
    done: whoever reads the file meanwhile prevents it.

    Args:
        database: connection or cursor, outside a transaction.
        patience: seconds that it waits for those who read.
    """
    (before,) = database.execute("PRAGMA busy_timeout").fetchone()
    wait_at_most(database, patience)
    try:
        busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        wait_at_most(database, before / 1000)
    return not busy


def _keep_log(database: sqlite3.Connection) -> None:
    until = time.monotonic() + _MAKING
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() >= until:
                raise
            time.sleep(_BETWEEN)
        else:
            return


def refuse_unwritable(database: sqlite3.Connection, change: str, patience: float) -> None:
    """Refuse a file that was opened for reading, since it cannot be written. SQLite does so without a word, and the
    connection stays like that when the file can be written again; nor does beginning a transaction tell.

    Args:
        database: the connection, outside a transaction.
        change: a statement that changes nothing, of one of its tables.
        patience: seconds that the connection waits for others. This waits for nobody: who is kept waiting may write.

    Raises:
        sqlite3.OperationalError: it cannot be written.
    """
    wait_at_most(database, 0.0)
    try:
        database.execute(change)
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise
    finally:
        wait_at_most(database, patience)
