"""The two homes of a ledger, for tests that hold for both: files in a folder, and a schema of a PostgreSQL server."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from evenhand.adapters.keys.postgres_keys import PostgresRunKeys, PostgresSubjectKeys
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.keys.wrapping import Wrapping
from evenhand.adapters.ledgers.postgres_leases import PostgresLeases
from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.belonging import belong
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.placement import Placement

KEY = bytes(range(32))
SECOND_FORMAT = """
CREATE TABLE whole (subject BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (subject, seq)) STRICT, WITHOUT ROWID;
INSERT INTO whole SELECT subject, seq FROM decided;
DROP TABLE decided;
ALTER TABLE whole RENAME TO decided;
CREATE TRIGGER decided_no_update BEFORE UPDATE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER decided_no_delete BEFORE DELETE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA user_version = 2;
"""
"""Makes a ledger's file one of the second format, as evenhand wrote it until 27 November 2026."""


class InFiles:
    """Stores in a folder."""

    kind = "files"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "secret.key").write_bytes(KEY)

    @classmethod
    def there(cls, folder: Path) -> InFiles:
        """Stores that are in a folder, of which nothing is written."""
        own = cls.__new__(cls)
        own.folder = folder
        return own

    def ledger(self, **more: Any) -> SqliteLedger:
        """The ledger."""
        return SqliteLedger(self.folder / "ledger.sqlite", key=self.folder / "secret.key", **more)

    def people(self, wrapping: Wrapping | None = None) -> SubjectKeyFile:
        """The keys of people."""
        return SubjectKeyFile(self.folder / "subject-keys.sqlite", lambda: KEY, wrapping)

    def run_keys(self) -> RunKeyFolder:
        """The keys of runs."""
        return RunKeyFolder(self.folder / "run-keys")

    def leases(self) -> SqliteLeases:
        """The leases."""
        return SqliteLeases(self.folder / "leases.sqlite")


class OnServer:
    """Stores in a fresh schema of a server."""

    kind = "server"

    def __init__(self, folder: Path, url: str, schema: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.placement = Placement("EVENHAND_DATABASE", schema or f"t{secrets.token_hex(6)}", url, url)
        if not schema:
            for placement, part in (
                (self.placement, "people"),
                (self.placement, "ledger"),
                (self.placement.keys, "keys"),
            ):
                with Database.on_server(placement) as database:
                    database.upgrade(part)
                    if part == "people":
                        belong(database, KEY)

    def ledger(self, **more: Any) -> PostgresLedger:
        """The ledger."""
        return PostgresLedger(self.placement, lambda: KEY, witness=self.folder / "ledger.head", **more)

    def people(self, wrapping: Wrapping | None = None) -> PostgresSubjectKeys:
        """The keys of people."""
        return PostgresSubjectKeys(self.placement, lambda: KEY, wrapping)

    def run_keys(self) -> PostgresRunKeys:
        """The keys of runs."""
        return PostgresRunKeys(self.placement, lambda: KEY)

    def leases(self) -> PostgresLeases:
        """The leases."""
        return PostgresLeases(self.placement, lambda: KEY)


def stores_of(kind: str, folder: Path, url: str = "") -> InFiles | OnServer:
    """Stores of a kind; a server's schema is that of the URL's last word after ``#``, where it has one."""
    return InFiles(folder) if kind == "files" else OnServer(folder, *url.split("#"))
