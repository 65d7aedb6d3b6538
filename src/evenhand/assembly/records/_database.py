"""The database of a home: how far its tables are, and bringing them up to date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.belonging import belong
from evenhand.adapters.stores.database import Database, PartState, database_of
from evenhand.adapters.stores.freeing import still_held
from evenhand.adapters.stores.home import Home, find_home, find_home_that_is
from evenhand.adapters.stores.placement import place_home, placement_of
from evenhand.terms import StoreError

__all__ = ["DatabaseState", "LedgerFormat", "database_status", "scrub_database", "upgrade_database"]


@dataclass(frozen=True, slots=True)
class LedgerFormat:
    """In which format a ledger is kept.

    Attributes:
        has: its format; "" where there is no ledger yet.
        needs: the format in which this evenhand writes.
    """

    has: str
    needs: str

    @property
    def is_filed_anew(self) -> bool:
        """Whether whoever writes it next with this evenhand brings it to another format first. A ledger on a server is
        changed by `upgrade_database` alone."""
        return bool(self.has) and self.has != self.needs


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """Where a home lives, and how far its tables are.

    Attributes:
        where: a path, or the name of the variable that names the server.
        schema: on a server, the schema; "" in files.
        parts: each part of the tables.
        ledger: format of the ledger; in files it stands apart from the tables.
        warnings: what of a server's settings can lose records, one sentence each.
    """

    where: str
    schema: str
    parts: tuple[PartState, ...]
    ledger: LedgerFormat
    warnings: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether this evenhand can work with it."""
        return all(part.is_ready for part in self.parts)


def upgrade_database(
    *, home: str | Path | None = None, variable: str | None = None, schema: str | None = None
) -> DatabaseState:
    """Bring the tables of a home up to date; on a server this also notes in the home that it lives there.

    Args:
        home: the home folder; see `find_home`.
        variable: name of the environment variable that holds the server's address; None = as it was, or the usual.
        schema: on the server; None = as it was, or ``evenhand``.

    Raises:
        UsageError: not the name of a variable or schema.
        StoreError: it cannot be reached or changed, or a newer evenhand made its tables.
        LedgerError: the tables are those of another home.
    """
    place = find_home(home)
    key = place.key(make=True)
    place_home(place, variable, schema)
    for database, part in _parts(place):
        with database:
            database.upgrade(part)
            if part == "people":
                belong(database, key)
    return database_status(home=place.folder)


def database_status(*, home: str | Path | None = None) -> DatabaseState:
    """Where a home lives, and how far its tables are. Changes nothing on a server.

    Raises:
        StoreError: it cannot be reached, or a newer evenhand made its tables or wrote its ledger.
        LedgerError: the ledger's file is none.
    """
    place = find_home(home)
    placement = placement_of(place)
    states: list[PartState] = []
    warnings: dict[str, None] = {}
    for database, part in _parts(place):
        with database:
            states.append(database.state(part))
            warnings |= dict.fromkeys(database.warnings())
    if placement is None:
        return DatabaseState(str(place.folder), "", tuple(states), _format_in_file(place), tuple(warnings))
    (own,) = (state for state in states if state.part == "ledger")
    ledger = LedgerFormat(own.has, own.needs)
    return DatabaseState(placement.variable, placement.schema, tuple(states), ledger, tuple(warnings))


def _format_in_file(place: Home) -> LedgerFormat:
    needs = str(SqliteLedger.newest)
    if not place.ledger.is_file():
        return LedgerFormat("", needs)
    try:
        with SqliteLedger(place.ledger, read_only=True) as store:
            return LedgerFormat(str(store.version()), needs)
    except StoreError as error:
        if error.code != "store-blank":
            raise
        return LedgerFormat("", needs)


def _parts(place: Home) -> list[tuple[Database, str]]:
    """Each part of a home's tables, with the database that it stands in."""
    placement = placement_of(place)
    if placement is None:
        return [(database_of(place), "people")]
    server = Database.on_server
    return [
        (server(placement), "people"),
        (server(placement), "ledger"),
        (server(placement.keys), "keys"),
        (server(placement.vault), "vault"),
    ]


def scrub_database(*, home: str | Path | None = None) -> tuple[str, ...]:
    """Write a home's tables anew where rows about people were removed, so that no byte of those is left in their files.

    On a server everybody waits for a table while it is written, so a quiet hour is the time for it. Small tables are
    done with each erasure. A server's write-ahead log, replicas and backups are not reached.

    Returns:
        The files or tables that may still hold something, because somebody else has an old view of the data open, or
        they are not this user's.

    Raises:
        StoreError: there is no home, or a database cannot be reached.
    """
    return still_held(find_home_that_is(home), whole=True)
