"""A database file, made for its owner's eyes only before SQLite opens it.

A file that is there already is not opened here. On POSIX a process that closes any handle of a file gives up every lock
that it has on it, those of SQLite's open connections too; then another process that ends would take itself for the last
one, remove the write-ahead log under them, and the file would be damaged (sqlite.org, "How to corrupt", 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

__all__ = ["keep_log", "make_own_file"]

_PATIENCE, _BETWEEN = 5.0, 0.005
"""Seconds."""


def make_own_file(path: Path) -> bool:
    """Make an empty file that its owner alone can read, with its folder; whether there was none.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def keep_log(database: sqlite3.Connection) -> None:
    """Have a new file keep a write-ahead log. SQLite does not wait by itself for somebody who does the same just now.

    Raises:
        sqlite3.OperationalError: it cannot be written, or somebody else is at it for too long.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() >= until:
                raise
            time.sleep(_BETWEEN)
        else:
            return
