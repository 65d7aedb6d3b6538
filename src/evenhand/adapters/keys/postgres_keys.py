"""Keys of people and of runs on a PostgreSQL server, in a schema or a database of their own.

How a person's key is made of what is kept here stands in `_person_keys`. A run's key is kept sealed under the home's
secret (AES-256-GCM-SIV, RFC 8452). A copy of the ledger's schema holds none of them. What is deleted leaves the tables
at once (VACUUM); the server's log, its replicas and backups keep it until they are overwritten, and nothing here
reaches them. With wrapping keys, changing those makes what they keep unreadable (`wrapping`).

Implements `ledger.SubjectKeys` and `ledger.RunKeys`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from evenhand.terms import StoreError

from ..stores._database_trouble import trouble
from ..stores._postgres import Steps, connected
from ..stores.placement import Placement
from ._person_keys import PersonKeys, Row
from .wrapping import Wrapping

__all__ = ["PostgresRunKeys", "PostgresSubjectKeys"]

_BYTES, _NONCE = 32, 12
_SELECT = "SELECT pseudonym, handle, seed FROM subject_key"


class PostgresSubjectKeys(PersonKeys):
    """The keys of one home's people.

    Args:
        placement: the home's place; keys stand in its ``keys``.
        secret: gives the home's secret key (32 bytes). Asked when first needed.
        wrapping: the home's wrapping keys; none = random bytes are kept as they are.
    """

    where = "the schema of keys"

    def __init__(self, placement: Placement, secret: Callable[[], bytes], wrapping: Wrapping | None = None) -> None:
        super().__init__(secret, wrapping)
        self._placement = placement.keys
        self._held: psycopg.Connection[Any] | None = None
        self._holders = 0

    def hold(self) -> None:
        """Keep one connection until `let_go`, for many questions; without it each takes its own. Several may hold it;
        the last of them ends it."""
        if self._held is None:
            self._held = connected(self._placement, "keys", None)
        self._holders += 1

    def let_go(self) -> None:
        """End the connection that `hold` keeps."""
        self._holders -= 1
        if self._held is not None and not self._holders:
            self._held.close()
            self._held = None

    @property
    def is_there(self) -> bool:
        """Whether anybody has a key or was erased."""
        found = self._fetched("SELECT EXISTS (SELECT FROM subject_key) OR EXISTS (SELECT FROM suppressed)")
        return bool(found[0][0])

    def marks(self, until: int) -> dict[bytes, int]:
        """Every mark that was made by a moment, with its moment."""
        return dict(self._fetched("SELECT mark, at FROM suppressed WHERE at <= %s", until))

    def _add(self, pseudonyms: list[bytes]) -> list[bytes] | None:
        with self._opened() as database:
            try:
                with database.transaction(), database.cursor() as cursor:
                    cursor.execute("LOCK TABLE subject_key IN SHARE ROW EXCLUSIVE MODE")
                    last = cursor.execute("SELECT handle FROM subject_key ORDER BY handle DESC LIMIT 1").fetchone()
                    made, rows = self._drawn(pseudonyms, last[0] if last else None)
                    with cursor.copy("COPY subject_key (pseudonym, handle, seed) FROM STDIN (FORMAT binary)") as copy:
                        copy.set_types(["bytea"] * 3)
                        for row in rows:
                            copy.write_row(row)
            except psycopg.errors.UniqueViolation:
                return None
        return made

    def _put(self, rows: list[Row]) -> None:
        with self._opened() as database, database.transaction(), database.cursor() as cursor:
            cursor.executemany("INSERT INTO subject_key VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", rows)

    def _rows(self, column: str, values: Sequence[bytes]) -> list[Row]:
        return self._fetched(f"{_SELECT} WHERE {column} = ANY(%b)", list(values))

    def _rows_after(self, pseudonym: bytes, count: int) -> list[Row]:
        return self._fetched(f"{_SELECT} WHERE pseudonym > %s ORDER BY pseudonym LIMIT %s", pseudonym, count)

    def _replace(self, rows: list[tuple[bytes, bytes, bytes]]) -> None:
        with self._opened() as database, database.transaction(), database.cursor() as cursor:
            cursor.executemany("UPDATE subject_key SET seed = %s WHERE pseudonym = %s AND seed = %s", rows)

    def _remove(self, pseudonym: bytes) -> None:
        with self._opened() as database:
            database.execute("DELETE FROM subject_key WHERE pseudonym = %s", (pseudonym,))
            database.execute("VACUUM subject_key")

    def _note(self, mark: bytes, at: int) -> None:
        with self._opened() as database:
            database.execute(
                "INSERT INTO suppressed VALUES (%s, %s) ON CONFLICT (mark) DO UPDATE SET at = excluded.at", (mark, at)
            )

    @contextlib.contextmanager
    def _together(self, *, make: bool) -> Iterator[Steps]:
        with self._opened() as database, database.transaction(), database.cursor() as cursor:
            if make:
                cursor.execute("LOCK TABLE taught, taught_gone, alias IN SHARE ROW EXCLUSIVE MODE")
            yield Steps(cursor)

    def _fetched(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._opened() as database, database.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()  # type: ignore[arg-type,unused-ignore]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[psycopg.Connection[Any]]:
        if self._held is not None:
            if self._held.closed:
                self._held = connected(self._placement, "keys", None)
            with trouble(self.where):
                yield self._held
            return
        with connected(self._placement, "keys", None) as database, trouble(self.where):
            yield database


class PostgresRunKeys:
    """The keys of one home's runs.

    Args:
        placement: the home's place; keys stand in its ``keys``.
        secret: gives the home's secret key (32 bytes).
    """

    def __init__(self, placement: Placement, secret: Callable[[], bytes]) -> None:
        self._placement = placement.keys
        self._secret = secret

    def make(self, run_id: str) -> bytes:
        """Draw a key and keep it durably.

        Raises:
            StoreError: it cannot be written, or the run has a key already.
        """
        key, nonce = secrets.token_bytes(_BYTES), secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher().encrypt(nonce, key, run_id.encode())
        with self._opened() as database:
            database.execute("INSERT INTO run_key VALUES (%s, %s)", (run_id, sealed))
        return key

    def get(self, run_id: str) -> bytes | None:
        """The key of a run; None if there is none (any more).

        Raises:
            StoreError: it cannot be read, or was altered.
        """
        from cryptography.exceptions import InvalidTag

        with self._opened() as database:
            found = database.execute("SELECT sealed FROM run_key WHERE run_id = %s", (run_id,)).fetchone()
        if found is None:
            return None
        try:
            return bytes(self._cipher().decrypt(found[0][:_NONCE], found[0][_NONCE:], run_id.encode()))
        except (InvalidTag, ValueError):
            raise StoreError(
                "run-key-unreachable",
                f"The key of run {run_id} was altered, or is another home's.",
                rule="A-4a: what is sealed needs its key",
                remedy="restore the keys, and the secret key that belongs to them, from a copy",
            ) from None

    def names(self) -> list[str]:
        """The runs that have a key."""
        with self._opened() as database:
            return [row[0] for row in database.execute("SELECT run_id FROM run_key ORDER BY run_id").fetchall()]

    def keep(self, run_id: str, key: bytes) -> None:
        """Keep a key that was made elsewhere; one that is there stays."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher().encrypt(nonce, key, run_id.encode())
        with self._opened() as database:
            database.execute("INSERT INTO run_key VALUES (%s, %s) ON CONFLICT DO NOTHING", (run_id, sealed))

    def forget(self, run_id: str) -> bool:
        """Remove the key of a run; whether there was one."""
        with self._opened() as database:
            done = database.execute("DELETE FROM run_key WHERE run_id = %s", (run_id,)).rowcount > 0
            if done:
                database.execute("VACUUM run_key")
        return done

    def _cipher(self) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        return AESGCMSIV(hmac.new(self._secret(), b"evenhand keys of runs\x00", hashlib.sha256).digest())

    @contextlib.contextmanager
    def _opened(self) -> Iterator[psycopg.Connection[Any]]:
        with connected(self._placement, "keys", None) as database, trouble("the schema of keys"):
            yield database
