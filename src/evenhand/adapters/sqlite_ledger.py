"""The ledger in one SQLite file: write-ahead log, full synchronisation, one writer at a time, no update and no delete.

Beside ``NAME`` stand ``NAME.head`` (where the ledger ends, sealed with an HMAC), ``NAME.key`` (the key of that seal,
readable by the owner only; better kept elsewhere: pass its path) and ``NAME.lock`` (empty; who holds its lock writes).
Implements `ledger.LedgerStore`. Source: SQLite documentation ("Atomic Commit", "Write-Ahead Logging").
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from evenhand.ledger import GENESIS, Head, Intent, Kind, Row, Tail
from evenhand.terms import EvenhandError, LedgerError, StoreError

__all__ = ["SqliteLedger"]

_APPLICATION = 0x45564844
_VERSION = 1
_CHUNK = 16_384
_COLUMNS = "seq, kind, about, hash, body"
_SCHEMA = f"""
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, about BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX entry_about ON entry (about);
CREATE INDEX entry_kind ON entry (kind) WHERE kind <> 0;
CREATE TABLE intent (run_id TEXT PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL) STRICT;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""


class SqliteLedger:
    """A ledger in a file. Close it, or use it in a ``with``.

    Args:
        path: the file; it is made, with its folder, unless `read_only`.
        key: file with the key that seals the head; ``NAME.key`` beside the ledger if left out.
        read_only: open what is there, change nothing.

    Raises:
        StoreError: the file cannot be opened or made, or is of a newer evenhand.
        LedgerError: the file is not a ledger, or is damaged.
    """

    def __init__(self, path: Path, *, key: Path | None = None, read_only: bool = False) -> None:
        self.path = path
        self._head_path = path.with_name(path.name + ".head")
        self._key_path = key or path.with_name(path.name + ".key")
        self._lock: IO[bytes] | None = None
        if read_only and not path.is_file():
            raise StoreError(
                "store-missing",
                f"There is no ledger at {path}.",
                rule="Reading does not make a ledger.",
                remedy="Name the ledger's file, or record a first run.",
            )
        with self._trouble():
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
            mode = "ro" if read_only else "rwc"
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5
            )
        try:
            with self._trouble():
                self._prepare(read_only)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        blank = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if blank and not read_only:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        elif application != _APPLICATION:
            raise LedgerError(
                "ledger-other-file",
                f"The file {self.path} is not a ledger of evenhand.",
                rule="G-5-2",
                remedy="Name the ledger's file, or move this file away.",
            )
        elif version > _VERSION:
            raise StoreError(
                "store-newer",
                f"The ledger has format {version}; this evenhand reads up to {_VERSION}.",
                rule="A format is read by the version that knows it.",
                remedy="Install the newer evenhand.",
            )
        for pragma in ("synchronous = FULL", "cache_size = -65536", "temp_store = MEMORY", "trusted_schema = OFF"):
            self._db.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> SqliteLedger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Undo what is not committed, let others write, and close the file."""
        self.release()
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
        return self._rows("about = ? ORDER BY seq", about)

    def of_kind(self, kind: Kind) -> Iterator[Row]:
        """Every entry of a kind other than DECISION, oldest first."""
        yield from self._rows("kind = ? AND kind <> 0 ORDER BY seq", int(kind))

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind other than DECISION whose sequence number is below `before`."""
        rows = self._rows("kind = ? AND kind <> 0 AND seq < ? ORDER BY seq DESC LIMIT 1", int(kind), before)
        return rows[0] if rows else None

    def damage(self) -> Sequence[str]:
        """What SQLite's own check of the file finds (pages, indexes); empty if all is well."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(5)")]
        except sqlite3.DatabaseError as error:
            return [str(error)]
        triggers = self._rows_of("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        if triggers != [("entry_no_delete",), ("entry_no_update",)]:
            found.append("a trigger that refuses changes is missing")
        return [text.replace("\n", "; ").rstrip(".") for text in found if text != "ok"]

    def claim(self) -> None:
        """Become the only writer until `release`; other processes are refused at once."""
        if self._lock is not None:
            raise self._busy()
        with self._trouble():
            lock = self.path.with_name(self.path.name + ".lock").open("ab")
        if not _locked(lock):
            lock.close()
            raise self._busy()
        self._lock = lock

    def release(self) -> None:
        """Let others write; what is not committed is undone."""
        if self._lock is None:
            return
        try:
            self.rollback()
        finally:
            self._lock.close()
            self._lock = None

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

    def append(self, rows: Iterable[Row]) -> None:
        """Add entries to the open transaction."""
        with self._trouble():
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)

    def commit(self, settled: Sequence[str]) -> None:
        """Make everything appended durable and forget the intents of these runs, in one step."""
        with self._trouble():
            self._db.executemany("DELETE FROM intent WHERE run_id = ?", [(run_id,) for run_id in settled])
            self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything appended since `begin`; harmless where there is nothing to undo."""
        with self._trouble():
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def head(self) -> Head | None:
        """The kept head; None if none was ever kept.

        Raises:
            LedgerError: its seal is broken, or the key is missing.
        """
        try:
            kept = json.loads(self._head_path.read_text("utf-8"))
            seal = str(kept.pop("seal"))
            tails = [Tail(int(kept[k][0]), bytes.fromhex(kept[k][1])) if kept[k] else None for k in ("tail", "pending")]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._outside(error) from None
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise self._unsealed() from None
        if not hmac.compare_digest(seal, self._seal(kept, make=False)) or tails[0] is None:
            raise self._unsealed()
        return Head(tails[0], tails[1])

    def keep_head(self, head: Head) -> None:
        """Seal the head and keep it durably, replacing the one before in one step."""
        kept: dict[str, object] = {
            name: [tail.entries, tail.hash.hex()] if tail else None
            for name, tail in (("tail", head.tail), ("pending", head.pending))
        }
        kept["seal"] = self._seal(kept, make=head.tail.entries == 0)
        temporary = self._head_path.with_name(self._head_path.name + ".new")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(json.dumps(kept, sort_keys=True))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._head_path)
            _sync_folder(self._head_path.parent)
        except OSError as error:
            raise self._outside(error) from None

    def _seal(self, kept: dict[str, object], *, make: bool) -> str:
        """HMAC-SHA-256 (hex) of a head. A key is only made for a ledger that has no entry yet."""
        try:
            if make and not self._key_path.exists():
                self._key_path.parent.mkdir(parents=True, exist_ok=True)
                temporary = self._key_path.with_name(self._key_path.name + ".new")
                temporary.unlink(missing_ok=True)
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self._key_path)
                _sync_folder(self._key_path.parent)
            key = self._key_path.read_bytes()
        except FileNotFoundError:
            raise LedgerError(
                "ledger-key-missing",
                f"The key {self._key_path.name} that seals the ledger's head is missing.",
                rule="G-5-2",
                remedy="Restore the key, or name where it is kept.",
            ) from None
        except OSError as error:
            raise self._outside(error) from None
        return hmac.new(key, json.dumps(kept, sort_keys=True).encode(), hashlib.sha256).hexdigest()

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
            raise self._told(error) from None
        except OSError as error:
            raise self._outside(error) from None

    def _told(self, error: sqlite3.DatabaseError) -> EvenhandError:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")):
            return self._outside(OSError(errno.ENOSPC, ""))
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self._busy()
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
            return self._outside(OSError(errno.EACCES, ""))
        if name.startswith("SQLITE_IOERR"):
            return self._outside(OSError(errno.EIO, ""))
        return LedgerError(
            "ledger-damaged",
            f"The ledger {self.path} is damaged or was changed ({name or type(error).__name__}: {error}).",
            rule="G-5-2",
            remedy="Keep the file as evidence, and restore the ledger from a copy that verifies.",
        )

    def _outside(self, error: OSError) -> StoreError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return StoreError(
                "store-full",
                f"The ledger {self.path} cannot grow: the disk is full. The run was not recorded.",
                rule="A run is recorded whole or not at all.",
                remedy="Make room (a run needs about twice its size while it is recorded), and run again.",
            )
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST):
            return StoreError(
                "store-denied",
                f"The ledger {self.path} or a file beside it cannot be opened or written.",
                rule="The ledger's owner must be able to write its folder.",
                remedy="Check the path and its permissions.",
            )
        return StoreError(
            "store-failed",
            f"The ledger {self.path} cannot be reached ({errno.errorcode.get(error.errno or 0, 'unknown error')}).",
            rule="A run is recorded whole or not at all.",
            remedy="Check the disk, and run again.",
        )

    def _busy(self) -> StoreError:
        return StoreError(
            "store-busy",
            f"Somebody else is writing to the ledger {self.path}.",
            rule="A ledger has one writer at a time.",
            remedy="Wait until the other run is finished, and run again.",
        )

    def _unsealed(self) -> LedgerError:
        return LedgerError(
            "ledger-head-altered",
            "The kept head of the ledger was altered, or belongs to another key.",
            rule="G-5-2",
            remedy="Restore the head file and its key from a copy, then verify.",
        )


def _locked(file: IO[bytes]) -> bool:
    """Take the lock of a file without waiting. The system lets go of it when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
