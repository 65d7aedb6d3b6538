"""The home folder of a campaign: its secret key, its ledger, the keys of runs, and one folder of results per run."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evenhand.terms import StoreError, UsageError

from ..keys.wrapping import wrapping_of_environment

__all__ = [
    "HOME_NAME",
    "PLANS_TOLD",
    "SECRET",
    "Home",
    "find_home",
    "find_home_that_is",
    "json_bytes",
    "write_atomically",
]

HOME_NAME = "evenhand-home"
PLANS_TOLD = "plans-told"
KEY_BYTES = 32
SECRET = "EVENHAND_SECRET_KEY"
"""The variable that may hold the secret key, as hex digits, in place of the file."""
_NO_KEY = bytes(KEY_BYTES)
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}


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

    @property
    def run_keys(self) -> Path:
        """Folder with the keys of runs that have a sealed part; apart from the ledger, so that a copy has none."""
        return self.folder / "run-keys"

    @property
    def subject_keys(self) -> Path:
        """The keys of people, under which the ledger keeps their decisions; apart from it, so that a copy has none."""
        return self.folder / "subject-keys.sqlite"

    @property
    def leases(self) -> Path:
        """What later people may still use under the prices of each run, and what is lent of it."""
        return self.folder / "leases.sqlite"

    @property
    def machine_keys(self) -> Path:
        """The keys of machines that call the service: digests only."""
        return self.folder / "machine-keys.json"

    @property
    def database_note(self) -> Path:
        """Where on a server the home lives; see `adapters.stores.placement`."""
        return self.folder / "database.json"

    @property
    def ledger_witness(self) -> Path:
        """The last head of a ledger on a server that this folder has seen, sealed."""
        return self.folder / "ledger.head"

    @property
    def people(self) -> Path:
        """What people said and asked, and other tables outside the ledger, where the home lives in files."""
        return self.folder / "people.sqlite"

    @property
    def vault(self) -> Path:
        """Sensitive columns, under a key of their own, where the vault is a file."""
        return self.folder / "vault.sqlite"

    @property
    def vault_key(self) -> Path:
        """The key of the vault."""
        return self.folder / "vault.key"

    def plans_told(self, campaign: str) -> Path:
        """What plans of a campaign told of groups."""
        return self.folder / PLANS_TOLD / f"{campaign}.json"

    def run_folder(self, run_id: str) -> Path:
        """Folder of one run's report and decisions. It exists only if the run is in the ledger."""
        return self.folder / "runs" / run_id

    def draft_folder(self, run_id: str) -> Path:
        """Where a run's list of decisions waits until the run is in the ledger."""
        return self.folder / "runs" / f".{run_id}"

    def drafts(self) -> dict[str, Path]:
        """Folders that wait, by run id."""
        return {path.name[1:]: path for path in sorted((self.folder / "runs").glob(".*")) if path.is_dir()}

    def publish(self, run_id: str) -> None:
        """Put a recorded run's list of decisions in its place; nothing to do where none waits.

        Raises:
            StoreError: it cannot be moved.
        """
        draft, folder = self.draft_folder(run_id), self.run_folder(run_id)
        try:
            if folder.exists():
                for path in draft.glob("[!.]*"):
                    path.replace(folder / path.name)
                self.discard(run_id)
            else:
                draft.rename(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unwritable(folder, error) from error

    def discard(self, run_id: str) -> None:
        """Remove the list of decisions of a run that was not recorded."""
        shutil.rmtree(self.draft_folder(run_id), ignore_errors=True)

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
        """The secret key; with `make`, a new one is written if there is none.

        Without `make` and without a key file it is 32 zeros, so that a plan comes out the same each time before the
        first run. Pseudonyms made with those are no secret and must not leave the process.

        Raises:
            StoreError: the key cannot be read or written, is not a key, or is missing beside a ledger.
        """
        named = _named_secret()
        try:
            key = wrapping_of_environment().open(self.key_file.read_bytes())
        except FileNotFoundError:
            key = named or self._no_key(make=make)
        except OSError as error:
            raise _unwritable(self.key_file, error) from error
        if len(key) != KEY_BYTES:
            raise StoreError(
                "home-key-broken",
                f"The key file {self.key_file} has {len(key)} bytes instead of {KEY_BYTES}.",
                rule="one secret key of 32 bytes per home folder",
                remedy="restore it from your backup; without it, recorded subjects cannot be found again",
            )
        if named and named != key:
            raise StoreError(
                "home-two-keys",
                f"{SECRET} and the key file {self.key_file} hold different keys.",
                rule="one secret key of 32 bytes per home folder",
                remedy=f"unset {SECRET} for this home, or name the home that it belongs to",
            )
        return key

    @property
    def has_key(self) -> bool:
        """Whether there is a secret key, in its file or in the environment."""
        return self.key_file.exists() or bool(os.environ.get(SECRET))

    def _no_key(self, *, make: bool) -> bytes:
        if self.ledger.exists() or self.database_note.exists():
            raise StoreError(
                "home-key-missing",
                f"{self.folder} has a ledger but no key file.",
                rule="the key belongs to the ledger: it seals its head and finds its subjects",
                remedy="restore secret.key from your backup, or name another --home",
            )
        if not make:
            return _NO_KEY
        self.make()
        wrapping = wrapping_of_environment()
        fresh = wrapping.close(secrets.token_bytes(KEY_BYTES))
        write_atomically(self.key_file, fresh, private=True, only_new=True)
        return wrapping.open(self.key_file.read_bytes())  # of whoever was first, where two runs start a home at once


def _named_secret() -> bytes:
    """The secret key that the environment names; nothing where it names none."""
    try:
        named = bytes.fromhex(os.environ.get(SECRET, ""))
    except ValueError:
        named = b"?"
    if named and len(named) != KEY_BYTES:
        raise StoreError(
            "home-key-broken",
            f"{SECRET} is not a secret key.",
            rule="64 hex digits: the 32 bytes of the home's secret key",
            remedy="set it to them, or unset it where the home has a file secret.key",
        )
    return named


def find_home(flag: str | Path | None, *, campaign_file: Path | None = None) -> Home:
    """Which home: the flag, else EVENHAND_HOME, else beside the campaign file, else below the current folder.

    Raises:
        UsageError: nothing names a home and none is found.
    """
    named = flag or os.environ.get("EVENHAND_HOME")
    if named:
        return Home(Path(named))
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


def find_home_that_is(flag: str | Path | None) -> Home:
    """As `find_home`, for what needs a home that is there: a mistyped folder must not answer that nothing is owed.

    Raises:
        UsageError: no home is found, or the folder that is named is not there.

    Example:
        >>> str(find_home_that_is("/").folder)
        '/'
    """
    place = find_home(flag)
    if not place.folder.is_dir():
        raise UsageError(
            "home-not-found",
            f"There is no home folder {place.folder}.",
            rule="what is asked is answered of a home that is there",
            remedy="correct --home or EVENHAND_HOME",
        )
    return place


def write_atomically(path: Path, data: bytes | str, *, private: bool = False, only_new: bool = False) -> None:
    """Write a whole file or none of it: to a neighbour first, to disk, then renamed over the name.

    Args:
        path: the file; its folder is made if need be.
        data: what it shall hold.
        private: only the owner may read it.
        only_new: leave a file that is already there as it is.

    A pipe or a device (``/dev/stdout``) is written to, and never replaced.

    Raises:
        StoreError: disk full, no permission, or not a folder; the old file, if any, is untouched.
    """
    content = data.encode() if isinstance(data, str) else data
    try:
        if _is_a_way_out(path):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as way:
                way.write(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o600 if private else 0o644)
            if not (only_new and _placed_first(name, path)):
                os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _is_a_way_out(path: Path) -> bool:
    """Whether the name is that of a pipe, a device or something open: a rename would put a file in its place."""
    parent = path.parent.resolve()
    special = path.exists() and not path.is_file() and not path.is_dir()
    return special or parent == Path("/dev") or parent.is_relative_to("/proc")


def _placed_first(name: str, path: Path) -> bool:
    """Give the file its name unless the name is taken; False where the file system cannot do that in one step."""
    try:
        os.link(name, path)
    except FileExistsError:
        return True
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return path.exists()
    return True


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        "home-not-writable",
        f"{path} cannot be read or written ({error.strerror or type(error).__name__}).",
        rule="a run is recorded whole or not at all",
        remedy="free disk space or change the permissions, then start again; nothing was half-written",
    )


def json_bytes(value: object) -> bytes:
    """Plain values as JSON for people and version control: sorted keys, one value a line, no NaN."""
    import msgspec

    text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return bytes(msgspec.json.format(text.encode(), indent=1))
