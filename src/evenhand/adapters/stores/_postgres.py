"""A connection of psycopg to a schema that is this home's and that this evenhand knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from evenhand.terms import StoreError

from ._database_trouble import trouble
from .belonging import mark_of, refuse_other_home
from .database import newest
from .placement import Placement

__all__ = ["Steps", "connected"]


def connected(placement: Placement, part: str, secret: Callable[[], bytes] | None) -> psycopg.Connection[Any]:
    """A connection that commits by itself unless a transaction is opened, with everything committed on disk.

    Args:
        placement: the server and the schema.
        part: which tables are needed.
        secret: gives the home's key, where the schema has the mark of its home.

    Raises:
        StoreError: the server cannot be reached, or its tables are older or newer than this evenhand.
        LedgerError: the schema is another home's.
    """
    where = f"the database that {placement.variable} names"
    with trouble(where):
        try:
            connection = psycopg.connect(
                placement.url,
                autocommit=True,
                prepare_threshold=2,
                application_name="evenhand",
                **placement.patience,
            )
        except (psycopg.ProgrammingError, ValueError):
            raise placement.broken() from None
    try:
        with trouble(where):
            connection.execute(f'SET search_path TO "{placement.schema}"')
            connection.execute("SET lock_timeout TO '30s'")
            settled = connection.execute("SHOW synchronous_commit").fetchone()
            if settled and settled[0] in {"off", "local"}:
                connection.execute("SET synchronous_commit TO on")
            found = connection.execute(
                "SELECT to_regclass(%s), to_regclass(%s)", (f"version_{part}", "belonging")
            ).fetchone()
            has_part, has_mark = found or (None, None)
            version = connection.execute(f"SELECT version_num FROM version_{part}").fetchone() if has_part else None
            mark = connection.execute("SELECT mark FROM belonging").fetchone() if has_mark else None
        has = version[0] if version else ""
        if has != newest(part) or (secret is not None and mark is None):
            raise StoreError(
                "database-not-ready" if has <= newest(part) else "database-newer",
                f"The tables of {part} in {where} are at {has or 'nothing'}; this evenhand needs {newest(part)}.",
                rule="a server's tables are changed when you say so, and read by the version that knows them",
                remedy="run: evenhand db upgrade. Where they are newer: install the newer evenhand",
            )
        if secret is not None and mark is not None:
            refuse_other_home(bytes(mark[0]), mark_of(secret()), where)
    except BaseException:
        connection.close()
        raise
    return connection


class Steps:
    """Statements as they are written for SQLite, with the marks for values that psycopg wants."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def execute(self, statement: str, values: Sequence[object] = ()) -> psycopg.Cursor[Any]:
        """One statement."""
        return self._cursor.execute(statement.replace("?", "%s"), values)  # type: ignore[arg-type,unused-ignore]

    def executemany(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """One statement for each row of values."""
        self._cursor.executemany(statement.replace("?", "%s"), rows)  # type: ignore[arg-type,unused-ignore]
