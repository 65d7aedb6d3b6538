"""Tables of a database: read-only, quoted, and unreachable ones are said to be so without their address."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from evenhand.adapters.data.tables import open_table
from evenhand.policy import Table
from evenhand.terms import DataError, StoreError

EVIL = 'people"; DROP TABLE people; --'
BOTH = np.array([True, True])


def _table(table="people", sql="sqlite:///shop.db"):
    return Table(file=None, sql=sql, table=table)


@pytest.fixture
def shop(tmp_path):
    """A SQLite file with a few tables; its folder."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    quoted = EVIL.replace('"', '""')
    for name in ("people", quoted):
        connection.execute(f'CREATE TABLE "{name}" ("id" INTEGER, "a ""b" REAL, region TEXT, since TEXT)')
        rows = [(1, 2.5, "north", "2026-01-01"), (2, None, None, "2026-01-02")]
        connection.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?, ?)', rows)
    connection.execute("CREATE VIEW northern AS SELECT * FROM people WHERE region = 'north'")
    connection.execute("CREATE TABLE mixed (x)")
    connection.executemany("INSERT INTO mixed VALUES (?)", [(1,), ("one",)])
    connection.execute("CREATE TABLE bare (x)")
    connection.commit()
    connection.close()
    return tmp_path


@pytest.mark.parametrize("name", ["people", EVIL])
def test_a_table_is_read_whatever_its_name(shop, name):
    """Names are quoted, so that no name is ever run as a command."""
    table = open_table(_table(name), shop)
    assert table.names == ("id", 'a "b', "region", "since")
    assert table.ids("id", unique=True) == ["1", "2"]
    np.testing.assert_array_equal(table.columns(['a "b']).read('a "b', BOTH), [2.5, np.nan])
    assert len(open_table(_table(), shop)) == 2


def test_a_name_that_is_a_command_is_an_unknown_table(shop):
    """Nothing but an existing name reaches the database."""
    with pytest.raises(DataError, match="has no table"):
        open_table(_table('people"; DELETE FROM people; --'), shop)
    assert len(open_table(_table(), shop)) == 2


def test_a_view_is_a_table_too(shop):
    """What the organisation selected for this purpose."""
    assert len(open_table(_table("northern"), shop)) == 1


def test_only_named_columns_are_loaded(shop):
    """SQLite would take an unknown quoted name for a text; it never comes to that."""
    table = open_table(_table(), shop, columns=["region"])
    assert table.texts("region") == ["north", None]
    with pytest.raises(DataError, match=r"'regoin' \(did you mean 'region'\?\)"):
        open_table(_table(), shop, columns=["regoin"])


def test_the_digest_is_that_of_the_content(shop):
    """The same rows have the same digest, a changed one another."""
    before = open_table(_table(), shop).digest()
    connection = sqlite3.connect(shop / "shop.db")
    assert open_table(_table(), shop).digest() == before
    connection.execute("UPDATE people SET region = 'west' WHERE id = 1")
    connection.commit()
    connection.close()
    assert open_table(_table(), shop).digest() != before


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ("peple", "has no table 'peple'; did you mean 'people'"),
        ("mixed", "'x' mixes types: int, str"),
        ("bare", "table 'bare' has no rows"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(shop, table, match):
    """Unknown, of mixed types, or empty."""
    with pytest.raises(DataError, match=match):
        open_table(_table(table), shop)


@pytest.mark.parametrize("content", [None, b"this is no database, whatever its name says" * 40])
def test_a_database_that_is_not_there_is_not_reachable(tmp_path, content):
    """A missing file and a broken one: exit code 4, and no file is made."""
    if content is not None:
        (tmp_path / "shop.db").write_bytes(content)
    with pytest.raises(StoreError, match="SQLite database cannot be reached") as caught:
        open_table(_table(), tmp_path)
    assert caught.value.exit_code == 4
    assert (tmp_path / "shop.db").exists() == (content is not None)


@pytest.mark.parametrize(
    ("sql", "environ", "match"),
    [
        ("SHOP", {}, "names 'SHOP', which is not set"),
        ("postgresql://u:hunter2@db/x", {}, "holds an address itself"),
        ("SHOP", {"SHOP": "mysql://u:hunter2@db/x"}, "neither sqlite:/// nor postgresql://"),
    ],
)
def test_an_address_stands_in_the_environment(tmp_path, sql, environ, match):
    """Secrets never stand in the campaign file, nor in a message."""
    with pytest.raises(StoreError, match=match) as caught:
        open_table(_table(sql=sql), tmp_path, environ=environ)
    assert "hunter2" not in str(caught.value)


def test_an_environment_variable_may_name_a_sqlite_file(shop):
    """The same campaign file reads a test database here and another there."""
    assert len(open_table(_table(sql="SHOP"), shop, environ={"SHOP": "sqlite:///shop.db"})) == 2


@pytest.mark.postgres
def test_postgresql_that_does_not_answer(tmp_path):
    """Exit code 4, and neither address nor password in the message."""
    address = f"postgresql://u:hunter2@/x?host={tmp_path}"
    with pytest.raises(StoreError, match="PostgreSQL database cannot be reached") as caught:
        open_table(_table(sql="SHOP"), tmp_path, environ={"SHOP": address})
    assert "hunter2" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.postgres
def test_postgresql_gives_what_sqlite_gives(postgres_url, tmp_path):
    """A real server: typed columns, any table name, schemas, views, and nothing is written."""
    psycopg = pytest.importorskip("psycopg")
    from psycopg import sql

    environ = {"SHOP": postgres_url}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for schema, name in (("public", EVIL), ("sales", "people")):
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
            place = sql.Identifier(schema, name)
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(place))
            connection.execute(
                sql.SQL(
                    "CREATE TABLE {} (id bigint, spent numeric(9,2), region text, member boolean, since date, "
                    'seen timestamptz, "a ""b" double precision)'
                ).format(place)
            )
            connection.execute(
                sql.SQL(
                    "INSERT INTO {} VALUES (1, 2.50, 'north', true, '2026-01-01', '2026-01-01T12:00+02', 1), "
                    "(2, null, null, null, null, null, null)"
                ).format(place)
            )
    for name in (EVIL, "sales.people"):
        table = open_table(_table(name, sql="SHOP"), tmp_path, environ=environ)
        columns = table.columns(table.names)
        assert table.names == ("id", "spent", "region", "member", "since", "seen", 'a "b')
        assert table.ids("id", unique=True) == ["1", "2"]
        np.testing.assert_array_equal(columns.read("spent", BOTH), [2.5, np.nan])
        assert columns.read("member", BOTH).tolist() == ["true", None]
        assert table.texts("since") == ["2026-01-01", None]
        assert table.texts("seen") == ["2026-01-01T10:00:00Z", None]
    with pytest.raises(DataError, match=r"has no table 'people'; did you mean 'sales\.people'"):
        open_table(_table(sql="SHOP"), tmp_path, environ=environ)
    with pytest.raises(DataError, match="lacks columns: 'nothing'"):
        open_table(_table(EVIL, sql="SHOP"), tmp_path, columns=["nothing"], environ=environ)
