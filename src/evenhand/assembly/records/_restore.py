"""Restore: a new home, in files or on a server, made from a backup; whoever was erased or spoke since, is or did."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.keys.wrapping import wrapping_of_environment
from evenhand.adapters.ledgers.copies import copy_file, copy_ledger, copy_people, copy_sqlite
from evenhand.adapters.ledgers.monitor_state import MonitorStates
from evenhand.adapters.ledgers.sqlite_leases import SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.belonging import belong
from evenhand.adapters.stores.database import Database, database_of
from evenhand.adapters.stores.event_tables import EventTables
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.placement import DATABASE, placement_of, refuse_odd_schema
from evenhand.adapters.stores.rights_tables import RightsTables
from evenhand.ledger import decided_about, erase_subject, verify
from evenhand.scoring import model_from_json
from evenhand.terms import StoreError, UsageError

from ..people._said_again import note_restore, say_again
from ..people._trail import take_out
from ._backup import NOTE, copy_notes, copy_witnesses, refuse_unverified
from ._database import upgrade_database
from ._ledger import keys_of, leases_of, ledger_of, monitor_states_of, run_keys_of
from ._vault_back import VaultBack, restore_vault
from ._vault_store import vault_in_file, vault_of

__all__ = ["Restored", "restore"]

Step = Callable[[str], None]


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was made from a backup and verified.

    Attributes:
        home: its folder.
        made: when the backup was made.
        entries: entries of its ledger, with those of erasures that were done again.
        head: its head (hex).
        erased_again: people who were erased after the backup, and are again.
        erased_elsewhere: people who were erased after the backup, and of whom nothing is in it; their marks are kept.
        knows_later: whether later marks were named; without them nobody can tell who was erased since.
        said_again: what people said after the backup, and corrections, that were recorded again; None where no home
            was named that has them.
        asked_again: requests that came or went on after the backup, and are as they were; None likewise.
        vault: where the sensitive columns of the new home come from.
        looks_again: notes of who looked at what about people after the backup; None likewise.
    """

    home: Path
    made: datetime
    entries: int
    head: str
    erased_again: int
    knows_later: bool
    said_again: int | None = None
    asked_again: int | None = None
    vault: VaultBack = VaultBack.NONE
    looks_again: int | None = None
    erased_elsewhere: int = 0


def restore(
    folder: Path,
    *,
    keys: Path | None = None,
    marks: Path | None = None,
    schema: str | None = None,
    home: Path,
    at: datetime,
    step: Step = _silent,
) -> Restored:
    """Make a new home from a backup, in files or on the server that the environment names.

    Whoever was erased after the backup, as later marks tell, is erased again before the home is there; what people said
    and asked since, and who looked at what, as the old home tells, is recorded again. A link that opens once and was
    sent before opens nothing in the new home: nobody knows there whether it was used.

    Args:
        folder: the backup.
        keys: the folder with its keys; None = they are in the backup.
        marks: a home, or a folder of keys, with later marks of who was erased; a home tells too what people said since.
        schema: on a server; None = ``evenhand``.
        home: the new home; must not be there, or have nothing but a secret key and a note of its server.
        at: now; the ledger keeps it as the moment of erasures that are done again.
        step: told what is being done.

    Raises:
        UsageError: the folder is no backup, or its keys are not there.
        StoreError: something cannot be read or written, or the home has a ledger.
        LedgerError: the backup does not verify; nothing was made.
    """
    source, opened = Home(folder), Home(folder if keys is None else keys)
    refuse_odd_schema(schema)
    made = _made(source, opened)
    new = Home(home)
    if home.exists() and {path.name for path in home.iterdir()} - {"secret.key", "vault.key", "database.json"}:
        raise StoreError(
            "restore-not-empty",
            f"{home} has something in it.",
            rule="a home is never written over",
            remedy="name a new folder; remove this one yourself where it is what a restore left that was stopped",
        )
    placement = placement_of(new)
    if placement is None and schema is not None:
        raise UsageError(
            "restore-no-server",
            "A schema is named, and no server.",
            rule="a home lives on a server where the environment names one",
            remedy=f"set {DATABASE} to the address of the database, or leave --schema out",
        )
    staged = Home(home.with_name(f".{home.name}.restoring"))
    shutil.rmtree(staged.folder, ignore_errors=True)
    try:
        step("copying the backup")
        copy_file(opened.key_file, staged.key_file)
        secret = staged.key(make=False)
        if new.key_file.exists() and new.key(make=False) != secret:
            raise StoreError(
                "restore-other-key",
                f"{home} has another secret key than the backup.",
                rule="one home, one secret key, one database",
                remedy="name a new folder; on a server also another schema",
            )
        _stage(source, opened, staged, secret)
        again, marked = _erase_again(staged, marks, at)
        vault = restore_vault(source, opened, staged, None if marks is None else Home(marks), again, at)
        said = None if marks is None else say_again(staged, _people_in(staged), Home(marks), at)
        note_restore(staged, made, at)
        step("verifying it")
        with _ledger_in(staged) as store:
            refuse_unverified(verify(store, model_from_json, keys=RunKeyFolder(staged.run_keys)), "backup")
            tail = store.tail()
        copy_witnesses(source, staged, tail.entries)
        step("putting it in its place")
        if placement is None:
            if home.exists():
                shutil.rmtree(home)
            staged.folder.rename(home)
        else:
            _load(staged, new, schema)
    finally:
        shutil.rmtree(staged.folder, ignore_errors=True)
    return Restored(
        home,
        made,
        tail.entries,
        tail.hash.hex(),
        len(again),
        marks is not None,
        None if said is None else said.said,
        None if said is None else said.requests,
        vault,
        None if said is None else said.looks,
        marked - len(again),
    )


def _stage(source: Home, opened: Home, staged: Home, secret: bytes) -> None:
    """What a backup and its keys hold, in a staged home."""
    for name in (source.ledger, source.leases, source.people):
        if name.exists():
            copy_sqlite(name, staged.folder / name.name)
    copy_file(_head_of(source), _head_of(staged))
    copy_notes(source, staged)
    MonitorStates(staged).put(MonitorStates(source, secret).sealed())
    if opened.subject_keys.exists():
        copy_sqlite(opened.subject_keys, staged.subject_keys)
    for run_id in RunKeyFolder(opened.run_keys).names():
        copy_file(opened.run_keys / f"{run_id}.key", staged.run_keys / f"{run_id}.key")


def _made(source: Home, opened: Home) -> datetime:
    """When a backup was made."""
    try:
        made = datetime.fromisoformat(json.loads((source.folder / NOTE).read_text("utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            "restore-no-backup",
            f"{source.folder} is no backup that was finished.",
            rule=f"a backup counts from when it was verified: then it has {NOTE}",
            remedy="name the folder that evenhand backup wrote",
        ) from None
    if not opened.key_file.exists() and not opened.has_key:
        raise UsageError(
            "restore-no-keys",
            f"{opened.folder} has no secret key.",
            rule="a ledger is opened and gone on with under its own secret key only",
            remedy="name the folder of keys with --keys, or set EVENHAND_SECRET_KEY",
        )
    return made


def _erase_again(staged: Home, marks: Path | None, at: datetime) -> tuple[list[bytes], int]:
    """Erase whoever later marks say; pseudonyms of those who had anything here, and how many are marked in all."""
    if marks is None:
        return [], 0
    elsewhere = Home(marks)
    if not elsewhere.subject_keys.exists() and not elsewhere.database_note.exists():
        raise UsageError(
            "restore-no-marks",
            f"{marks} has no marks of who was erased.",
            rule="marks stand with the keys of people",
            remedy="name the old home, or a later copy of its keys",
        )
    if elsewhere.has_key and elsewhere.key(make=False) != staged.key(make=False):
        raise UsageError(
            "restore-marks-other-key",
            f"{marks} has another secret key than the backup, so its marks are about nobody here.",
            rule="one home, one secret key: marks are made with it",
            remedy="name the home that the backup was made of, or a later copy of its keys",
        )
    theirs, people = keys_of(elsewhere), _people_in(staged)
    later = theirs.marks(2**62)
    people.keep_version(theirs)  # a version that was renewed since must not come back
    known = people.marks(2**62)
    new = {mark: moment for mark, moment in later.items() if moment > known.get(mark, -(2**62))}
    people.keep_marks(new)
    people.note_marks(new.items())
    whom = people.marked(new)
    with _ledger_in(staged) as store, Database.in_file(staged.people) as database:
        trail = RightsTables(database, staged.key(make=False))
        for pseudonym in whom:
            key = people.of_person(pseudonym)
            if key is not None and database.is_there:
                take_out(trail, [key.handle], "erasure", at)
                EventTables(database, staged.key(make=False)).remove(decided_about(store, pseudonym.hex()))
            erase_subject(store, pseudonym, at=at, keys=RunKeyFolder(staged.run_keys))
        store.shrink()
    return whom, len(new)


def _load(staged: Home, new: Home, schema: str | None) -> None:
    """Put a staged home on a server. The ledger comes last, in one transaction: before it there is no home."""
    copy_file(staged.key_file, new.key_file)
    copy_witnesses(staged, new, 2**62)
    copy_notes(staged, new)
    upgrade_database(home=new.folder, schema=schema)
    _people_in(staged).copy_to(keys_of(new))
    copy_file(staged.vault_key, new.vault_key)
    if staged.vault.exists():
        vault_in_file(staged).copy_to(vault_of(new))
    held, keys = RunKeyFolder(staged.run_keys), run_keys_of(new)
    for run_id in held.names():
        keys.keep(run_id, held.get(run_id) or b"")
    with SqliteLeases(staged.leases) as leases, leases_of(new) as target:
        if not target.pools():
            target.put_pools(leases.pools())
    monitor_states_of(new).put(MonitorStates(staged).sealed())
    with Database.in_file(staged.people) as people, database_of(new) as database:
        copy_people(people, database)
        belong(database, new.key(make=False))
    with _ledger_in(staged) as store, ledger_of(new) as ledger:
        copy_ledger(store, ledger)


@contextmanager
def _ledger_in(home: Home) -> Iterator[SqliteLedger]:
    """The ledger of a home in files, wherever the environment says that homes live."""
    with SqliteLedger(home.ledger, key=lambda: home.key(make=False), people=_people_in(home)) as store:
        yield store


def _people_in(home: Home) -> SubjectKeyFile:
    return SubjectKeyFile(home.subject_keys, lambda: home.key(make=False), wrapping_of_environment())


def _head_of(home: Home) -> Path:
    return home.ledger.with_name(home.ledger.name + ".head")
