"""Sensitive columns of people under a key of their own, apart from the home's secret: in a file, or on a server.

A row is a mark (HMAC-SHA-256 of column and person) and a value, padded and encrypted with AES-256-GCM, bound to the
mark. So the tables without the key name nobody: no id, no value, not which people share one. Why a column is kept,
until when, and every question with its purpose and who put it stand beside it. Each line of that log is sealed with the
one before, and the end has a mark, so that a line that was changed, taken out or cut off is found.
What is deleted leaves the tables at once. Backups made before, and a server's own log, are not reached.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from evenhand.terms import DataError, LedgerError, StoreError

from ._vault_cells import (
    BY_OWN_ID,
    WITH_NAMES,
    Kept,
    LogEnd,
    Logged,
    checked_log,
    derived,
    end_mark,
    groups_of_texts,
    seal_of,
)
from ._vault_rows import cells_of, copy_rows, done, forget_column, namer, opener, rows_of, sealer, spent_of
from .database import Database

__all__ = ["VARIABLE", "Kept", "LogEnd", "Logged", "VaultTables", "groups_of_texts"]

VARIABLE = "EVENHAND_VAULT_KEY"
"""Environment variable that holds the vault's key (64 hex digits), instead of the file."""

_PART = "vault"
_KEY, _MARK = 32, 16


class VaultTables:
    """The vault of one home.

    Args:
        opened: opens its database; a file is made with the first column, readable by its owner only.
        key_file: file with the key (32 bytes); made with the first column. `VARIABLE` goes before it.
        pseudonyms: gives the pseudonyms of own ids, under which columns stand; those put there by an older evenhand
            stand under own ids.
        secret: gives the home's secret key, under which names stand beside values.
    """

    def __init__(
        self,
        opened: Callable[[], Database],
        key_file: Path,
        pseudonyms: Callable[[Sequence[str]], Sequence[str]],
        secret: Callable[[], bytes],
    ) -> None:
        self._opened, self._key_file, self._pseudonyms, self._secret = opened, key_file, pseudonyms, secret

    @property
    def is_there(self) -> bool:
        """Whether there are tables to look into."""
        with self._opened() as database:
            return database.is_there and (not database.is_server or bool(database.state(_PART).has))

    @property
    def has_key(self) -> bool:
        """Whether its key is here."""
        try:
            return bool(self._key(make=False))
        except StoreError:
            return False

    def put(
        self,
        columns: dict[str, Sequence[str | None]],
        ids: Sequence[str],
        *,
        purpose: str,
        at: int,
        until: int,
        who: str,
    ) -> None:
        """Keep columns, in place of what was kept under their names. A missing value is not kept.

        Raises:
            StoreError: the tables or the key cannot be read or written.
            DataError: a value is longer than 4,000 bytes.
        """
        key, people = self._key(make=True), self._pseudonyms(ids)
        seal = sealer(key, self._secret())
        rows = [
            {"name": name, "mark": mark, "value": seal(name, mark, value, one)}
            for name, values in columns.items()
            for mark, value, one in zip(self._marks(key, name, people), values, people, strict=True)
            if value
        ]
        with self._writing() as connection:
            for name in columns:
                forget_column(connection, name)
                done(
                    connection,
                    "INSERT INTO kept (name, purpose, put, until, who, form) "
                    "VALUES (:name, :purpose, :put, :until, :who, :form)",
                    name=name, purpose=purpose, put=at, until=until, who=who, form=WITH_NAMES,
                )  # fmt: skip
            if rows:
                connection.execute(text("INSERT INTO cell (name, mark, value) VALUES (:name, :mark, :value)"), rows)
            self._note(connection, key, Logged(at, who, "put", tuple(columns), purpose, len(ids)))

    def read(
        self, name: str, ids: Sequence[str], *, purpose: str, at: int, who: str, people: int | None = None
    ) -> list[str | None]:
        """The value of each of these people, None where there is none. The question is logged first.

        Raises:
            DataError: there is no such column, or its time is up: that is logged too.
            StoreError: the tables or the key cannot be read, or the key is not the vault's.
        """
        from cryptography.exceptions import InvalidTag

        kept = next((one for one in self.kept() if one.name == name), None)
        if kept is None:
            raise DataError(
                "vault-no-column",
                f"The vault has no column {name!r}.",
                rule="A-4a: a sensitive column is put in the vault with its purpose and its end",
                remedy=f"put it there: evenhand vault put TABLE --columns {name} --purpose ... --until ...",
            )
        key, is_over = self._key(make=False), at >= kept.until
        with self._writing() as connection:
            self._note(
                connection,
                key,
                Logged(
                    at, who, "refused" if is_over else "read", (name,), purpose, len(ids) if people is None else people
                ),
            )
        if is_over:
            raise DataError(
                "vault-time-is-up",
                f"The time for which column {name!r} was kept in the vault is up.",
                rule="A-4a, G-5e: a sensitive column is deleted when its time or its reason ends",
                remedy="delete it: evenhand vault purge; or put it there again with a new reason and end",
            )
        marks = self._marks(key, name, ids if kept.form == BY_OWN_ID else self._pseudonyms(ids))
        with self._reading() as connection:
            found = cells_of(connection, name, marks)
        unseal = opener(key)
        try:
            return [unseal(name, mark, found[mark]) if mark in found else None for mark in marks]
        except InvalidTag:
            raise LedgerError(
                "vault-altered",
                f"A value of column {name!r} in the vault was altered.",
                rule="G-32: what is kept is kept whole",
                remedy="restore the vault from a copy, or put the column there again",
            ) from None

    def words(self, name: str, *, purpose: str, at: int, who: str) -> Counter[str]:
        """How many people have each value, few ones too: for whoever adds noise or leaves them out. Logged as a read.

        Raises:
            DataError: there is no such column, or its time is up.
        """
        everybody = next((one.people for one in self.kept() if one.name == name), 0)
        self.read(name, (), purpose=purpose, at=at, who=who, people=everybody)
        return Counter(self._cells(name, opener(self._key(make=False))))

    def allow(self, name: str, budget: str) -> None:
        """Set the privacy budget of a column: what all noisy counts of it may lose together, for ever."""
        with self._writing() as connection:
            done(connection, "DELETE FROM budget WHERE name = :name", name=name)
            done(connection, "INSERT INTO budget VALUES (:name, :epsilon)", name=name, epsilon=budget)

    def spent(self, name: str) -> tuple[list[str], str]:
        """What each answer about a column lost, and its budget; what was lost stays so, whatever is put there again."""
        with self._reading() as connection:
            return spent_of(connection, name)

    def told_once(
        self,
        name: str,
        asked: str,
        loss: str,
        make: Callable[[], list[int]],
        check: Callable[[list[str], str], None],
    ) -> tuple[list[int], bool]:
        """The answer to a question: the one that was given before, or a new one that is paid for from the budget.

        The answer is durable before it is given out, so that asking again tells nothing more.

        Args:
            name: the column.
            asked: the question.
            loss: what the answer loses.
            make: makes the answer.
            check: given what was lost before and the budget, raises where the budget does not allow it.

        Returns:
            The noisy counts, and whether they were given before.
        """
        words = {"name": name, "asked": asked, "epsilon": loss}
        query = "SELECT counts FROM answer WHERE name = :name AND asked = :asked AND epsilon = :epsilon"
        with self._writing() as connection:
            before = rows_of(connection, query, **words)
            if before:
                return [int(one) for one in json.loads(before[0][0])], True
            check(*spent_of(connection, name))
            counts = make()
            statement = "INSERT INTO answer VALUES (:name, :asked, :epsilon, :counts)"
            done(connection, statement, **words, counts=json.dumps(counts))
        return counts, False

    def kept(self) -> list[Kept]:
        """Every column in the vault."""
        if not self.is_there:
            return []
        query = (
            "SELECT k.name, k.purpose, k.put, k.until, k.who, "
            "(SELECT count(*) FROM cell c WHERE c.name = k.name), k.form FROM kept k ORDER BY k.name"
        )
        with self._reading() as connection:
            return [Kept(*row) for row in rows_of(connection, query)]

    def purge(self, names: Sequence[str], *, why: str, at: int, who: str) -> list[str]:
        """Delete these columns, and every one whose time is up; the names of those that were there."""
        over = [one for one in self.kept() if one.name in names or at >= one.until]
        if over:
            with self._writing() as connection:
                for one in over:
                    forget_column(connection, one.name)
                    line = Logged(at, who, "purged", (one.name,), why, one.people)
                    self._note(connection, self._key(make=False), line)
            self._shrink()
        return [one.name for one in over]

    def forget(self, id_: str, *, at: int, who: str) -> int:
        """Delete everything of a person; of how many columns."""
        return self._forget([*self._pseudonyms([id_])], id_, at, who)

    def forget_pseudonyms(self, pseudonyms: Sequence[str], *, at: int, who: str) -> int:
        """Delete everything of people of whom nothing but pseudonyms (32 hex digits) is known; how many values.

        What an older evenhand put there under own ids cannot be searched by pseudonym: such a column is deleted whole.
        """
        if not pseudonyms:
            return 0
        blind = [one.name for one in self.kept() if one.form == BY_OWN_ID]
        if blind:
            self.purge(blind, why="nobody can tell who of it was erased", at=at, who=who)
        return self._forget(pseudonyms, None, at, who)

    def named(self) -> dict[str, int]:
        """Pseudonyms of everybody in it, with when they were put there last; columns of an older evenhand do not."""
        out: dict[str, int] = {}
        name_of = namer(self._key(make=False), self._secret())
        for one in self.kept():
            if one.form == WITH_NAMES:
                for whose in self._cells(one.name, name_of):
                    out[whose] = max(out.get(whose, 0), one.put)
        return out

    def _forget(self, pseudonyms: Sequence[str], id_: str | None, at: int, who: str) -> int:
        kept = self.kept()
        if not kept:
            return 0
        key, gone = self._key(make=False), 0
        with self._writing() as connection:
            for one in kept:
                people = pseudonyms if one.form != BY_OWN_ID else [id_] if id_ is not None else []
                for mark in self._marks(key, one.name, people):
                    statement = "DELETE FROM cell WHERE name = :name AND mark = :mark"
                    gone += done(connection, statement, name=one.name, mark=mark)
            if gone:
                names = tuple(one.name for one in kept)
                self._note(connection, key, Logged(at, who, "erased", names, "G-17: erasure", len(pseudonyms)))
        if gone:
            self._shrink()
        return gone

    def correct(self, values: Mapping[str, str], id_: str, *, at: int, who: str) -> None:
        """Keep the right value of a person in these columns, in place of what was there; "" = not known.

        Raises:
            StoreError: the tables or the key cannot be read or written.
        """
        key, forms = self._key(make=False), {one.name: one.form for one in self.kept()}
        seal, (own,) = sealer(key, self._secret()), self._pseudonyms([id_])
        with self._writing() as connection:
            for name, value in values.items():
                (mark,) = self._marks(key, name, [id_ if forms.get(name) == BY_OWN_ID else own])
                done(connection, "DELETE FROM cell WHERE name = :name AND mark = :mark", name=name, mark=mark)
                if value:
                    sealed, statement = seal(name, mark, value, own), "INSERT INTO cell VALUES (:name, :mark, :value)"
                    done(connection, statement, name=name, mark=mark, value=sealed)
            self._note(connection, key, Logged(at, who, "corrected", tuple(values), "GDPR 16: rectification", 1))

    def log(self) -> list[Logged]:
        """Every line of the log, oldest first.

        Raises:
            LedgerError: a line was altered, taken out of the middle, or cut off at the end.
        """
        if not self.is_there:
            return []
        with self._reading() as connection:
            rows = rows_of(connection, "SELECT number, at, who, did, names, purpose, people, seal FROM question "
                         "ORDER BY number")  # fmt: skip
            ((number, mark),) = rows_of(connection, "SELECT number, mark FROM log_end")
        return checked_log(self._key(make=False), rows, LogEnd(number, bytes(mark)))

    def line(self, number: int) -> bytes | None:
        """The seal of a line of the log, as it stands there; None where there is none."""
        if not self.is_there:
            return None
        with self._reading() as connection:
            found = rows_of(connection, "SELECT seal FROM question WHERE number = :number", number=number)
        return bytes(found[0][0]) if found else None

    def end(self) -> LogEnd | None:
        """Number and seal of the last line of the log, to be kept elsewhere; None where nothing was ever asked."""
        if not self.is_there:
            return None
        with self._reading() as connection:
            found = rows_of(connection, "SELECT number, seal FROM question ORDER BY number DESC LIMIT 1")
        return LogEnd(found[0][0], bytes(found[0][1])) if found else None

    def copy_to(self, other: VaultTables) -> None:
        """Keep everything in another vault too, in place of what it has, as it is at one moment; but not the key."""
        with self._reading() as reader, other._writing() as writer:
            copy_rows(reader, writer)

    def _cells(self, name: str, read: Callable[[str, bytes, bytes], str]) -> list[str]:
        with self._reading() as connection:
            rows = rows_of(connection, "SELECT mark, value FROM cell WHERE name = :name", name=name)
        return [read(name, bytes(mark), bytes(value)) for mark, value in rows]

    def _note(self, connection: Connection, key: bytes, line: Logged) -> None:
        last = rows_of(connection, "SELECT number, seal FROM question ORDER BY number DESC LIMIT 1")
        number, before = (last[0][0] + 1, bytes(last[0][1])) if last else (1, b"")
        seal = seal_of(key, before, number, line)
        done(
            connection,
            "INSERT INTO question VALUES (:number, :at, :who, :did, :names, :purpose, :people, :seal)",
            number=number, at=line.at, who=line.who, did=line.did, names="\n".join(line.names), purpose=line.purpose,
            people=line.people, seal=seal,
        )  # fmt: skip
        done(connection, "UPDATE log_end SET number = :number, mark = :mark", number=number,
            mark=end_mark(key, number, seal))  # fmt: skip

    @staticmethod
    def _marks(key: bytes, name: str, people: Sequence[str]) -> list[bytes]:
        own = derived(key, b"marks")
        return [hmac.digest(own, f"{name}\0{one}".encode(), hashlib.sha256)[:_MARK] for one in people]

    def _key(self, *, make: bool) -> bytes:
        from .home import write_atomically

        given = os.environ.get(VARIABLE)
        try:
            key = bytes.fromhex(given) if given else self._key_file.read_bytes()
        except (ValueError, FileNotFoundError):
            key = b""
        if not key and not given and make and self.end() is None:
            write_atomically(self._key_file, secrets.token_bytes(_KEY), private=True, only_new=True)
            key = self._key_file.read_bytes()
        if len(key) != _KEY:
            raise StoreError(
                "vault-key-missing",
                "The key of the vault is missing, or is no key.",
                rule="the vault opens with its own key only, apart from the home's",
                remedy=f"restore vault.key, or set {VARIABLE} to its 64 hex digits",
            )
        return key

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._opened() as database, database.begin(_PART) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._opened() as database, database.read(_PART) as connection:
            yield connection

    def _shrink(self) -> None:
        """Free the room of what was deleted, so that the tables hold it no longer."""
        with self._opened() as database:
            database.shrink(["cell"])
