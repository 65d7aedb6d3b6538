"""Leases in one SQLite file beside the ledger: every step is one transaction that nobody else can come between.

It is a file of its own, because a run keeps the ledger's file busy for as long as it records. Implements
`allocation.LeaseStore`. Source: SQLite documentation (``BEGIN IMMEDIATE``).
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, Self

from evenhand.allocation import Lease
from evenhand.terms import DataError, StoreError, UsageError, microseconds_of, moment_at

from ..stores.file_trouble import UNWRITABLE, Trouble, store_error, trouble_of
from ..stores.own_file import make_own_file, make_tables

__all__ = ["LeaseSteps", "Leases", "SqliteLeases"]

_APPLICATION = 0x4556484C
_WAIT = 30.0
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS pool (
    pool TEXT NOT NULL, cap TEXT NOT NULL, bound INTEGER NOT NULL CHECK (bound >= 0),
    spent INTEGER NOT NULL DEFAULT 0 CHECK (spent BETWEEN 0 AND bound), PRIMARY KEY (pool, cap)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lease (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pool TEXT NOT NULL, until INTEGER NOT NULL, holder TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS share (
    lease INTEGER NOT NULL REFERENCES lease (id) ON DELETE CASCADE, cap TEXT NOT NULL, granted INTEGER NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0 CHECK (spent BETWEEN 0 AND granted), PRIMARY KEY (lease, cap)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (only_row INTEGER PRIMARY KEY CHECK (only_row = 0), latest INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO clock VALUES (0, 0);
PRAGMA application_id = {_APPLICATION};
"""
_LEFT = """
SELECT pool.cap, pool.bound - pool.spent - coalesce(
    (SELECT CAST(sum(share.granted - share.spent) AS BIGINT) FROM share JOIN lease ON lease.id = share.lease
     WHERE lease.pool = pool.pool AND share.cap = pool.cap), 0)
FROM pool WHERE pool.pool = ?
"""


class LeaseSteps(Protocol):
    """What a step does in its transaction: a connection of SQLite is one."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """One statement, with ``?`` for each value."""
        ...

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]], /) -> Any:
        """One statement for each row of values."""
        ...


class Leases(ABC):
    """The steps, whatever the database: a class below says how one is alone."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open; leases go on until they end."""

    @abstractmethod
    def _alone(self, at: datetime | None) -> AbstractContextManager[LeaseSteps]:
        """One transaction; with a moment, leases that have run out by then are ended first (`_end_those_over`)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open_pool(self, pool: str, bounds: Mapping[str, int]) -> None:
        """Make a pool; nothing to do where it is there already. See `allocation.LeaseStore`."""
        with self._alone(None) as db:
            found = dict(db.execute("SELECT cap, bound FROM pool WHERE pool = ?", (pool,)).fetchall())
            if not found:
                db.executemany(
                    "INSERT INTO pool (pool, cap, bound) VALUES (?, ?, ?)",
                    [(pool, cap, bound) for cap, bound in bounds.items()],
                )
            elif found != dict(bounds):
                raise DataError(
                    "pool-other-bounds",
                    "What these prices may use was opened before, with other bounds.",
                    rule="the bounds of a pool stay as they are while it is used",
                    remedy="decide with the campaign as it was, or run the campaign again for new prices",
                )

    def pools(self) -> list[tuple[str, str, int, int]]:
        """Each pool's limits, with what may be used of each and what is spent."""
        with self._alone(None) as db:
            return db.execute("SELECT pool, cap, bound, spent FROM pool ORDER BY pool, cap").fetchall()  # type: ignore[no-any-return]

    def put_pools(self, pools: Sequence[tuple[str, str, int, int]]) -> None:
        """Keep pools that another store has, with what is spent of them; leases of that store do not come along."""
        with self._alone(None) as db:
            db.executemany("INSERT INTO pool (pool, cap, bound, spent) VALUES (?, ?, ?, ?)", pools)

    def left(self, pool: str, *, at: datetime) -> dict[str, int]:
        """What is neither spent nor lent of each limit."""
        with self._alone(at) as db:
            return dict(db.execute(_LEFT, (pool,)).fetchall())

    def take(self, pool: str, wanted: Mapping[str, int], *, holder: str, at: datetime, lasts: timedelta) -> Lease:
        """Lend a part: of each limit as much as is wanted, or what is left. See `allocation.LeaseStore`."""
        if lasts <= timedelta(0):
            raise UsageError(
                "lease-lasts",
                "The lease would end as it begins.",
                rule="a lease lasts as long as its worker needs to decide and to record",
                remedy="ask for a lease of some minutes",
            )
        with self._alone(at) as db:
            until = db.execute("SELECT latest FROM clock").fetchone()[0] + lasts // timedelta(microseconds=1)
            left = dict(db.execute(_LEFT, (pool,)).fetchall())
            granted = {cap: max(0, min(amount, left.get(cap, 0))) for cap, amount in wanted.items()}
            lease = db.execute(
                "INSERT INTO lease (pool, until, holder) VALUES (?, ?, ?) RETURNING id", (pool, until, holder)
            ).fetchone()[0]
            db.executemany(
                "INSERT INTO share (lease, cap, granted) VALUES (?, ?, ?)",
                [(lease, cap, amount) for cap, amount in granted.items()],
            )
        return Lease(lease, pool, granted, moment_at(until))

    def spend(self, lease: Lease, amounts: Mapping[str, int], *, at: datetime) -> None:
        """Note durably what is used, before the decisions that use it become effective."""
        self._move(lease, {cap: amount for cap, amount in amounts.items() if amount}, at)

    def undo(self, lease: Lease, amounts: Mapping[str, int], *, at: datetime) -> None:
        """Take back what was spent for decisions that did not become effective after all."""
        self._move(lease, {cap: -amount for cap, amount in amounts.items() if amount}, at)

    def give_back(self, lease: Lease, *, at: datetime) -> None:
        """End a lease; what is not spent of it is free again."""
        with self._alone(at) as db:
            db.execute("DELETE FROM lease WHERE id = ?", (lease.id,))

    def _move(self, lease: Lease, amounts: Mapping[str, int], at: datetime) -> None:
        with self._alone(at) as db:
            shares = {
                cap: (granted, spent)
                for cap, granted, spent in db.execute(
                    "SELECT cap, granted, spent FROM share JOIN lease ON lease.id = share.lease "
                    "WHERE lease.id = ? AND lease.pool = ?",
                    (lease.id, lease.pool),
                )
            }
            if not shares and lease.granted:
                raise StoreError(
                    "lease-over",
                    "The lease has run out or was given back; nothing was spent.",
                    rule="what a limit still has is used under a lease that lasts",
                    remedy="take a new lease and decide again; these decisions must not become effective",
                )
            for cap, amount in amounts.items():
                granted, spent = shares.get(cap, (0, 0))
                if not 0 <= spent + amount <= granted:
                    raise DataError(
                        "lease-overdrawn",
                        f"Of {cap} the lease has {granted - spent} left, and {amount} were to be used; nothing was.",
                        rule="a lease is used up to what was granted",
                        remedy="decide within what the lease grants, or take a further one",
                    )
            rows = [(amount, cap) for cap, amount in amounts.items()]
            db.executemany(f"UPDATE share SET spent = spent + ? WHERE lease = {lease.id:d} AND cap = ?", rows)
            db.executemany(
                "UPDATE pool SET spent = spent + ? WHERE pool = ? AND cap = ?",
                [(amount, lease.pool, cap) for amount, cap in rows],
            )

    def _end_those_over(self, db: LeaseSteps, at: datetime | None) -> None:
        """End leases that have run out by a moment. The clock of the store never goes back."""
        if at is not None:
            db.execute("UPDATE clock SET latest = ? WHERE latest < ?", (_micros(at), _micros(at)))
            db.execute("DELETE FROM lease WHERE until <= (SELECT latest FROM clock)")


class SqliteLeases(Leases):
    """Pools and leases in a file. Close it, or use it in a ``with``; one connection per process.

    Args:
        path: the file; it is made, with its folder.
        any_thread: it may be used by another thread than made it, by one at a time.
        even_unwritable: one that cannot be written now is opened by the first step that finds it can.

    Raises:
        StoreError: it cannot be opened or made, or is another file.
    """

    def __init__(self, path: Path, *, any_thread: bool = False, even_unwritable: bool = False) -> None:
        self.path, self._any_thread = path, any_thread
        self._db: sqlite3.Connection | None = None
        try:
            self._db = self._opened()
        except StoreError as error:
            if not (even_unwritable and error.code in UNWRITABLE):
                raise

    def _opened(self) -> sqlite3.Connection:
        try:
            make_own_file(self.path)
            database = sqlite3.connect(
                self.path, isolation_level=None, timeout=_WAIT, check_same_thread=not self._any_thread
            )
        except (OSError, sqlite3.Error) as error:
            raise self._told(error) from None
        try:
            self._prepare(database)
        except sqlite3.Error as error:
            database.close()
            raise self._told(error) from None
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        # Tables and number come in one step of whoever makes it; so the tables are looked for first.
        blank = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = database.execute("PRAGMA application_id").fetchone()[0]
        if not blank and application != _APPLICATION:
            raise StoreError(
                "leases-other-file",
                f"The file {self.path} is not a store of leases.",
                rule="leases stand in a file of their own",
                remedy="move this file away, or name another home",
            )
        if blank:
            make_tables(database, _SCHEMA, _WAIT)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Close the file; leases go on until they end."""
        self._shut()

    def _shut(self) -> None:
        database, self._db = self._db, None
        if database is not None:
            database.close()

    @contextmanager
    def _alone(self, at: datetime | None) -> Iterator[LeaseSteps]:
        database = self._db = self._db or self._opened()
        try:
            database.execute("BEGIN IMMEDIATE")
            try:
                self._end_those_over(database, at)
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> StoreError:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreError(
                "leases-busy",
                f"The store of leases {self.path} was busy for {_WAIT:.0f} seconds.",
                rule="one step at a time",
                remedy="try again; fewer and larger leases make fewer steps",
            )
        rule = "what is used of a limit is noted durably before it is used"
        kind = trouble_of(error, self.path)
        if kind is Trouble.DENIED:  # SQLite goes on reading what it could not open for writing, however that changes
            self._shut()
        return store_error(
            kind, f"The store of leases {self.path}", rule=rule, lost="Nothing was spent."
        ) or StoreError(
            "leases-failed",
            f"The store of leases {self.path} cannot be read or written ({name}).",
            rule=rule,
            remedy="check the disk, the path and its permissions, and try again; nothing was spent",
        )


def _micros(at: datetime) -> int:
    return microseconds_of(at)
