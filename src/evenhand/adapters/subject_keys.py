"""Keys of people in a small database of their own, outside the ledger.

A key is made of the home's secret and 32 random bytes of the person (keyed BLAKE2b, RFC 7693); the file holds the
random bytes. So this file alone opens nothing, nor does the secret alone, and destroying the bytes destroys the key.

Implements `ledger.SubjectKeys`. A copy of the ledger holds none of them. What is deleted is overwritten with zeros
(SQLite's ``secure_delete``), and the journal of a change is removed with it. Neither a disk that spreads its writes nor
a backup that was made before can be reached from here.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.ledger import SubjectKey
from evenhand.terms import LedgerError, StoreError

__all__ = ["SubjectKeyFile"]

_KEY, _HANDLE, _CHECK = 32, 16, 4
_COUNTER = 6
"""Bytes of a handle that count up, so that the index grows at its end; the chain tells that order anyway."""
_DRAWN = _KEY + _HANDLE - _COUNTER
_ROW = _HANDLE + _KEY
_AT_ONCE = 16_384
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRAGMAS = (
    "secure_delete = ON",
    "synchronous = FULL",
    "temp_store = MEMORY",
    "trusted_schema = OFF",
    "cache_size = -65536",
)
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS subject_key (
    pseudonym BLOB PRIMARY KEY, handle BLOB NOT NULL UNIQUE, seed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suppressed (mark BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
COMMIT;
"""
_SELECT = "SELECT pseudonym, handle, seed FROM subject_key"
_TOGETHER = 1_024
_INSERT = f"""
WITH RECURSIVE row (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM row WHERE at + 1 < ?4)
INSERT INTO subject_key SELECT substr(?1, at * {_HANDLE} + 1, {_HANDLE}), substr(?2, at * {_HANDLE} + 1, {_HANDLE}),
    substr(?3, at * {_KEY + _CHECK} + 1, {_KEY + _CHECK}) FROM row
"""


class SubjectKeyFile:
    """The keys of one home's people.

    Args:
        path: the database; made with the first key, readable by its owner only.
        secret: gives the home's secret key (32 bytes). Asked when first needed.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes]) -> None:
        self._path = path
        self._secret = secret

    def make(self, pseudonyms: Sequence[bytes]) -> bytes:
        """Handle (16 bytes) and key (32) of each person, end to end; drawn, and durable before this returns, where
        there was none."""
        out = bytearray(_ROW * len(pseudonyms))
        missing: dict[bytes, list[int]] = {}
        order = _ascending(pseudonyms)
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            some = [pseudonyms[place] for place in places]
            known = {key.pseudonym: key.handle + key.key for key in self._of("pseudonym", some)}
            for place, one in zip(places, some, strict=True):
                found = known.get(one)
                if found is None:
                    missing.setdefault(one, []).append(place)
                else:
                    out[_ROW * place : _ROW * (place + 1)] = found
        if missing:
            for one, found in zip(missing, self._added(list(missing)), strict=True):
                for place in missing[one]:
                    out[_ROW * place : _ROW * (place + 1)] = found
        return bytes(out)

    def _added(self, pseudonyms: list[bytes]) -> list[bytes]:
        """Draw keys for people who have none; handle and key of each."""
        random, made, rows = os.urandom(_DRAWN * len(pseudonyms)), [], []
        with self._opened(make=True) as database:
            database.execute("BEGIN IMMEDIATE")
            last = database.execute("SELECT max(handle) FROM subject_key").fetchone()[0]
            number = int.from_bytes(last[:_COUNTER], "big") if last else 0
            for place, pseudonym in enumerate(pseudonyms):
                number += 1
                drawn = random[place * _DRAWN : (place + 1) * _DRAWN]
                handle = number.to_bytes(_COUNTER, "big") + drawn[_KEY:]
                derived = self._derived(pseudonym, handle, drawn[:_KEY])
                made.append(handle + derived[:_KEY])
                rows.append((pseudonym, handle, drawn[:_KEY] + derived[_KEY:]))
            rows.sort()
            for start in range(0, len(rows), _TOGETHER):
                part = rows[start : start + _TOGETHER]
                blobs = [b"".join(row[column] for row in part) for column in range(3)]
                database.execute(_INSERT, (*blobs, len(part)))
            database.execute("COMMIT")
        return made

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

    def suppressed(self, pseudonyms: NDArray[np.bytes_], until: datetime | None = None) -> Mapping[bytes, int]:
        """Who of these people (``S32`` [n], hex) was erased: 16 bytes each, with the moment in microseconds since 1970
        (UTC). With `until` only those who were erased by that moment."""
        if not self._is_there():
            return {}
        last = 2**62 if until is None else (until - _EPOCH) // timedelta(microseconds=1)
        with self._opened(make=False) as database:
            marks = dict(database.execute("SELECT mark, at FROM suppressed WHERE at <= ?", (last,)).fetchall())
        if not marks:
            return {}
        asked = map(bytes.fromhex, pseudonyms.astype("U32").tolist())
        found = ((one, marks.get(self._mark(one))) for one in asked)
        return {one: at for one, at in found if at is not None}

    def _mark(self, pseudonym: bytes) -> bytes:
        return blake2b(pseudonym, key=self._secret(), digest_size=16, person=b"evenhand-erased").digest()

    def _derived(self, pseudonym: bytes, handle: bytes, seed: bytes) -> bytes:
        """The person's key, and four bytes that tell an altered row."""
        keyed = self._keyed.copy()
        keyed.update(pseudonym + handle + seed)
        return keyed.digest()

    @cached_property
    def _keyed(self) -> blake2b:
        return blake2b(digest_size=_KEY + _CHECK, key=self._secret(), person=b"evenhand-subkey")

    def _of(self, column: str, values: Sequence[bytes]) -> list[SubjectKey]:
        """The keys of which a column has one of these values."""
        if not values or not self._is_there():
            return []
        rows: list[tuple[bytes, bytes, bytes]] = []
        with self._opened(make=False) as database:
            for start in range(0, len(values), _AT_ONCE):
                some = values[start : start + _AT_ONCE]
                rows += database.execute(f"{_SELECT} WHERE {column} IN ({','.join('?' * len(some))})", some).fetchall()
        out = []
        for pseudonym, handle, seed in rows:
            derived = self._derived(pseudonym, handle, seed[:_KEY])
            if derived[_KEY:] != seed[_KEY:]:
                raise LedgerError(
                    "subject-keys-altered",
                    f"A key in {self._path.name} was altered, or was made under another secret key.",
                    rule="G-17: a person's decisions open with their own key only",
                    remedy="Restore the file, and the secret key that belongs to it, from a copy.",
                )
            out.append(SubjectKey(pseudonym, handle, derived[:_KEY]))
        return out

    def _is_there(self) -> bool:
        """Whether there are tables; a first run that was killed can leave an empty file."""
        if not self._path.exists():
            return False
        with self._opened(make=False) as database:
            return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    @contextlib.contextmanager
    def _opened(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        """The database. It is opened for writing even to read, where that may be, since what a killed process left half
        done is undone by the next that opens it."""
        try:
            if make:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            database = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=5
            )
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


def _ascending(pseudonyms: Sequence[bytes]) -> list[int]:
    """Places of the pseudonyms in their order, in which a table is read and written quickest."""
    halves = np.frombuffer(b"".join(pseudonyms), dtype=">u8").reshape(-1, 2)
    order: list[int] = np.lexsort((halves[:, 1], halves[:, 0])).tolist()
    return order
