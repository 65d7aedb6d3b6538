"""Keys of people in a small database of their own, outside the ledger: a SQLite file.

How a key is made of what the file keeps stands in `_person_keys`. The file alone opens nothing, nor does the home's
secret alone. Implements `ledger.SubjectKeys`. A copy of the ledger holds none of them. What is deleted is overwritten
with zeros (SQLite's ``secure_delete``), and the journal of a change is removed with it. Neither a disk that spreads its
writes nor a backup that was made before can be reached from here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from evenhand.terms import StoreError

from ..stores.file_trouble import store_error, trouble_of
from ..stores.own_file import make_own_file
from ._person_keys import HANDLE, PersonKeys, Row
from .wrapping import Wrapping

__all__ = ["SubjectKeyFile", "rows_of"]

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
CREATE TABLE IF NOT EXISTS taught (run_id TEXT PRIMARY KEY, campaign TEXT NOT NULL, who BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS taught_gone (
    run_id TEXT NOT NULL, mark BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (run_id, mark)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (number INTEGER PRIMARY KEY, kept BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
COMMIT;
"""
_SELECT = "SELECT pseudonym, handle, seed FROM subject_key"
_TOGETHER = 1_024
# Many rows in one statement: pseudonyms, handles and what is kept, each end to end; their number; length of the last.
_INSERT = f"""
WITH RECURSIVE row (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM row WHERE at + 1 < ?4)
INSERT INTO subject_key SELECT substr(?1, at * {HANDLE} + 1, {HANDLE}), substr(?2, at * {HANDLE} + 1, {HANDLE}),
    substr(?3, at * ?5 + 1, ?5) FROM row
"""


def rows_of(database: sqlite3.Connection, column: str, values: Sequence[bytes]) -> list[Row]:
    """The rows of which a column has one of these values."""
    return database.execute(f"{_SELECT} WHERE {column} IN ({','.join('?' * len(values))})", values).fetchall()


class SubjectKeyFile(PersonKeys):
    """The keys of one home's people.

    Args:
        path: the database; made with the first key, readable by its owner only.
        secret: gives the home's secret key (32 bytes). Asked when first needed.
        wrapping: the home's wrapping keys; none = the file keeps random bytes as they are.
    """

    def __init__(self, path: Path, secret: Callable[[], bytes], wrapping: Wrapping | None = None) -> None:
        super().__init__(secret, wrapping)
        self._path = path
        self.where = path.name

    @property
    def is_there(self) -> bool:
        """Whether there are tables; a first run that was killed can leave an empty file."""
        if not self._path.exists():
            return False
        with self._opened(make=False) as database:
            return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def marks(self, until: int) -> dict[bytes, int]:
        """Every mark that was made by a moment, with its moment."""
        if not self.is_there:
            return {}
        with self._opened(make=False) as database:
            return dict(database.execute("SELECT mark, at FROM suppressed WHERE at <= ?", (until,)).fetchall())

    def _add(self, pseudonyms: list[bytes]) -> list[bytes] | None:
        with self._opened(make=True) as database:
            database.execute("BEGIN IMMEDIATE")
            made, rows = self._drawn(pseudonyms, database.execute("SELECT max(handle) FROM subject_key").fetchone()[0])
            for start in range(0, len(rows), _TOGETHER):
                part = rows[start : start + _TOGETHER]
                blobs = [b"".join(row[column] for row in part) for column in range(3)]
                try:
                    database.execute(_INSERT, (*blobs, len(part), len(part[0][2])))
                except sqlite3.IntegrityError:
                    return None  # closed without a commit: as it was
            database.execute("COMMIT")
        return made

    def _put(self, rows: list[Row]) -> None:
        with self._opened(make=True) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT OR IGNORE INTO subject_key VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")

    def _rows(self, column: str, values: Sequence[bytes]) -> list[Row]:
        with self._opened(make=False) as database:
            return rows_of(database, column, values)

    def _rows_after(self, pseudonym: bytes, count: int) -> list[Row]:
        if not self.is_there:
            return []
        with self._opened(make=False) as database:
            query = f"{_SELECT} WHERE pseudonym > ? ORDER BY pseudonym LIMIT ?"
            return database.execute(query, (pseudonym, count)).fetchall()

    def _replace(self, rows: list[tuple[bytes, bytes, bytes]]) -> None:
        with self._opened(make=False) as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("UPDATE subject_key SET seed = ? WHERE pseudonym = ? AND seed = ?", rows)
            database.execute("COMMIT")

    def _remove(self, pseudonym: bytes) -> None:
        with self._opened(make=True) as database:
            database.execute("DELETE FROM subject_key WHERE pseudonym = ?", (pseudonym,))

    def _note(self, mark: bytes, at: int) -> None:
        with self._opened(make=True) as database:
            database.execute("INSERT OR REPLACE INTO suppressed VALUES (?, ?)", (mark, at))

    @contextlib.contextmanager
    def _together(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        with self._opened(make=make) as database:
            if (
                not make
                and not database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alias'").fetchone()[0]
            ):
                database.executescript(_SCHEMA)  # an older evenhand made the file
            database.execute("BEGIN IMMEDIATE" if make else "BEGIN")
            yield database
            database.execute("COMMIT")

    @contextlib.contextmanager
    def _opened(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        """The database. It is opened for writing even to read, where that may be, since what a killed process left half
        done is undone by the next that opens it."""
        with self._trouble():
            if make:
                make_own_file(self._path)
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

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Say in three parts what SQLite or the system says in its own words."""
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> StoreError:
        """What SQLite or the system says in its own words, in three parts."""
        rule = "A decision is recorded under the key of its person, or not at all."
        return store_error(trouble_of(error, self._path), f"The file {self._path} with keys of people", rule=rule) or (
            StoreError(
                "subject-keys-unreachable",
                f"The keys of people in {self._path} cannot be read or written ({type(error).__name__}).",
                rule=rule,
                remedy="Check the file, its permissions and the room on its disk, and run again.",
            )
        )
