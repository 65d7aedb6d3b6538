"""The lock of a file: one process has it at a time, and the system takes it back when that ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from evenhand.terms import StoreError

from .file_trouble import store_error, trouble_of

__all__ = ["alone_in_making", "locked", "locked_within"]

_BETWEEN = 0.002
_WHOLE = "what is written is written whole or not at all"


def locked(path: Path) -> IO[bytes] | None:
    """Take the lock of a file without waiting; None where somebody else has it. Close it to let go."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def locked_within(path: Path, until: float) -> IO[bytes] | None:
    """Take the lock of a file, waiting up to a moment of the monotonic clock."""
    while True:
        lock = locked(path)
        if lock is not None or time.monotonic() >= until:
            return lock
        time.sleep(_BETWEEN)


@contextlib.contextmanager
def alone_in_making(path: Path, *, patience: float = 60.0) -> Iterator[None]:
    """Until the ``with`` ends nobody else makes this file, or changes its tables.

    Whoever makes it does so in such a ``with``; so does whoever must be sure that it is not made meanwhile.

    Args:
        path: the file; beside it ``NAME.making`` is made, which is empty.
        patience: seconds to wait while somebody else is alone.

    Raises:
        StoreError: somebody else was for too long, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = locked_within(path.with_name(path.name + ".making"), time.monotonic() + patience)
    except OSError as error:
        raise store_error(trouble_of(error, path), str(path), rule=_WHOLE) or _cannot(
            "database-failed", path, type(error).__name__
        ) from None
    if lock is None:
        raise _cannot("database-busy", path, "somebody else makes it")
    with lock:
        yield


def _cannot(code: str, path: Path, why: str) -> StoreError:
    return StoreError(
        code,
        f"{path} cannot be made ({why}). Nothing was written.",
        rule=_WHOLE,
        remedy="check the folder and its permissions, and try again",
    )
