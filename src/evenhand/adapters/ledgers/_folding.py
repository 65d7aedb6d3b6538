"""Folds a write-ahead log into its SQLite file beside whoever writes, so that no commit has to wait for it.

SQLite folds the log in within the commit that makes it long, and that one takes many times as long as the others. Here
a thread with a connection of its own does it, some thirty times a second (``wal_checkpoint(PASSIVE)``, which neither
waits for writers nor readers nor stops them): little each time, since a disk that is told to keep a lot lets commits
wait too. What it leaves is folded in by the writer, when the log is much longer still; that is little then, and lets
the log begin anew. Source: SQLite documentation ("Write-Ahead Logging", "Checkpointing").
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

__all__ = ["LONG", "Folding"]

LONG = 8_192
"""Pages of the log from which on the writer folds in what is left, 32 MiB."""
_EVERY = 0.03
"""Seconds between two times; with half a second the slowest hundredth of answers took twice as long."""


class Folding:
    """Folds the log of one file as long as something is committed. Close it before the file is closed.

    Args:
        path: the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_longer, self._is_over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="evenhand-folds", daemon=True)
        self._thread.start()

    def committed(self) -> None:
        """The log became longer; from any thread."""
        self._is_longer.set()

    def close(self) -> None:
        """End the thread."""
        self._is_over.set()
        self._is_longer.set()
        self._thread.join()

    def _work(self) -> None:
        # Whatever fails here is left to the writer, who meets it too and says so.
        with suppress(sqlite3.Error), closing(self._opened()) as database:
            while self._is_longer.wait() and not self._is_over_soon():
                self._is_longer.clear()
                if self._is_over.is_set():
                    return  # `close` came between the two waits, and nobody would wake this thread again
                with suppress(sqlite3.Error):
                    database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _is_over_soon(self) -> bool:
        """Rest until the next time; whether it ended meanwhile."""
        return self._is_over.wait(_EVERY)

    def _opened(self) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)
