"""What can go wrong with a ledger's files, said in three parts."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from evenhand.terms import EvenhandError, LedgerError, StoreError

from ..stores.file_trouble import Trouble, store_error, trouble_of

__all__ = ["busy", "outside", "told"]

_WHOLE = "A run is recorded whole or not at all."


def told(path: Path, error: sqlite3.DatabaseError) -> EvenhandError:
    """What SQLite says about a ledger's file, in three parts."""
    kind, name = trouble_of(error, path), getattr(error, "sqlite_errorname", "") or ""
    if kind is Trouble.BUSY:
        return busy(path)
    if kind is Trouble.DAMAGED:
        return LedgerError(
            "ledger-damaged",
            f"The ledger {path} is damaged or was changed ({name or type(error).__name__}: {error}).",
            rule="G-5-2",
            remedy="Keep the file as evidence, and restore the ledger from a copy that verifies.",
        )
    return _error(path, kind, "EIO")


def outside(path: Path, error: OSError) -> StoreError:
    """What the system says about a ledger's files, in three parts."""
    return _error(path, trouble_of(error, path), errno.errorcode.get(error.errno or 0, "unknown error"))


def _error(path: Path, kind: Trouble, name: str) -> StoreError:
    rule = "The ledger's owner must be able to write its folder." if kind is Trouble.DENIED else _WHOLE
    room = "a run needs about twice its size while it is recorded"
    return store_error(kind, f"The ledger {path}", rule=rule, lost="Nothing was recorded.", room=room) or StoreError(
        "store-failed",
        f"The ledger {path} cannot be reached ({name}).",
        rule=_WHOLE,
        remedy="Check the disk, and run again.",
    )


def busy(where: Path | str) -> StoreError:
    """Another process holds the claim."""
    return StoreError(
        "store-busy",
        f"Somebody else is writing to {f'the ledger {where}' if isinstance(where, Path) else where}.",
        rule="A ledger has one writer at a time.",
        remedy="Wait until the other run is finished, and run again.",
    )
