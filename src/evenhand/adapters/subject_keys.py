"""Keys of people in a small database of their own: outside the ledger, each wrapped under the home's secret.

Implements `ledger.SubjectKeys`. A copy of the ledger holds none of them, and this file alone opens nothing. What is
deleted is overwritten with zeros (SQLite's ``secure_delete``), and the journal of a change is removed with it. Neither
a disk that spreads its writes nor a backup that was made before can be reached from here.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.ledger import SubjectKey
from evenhand.terms import LedgerError, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

__all__ = ["SubjectKeyFile"]

_KEY, _HANDLE = 32, 16
_AT_ONCE = 16_384
_PRAGMAS = ("secure_delete = ON", "synchronous = FULL", "temp_store = MEMORY", "trusted_schema = OFF")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS subject_key (
    pseudonym BLOB PRIMARY KEY, handle BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suppressed (mark BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


class SubjectKeyFile:
    """The keys of one home's people.

    Args:
        path: the database; made with the first key, readable by its owner only.
        secret: gives the home's secret key (32 bytes); what wraps the keys is derived from it. Asked when first needed.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes]) -> None:
        self._path = path
        self._secret = secret

    @cached_property
    def _wrap(self) -> AESGCMSIV:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        return AESGCMSIV(hmac.new(self._secret(), b"evenhand subject keys", hashlib.sha256).digest())

    def make(self, pseudonyms: Sequence[bytes]) -> Sequence[SubjectKey]:
        """The key of each person, in order; drawn, and durable before this returns, where there was none."""
        found = self._of("pseudonym", pseudonyms)
        known = {key.pseudonym: key for key in found}
        missing = [one for one in dict.fromkeys(pseudonyms) if one not in known]
        if missing:
            drawn = os.urandom((_KEY + _HANDLE) * len(missing))
            for place, pseudonym in enumerate(missing):
                start = place * (_KEY + _HANDLE)
                handle, key = drawn[start : start + _HANDLE], drawn[start + _HANDLE : start + _HANDLE + _KEY]
                known[pseudonym] = SubjectKey(pseudonym, handle, key)
            rows = [(one, known[one].handle, self._wrapped(known[one])) for one in sorted(missing)]
            with self._opened(make=True) as database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT INTO subject_key VALUES (?, ?, ?)", rows)
                database.execute("COMMIT")
        return [known[one] for one in pseudonyms]

    def draw(self, count: int) -> bytes:
        """So many random bytes, that nobody can foresee."""
        return os.urandom(count)

    def of_handles(self, handles: Sequence[bytes]) -> Mapping[bytes, SubjectKey]:
        """The keys of these handles, by handle, without those that are not there (any more)."""
        return {key.handle: key for key in self._of("handle", handles)}

    def of_person(self, pseudonym: bytes) -> SubjectKey | None:
        """The key of a person; None if there is none (any more)."""
        found = self._of("pseudonym", [pseudonym])
        return found[0] if found else None

    def forget(self, pseudonym: bytes) -> bytes | None:
        """Destroy the key of a person, durably; the handle it had, None if there was none."""
        found = self.of_person(pseudonym)
        if found is None:
            return None
        with self._opened(make=True) as database:
            database.execute("DELETE FROM subject_key WHERE pseudonym = ?", (pseudonym,))
        return found.handle

    def suppress(self, pseudonym: bytes, at: int) -> None:
        """Remember that a person was erased, by a keyed mark: whoever imports them again can know, nobody else.

        Args:
            pseudonym: 16 bytes.
            at: moment of the erasure, microseconds since 1970 (UTC).
        """
        with self._opened(make=True) as database:
            database.execute("INSERT OR REPLACE INTO suppressed VALUES (?, ?)", (self._mark(pseudonym), at))

    def suppressed(self, pseudonyms: NDArray[np.bytes_]) -> Mapping[bytes, int]:
        """Who of these people (``S32`` [n], hex) was erased: 16 bytes each, with the moment in microseconds since 1970
        (UTC)."""
        if not self._path.exists():
            return {}
        with self._opened(make=False) as database:
            has_table = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'suppressed'").fetchone()[0]
            marks = dict(database.execute("SELECT mark, at FROM suppressed").fetchall()) if has_table else {}
        if not marks:
            return {}
        asked = map(bytes.fromhex, pseudonyms.astype("U32").tolist())
        found = ((one, marks.get(self._mark(one))) for one in asked)
        return {one: at for one, at in found if at is not None}

    def _mark(self, pseudonym: bytes) -> bytes:
        return hashlib.blake2b(pseudonym, key=self._secret(), digest_size=16, person=b"evenhand-erased").digest()

    def _wrapped(self, key: SubjectKey) -> bytes:
        return self._wrap.encrypt(key.handle[:12], key.key, key.pseudonym + key.handle)

    def _of(self, column: str, values: Sequence[bytes]) -> list[SubjectKey]:
        """The keys of which a column has one of these values."""
        from cryptography.exceptions import InvalidTag

        if not values or not self._path.exists():
            return []
        rows: list[tuple[bytes, bytes, bytes]] = []
        with self._opened(make=False) as database:
            for start in range(0, len(values), _AT_ONCE):
                some = values[start : start + _AT_ONCE]
                places = ",".join("?" * len(some))
                query = f"SELECT pseudonym, handle, wrapped FROM subject_key WHERE {column} IN ({places})"
                rows += database.execute(query, some).fetchall()
        try:
            decrypt = self._wrap.decrypt
            return [SubjectKey(p, h, decrypt(h[:12], wrapped, p + h)) for p, h, wrapped in rows]
        except InvalidTag:
            raise LedgerError(
                "subject-keys-altered",
                f"A key in {self._path.name} was altered, or was made under another secret key.",
                rule="G-17: a person's decisions open with their own key only",
                remedy="Restore the file, and the secret key that belongs to it, from a copy.",
            ) from None

    @contextlib.contextmanager
    def _opened(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        try:
            if make:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            uri = f"{self._path.absolute().as_uri()}?mode={'rwc' if make else 'ro'}"
            database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
            try:
                for pragma in _PRAGMAS:
                    database.execute(f"PRAGMA {pragma}")
                if make:
                    database.executescript(_SCHEMA)
                yield database
            finally:
                database.close()
        except (sqlite3.DatabaseError, OSError) as error:
            raise StoreError(
                "subject-keys-unreachable",
                f"The keys of people in {self._path} cannot be read or written ({type(error).__name__}).",
                rule="A decision is recorded under the key of its person, or not at all.",
                remedy="Check the file, its permissions and the room on its disk, and run again.",
            ) from None
