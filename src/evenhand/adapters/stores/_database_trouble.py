"""What can go wrong with a database, said in three parts: never a value, an address or a password."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from evenhand.terms import EvenhandError, LedgerError, StoreError

from .file_trouble import Trouble, store_error, trouble_of

__all__ = ["said", "trouble"]

_WHOLE = "what is written is written whole or not at all"
_FULL = ("53100",)
_BUSY = ("55P03", "40001", "40P01", "57014", "SQLITE_BUSY", "SQLITE_LOCKED")
_DENIED = ("28", "42501", "3D000", "25006")
_GONE = ("08", "57P", "53300", "SQLITE_IOERR")
_NOT_READY = ("42P01", "3F000", "42703")
_DAMAGED = ("XX001", "XX002", "SQLITE_CORRUPT", "SQLITE_NOTADB")
_PROMISED = ("P0001", "SQLITE_CONSTRAINT_TRIGGER")


@contextlib.contextmanager
def trouble(where: str) -> Iterator[None]:
    """Say what a database or its driver says, in our words.

    Args:
        where: how the database is called in the message: a path, or a name without user and password.
    """
    try:
        yield
    except EvenhandError:
        raise
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        of_file = code.startswith("SQLITE") or isinstance(error, OSError)
        kind = trouble_of(error, Path(where)) if of_file else Trouble.BUSY
        raise store_error(kind, where, rule=_WHOLE) or said(where, code, error) from None


def said(where: str, code: str, error: BaseException) -> EvenhandError:
    """The error for a SQLSTATE, or for a name of SQLite's; "" where a connection was not made or broke."""
    told = f" ({code or type(error).__name__})"
    if code.startswith(_FULL):
        return StoreError(
            "database-full",
            f"The disk of {where} is full{told}. Nothing was written.",
            rule=_WHOLE,
            remedy="make room there, and try again",
        )
    if code.startswith(_BUSY):
        return StoreError(
            "database-busy",
            f"Somebody else kept {where} busy for too long{told}. Nothing was written.",
            rule=_WHOLE,
            remedy="try again",
        )
    if code.startswith(_DENIED):
        return StoreError(
            "database-denied",
            f"Access to {where} was refused{told}.",
            rule="evenhand reads and writes with the rights that it was given",
            remedy="check user, password, name and rights; the how-to on PostgreSQL lists what evenhand needs",
        )
    if code.startswith(_NOT_READY):
        return StoreError(
            "database-not-ready",
            f"{where} lacks tables that this evenhand needs{told}.",
            rule="a server's tables are changed when you say so",
            remedy="run: evenhand db upgrade",
        )
    if code.startswith(_PROMISED):
        return LedgerError(
            "ledger-append-only",
            f"{where} refused to change what was recorded{told}.",
            rule="G-5-2",
            remedy="append what changed; nothing that was recorded is changed",
        )
    if code.startswith(_DAMAGED):
        return LedgerError(
            "ledger-damaged",
            f"{where} is damaged{told}.",
            rule="G-5-2",
            remedy="keep it as evidence, and restore a copy that verifies",
        )
    if not code or code.startswith(_GONE):
        return StoreError(
            "database-unreachable",
            f"{where} cannot be reached, or the connection to it broke{told}.",
            rule=_WHOLE,
            remedy="check that the server runs and can be reached from here, and try again",
        )
    return StoreError(
        "database-failed",
        f"{where} refused a step{told}. Nothing was written.",
        rule=_WHOLE,
        remedy="run: evenhand db status. If it says that all is well, this is a fault in evenhand: report the code",
    )


def _code_of(error: BaseException) -> str | None:
    """SQLSTATE or SQLite's name of a driver's error, bare or wrapped by SQLAlchemy, "" of one of the system's; None
    where it is nobody's of them."""
    inner = getattr(error, "orig", None) or error
    if isinstance(inner, OSError):
        return ""
    if isinstance(inner, sqlite3.Error):
        return getattr(inner, "sqlite_errorname", None) or "SQLITE_ERROR"
    if type(inner).__module__.partition(".")[0] == "psycopg":
        return getattr(inner, "sqlstate", None) or ""
    return None
