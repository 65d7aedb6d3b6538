"""Backup: a home in files, made from a home wherever it lives, while runs may go on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenhand import __version__
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.ledgers.copies import copy_file, copy_ledger, copy_people, copy_sqlite
from evenhand.adapters.ledgers.monitor_state import MonitorStates
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.database import Database, database_of
from evenhand.adapters.stores.home import PLANS_TOLD, Home, find_home, json_bytes, write_atomically
from evenhand.ledger import Head, Kind, LedgerStore, Tail, Verification, verify
from evenhand.scoring import model_from_json
from evenhand.terms import LedgerError, UsageError

from ._ledger import keys_of, leases_of, ledger_of, monitor_states_of, run_keys_of
from ._vault_store import vault_in_file, vault_of

__all__ = ["NOTE", "BackedUp", "backup", "copy_notes", "copy_witnesses", "refuse_unverified"]

Step = Callable[[str], None]
NOTE = "backup.json"
CERTIFICATES = "certificates"
WITNESSES = "witnesses"
_TRIES = 5


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made and verified.

    Attributes:
        folder: where it is.
        keys: where the keys are; None where they were not asked for.
        entries: entries of its ledger.
        head: its head (hex).
    """

    folder: Path
    keys: Path | None
    entries: int
    head: str


def backup(
    folder: Path, *, keys: Path | None = None, home: str | Path | None = None, at: datetime, step: Step = _silent
) -> BackedUp:
    """Copy a home, while runs may go on: every store at one moment, verified before it counts as a backup.

    Reports and lists of decisions are not copied: reports are written again from the ledger, and lists name people.

    Args:
        folder: for ledger, leases, what monitors know, tables about people and the vault; must be new or empty.
        keys: for the secret key, the vault's, and the keys of people and runs; None = not copied.
        home: the home folder; see `find_home`.
        at: now.
        step: told what is being done.

    Raises:
        UsageError: a folder has something in it, or one lies in the other.
        StoreError: something cannot be read or written.
        LedgerError: the ledger does not verify; what was copied stays there as evidence, without its note.
    """
    place, target = find_home(home), Home(folder)
    if keys is not None:
        _must_be_apart(folder, keys)
    for one in {folder, keys or folder}:
        _must_be_empty(one)
    secret = place.key(make=False)
    for _ in range(_TRIES):
        step("copying the ledger")
        tail = _copy_ledger_of(place, target, secret)
        step("copying what stands beside it")
        _copy_beside(place, target)
        _copy_vault(place, target)
        copy_witnesses(place, target, tail.entries)
        if keys is not None:
            step("copying the keys")
            _copy_keys(place, Home(keys))
        step("verifying the copy")
        with SqliteLedger(target.ledger, key=lambda: secret, people=keys_of(place), read_only=True) as copy:
            found, erased = verify(copy, model_from_json, keys=run_keys_of(place)), _erasures(copy)
        with ledger_of(place, read_only=True) as store:
            changed = _erasures(store) != erased
        if not changed:
            break
        for one in {folder, keys or folder}:  # somebody was erased meanwhile: their key and their entry must agree
            shutil.rmtree(one)
    refuse_unverified(found, "home")
    note = {"at": at.isoformat(), "entries": tail.entries, "head": tail.hash.hex(), "version": __version__}
    write_atomically(folder / NOTE, json_bytes(note))
    return BackedUp(folder, keys, tail.entries, tail.hash.hex())


def _copy_ledger_of(place: Home, target: Home, secret: bytes) -> Tail:
    """The ledger at one moment, with a head over exactly its entries: those that the home's own head vouches for."""
    with ledger_of(place, read_only=True) as store:
        before = store.head()
        if isinstance(store, SqliteLedger):
            copy_sqlite(place.ledger, target.ledger)
            with SqliteLedger(target.ledger, key=lambda: secret) as copy:
                tail = copy.tail()
                _must_continue(before, copy, store)
                copy.keep_head(Head(tail))
        else:
            with store.at_one_moment(), SqliteLedger(target.ledger, key=lambda: secret) as copy:
                store.head()
                tail = copy_ledger(store, copy)
    return tail


def _must_continue(before: Head | None, copy: LedgerStore, store: LedgerStore) -> None:
    """What the head covered before the copy was made is in it, and what it ends with is in the ledger since."""
    tail, after = copy.tail(), store.head()
    for kept, there in ((before, copy), (Head(tail), store)):
        if (
            kept is not None
            and kept.tail.entries
            and there.hashes(kept.tail.entries, kept.tail.entries) != [kept.tail.hash]
        ):
            raise _unverified("home", "its end is not the one under its head")
    if after is None or tail.entries > (after.pending or after.tail).entries:
        raise _unverified("home", "its end is not under its head")


def _copy_beside(place: Home, target: Home) -> None:
    with leases_of(place) as leases, SqliteLeases(target.leases) as copy:
        copy.put_pools(leases.pools())
    MonitorStates(target, place.key(make=False)).put(monitor_states_of(place).sealed())
    with database_of(place) as database, Database.in_file(target.people) as people:
        copy_people(database, people)
    copy_notes(place, target)


def copy_notes(source: Home, target: Home) -> None:
    """Certificates, and what plans told of groups."""
    for folder in (CERTIFICATES, PLANS_TOLD):
        for path in (source.folder / folder).glob("*.json"):
            copy_file(path, target.folder / folder / path.name)


def copy_witnesses(source: Home, target: Home, entries: int) -> None:
    """Who the witnesses are, and what they cosigned of so many entries."""
    for path in (source.folder / WITNESSES).glob("*"):
        if not path.stem.isdigit() or int(path.stem) <= entries:
            copy_file(path, target.folder / WITNESSES / path.name)


def _copy_vault(place: Home, target: Home) -> None:
    """The vault, encrypted as it is; its log must hold, where the key is here to tell."""
    vault = vault_of(place)
    if vault.end() is not None:
        if vault.has_key:
            vault.log()
        vault.copy_to(vault_in_file(target))


def _copy_keys(place: Home, target: Home) -> None:
    copy_file(place.key_file, target.key_file)
    copy_file(place.vault_key, target.vault_key)
    keys_of(place).copy_to(SubjectKeyFile(target.subject_keys, lambda: place.key(make=False)))
    held, copies = run_keys_of(place), RunKeyFolder(target.run_keys)
    for run_id in held.names():
        key = held.get(run_id)
        if key is not None:
            copies.keep(run_id, key)


def _erasures(store: LedgerStore) -> int:
    return sum(1 for _ in store.of_kind(Kind.SUBJECT_ERASED))


def _must_be_apart(folder: Path, keys: Path) -> None:
    one, other = folder.resolve(), keys.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise UsageError(
            "backup-keys-inside",
            f"{keys} and {folder} lie one in the other.",
            rule="a backup alone opens no decision: its keys are kept apart",
            remedy="name a folder for --keys that is neither in the backup nor around it",
        )


def _must_be_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "backup-not-empty",
            f"{folder} has something in it.",
            rule="a backup is never written over another, nor into a home",
            remedy="name a new folder",
        )


def refuse_unverified(found: Verification, what: str) -> None:
    if not found.ok:
        raise _unverified(what, found.problems[0].what if found.problems else "more than was listed is wrong")


def _unverified(what: str, how: str) -> LedgerError:
    return LedgerError(
        "backup-unverified",
        f"The ledger of the {what} does not verify: {how}",
        rule="G-5-2: a copy counts when it verifies",
        remedy="run `evenhand ledger verify` there; keep it as evidence, and use a copy that verifies",
    )
