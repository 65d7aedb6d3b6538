"""The keys of people as a service needs them: remembered, and looked up anew when somebody else changed the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import StoreError

from .subject_keys import SubjectKeyFile

__all__ = ["LiveSubjectKeys"]

_MOST = 262_144
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LiveSubjectKeys(SubjectKeyFile):
    """As `SubjectKeyFile`, for one thread that records all the time and holds the ledger while it does.

    SQLite tells when another connection changed the file (``PRAGMA data_version``); then nothing that was remembered
    counts any more. So a key that was destroyed, and a mark that somebody was erased, are seen by the next decision.

    Args:
        path, secret: as of `SubjectKeyFile`.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes]) -> None:
        super().__init__(path, secret)
        self._file = path
        self._watch: sqlite3.Connection | None = None
        self._version = -1
        self._known: dict[bytes, bytes] = {}
        self._marks: dict[bytes, int] = {}

    def close(self) -> None:
        """Close the file."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def make(self, pseudonyms: Sequence[bytes]) -> bytes:
        """Handle and key of each person, end to end; see `SubjectKeyFile.make`."""
        self._look()
        known = self._known
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

    def suppressed(self, pseudonyms: NDArray[np.bytes_], until: datetime | None = None) -> Mapping[bytes, int]:
        """Who of these people was erased; see `SubjectKeyFile.suppressed`."""
        self._look()
        if not self._marks:
            return {}
        last = 2**62 if until is None else (until - _EPOCH) // timedelta(microseconds=1)
        asked = map(bytes.fromhex, pseudonyms.astype("U32").tolist())
        found = ((one, self._marks.get(self._mark(one))) for one in asked)
        return {one: at for one, at in found if at is not None and at <= last}

    def _look(self, *, by_us: bool = False) -> None:
        """Forget what may have changed. What this thread made itself, while it holds the ledger, changes no key."""
        try:
            if self._watch is None:
                if not self._is_there():
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
            self._marks = dict(self._watch.execute("SELECT mark, at FROM suppressed").fetchall())
            if not by_us:
                self._known.clear()
            self._version = version
        except sqlite3.DatabaseError as error:
            with contextlib.suppress(sqlite3.Error):
                self.close()
            self._version = -1
            raise StoreError(
                "subject-keys-unreachable",
                f"The keys of people in {self._file} cannot be read ({type(error).__name__}).",
                rule="whoever was erased is not decided about",
                remedy="check the file and its permissions; nothing was decided",
            ) from None
