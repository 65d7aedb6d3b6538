"""What can go wrong with a ledger's files, said in three parts."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from evenhand.terms import EvenhandError, LedgerError, StoreError

__all__ = ["busy", "outside", "told"]


def told(path: Path, error: sqlite3.DatabaseError) -> EvenhandError:
    """What SQLite says about a ledger's file, in three parts."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")):
        return outside(path, OSError(errno.ENOSPC, ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return busy(path)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return outside(path, OSError(errno.EACCES, ""))
    if name.startswith("SQLITE_IOERR"):
        return outside(path, OSError(errno.EIO, ""))
    return LedgerError(
        "ledger-damaged",
        f"The ledger {path} is damaged or was changed ({name or type(error).__name__}: {error}).",
        rule="G-5-2",
        remedy="Keep the file as evidence, and restore the ledger from a copy that verifies.",
    )


def outside(path: Path, error: OSError) -> StoreError:
    """What the system says about a ledger's files, in three parts."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreError(
            "store-full",
            f"The ledger {path} cannot grow: the disk is full. The run was not recorded.",
            rule="A run is recorded whole or not at all.",
            remedy="Make room (a run needs about twice its size while it is recorded), and run again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST):
        return StoreError(
            "store-denied",
            f"The ledger {path} or a file beside it cannot be opened or written.",
            rule="The ledger's owner must be able to write its folder.",
            remedy="Check the path and its permissions.",
        )
    return StoreError(
        "store-failed",
        f"The ledger {path} cannot be reached ({errno.errorcode.get(error.errno or 0, 'unknown error')}).",
        rule="A run is recorded whole or not at all.",
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
