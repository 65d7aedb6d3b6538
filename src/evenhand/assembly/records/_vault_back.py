"""The vault of a home that is made from a backup: nothing comes back of what was deleted, or had its time, since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import numpy as np

from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.keys.wrapping import wrapping_of_environment
from evenhand.adapters.ledgers.copies import copy_file, copy_sqlite
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.vault_tables import VaultTables
from evenhand.terms import microseconds_of

from ._vault_store import vault_in_file, vault_of

__all__ = ["VaultBack", "restore_vault"]

_WHO = "evenhand restore"


class VaultBack(StrEnum):
    """Where a vault comes from."""

    NONE = "none"
    """There was none in the backup, and none in the old home."""
    OLD_HOME = "old home"
    """It is the old home's, as it is now, with its whole log."""
    BACKUP = "backup"
    """It is the backup's, without what has had its time and without whoever was erased since, as far as marks tell."""
    LEFT_OUT = "left out"
    """The backup has one, and its key is not there: nobody could take out of it what must not come back."""


def restore_vault(
    source: Home, opened: Home, staged: Home, elsewhere: Home | None, erased: Sequence[bytes], at: datetime
) -> VaultBack:
    """Put a vault in a staged home.

    Args:
        source: the backup.
        opened: its keys.
        staged: the home in files that is being made.
        elsewhere: the home that it was copied from, as it is now; None where none is named.
        erased: pseudonyms (16 bytes) of whoever was erased after the backup.
        at: now.

    Raises:
        LedgerError: a log was altered.
        StoreError: something cannot be read or written.
    """
    copy_file(opened.vault_key, staged.vault_key)
    back = vault_in_file(staged)
    if elsewhere is not None and _has_vault(elsewhere):
        copy_file(elsewhere.vault_key, staged.vault_key)
        vault_of(elsewhere).copy_to(back)
        found = VaultBack.OLD_HOME
    elif source.vault.exists():
        copy_sqlite(source.vault, staged.vault)
        found = VaultBack.BACKUP
    else:
        return VaultBack.NONE
    if not back.has_key:
        for path in staged.folder.glob("vault.*"):
            path.unlink()
        return VaultBack.LEFT_OUT
    back.log()
    back.purge((), why="the time was up when it was restored", at=microseconds_of(at), who=_WHO)
    back.forget_pseudonyms(_gone(back, staged, erased), at=microseconds_of(at), who=_WHO)
    return found


def _gone(back: VaultTables, staged: Home, erased: Sequence[bytes]) -> list[str]:
    """Who must not come back: whom the ledger knows and later marks name, and whoever stands in the vault alone and was
    erased after they were put there."""
    put = back.named()
    subjects = np.array(list(put), dtype="S32")
    keys = SubjectKeyFile(staged.subject_keys, lambda: staged.key(make=False), wrapping_of_environment())
    marks = keys.suppressed(subjects) if len(put) else {}
    alone = [one.hex() for one, moment in marks.items() if moment >= put[one.hex()]]
    return list(dict.fromkeys([*(one.hex() for one in erased), *alone]))


def _has_vault(home: Home) -> bool:
    return (home.vault.exists() or home.database_note.exists()) and vault_of(home).end() is not None
