"""Tables of SQLite and PostgreSQL, read-only, one query per table, names always quoted."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from evenhand.policy import Table
from evenhand.terms import DataError, StoreError

from ._column_names import check_names
from .columns import series_from_objects

__all__ = ["read_sql"]

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_ROWS = 50_000
_SECONDS = 10


def read_sql(
    table: Table, folder: Path, columns: Sequence[str] | None, environ: Mapping[str, str]
) -> tuple[tuple[str, ...], pl.DataFrame]:
    """All column names of a database table, and the wanted columns as one snapshot.

    Args:
        table: ``sql`` is sqlite:///FILE or the name of an environment variable with an address; ``table`` its table.
        folder: what a relative SQLite file is relative to.
        columns: the only columns to read; None = all.
        environ: environment variables.

    Raises:
        DataError: no such table or column, mixed types in a column.
        StoreError: the database cannot be reached; its address is never shown, as it may hold a password.
    """
    address = table.sql or ""
    if not address.startswith(_SQLITE):
        address = _from_environment(address, environ)
    name = table.table or ""
    if address.startswith(_SQLITE):
        return _read_sqlite(folder / address.removeprefix(_SQLITE), name, columns)
    if address.startswith(_POSTGRES):
        return _read_postgres(address, name, columns)
    raise StoreError(
        "sql-address",
        "The database address begins with neither sqlite:/// nor postgresql://.",
        rule="evenhand reads SQLite and PostgreSQL",
        remedy="correct the address in the environment variable",
    )


def _from_environment(variable: str, environ: Mapping[str, str]) -> str:
    if "://" in variable or variable not in environ:
        what = "holds an address itself" if "://" in variable else f"names {variable!r}, which is not set"
        raise StoreError(
            "sql-environment",
            f"The campaign file's sql entry {what}.",
            rule="secrets never stand in a campaign file: sql is sqlite:///FILE or the name of an environment variable",
            remedy="put the postgresql:// address in an environment variable and write its name",
        )
    return environ[variable]


def _read_sqlite(path: Path, table: str, columns: Sequence[str] | None) -> tuple[tuple[str, ...], pl.DataFrame]:
    connection = None
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=_SECONDS)
        tables = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        _check_table(table, tables)
        names = tuple(row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})"))
        wanted = _wanted(table, columns, names)
        query = f"SELECT {', '.join(map(_quoted, wanted))} FROM {_quoted(table)}"
        cursor = connection.execute(query)
        return names, _frame(wanted, iter(lambda: cursor.fetchmany(_ROWS), []))
    except sqlite3.Error as error:
        raise _unreachable("SQLite", type(error).__name__) from None
    finally:
        if connection is not None:
            connection.close()


def _read_postgres(address: str, table: str, columns: Sequence[str] | None) -> tuple[tuple[str, ...], pl.DataFrame]:
    try:
        import psycopg
        from psycopg import sql
    except ImportError:
        raise StoreError(
            "sql-driver",
            "The PostgreSQL driver is not installed.",
            rule="PostgreSQL is read with psycopg",
            remedy="pip install 'evenhand[postgres]'",
        ) from None
    try:
        with psycopg.connect(address, connect_timeout=_SECONDS) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            tables = connection.execute(
                "SELECT table_schema, table_name, table_schema = ANY(current_schemas(false)) "
                "FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            places = {f"{schema}.{name}": (schema, name) for schema, name, _ in tables}
            places |= {name: (schema, name) for schema, name, visible in tables if visible}
            _check_table(table, places)
            names = tuple(
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                    places[table],
                )
            )
            wanted = _wanted(table, columns, names)
            query = sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(map(sql.Identifier, wanted)), sql.Identifier(*places[table])
            )
            with connection.cursor("evenhand_read") as cursor:  # named: the rows come in portions
                cursor.execute(query)
                return names, _frame(wanted, iter(lambda: cursor.fetchmany(_ROWS), []))
    except psycopg.Error as error:
        raise _unreachable("PostgreSQL", type(error).__name__) from None


def _frame(names: Sequence[str], portions: Iterable[Sequence[Sequence[Any]]]) -> pl.DataFrame:
    collected: list[list[Any]] = [[] for _ in names]
    for portion in portions:
        for values, column in zip(collected, zip(*portion, strict=True), strict=True):
            values.extend(column)
    series = []
    for position, name in enumerate(names):
        series.append(series_from_objects(name, collected[position]))
        collected[position] = []
    return pl.DataFrame(series)


def _wanted(table: str, columns: Sequence[str] | None, names: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(names if columns is None else columns))
    check_names(f"table {table!r}", wanted, names)
    return wanted


def _quoted(name: str) -> str:
    """A name as a quoted SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def _check_table(table: str, tables: Iterable[str]) -> None:
    known = list(tables)
    if table in known:
        return
    near = difflib.get_close_matches(table, known, 1, 0.6)
    raise DataError(
        "sql-unknown-table",
        f"The database has no table {table!r}" + (f"; did you mean {near[0]!r}?" if near else "."),
        rule="subjects, history and consents name a table or view of the database",
        remedy="correct `table` in the campaign file",
    )


def _unreachable(kind: str, error: str) -> StoreError:
    return StoreError(
        "sql-unreachable",
        f"The {kind} database cannot be reached or read ({error}).",
        rule="evenhand reads subjects, history and consents from it",
        remedy="check that it runs, its address, and your permission to read; then start again",
    )
