"""Sensitive columns of people in a file of their own, under a key of its own; apart from the home's secret.

A row is a mark (HMAC-SHA-256 of column and id) and a value, padded and encrypted with AES-256-GCM, bound to the mark.
So the file without its key names nobody: no id, no value, not which people share one. Why a column is kept, until when,
and every question with its purpose and who put it stand beside it; each line of that log is sealed with the one before.
What is deleted is overwritten with zeros (SQLite's ``secure_delete``). Backups made before are not reached.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from evenhand.terms import DataError, LedgerError, StoreError

from ._vault_cells import Kept, Logged, derived, groups_of_texts, padded, plain, seal_of

__all__ = ["VARIABLE", "Kept", "Logged", "VaultFile", "groups_of_texts"]

VARIABLE = "EVENHAND_VAULT_KEY"
"""Environment variable that holds the vault's key (64 hex digits), instead of the file."""

_KEY, _MARK, _NONCE = 32, 16, 12
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY, purpose TEXT NOT NULL, put INTEGER NOT NULL, until INTEGER NOT NULL, who TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS cell (
    name TEXT NOT NULL, mark BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name, mark)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS question (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, did TEXT NOT NULL, names TEXT NOT NULL,
    purpose TEXT NOT NULL, people INTEGER NOT NULL, seal BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS budget (name TEXT PRIMARY KEY, epsilon TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answer (
    name TEXT NOT NULL, asked TEXT NOT NULL, epsilon TEXT NOT NULL, counts TEXT NOT NULL,
    PRIMARY KEY (name, asked, epsilon)
) STRICT;
COMMIT;
"""


class VaultFile:
    """The vault of one home.

    Args:
        path: the database; made with the first column, readable by its owner only.
        key_file: file with the key (32 bytes); made with the first column. `VARIABLE` goes before it.
    """

    def __init__(self, path: Path, key_file: Path) -> None:
        self._path, self._key_file = path, key_file

    @property
    def is_there(self) -> bool:
        """Whether anything was ever put there."""
        return self._path.is_file()

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
            StoreError: the file or its key cannot be read or written.
            DataError: a value is longer than 4,000 bytes.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key(make=True)
        cipher = AESGCM(derived(key, b"values"))
        rows = []
        for name, values in columns.items():
            for id_, value in zip(ids, values, strict=True):
                if value:
                    mark, nonce = self._mark(key, name, id_), secrets.token_bytes(_NONCE)
                    rows.append((name, mark, nonce + cipher.encrypt(nonce, padded(value), name.encode() + mark)))
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            for name in columns:
                database.execute("DELETE FROM cell WHERE name = ?", (name,))
                database.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", (name, purpose, at, until, who))
            database.executemany("INSERT INTO cell VALUES (?, ?, ?)", rows)
            self._note(database, key, Logged(at, who, "put", tuple(columns), purpose, len(ids)))
            database.execute("COMMIT")

    def read(self, name: str, ids: Sequence[str], *, purpose: str, at: int, who: str) -> list[str | None]:
        """The value of each of these people, None where there is none. The question is logged first.

        Raises:
            DataError: there is no such column, or its time is up: that is logged too.
            StoreError: the file or its key cannot be read, or the key is not the vault's.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        kept = next((one for one in self.kept() if one.name == name), None)
        if kept is None:
            raise DataError(
                "vault-no-column",
                f"The vault has no column {name!r}.",
                rule="A-4a: a sensitive column is put in the vault with its purpose and its end",
                remedy=f"put it there: evenhand vault put TABLE --columns {name} --purpose ... --until ...",
            )
        key, is_over = self._key(make=False), at >= kept.until
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            self._note(database, key, Logged(at, who, "refused" if is_over else "read", (name,), purpose, len(ids)))
            database.execute("COMMIT")
            if is_over:
                raise DataError(
                    "vault-time-is-up",
                    f"The time for which column {name!r} was kept in the vault is up.",
                    rule="A-4a, G-5e: a sensitive column is deleted when its time or its reason ends",
                    remedy="delete it: evenhand vault purge; or put it there again with a new reason and end",
                )
            found = dict(database.execute("SELECT mark, value FROM cell WHERE name = ?", (name,)).fetchall())
        cipher = AESGCM(derived(key, b"values"))
        out: list[str | None] = []
        for id_ in ids:
            mark = self._mark(key, name, id_)
            value = found.get(mark)
            try:
                out.append(
                    None
                    if value is None
                    else plain(cipher.decrypt(value[:_NONCE], value[_NONCE:], name.encode() + mark))
                )
            except InvalidTag:
                raise LedgerError(
                    "vault-altered",
                    f"A value of column {name!r} in the vault was altered.",
                    rule="G-32: what is kept is kept whole",
                    remedy="restore vault.sqlite from a copy, or put the column there again",
                ) from None
        return out

    def counts(self, name: str, values: Sequence[str], *, purpose: str, at: int, who: str) -> list[int]:
        """How many people have each of these values; for `told_once` only, which adds the noise. Logged as a read.

        Raises:
            DataError: there is no such column, or its time is up.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.read(name, (), purpose=purpose, at=at, who=who)
        cipher = AESGCM(derived(self._key(make=False), b"values"))
        with self._opened() as database:
            rows = database.execute("SELECT mark, value FROM cell WHERE name = ?", (name,)).fetchall()
        texts = [plain(cipher.decrypt(v[:_NONCE], v[_NONCE:], name.encode() + mark)) for mark, v in rows]
        return [texts.count(value) for value in values]

    def allow(self, name: str, epsilon: Fraction) -> None:
        """Set the privacy budget of a column: what all noisy counts of it may lose together, for ever."""
        with self._opened() as database:
            database.execute("INSERT OR REPLACE INTO budget VALUES (?, ?)", (name, str(epsilon)))

    def spent(self, name: str) -> tuple[Fraction, Fraction]:
        """What was lost of a column's budget, and the budget; what was lost stays so, whatever is put there again."""
        with self._opened() as database:
            lost = database.execute("SELECT epsilon FROM answer WHERE name = ?", (name,)).fetchall()
            whole = database.execute("SELECT epsilon FROM budget WHERE name = ?", (name,)).fetchone()
        return sum((Fraction(one[0]) for one in lost), Fraction(0)), Fraction(whole[0]) if whole else Fraction(0)

    def told_once(
        self, name: str, asked: str, epsilon: Fraction, make: Callable[[], list[int]]
    ) -> tuple[list[int], bool]:
        """The answer to a question: the one that was given before, or a new one that is paid for from the budget.

        The answer is durable before it is given out, so that asking again tells nothing more.

        Returns:
            The noisy counts, and whether they were given before.

        Raises:
            DataError: the budget does not allow it.
        """
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            query = "SELECT counts FROM answer WHERE name = ? AND asked = ? AND epsilon = ?"
            before = database.execute(query, (name, asked, str(epsilon))).fetchone()
            if before:
                database.execute("ROLLBACK")
                return [int(one) for one in json.loads(before[0])], True
            lost = database.execute("SELECT epsilon FROM answer WHERE name = ?", (name,)).fetchall()
            whole = database.execute("SELECT epsilon FROM budget WHERE name = ?", (name,)).fetchone()
            left = (Fraction(whole[0]) if whole else Fraction(0)) - sum((Fraction(one[0]) for one in lost), Fraction(0))
            if epsilon > left:
                database.execute("ROLLBACK")
                raise DataError(
                    "vault-budget-spent",
                    f"The privacy budget of column {name!r} has {float(max(left, Fraction(0))):g} left; "
                    f"{float(epsilon):g} was asked for.",
                    rule="what all answers about a column lose together is bounded",
                    remedy="ask an earlier question again, ask with a smaller --epsilon, or decide on a larger budget: "
                    "evenhand vault put ... --epsilon",
                )
            counts = make()
            database.execute("INSERT INTO answer VALUES (?, ?, ?, ?)", (name, asked, str(epsilon), json.dumps(counts)))
            database.execute("COMMIT")
            return counts, False

    def kept(self) -> list[Kept]:
        """Every column in the vault."""
        if not self.is_there:
            return []
        query = "SELECT k.*, (SELECT count(*) FROM cell c WHERE c.name = k.name) FROM kept k ORDER BY name"
        with self._opened() as database:
            return [Kept(*row) for row in database.execute(query).fetchall()]

    def purge(self, names: Sequence[str], *, why: str, at: int, who: str) -> list[str]:
        """Delete these columns, and every one whose time is up; the names of those that were there."""
        over = [one for one in self.kept() if one.name in names or at >= one.until]
        if over:
            with self._opened() as database:
                database.execute("BEGIN IMMEDIATE")
                for one in over:
                    database.execute("DELETE FROM cell WHERE name = ?", (one.name,))
                    database.execute("DELETE FROM kept WHERE name = ?", (one.name,))
                    done = Logged(at, who, "purged", (one.name,), why, one.people)
                    self._note(database, self._key(make=False), done)
                database.execute("COMMIT")
                database.execute("VACUUM")
        return [one.name for one in over]

    def forget(self, id_: str, *, at: int, who: str) -> int:
        """Delete everything of a person; of how many columns."""
        names = [one.name for one in self.kept()]
        if not names:
            return 0
        key, gone = self._key(make=False), 0
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            for name in names:
                mark = self._mark(key, name, id_)
                gone += database.execute("DELETE FROM cell WHERE name = ? AND mark = ?", (name, mark)).rowcount
            if gone:
                self._note(database, key, Logged(at, who, "erased", tuple(names), "G-17: erasure", 1))
            database.execute("COMMIT")
        return gone

    def correct(self, values: Mapping[str, str], id_: str, *, at: int, who: str) -> None:
        """Keep the right value of a person in these columns, in place of what was there; "" = not known.

        Raises:
            StoreError: the file or its key cannot be read or written.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key(make=False)
        cipher = AESGCM(derived(key, b"values"))
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            for name, value in values.items():
                mark, nonce = self._mark(key, name, id_), secrets.token_bytes(_NONCE)
                database.execute("DELETE FROM cell WHERE name = ? AND mark = ?", (name, mark))
                if value:
                    sealed = nonce + cipher.encrypt(nonce, padded(value), name.encode() + mark)
                    database.execute("INSERT INTO cell VALUES (?, ?, ?)", (name, mark, sealed))
            self._note(database, key, Logged(at, who, "corrected", tuple(values), "GDPR 16: rectification", 1))
            database.execute("COMMIT")

    def log(self) -> list[Logged]:
        """Every line of the log, oldest first.

        Raises:
            LedgerError: a line was altered or taken out of the middle.
        """
        if not self.is_there:
            return []
        key, before, out = self._key(make=False), b"", []
        with self._opened() as database:
            rows = database.execute("SELECT * FROM question ORDER BY number").fetchall()
        for number, (stored, at, who, did, names, purpose, people, seal) in enumerate(rows, 1):
            line = Logged(at, who, did, tuple(names.split("\n")), purpose, people)
            before = seal_of(key, before, number, line)
            if number != stored or not hmac.compare_digest(before, seal):
                raise LedgerError(
                    "vault-log-altered",
                    f"Line {number} of the vault's log was altered, or lines before it are missing.",
                    rule="A-4a: every question to the vault stays on record",
                    remedy="keep the file as evidence, and restore it from a copy",
                )
            out.append(line)
        return out

    def _note(self, database: sqlite3.Connection, key: bytes, line: Logged) -> None:
        last = database.execute("SELECT number, seal FROM question ORDER BY number DESC LIMIT 1").fetchone()
        number, before = (last[0] + 1, last[1]) if last else (1, b"")
        database.execute(
            "INSERT INTO question VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, line.at, line.who, line.did, "\n".join(line.names), line.purpose, line.people,
             seal_of(key, before, number, line)),
        )  # fmt: skip

    @staticmethod
    def _mark(key: bytes, name: str, id_: str) -> bytes:
        return hmac.new(derived(key, b"marks"), f"{name}\0{id_}".encode(), hashlib.sha256).digest()[:_MARK]

    def _key(self, *, make: bool) -> bytes:
        from .home import write_atomically

        given = os.environ.get(VARIABLE)
        try:
            key = bytes.fromhex(given) if given else self._key_file.read_bytes()
        except (ValueError, FileNotFoundError):
            key = b""
        if not key and not given and make and not self.is_there:
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

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            with contextlib.closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)) as database:
                for pragma in ("secure_delete = ON", "synchronous = FULL", "temp_store = MEMORY"):
                    database.execute(f"PRAGMA {pragma}")
                database.executescript(_SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                "vault-not-reachable",
                f"The vault at {self._path} cannot be read or written ({type(error).__name__}).",
                rule="a question to the vault is logged before it is answered",
                remedy="free disk space or change the permissions, then start again",
            ) from None
