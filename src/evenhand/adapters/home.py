"""The home folder of a campaign: its secret key, its ledger, and one folder of results per run."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evenhand.terms import StoreError, UsageError

__all__ = ["HOME_NAME", "Home", "find_home", "write_atomically"]

HOME_NAME = "evenhand-home"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one campaign lives. Nothing is made until something is written.

    Attributes:
        folder: the home folder.
    """

    folder: Path

    @property
    def ledger(self) -> Path:
        """The ledger database."""
        return self.folder / "ledger.sqlite"

    @property
    def key_file(self) -> Path:
        """The key that turns subject ids into pseudonyms and seals the ledger's head; readable by its owner only."""
        return self.folder / "secret.key"

    def run_folder(self, run_id: str) -> Path:
        """Folder of one run's report and decisions."""
        return self.folder / "runs" / run_id

    def make(self) -> None:
        """Make the folder.

        Raises:
            StoreError: it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def key(self, *, make: bool) -> bytes:
        """The secret key; with `make`, a new one is written if there is none (else one is drawn and forgotten).

        Raises:
            StoreError: the key cannot be read or written, or is not a key.
        """
        try:
            key = self.key_file.read_bytes()
        except FileNotFoundError:
            return self._new_key() if make else secrets.token_bytes(KEY_BYTES)
        except OSError as error:
            raise _unwritable(self.key_file, error) from error
        if len(key) != KEY_BYTES:
            raise StoreError(
                "home-key-broken",
                f"The key file {self.key_file} has {len(key)} bytes instead of {KEY_BYTES}.",
                rule="one secret key of 32 bytes per home folder",
                remedy="restore it from your backup; without it, recorded subjects cannot be found again",
            )
        return key

    def _new_key(self) -> bytes:
        if self.ledger.exists():
            raise StoreError(
                "home-key-missing",
                f"{self.folder} has a ledger but no key file.",
                rule="the key belongs to the ledger: it seals its head and finds its subjects",
                remedy="restore secret.key from your backup, or name another --home",
            )
        key = secrets.token_bytes(KEY_BYTES)
        self.make()
        write_atomically(self.key_file, key, private=True)
        return key


def find_home(flag: Path | None, *, campaign_file: Path | None = None) -> Home:
    """Which home: the flag, else EVENHAND_HOME, else beside the campaign file, else below the current folder.

    Raises:
        UsageError: nothing names a home and none is found.
    """
    named = flag or (Path(os.environ["EVENHAND_HOME"]) if os.environ.get("EVENHAND_HOME") else None)
    if named is not None:
        return Home(named)
    if campaign_file is not None:
        return Home(campaign_file.resolve().parent / HOME_NAME)
    here = Path.cwd()
    found = [path for path in (here / HOME_NAME, *sorted(here.glob(f"*/{HOME_NAME}"))) if path.is_dir()]
    if len(found) == 1 or (found and found[0] == here / HOME_NAME):
        return Home(found[0])
    what = "There is no home folder here." if not found else f"There are {len(found)} home folders below this one."
    raise UsageError(
        "home-not-found",
        what,
        rule="a run keeps its ledger in the evenhand-home folder beside its campaign file",
        remedy="name it with --home or EVENHAND_HOME",
    )


def write_atomically(path: Path, data: bytes | str, *, private: bool = False) -> None:
    """Write a whole file or none of it: to a neighbour first, to disk, then renamed over the name.

    Raises:
        StoreError: disk full, no permission, or not a folder; the old file, if any, is untouched.
    """
    content = data.encode() if isinstance(data, str) else data
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o600 if private else 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        "home-not-writable",
        f"{path} cannot be read or written ({error.strerror or type(error).__name__}).",
        rule="a run is recorded whole or not at all",
        remedy="free disk space or change the permissions, then start again; nothing was half-written",
    )
