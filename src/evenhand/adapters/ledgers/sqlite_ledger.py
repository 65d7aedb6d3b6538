"""The ledger in one SQLite file: write-ahead log, full synchronisation, one writer at a time, no update and no delete.

Beside ``NAME`` stand ``NAME.head`` (where the ledger ends, sealed with an HMAC), ``NAME.key`` (the key of that seal,
readable by the owner only; better kept elsewhere: pass its path) and ``NAME.lock`` (empty; who holds its lock writes).
Implements `ledger.LedgerStore`. Source: SQLite documentation ("Atomic Commit", "Write-Ahead Logging").
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from evenhand.ledger import GENESIS, Head, Intent, Kind, Node, Row, SubjectKeys, Tail
from evenhand.terms import LedgerError, StoreError

from ..stores.own_file import fold_in, make_own_file, make_tables, may_be_written, refuse_unwritable
from ._folding import LONG, Folding
from ._ledger_tables import (
    APPLICATION,
    CHECK_PARTS,
    CHECKS,
    FILE_DECISIONS,
    FILE_IN_PARTS,
    FILED,
    SCHEMA,
    TREE,
    TRIGGERS,
    VERSION,
    of_subject,
)
from ._ledger_trouble import busy, outside, told
from ._ledger_turn import Turn
from ._sealed_head import SealedHead
from ._sqlite_many import insert_entries, insert_payloads

__all__ = ["SqliteLedger"]

_CHUNK = 16_384
_PSEUDONYM = 16
_SOME = 1_024
_WAIT = 5.0
_LARGE = 4_096
"""Entries from which on what a commit leaves in the write-ahead log is folded into the file when others may write."""
_COLUMNS = "seq, kind, about, hash, body"


class SqliteLedger:
    """A ledger in a file. Close it, or use it in a ``with``; for one thread at a time.

    Args:
        path: the file; it is made, with its folder, unless `read_only`.
        key: file with the key that seals the head, or what gives the key; ``NAME.key`` beside the ledger if left out.
        people: keys of people, under which their decisions are sealed and opened.
        read_only: open what is there, change nothing.
        patience: seconds that `claim` waits for its turn while somebody else writes.
        folds: a thread folds the write-ahead log in beside the commits; for whoever commits all the time.
        for_a_run: seconds that it waits on where a whole run is being recorded.

    Raises:
        StoreError: the file cannot be opened, made or, unless `read_only`, written, or is of a newer evenhand.
        LedgerError: the file is not a ledger, or is damaged.
    """

    head_is_apart = True
    """The head is a file of its own, and can be written while the entries are."""
    newest = VERSION

    def __init__(
        self,
        path: Path,
        *,
        key: Path | Callable[[], bytes] | None = None,
        people: SubjectKeys | None = None,
        read_only: bool = False,
        patience: float = 0.0,
        folds: bool = False,
        for_a_run: float = 0.0,
    ) -> None:
        self.path = path
        self._folds = folds
        self._folding: Folding | None = None
        self.people = people
        self._turn, self._for_a_run = Turn(path, patience), for_a_run
        self._head = SealedHead(path.with_name(path.name + ".head"), key or path.with_name(path.name + ".key"))
        self._lock: IO[bytes] | None = None
        self._before, self._is_large = 0, False
        if read_only and not path.is_file():
            raise StoreError(
                "store-missing",
                f"There is no ledger at {path}.",
                rule="Reading does not make a ledger.",
                remedy="Name the ledger's file, or record a first run.",
            )
        with self._trouble():
            if not read_only:
                make_own_file(path)  # what was decided is the owner's to read
            mode = _reading(path) if read_only else "rwc"
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                timeout=_WAIT,
                check_same_thread=False,
            )
        try:
            with self._trouble():
                self._prepare(read_only)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        # Tables, numbers and version come in one step of whoever makes it; so the tables are looked for first.
        blank = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if blank and not read_only:
            self._db.execute("PRAGMA page_size = 4096")
            # Another first run may have made it since `blank` was read, hence IF NOT EXISTS.
            make_tables(self._db, f"{SCHEMA} {TREE} {FILED}", _WAIT)
        elif blank and not self.path.with_name(self.path.name + ".head").exists():
            raise StoreError(
                "store-blank",
                f"The ledger at {self.path} is blank: its first run was interrupted before it began.",
                rule="A run is recorded whole or not at all.",
                remedy="Record a first run; nothing was lost.",
            )
        elif application != APPLICATION:
            raise LedgerError(
                "ledger-other-file",
                f"The file {self.path} is not a ledger of evenhand.",
                rule="G-5-2",
                remedy="Name the ledger's file, or move this file away.",
            )
        elif version > VERSION:
            raise StoreError(
                "store-newer",
                f"The ledger has format {version}; this evenhand reads up to {VERSION}.",
                rule="A format is read by the version that knows it.",
                remedy="Install the newer evenhand.",
            )
        if not read_only:
            refuse_unwritable(self._db, "DELETE FROM intent WHERE 0", _WAIT)
        for pragma in (
            "synchronous = FULL",
            f"cache_size = {-4096 if read_only else -65536}",  # a service has many readers at once
            "temp_store = MEMORY",
            "trusted_schema = OFF",
            "secure_delete = ON",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        if self._folds:
            self._db.execute(f"PRAGMA wal_autocheckpoint = {LONG}")

    def __enter__(self) -> SqliteLedger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Undo what is not committed, let others write, and close the file."""
        self.release()
        if self._folding is not None:
            self._folding.close()
        self._db.close()

    def tail(self) -> Tail:
        """Where the entries end, as stored."""
        with self._trouble():
            row = self._db.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return Tail(row[0], bytes(row[1])) if row else Tail(0, GENESIS)

    def read(self, first: int, last: int | None = None) -> Iterator[Sequence[Row]]:
        """Entries from `first` to `last` (both included; None = the end) in order, in chunks."""
        last = 2**62 if last is None else last
        while first <= last:
            rows = self._rows("seq >= ? AND seq <= ? ORDER BY seq LIMIT ?", first, last, _CHUNK)
            if not rows:
                return
            yield rows
            first = rows[-1][0] + 1

    def about(self, about: bytes) -> Sequence[Row]:
        """Every entry about something, oldest first."""
        if len(about) == _PSEUDONYM:
            return self._rows(f"seq IN ({of_subject(self.version())}) ORDER BY seq", about)
        return self._rows("about = ? AND kind <> 0 ORDER BY seq", about)

    def of_kind(self, kind: Kind, after: int = 0) -> Iterator[Row]:
        """Every entry of a kind other than DECISION whose number is above `after`, oldest first."""
        while rows := self._rows("kind = ? AND kind <> 0 AND seq > ? ORDER BY seq LIMIT ?", int(kind), after, _SOME):
            yield from rows
            after = rows[-1][0]

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind other than DECISION whose sequence number is below `before`."""
        rows = self._rows("kind = ? AND kind <> 0 AND seq < ? ORDER BY seq DESC LIMIT 1", int(kind), before)
        return rows[0] if rows else None

    def payloads(self, first: int, last: int) -> Mapping[int, bytes]:
        """Encrypted bodies of the decisions from `first` to `last` (both included), by number."""
        if self.version() < 2:
            return {}
        query = "SELECT seq, sealed FROM payload WHERE seq >= ? AND seq <= ?"
        return dict(cast("list[tuple[int, bytes]]", self._rows_of(query, first, last)))

    def hashes(self, first: int, last: int) -> Sequence[bytes]:
        """Hashes of the entries from `first` to `last` (both included), in order."""
        found = self._rows_of("SELECT hash FROM entry WHERE seq >= ? AND seq <= ? ORDER BY seq", first, last)
        return [cast("bytes", row[0]) for row in found]

    def tiles(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Kept roots of the tiles `first` to `end` - 1 of a level of the tree, in order."""
        if self.version() < 2:
            return []
        query = "SELECT hash FROM tile WHERE level = ? AND place >= ? AND place < ? ORDER BY place"
        return [cast("bytes", row[0]) for row in self._rows_of(query, level, first, end)]

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Every checkpoint that was signed, by the number of entries under it."""
        if self.version() >= 2:
            yield from cast("list[tuple[int, str]]", self._rows_of("SELECT size, note FROM checkpoint ORDER BY size"))

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The checkpoint that was signed last; None if there is none."""
        if self.version() < 2:
            return None
        found = self._rows_of("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return cast("tuple[int, str]", found[0]) if found else None

    def checkpoint_before(self, size: int) -> int:
        """How many entries were under the last checkpoint over fewer than `size`; 0 if there is none."""
        query = "SELECT coalesce(max(size), 0) FROM checkpoint WHERE size < ?"
        return cast("int", self._rows_of(query, size)[0][0]) if self.version() >= 2 else 0

    def secret(self) -> bytes:
        """The key that seals the head. Raises LedgerError where it is missing."""
        with self._trouble():
            return self._head.key()

    def version(self) -> int:
        """Version of the file's tables, as they are now: a first writer may have brought them up to date."""
        return cast("int", self._rows_of("PRAGMA user_version")[0][0])

    def damage(self) -> Sequence[str]:
        """What SQLite's own check of the file finds (pages, indexes); empty if all is well."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(5)")]
            triggers = TRIGGERS[version := self.version()]
            for what, query in (*CHECKS, CHECK_PARTS) if version >= 3 else CHECKS:
                if self._db.execute(query, (triggers,) if "?1" in query else ()).fetchone()[0]:
                    found.append(what)
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return [text.replace("\n", "; ").rstrip(".") for text in found if text != "ok"]

    def claim(self) -> None:
        """Become the only writer until `release`; other processes are refused, at once or when their patience ends."""
        if self._lock is not None:
            raise busy(self.path)
        with self._trouble():
            lock = self._turn.taken()
            if lock is None and self._for_a_run and self.intents():
                lock = self._turn.taken(self._for_a_run)
        if lock is None:
            raise busy(self.path)
        self._lock = lock
        if self.version() < VERSION:
            with self._trouble():
                self._db.executescript(f"BEGIN IMMEDIATE; {TREE} {FILE_IN_PARTS} COMMIT;")

    def is_wanted(self) -> bool:
        """Whether somebody waits to write."""
        with self._trouble():
            return self._turn.is_wanted()

    def release(self) -> None:
        """Let others write; what is not committed is undone."""
        if self._lock is None:
            return
        try:
            self.rollback()
        finally:
            self._lock.close()
            self._lock = None
        if self._is_large:
            self._is_large = False
            with contextlib.suppress(sqlite3.Error):  # whoever writes next does it, a little slower
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._db.execute("PRAGMA wal_autocheckpoint = 1000")

    def intents(self) -> Sequence[Intent]:
        """Runs that started and are not in the chain."""
        return [Intent(*map(str, row)) for row in self._rows_of("SELECT run_id, at, why FROM intent ORDER BY run_id")]

    def intend(self, intent: Intent) -> None:
        """Keep an intent durably, at once."""
        with self._trouble():
            self._db.execute("INSERT OR REPLACE INTO intent VALUES (?, ?, ?)", (intent.run_id, intent.at, intent.why))

    def begin(self) -> None:
        """Open the transaction that the following appends belong to."""
        with self._trouble():
            self._db.execute("BEGIN IMMEDIATE")
            self._before = self._db.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]

    def append(self, rows: Iterable[Row]) -> None:
        """Add entries to the open transaction."""
        with self._trouble():
            insert_entries(self._db, rows)

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """Add the encrypted bodies of consecutive decisions to the open transaction."""
        with self._trouble():
            insert_payloads(self._db, first, payloads)

    def drop_payloads(self, handle: bytes) -> None:
        """Remove the encrypted bodies of a person's decisions, in the open transaction."""
        with self._trouble():
            self._db.execute(f"DELETE FROM payload WHERE seq IN ({of_subject(self.version())})", (handle,))

    def drop_payloads_between(self, first: int, last: int) -> None:
        """Remove the encrypted bodies of the decisions from `first` to `last`, in the open transaction."""
        with self._trouble():
            self._db.execute("DELETE FROM payload WHERE seq >= ? AND seq <= ?", (first, last))

    def keep_tree(self, nodes: Sequence[Node], size: int, checkpoint: str) -> None:
        """Add tiles of the tree and the checkpoint at `size` to the open transaction."""
        with self._trouble():
            self._db.executemany("INSERT OR REPLACE INTO tile VALUES (?, ?, ?)", nodes)
            self._db.execute("INSERT OR IGNORE INTO checkpoint VALUES (?, ?)", (size, checkpoint))

    def commit(self, settled: Sequence[str]) -> None:
        """Make everything appended durable and forget the intents of these runs, in one step."""
        with self._trouble():
            self._db.execute(FILE_DECISIONS, (self._before,))
            self._db.executemany("DELETE FROM intent WHERE run_id = ?", [(run_id,) for run_id in settled])
            if not self._folds:
                last = self._db.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]
                self._is_large = last - self._before >= _LARGE
                if self._is_large:
                    self._db.execute("PRAGMA wal_autocheckpoint = 0")
            self._db.execute("COMMIT")
        if self._folds:
            self._folding = self._folding or Folding(self.path)
            self._folding.committed()

    def shrink(self) -> None:
        """Fold the write-ahead log into the file and empty it, so that what was removed is in neither."""
        with self._trouble():
            fold_in(self._db, _WAIT)

    def rollback(self) -> None:
        """Undo everything appended since `begin`; harmless where there is nothing to undo."""
        with self._trouble():
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def head(self) -> Head | None:
        """The kept head; None if none was ever kept. Raises LedgerError if its seal is broken."""
        with self._trouble():
            return self._head.read()

    def keep_head(self, head: Head) -> None:
        """Seal the head and keep it durably, replacing the one before in one step."""
        with self._trouble():
            self._head.keep(head, at_rest=head.pending is None)

    def _rows(self, where: str, *values: object) -> list[Row]:
        return cast("list[Row]", self._rows_of(f"SELECT {_COLUMNS} FROM entry WHERE {where}", *values))

    def _rows_of(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._trouble():
            return self._db.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Say in three parts what SQLite or the system says in its own words."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise told(self.path, error) from None
        except OSError as error:
            raise outside(self.path, error) from None


def _reading(path: Path) -> str:
    """How to open a ledger for reading: where it or its folder cannot be written, SQLite cannot share memory with a
    writer, so a ledger at rest (no write-ahead log beside it) is read as a file that nobody changes."""
    at_rest = not path.with_name(path.name + "-wal").exists()
    return "ro&immutable=1" if at_rest and not (may_be_written(path) and may_be_written(path.parent)) else "ro"
