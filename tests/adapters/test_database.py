"""The database of a home: one schema on SQLite and PostgreSQL, changed by migrations, every trouble in three parts."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from evenhand.adapters.migrations.tables import METADATA
from evenhand.adapters.stores.belonging import belong
from evenhand.adapters.stores.database import Database, database_of
from evenhand.adapters.stores.event_tables import Event, EventTables
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.placement import Placement, place_home, placement_of
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.rights import Entry, Stream
from evenhand.terms import LedgerError, StoreError, UsageError

KEY = bytes(range(32))


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.postgres)])
def database(request, tmp_path):
    """A fresh database of each kind; on a server not yet upgraded."""
    if request.param == "file":
        made = Database.in_file(tmp_path / "people.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
        made = Database.on_server(Placement("EVENHAND_DATABASE", f"t{secrets.token_hex(6)}", url, url))
    with made:
        yield made


def test_tables_and_migrations_say_the_same(database):
    """What the migrations make is what the tables describe: on both databases, to the last column."""
    database.upgrade("people")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": "version_people"})
        ours = [found for found in compare_metadata(context, METADATA) if "version_" not in str(found)]
    assert ours == []


def test_migrations_follow_each_other_without_a_fork(database):
    """One number after the other, each following the one before: two branches that took one number are found."""
    from evenhand.adapters.stores.database import _numbers, _scripts

    script = _scripts("people")
    walked = [one.revision for one in script.walk_revisions()][::-1]
    assert script.get_heads() == [walked[-1]]
    assert walked == _numbers("people") == [f"{number:04}" for number in range(1, len(walked) + 1)]


def test_a_file_upgrades_itself_and_a_server_when_it_is_told(database):
    """Without an upgrade a file is ready, and a server refuses with the command to type."""
    if database.is_server:
        with pytest.raises(StoreError, match="evenhand db upgrade"), database.read():
            pass
        database.upgrade("people")
    with database.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM belonging")).scalar() == 0
    assert database.state("people").is_ready
    assert database.upgrade("people").is_ready, "asked again it does nothing"


def test_tables_of_a_newer_version_are_refused(database):
    """Nothing is read from, or changed in, tables that this version does not know."""
    database.upgrade("people")
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE version_people SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999; this evenhand knows them up to") as caught:
        database.upgrade("people")
    assert caught.value.code == "database-newer"


def test_two_upgrades_at_once_wait_for_each_other(database):
    """Eight threads upgrade one fresh database: all succeed, and the tables are there once."""
    failed = []

    def go():
        try:
            database.upgrade("people")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert database.state("people").is_ready


def test_a_transaction_is_whole_or_not_at_all(database):
    """An error inside undoes what was written."""
    database.upgrade("people")

    def stumble():
        with database.begin() as connection:
            connection.execute(sa.text("INSERT INTO belonging VALUES (0, :mark)"), {"mark": b"x"})
            raise ValueError("stumbled")

    with pytest.raises(ValueError, match="stumbled"):
        stumble()
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM belonging")).scalar() == 0


def test_a_database_belongs_to_one_home(database):
    """The first key that is used marks it; another is refused, the same one is not."""
    database.upgrade("people")
    belong(database, KEY)
    belong(database, KEY)
    with pytest.raises(LedgerError, match="another secret key"):
        belong(database, bytes(32))


def test_an_error_tells_no_value(database):
    """A row that is refused is told by the database's code; what stood in it is not."""
    database.upgrade("people")
    with pytest.raises(StoreError, match="refused a step") as caught, database.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO belonging VALUES (:row, :mark)"), {"row": 7, "mark": b"canary@mail.example"}
        )
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_file_is_for_its_owner_and_survives_a_power_cut(tmp_path):
    """Mode 600, write-ahead log, full synchronisation, and deleted bytes are overwritten; nothing is made by asking."""
    home = Home(tmp_path / "home")
    with database_of(home) as database:
        assert not database.is_there
        assert not home.folder.exists()
        database.upgrade("people")
        assert database.is_there
        with database.begin() as connection:
            settled = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
            }
            beside = list(home.folder.iterdir())
            modes = {stat.S_IMODE(path.stat().st_mode) for path in beside}
    assert settled == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
    assert modes == {0o600}


def test_what_is_no_database_is_refused(tmp_path):
    """A file of something else is said to be damaged, in three parts."""
    (tmp_path / "people.sqlite").write_text("not a database, " * 100)
    with Database.in_file(tmp_path / "people.sqlite") as database, pytest.raises(LedgerError, match="is damaged"):
        database.upgrade("people")


def test_a_file_that_somebody_holds_is_busy(tmp_path):
    """Who waits in vain is told so."""
    path = tmp_path / "people.sqlite"
    with Database.in_file(path, patience=0.3) as database:
        database.upgrade("people")
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="busy for too long"), database.begin() as connection:
            pass
        holder.close()
        with database.begin() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM belonging")).scalar() == 0


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_told_without_its_address(tmp_path):
    """Neither user nor password nor host stand in the message."""
    url = "postgresql://somebody:hunter2@127.0.0.1:9/nowhere"
    with Database.on_server(Placement("EVENHAND_DATABASE", "evenhand", url, url)) as database:
        unreachable = pytest.raises(StoreError, match="cannot be reached")
        with unreachable as caught:
            database.state("people")
    assert not any(word in str(caught.value) for word in ("hunter2", "somebody", "127.0.0.1"))
    assert "hunter2" not in repr(Placement("EVENHAND_DATABASE", "evenhand", url, url))


@pytest.mark.parametrize(
    "url", ["mysql://a:b@host/name", "hunter2", "postgresql:/x", "postgresql://a:hunter2@host:port/name"]
)
def test_an_address_of_something_else_is_refused(tmp_path, monkeypatch, url):
    """Only PostgreSQL is taken; the message names the variable and not what stands in it."""
    monkeypatch.setenv("EVENHAND_DATABASE", url)
    with pytest.raises(StoreError, match="EVENHAND_DATABASE is not the address") as caught:
        database_of(Home(tmp_path)).state("people")
    assert url not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_home_remembers_that_it_lives_on_a_server(tmp_path, monkeypatch):
    """With the note and without the variable it is refused: a second ledger is never begun by forgetting."""
    monkeypatch.delenv("EVENHAND_DATABASE", raising=False)
    home = Home(tmp_path)
    assert placement_of(home) is None
    monkeypatch.setenv("SPRING", "postgres://a:hunter2@host/name")
    placed = place_home(home, "SPRING", "spring")
    assert placed.url == "postgresql://a:hunter2@host/name"
    assert placed.keys.schema == "spring_keys"
    assert "hunter2" not in (tmp_path / "database.json").read_text()
    monkeypatch.delenv("SPRING")
    with pytest.raises(StoreError, match="SPRING is not set"):
        placement_of(home)
    with pytest.raises(StoreError, match="SPRING is not set"):
        place_home(home, None, None)


def test_a_home_does_not_move(tmp_path, monkeypatch):
    """A ledger in files stays there, whatever is set; and a home on a server stays in its schema."""
    home, other = Home(tmp_path / "one"), Home(tmp_path / "two")
    home.make()
    home.ledger.touch()
    monkeypatch.setenv("EVENHAND_DATABASE", "postgresql://host/name")
    with pytest.raises(StoreError, match="has its ledger in files"):
        placement_of(home)
    with pytest.raises(StoreError, match="has its ledger in files"):
        place_home(home, None, None)
    place_home(other, None, "spring")
    with pytest.raises(UsageError, match="lives in the schema spring"):
        place_home(other, None, "autumn")


@pytest.mark.parametrize(("variable", "schema"), [("postgresql://a:b@c/d", None), (None, 'x"; DROP SCHEMA public')])
def test_names_that_are_none_are_refused(tmp_path, variable, schema):
    """An address in place of a variable's name, or a statement in place of a schema's, is wrong usage."""
    with pytest.raises(UsageError, match="not the name"):
        place_home(Home(tmp_path), variable, schema)


@pytest.mark.parametrize("text", ["", "[]", '{"variable": "A"}', '{"schema": "a\\"b", "variable": "A"}'])
def test_a_broken_note_is_refused(tmp_path, text):
    """A home whose note cannot be read is not taken for one that lives in files."""
    (tmp_path / "database.json").write_text(text)
    with pytest.raises(StoreError, match="does not say where this home lives"):
        placement_of(Home(tmp_path))


def test_the_commands_say_where_a_home_lives(tmp_path):
    """`db upgrade` makes a file's tables and the home's key; `db status` says that it is ready."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    told = [
        subprocess.run(
            [sys.executable, "-c", "from evenhand.cli import main; main()", "db", word, "--home", "home", "--json"],
            cwd=tmp_path,
            env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        for word in ("upgrade", "status")
    ]
    assert [one.returncode for one in told] == [0, 0], told[0].stderr
    assert told[0].stdout == told[1].stdout
    assert '"ready": true' in told[0].stdout


@pytest.mark.postgres
def test_the_commands_place_a_home_on_a_server(tmp_path, postgres_url):
    """Ready after the upgrade, refused without the variable; the address stands in no file."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    schema = f"t{secrets.token_hex(6)}"

    def call(*words, **more):
        return subprocess.run(
            [sys.executable, "-c", "from evenhand.cli import main; main()", "db", *words, "--home", "home"],
            cwd=tmp_path,
            env={**environ, "PYTHONPATH": os.pathsep.join(sys.path), **more},
            capture_output=True,
            text=True,
        )

    server = {"EVENHAND_DATABASE": postgres_url}
    made = call("upgrade", "--schema", schema, **server)
    assert made.returncode == 0, made.stderr
    assert f"schema {schema}" in made.stdout
    assert call("status", **server).returncode == 0
    lost = call("status")
    assert lost.returncode == 4
    assert "EVENHAND_DATABASE is not set" in lost.stderr
    texts = [path.read_bytes() for path in (tmp_path / "home").iterdir()]
    assert not any(postgres_url.encode() in text for text in texts)


def test_who_holds_the_trail_lets_others_read_and_nobody_say_anything(database):
    """While a run is made durable a no waits; it is there as soon as the run is, and in its turn."""
    database.upgrade("people")
    trail, order = RightsTables(database, KEY), []

    def say():
        trail.append([Entry(0, Stream.CONSENT, "", b"h" * 16, 1, 1, b"{}", b"", b"s" * 16)])
        order.append("said")

    other = threading.Thread(target=say)
    with trail.held():
        other.start()
        other.join(0.5)
        assert trail.last() == 0
        order.append("let go")
    other.join()
    assert order == ["let go", "said"]
    assert trail.last() == 1


def test_who_writes_is_alone(database):
    """Eight threads that read the highest number and write the next one: none is given twice, and nobody is refused."""
    database.upgrade("people")
    events, failed = EventTables(database, bytes(32)), []

    def tell(number):
        try:
            for turn in range(5):
                events.append([Event(f"20260101T000000Z-00000{number}.{turn}", "shown", "", 1, 1)])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [one.seq for one in events.page(0, 100)] == list(range(1, 41))
