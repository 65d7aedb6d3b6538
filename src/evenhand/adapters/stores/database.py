"""Tables of a home outside the ledger, in SQLite or in PostgreSQL: one schema, changed by migrations.

A home has one database. By default that is ``people.sqlite`` in the home folder; with `adapters.stores.placement` it
is a schema on a PostgreSQL server. Statements are written once, with SQLAlchemy Core, and run on both::

    from sqlalchemy import insert, select

    with database_of(home) as database:
        with database.begin() as connection:              # a transaction: whole or not at all
            connection.execute(insert(consent).values(subject=pseudonym, said="given", at=moment))
        with database.read() as connection:               # one look at one moment
            rows = connection.execute(select(consent.c.said).where(consent.c.subject == pseudonym)).all()

To add a table:

1. Describe it in a module of `adapters`, on `METADATA`, with types that both have: ``LargeBinary`` for pseudonyms
   (16 bytes), ``BigInteger`` for moments (microseconds since 1970, UTC), ``Text`` for words, ``Boolean``. Name every
   constraint. Import that module in `migrations.tables`, so that the tests see it.
2. Write the migration: the next number, ``migrations/people/NNNN_what.py``, with ``revision = "NNNN"``,
   ``down_revision`` the number before it, and ``upgrade()``. Migrations only go forward, and one that was released is
   never changed. Where two branches took the same number, whoever merges last takes the next.
3. ``tests/adapters/test_database.py`` compares tables and migrations, on both databases, and finds a fork.

On SQLite a file that is behind is brought up to date when it is opened; on a server that happens when somebody says
``evenhand db upgrade``, and until then it is refused with what to do. All errors come in three parts.

A statement never has a value in its text: pass values as parameters, as Core does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError

from evenhand.terms import StoreError

from ._database_trouble import trouble
from .file_lock import alone_in_making
from .home import Home
from .own_file import fold_in, make_own_file
from .placement import Placement, placement_of

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

__all__ = ["METADATA", "Database", "PartState", "database_of", "newest"]

METADATA = MetaData()
"""The tables about people, on both databases."""

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_PRAGMAS = (
    "synchronous = FULL",
    "secure_delete = ON",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "trusted_schema = OFF",
)
_ALONE = text(
    "SELECT pg_advisory_xact_lock("
    "hashtextextended(current_database() || '/' || current_schema() || '/evenhand writes', 0))"
)
_FOLDING = 2.0
"""Seconds that folding a file's log in waits for those who read; `freeing.still_held` tells where it was in vain."""
_UPGRADING = 0x45564D47
"""Advisory lock of whoever changes tables."""


@dataclass(frozen=True, slots=True)
class PartState:
    """How far a part of a database is.

    Attributes:
        part: its name; the folder of its migrations.
        has: number of the last migration that it has; "" where it has none.
        needs: number of the last that this evenhand knows.
    """

    part: str
    has: str
    needs: str

    @property
    def is_ready(self) -> bool:
        """Whether this evenhand can work with it."""
        return self.has == self.needs


class Database:
    """One database, or one schema of a server. Close it, or use it in a ``with``; threads may share it.

    Args:
        engine: of SQLAlchemy; see `in_file` and `on_server`.
        where: how it is called in messages; without user and password.
        schema: on a server, the schema of the tables.
        file: of SQLite.
    """

    def __init__(self, engine: Engine, where: str, *, schema: str = "", file: Path | None = None) -> None:
        self.engine = engine
        self._file = file
        self.where = where
        self.schema = schema
        self._ready: set[str] = set()

    @classmethod
    def in_file(cls, path: Path, *, patience: float = 60.0) -> Database:
        """A SQLite file; made with its first use, for the owner's eyes only.

        Args:
            path: the file.
            patience: seconds to wait for somebody else who writes.
        """
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(path.absolute())), hide_parameters=True, poolclass=NullPool
        )
        event.listen(engine, "connect", lambda connection, _: _settle_sqlite(connection, patience))
        event.listen(engine, "begin", _begin_sqlite)
        return cls(engine, str(path), file=path)

    @classmethod
    def on_server(cls, placement: Placement, schema: str | None = None) -> Database:
        """A schema of a PostgreSQL server."""
        name = placement.schema if schema is None else schema
        try:
            engine = create_engine(
                placement.url.replace("postgresql:", "postgresql+psycopg:", 1),
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"application_name": "evenhand", **placement.patience},
            )
        except (ArgumentError, ValueError):
            raise placement.broken() from None
        event.listen(engine, "connect", lambda connection, _: _settle_postgresql(connection, name))
        return cls(engine, f"the database that {placement.variable} names", schema=name)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @property
    def is_server(self) -> bool:
        """Whether it is a schema on a server."""
        return self.engine.dialect.name == "postgresql"

    @property
    def is_there(self) -> bool:
        """Whether there is anything to read: a file is made when somebody begins to write."""
        return self._file is None or self._file.exists()

    @contextlib.contextmanager
    def begin(self, part: str = "people") -> Iterator[Connection]:
        """A transaction that writes: committed at the end of the ``with``, undone where it is left by an error.

        One at a time writes, on a server as in a file; others wait. So what it reads is what it writes upon.
        """
        self.be_ready(part)
        with trouble(self.where), self.engine.begin() as connection:
            if self.is_server:
                connection.execute(_ALONE)
            yield connection

    @contextlib.contextmanager
    def read(self, part: str = "people") -> Iterator[Connection]:
        """A transaction that only reads, and sees one moment. Ask `is_there` first: a file that is not is made."""
        self.be_ready(part)
        level = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if self.is_server else {}
        with trouble(self.where), self.engine.connect() as fresh:
            connection = fresh.execution_options(evenhand_reads=True, **level)
            with connection.begin():
                yield connection

    def be_ready(self, part: str) -> None:
        """Make sure that the tables of a part are those of this evenhand.

        Raises:
            StoreError: they are not, and it is a server, or a newer evenhand made them.
        """
        if part in self._ready:
            return
        state = self.state(part)
        if not state.is_ready and not self.is_server:
            state = self.upgrade(part)
        if not state.is_ready:
            raise StoreError(
                "database-not-ready",
                f"The tables of {part} in {self.where} are at {state.has or 'nothing'}, and this evenhand needs "
                f"{state.needs}.",
                rule="a server's tables are changed when you say so",
                remedy="run: evenhand db upgrade",
            )
        self._ready.add(part)

    def state(self, part: str) -> PartState:
        """How far a part is.

        Raises:
            StoreError: it cannot be reached, or a newer evenhand made its tables.
        """
        known = _numbers(part)
        if not self.is_there:
            return PartState(part, "", known[-1])
        with trouble(self.where), self.engine.connect() as fresh:
            has = _has(fresh.execution_options(evenhand_reads=True), part)
        if has and has not in known:
            raise StoreError(
                "database-newer",
                f"The tables of {part} in {self.where} are at {has}; this evenhand knows them up to {known[-1]}.",
                rule="tables are read by the version that knows them",
                remedy="install the newer evenhand",
            )
        return PartState(part, has, known[-1])

    def shrink(self, tables: Sequence[str]) -> None:
        """Free the room of rows that were deleted, so that no file of the database holds them any longer.

        A file's log is folded into it and emptied, unless somebody goes on reading it; a server's tables are vacuumed,
        and its log and its backups are not reached from here.
        """
        if not self.is_there:
            return
        with trouble(self.where), self.engine.connect() as fresh:
            if not self.is_server:
                fold_in(fresh.connection.cursor(), _FOLDING)
                return
            alone = fresh.execution_options(isolation_level="AUTOCOMMIT")
            for name in tables:
                alone.execute(text(f'VACUUM "{name}"'))

    def warnings(self) -> tuple[str, ...]:
        """What of a server's settings lets go of what was committed, one sentence each; nothing of a file."""
        if not self.is_server:
            return ()
        wanted = {
            "fsync": "The server does not write its log to disk (fsync is off): a power cut can lose commits.",
            "full_page_writes": "The server does not write whole pages (full_page_writes is off): a power cut can "
            "damage its tables.",
        }
        with trouble(self.where), self.engine.connect() as connection:
            on = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() == "on" for name in wanted}
        return tuple(told for name, told in wanted.items() if not on[name])

    def upgrade(self, part: str) -> PartState:
        """Bring the tables of a part up to date, in one transaction; nothing to do where they are.

        Raises:
            StoreError: it cannot be reached or changed, or a newer evenhand made its tables.
        """
        self.state(part)
        with trouble(self.where), contextlib.nullcontext() if self._file is None else alone_in_making(self._file):
            if self._file is not None:
                make_own_file(self._file)
                with contextlib.closing(self.engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA journal_mode = WAL")
            with self.engine.begin() as connection:
                if self.is_server:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADING})
                    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"'))
                _migrate(connection, part)
        return self.state(part)


def database_of(home: Home) -> Database:
    """The database of a home: a schema on the server that it was placed on, else a file in its folder. Use a ``with``.

    Raises:
        StoreError: it was placed on a server, and nothing names that.
    """
    placement = placement_of(home)
    return Database.in_file(home.people) if placement is None else Database.on_server(placement)


def newest(part: str) -> str:
    """Number of the last migration of a part that this evenhand knows."""
    return _numbers(part)[-1]


def _numbers(part: str) -> list[str]:
    """Numbers of the migrations of a part, in order. The newest is told by its name, so that this is quick."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / part).glob("[0-9]*.py"))


def _has(connection: Connection, part: str) -> str:
    """Number of the last migration that a database has."""
    if not inspect(connection).has_table(f"version_{part}", schema=_own_schema(connection)):
        return ""
    return str(connection.execute(text(f"SELECT version_num FROM version_{part}")).scalar() or "")


def _own_schema(connection: Connection) -> str | None:
    if connection.dialect.name != "postgresql":
        return None
    return str(connection.execute(text("SELECT split_part(current_setting('search_path'), ',', 1)")).scalar())


def _migrate(connection: Connection, part: str) -> None:
    """Walk the migrations of a part that are still to be done. Alembic is loaded here, and nowhere else."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _scripts(part)

    def steps(has: Any, _: object) -> Any:
        return script._upgrade_revs("head", has)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev="head") as environment:
        environment.configure(
            connection=connection, target_metadata=METADATA, version_table=f"version_{part}", render_as_batch=True
        )
        environment.run_migrations()


def _scripts(part: str) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    folder = str(_MIGRATIONS / part)
    return ScriptDirectory(folder, version_locations=[folder])


def _settle_sqlite(connection: Any, patience: float) -> None:
    """What must hold of every connection to a file; transactions are begun by `_begin_sqlite`."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {int(1000 * patience)}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Who writes takes the lock at once: two that first read and then write could only fail."""
    reads = connection.get_execution_options().get("evenhand_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _settle_postgresql(connection: Any, schema: str) -> None:
    """What must hold of every connection to a server."""
    with connection.cursor() as cursor:
        cursor.execute(f'SET search_path TO "{schema}"')
        cursor.execute("SET lock_timeout TO '60s'")
    connection.commit()
