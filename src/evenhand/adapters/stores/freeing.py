"""Whether what was removed from a home's databases is out of their files, and where it is not.

Removing a row does not take its bytes off the disk. SQLite writes the change beside the file and folds it in;
whoever reads just then keeps it from that. PostgreSQL keeps a removed row until nobody can see it any more and a
VACUUM comes by; even then its bytes stand in the free room of a page until something is written there. So a table
is written anew (VACUUM FULL), which keeps everybody from it meanwhile: a small one at once, a large one when
`whole` is asked for. A session with an old view of the data keeps rows in any case, and VACUUM passes a table over
where the user does not own it. What still holds anything is named. A server's write-ahead log, replicas and backups
are not reached.

Source: SQLite, "Write-Ahead Logging"; PostgreSQL documentation, "Routine Vacuuming", "Database Page Layout" (a
VACUUM with FREEZE settles a table up to the oldest transaction that anybody may still see, and says in
``pg_class.relfrozenxid`` which that was).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._database_trouble import trouble
from .home import Home
from .own_file import fold_in
from .placement import Placement, placement_of

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

__all__ = ["still_held"]

_READABLE = ("cell", "event", "run_key", "subject_key", "trail")
"""Tables of which rows about people are removed, and that hold what can be read without the person's key."""
_SEALED = ("payload",)
"""And those that hold what only the person's key opens: their old bytes say nothing once it is gone."""
_SMALL = 64 * 1024 * 1024
"""Bytes of a table, with its indexes, up to which it is written anew at once: well under a second."""
_BETWEEN = 0.05
"""Seconds between two looks."""


def still_held(home: Home, *, whole: bool = False, patience: float = 5.0) -> tuple[str, ...]:
    """Free the room of everything that was removed so far; names of the files or tables that may still hold some of it.

    Args:
        home: the home.
        whole: write large tables anew too; everybody waits for them meanwhile.
        patience: seconds that it waits for readers of a file, or for sessions with an old view of a server's data.

    Raises:
        StoreError: a database cannot be reached.
    """
    placement = placement_of(home)
    if placement is None:
        files = [path for path in (home.people, home.ledger, home.vault) if path.exists()]
        return tuple(path.name for path in files if not _is_folded_in(path.as_posix(), patience))
    until = time.monotonic() + patience
    held = _held_on_server(placement, [placement.schema, placement.vault.schema], until, whole=whole)
    return held + _held_on_server(placement.keys, [placement.keys.schema], until, whole=whole)


def _is_folded_in(path: str, patience: float) -> bool:
    """Fold a file's log in and empty it; whether that could be done."""
    with trouble(path), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        return fold_in(database, patience)


def _held_on_server(placement: Placement, schemas: Sequence[str], until: float, *, whole: bool) -> tuple[str, ...]:
    import psycopg

    where = f"the database that {placement.variable} names"
    with trouble(where), psycopg.connect(placement.url, autocommit=True, **placement.patience) as database:
        found = database.execute(
            "SELECT schemaname, tablename, pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass) "
            "FROM pg_tables WHERE schemaname = ANY(%s) AND tablename = ANY(%s) ORDER BY 2",
            (list(schemas), [*_READABLE, *_SEALED]),
        ).fetchall()
        if not found:
            return ()
        is_out_of_sight = _out_of_sight(database, schemas, until)
        whispers: list[str] = []
        database.add_notice_handler(lambda notice: whispers.append(notice.severity_nonlocalized or ""))
        database.execute("SET lock_timeout TO '5s'")
        held = []
        for schema, table, size in found:
            whispers.clear()
            is_done = table in _SEALED or whole or size <= _SMALL
            try:
                database.execute(_vacuum(schema, table, "FULL" if is_done and table not in _SEALED else ""))
            except psycopg.errors.LockNotAvailable:
                is_done = False
                database.execute(_vacuum(schema, table))
            if not (is_done and is_out_of_sight) or "WARNING" in whispers:
                held.append(str(table))
    return tuple(held)


def _vacuum(schema: str, table: str, how: str = "") -> sql.Composed:
    from psycopg import sql

    words = sql.SQL("({})").format(sql.SQL(how)) if how else sql.SQL("")  # type: ignore[arg-type,unused-ignore]
    return sql.SQL("VACUUM {} {}").format(words, sql.Identifier(schema, table))


def _out_of_sight(database: psycopg.Connection, schemas: Sequence[str], until: float) -> bool:
    """Whether everything that was removed until now is out of everybody's sight; waits for that until a moment.

    A number is drawn that is later than all of it, and a table of one row is settled up to the oldest number that
    anybody may still see, until that is the later one.
    """
    found = database.execute(
        "SELECT schemaname, tablename FROM pg_tables "
        "WHERE schemaname = ANY(%s) AND starts_with(tablename, 'version_') LIMIT 1",
        (list(schemas),),
    ).fetchone()
    if found is None:
        return False
    one_row = _vacuum(found[0], found[1], "FREEZE")
    drawn = database.execute("SELECT pg_current_xact_id()::xid::text").fetchone()
    while True:
        database.execute(one_row)
        settled = database.execute(
            "SELECT age(c.relfrozenxid) < age(%s::xid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = %s",
            (drawn and drawn[0], *found),
        ).fetchone()
        if settled and settled[0]:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_BETWEEN)
