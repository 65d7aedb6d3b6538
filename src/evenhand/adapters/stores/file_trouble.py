"""What the system and SQLite say about a store's file, in one place: which kind of trouble it is, and how it is called.

A full disk has the same name (``store-full``) whichever file meets it first, and so has a file that may not be written
(``store-denied``). What else there is each store says itself.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from pathlib import Path

from evenhand.terms import StoreError

from .own_file import may_be_written

__all__ = ["UNWRITABLE", "Trouble", "short_of_room", "store_error", "trouble_of"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST})
UNWRITABLE = frozenset({"store-full", "store-denied"})
"""Codes of the errors of a file that can be read, and not be written now."""
_ROOM = 1 << 20
"""Bytes that a disk must have left for what was full to be over: less would be full again with the next few people."""


class Trouble(StrEnum):
    """Kinds of trouble with a file. Where the kind is a store's error, its code is ``store-`` and this word."""

    FULL = "full"
    DENIED = "denied"
    BUSY = "busy"
    FAILED = "failed"
    DAMAGED = "damaged"


def trouble_of(error: Exception, path: Path) -> Trouble:
    """Which kind an error of the system's or of SQLite's is.

    Args:
        error: as it was raised, or as SQLAlchemy wrapped it.
        path: the file; asked where SQLite does not say why it could not write.
    """
    error = getattr(error, "orig", None) or error
    if isinstance(error, OSError):
        return Trouble.FULL if error.errno in _FULL else Trouble.DENIED if error.errno in _DENIED else Trouble.FAILED
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")):
        return Trouble.FULL
    if name.startswith(("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMOPEN")):
        # A quota, a bound on files, or a disk that became read-only meanwhile.
        return Trouble.FULL if may_be_written(path) else Trouble.DENIED
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Trouble.BUSY
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return Trouble.DENIED
    return Trouble.FAILED if name.startswith("SQLITE_IOERR") else Trouble.DAMAGED


def store_error(
    kind: Trouble, what: str, *, rule: str, lost: str = "Nothing was written.", room: str = ""
) -> StoreError | None:
    """The error for a disk that is full or a file that may not be written; None for every other kind.

    Args:
        kind: which.
        what: the store, with its path, as it begins a sentence.
        rule: which rule keeps it from going on.
        lost: what did not happen.
        room: how much room is needed, in brackets; "" = not said.
    """
    if kind is Trouble.FULL:
        return StoreError(
            "store-full",
            f"{what} cannot grow: the disk is full. {lost}",
            rule=rule,
            remedy=f"Make room{f' ({room})' if room else ''}, and try again.",
        )
    if kind is Trouble.DENIED:
        return StoreError(
            "store-denied",
            f"{what} or a file beside it cannot be opened or written. {lost}",
            rule=rule,
            remedy="Check the path and its permissions, who owns it, and whether its disk can be written.",
        )
    return None


def short_of_room(folder: Path, *, tries: bool = True) -> StoreError | None:
    """Why nothing that grows can be recorded in a folder now; None where a disk has room, or nobody can tell.

    The end of a full disk is told by this, since little still fits on it, and its beginning before anybody asks.

    Args:
        folder: on the disk.
        tries: also ask for room as a writer would, in a file without a name, which leaves nothing behind: then a quota
            that is used up is told too. For whoever asks seldom; it is work for the disk.
    """
    try:
        if hasattr(os, "statvfs"):
            disk = os.statvfs(folder)
            if disk.f_bavail * disk.f_frsize < _ROOM:
                return _no_room(folder)
        if tries and hasattr(os, "O_TMPFILE") and hasattr(os, "posix_fallocate"):
            nameless = os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o600)
            try:
                os.posix_fallocate(nameless, 0, _ROOM)
            finally:
                os.close(nameless)
    except OSError as error:
        return _no_room(folder) if error.errno in _FULL else None  # whatever else it is, whoever writes is told
    return None


def _no_room(folder: Path) -> StoreError:
    return StoreError(
        "store-full",
        f"Nothing more can be recorded in {folder}: the disk is full.",
        rule="What is decided is recorded, or is not decided.",
        remedy="Make room (a megabyte at least).",
    )
