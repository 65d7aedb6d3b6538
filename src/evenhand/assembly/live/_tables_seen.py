"""How the files of tables are: enough to see that one was written again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from evenhand.policy import Table

__all__ = ["Seen", "seen"]

Seen = tuple[tuple[int, int, int], ...]
"""Of each file when it was changed, its size and which it is; zeros where there is none."""
_SQLITE = "sqlite:///"


def seen(tables: Iterable[Table | None], folder: Path) -> Seen:
    """How the files of these tables are."""
    return tuple(_state(path) for table in tables if table is not None for path in _files(table, folder))


def _files(table: Table, folder: Path) -> tuple[Path, ...]:
    if table.file is not None:
        return (folder / table.file,)
    if table.sql is not None and table.sql.startswith(_SQLITE):
        path = folder / table.sql.removeprefix(_SQLITE)
        return path, path.with_name(path.name + "-wal")
    return ()


def _state(path: Path) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
