"""A database file, made for its owner's eyes only before SQLite opens it.

A file that is there already is not opened here. On POSIX a process that closes any handle of a file gives up every lock
that it has on it, those of SQLite's open connections too; then another process that ends would take itself for the last
one, remove the write-ahead log under them, and the file would be damaged (sqlite.org, "How to corrupt", 2.2).
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["make_own_file"]


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
