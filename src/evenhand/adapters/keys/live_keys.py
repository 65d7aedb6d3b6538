"""The keys of people as a service needs them: remembered, and looked up anew when somebody else changed the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from ._person_keys import Row
from .subject_keys import SubjectKeyFile, rows_of
from .wrapping import Wrapping

__all__ = ["LiveSubjectKeys"]

_MOST = 262_144


class LiveSubjectKeys(SubjectKeyFile):
    """As `SubjectKeyFile`, for one thread that records all the time and holds the ledger while it does.

    SQLite tells when another connection changed the file (``PRAGMA data_version``); then nothing that was remembered
    counts any more. So a key that was destroyed, and a mark that somebody was erased, are seen by the next decision.

    Args:
        path, secret, wrapping: as of `SubjectKeyFile`.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes], wrapping: Wrapping | None = None) -> None:
        super().__init__(path, secret, wrapping)
        self._file = path
        self._watch: sqlite3.Connection | None = None
        self._version = -1
        self._is_there = False
        self._known: dict[bytes, bytes] = {}
        self._all: dict[bytes, int] = {}

    def close(self) -> None:
        """Close the file."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    @property
    def is_there(self) -> bool:
        """Whether there are tables; once there are, they stay."""
        self._is_there = self._is_there or super().is_there
        return self._is_there

    def _rows(self, column: str, values: Sequence[bytes]) -> list[Row]:
        """Over the connection that watches: opening the file costs more than reading a few keys."""
        if self._watch is None:
            return super()._rows(column, values)
        with self._trouble():
            return rows_of(self._watch, column, values)

    def make(self, pseudonyms: Sequence[bytes]) -> bytes:
        """Handle and key of each person, end to end; see `SubjectKeyFile.make`."""
        self._look()
        known = self._known
        with contextlib.suppress(KeyError):
            return b"".join(map(known.__getitem__, pseudonyms))
        missing = [one for one in dict.fromkeys(pseudonyms) if one not in known]
        if missing:
            if len(known) + len(missing) > _MOST:
                known.clear()
                missing = list(dict.fromkeys(pseudonyms))
            made = super().make(missing)
            width = len(made) // len(missing)
            known.update((one, made[width * i : width * (i + 1)]) for i, one in enumerate(missing))
            self._look(by_us=True)
        return b"".join([known[one] for one in pseudonyms])

    def marks(self, until: int) -> dict[bytes, int]:
        """Every mark that was made by a moment; see `SubjectKeyFile.marks`."""
        self._look()
        return {mark: at for mark, at in self._all.items() if at <= until}

    def _look(self, *, by_us: bool = False) -> None:
        """Forget what may have changed. What this thread made itself, while it holds the ledger, changes no key."""
        try:
            if self._watch is None:
                if not self.is_there:
                    return
                self._watch = sqlite3.connect(
                    f"{self._file.absolute().as_uri()}?mode=rw",
                    uri=True,
                    isolation_level=None,
                    timeout=5,
                    check_same_thread=False,
                )
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
            if version == self._version:
                return
            self._all = dict(self._watch.execute("SELECT mark, at FROM suppressed").fetchall())
            if not by_us:
                self._known.clear()
            self._version = version
        except sqlite3.DatabaseError as error:
            with contextlib.suppress(sqlite3.Error):
                self.close()
            self._version = -1
            raise self._told(error) from None
