"""Keys of runs in a folder: one file per run, readable by its owner only, beside the ledger and apart from it.

Implements `ledger.RunKeys`. A copy of the ledger does not hold them; a backup that must be able to explain everything
needs both. A file is overwritten before it is removed, but neither a disk that spreads its writes nor a backup that was
made before can be reached from here: destroy those too.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from evenhand.terms import StoreError

from ..stores.file_trouble import store_error, trouble_of

__all__ = ["RunKeyFolder"]

_BYTES = 32


class RunKeyFolder:
    """The keys of one home's runs.

    Args:
        folder: made with the first key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, run_id: str) -> bytes:
        """Draw a key and keep it durably: the file, and its name in the folder, are on disk when this returns.

        Raises:
            StoreError: it cannot be written, or the run has a key already.
        """
        key = secrets.token_bytes(_BYTES)
        self.keep(run_id, key)
        return key

    def names(self) -> list[str]:
        """The runs that have a key."""
        return sorted(path.stem for path in self._folder.glob("*.key"))

    def keep(self, run_id: str, key: bytes) -> None:
        """Keep a key that was made elsewhere.

        Raises:
            StoreError: it cannot be written, or the run has a key already.
        """
        path = self._path(run_id)
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True)
                _settle(self._folder.parent)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            _settle(self._folder)
        except OSError as error:
            raise _trouble(path, "written", error) from error

    def get(self, run_id: str) -> bytes | None:
        """The key of a run; None if there is none (any more).

        Raises:
            StoreError: it cannot be read.
        """
        path = self._path(run_id)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _trouble(path, "read", error) from error

    def forget(self, run_id: str) -> bool:
        """Overwrite and remove the key of a run; whether there was one.

        Raises:
            StoreError: it cannot be removed.
        """
        path = self._path(run_id)
        try:
            with path.open("r+b") as file:
                file.write(bytes(_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _settle(self._folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _trouble(path, "removed", error) from error
        return True

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{Path(run_id).name}.key"


def _settle(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _trouble(path: Path, done: str, error: OSError) -> StoreError:
    rule = "A-4a: what is sealed needs its key, and the key must be there before anything is recorded"
    in_the_way = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
    named = None if in_the_way else store_error(trouble_of(error, path), f"The run key {path}", rule=rule)
    return named or StoreError(
        "run-key-unreachable",
        f"The run key {path} cannot be {done} ({error.strerror or type(error).__name__}).",
        rule=rule,
        remedy="look at its folder, then start again; nothing was recorded without its key",
    )
