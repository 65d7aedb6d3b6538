"""The ledger of a home, with the keys that open it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.home import Home
from evenhand.adapters.live_keys import LiveSubjectKeys
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.adapters.subject_keys import SubjectKeyFile
from evenhand.permission import ConsentBook
from evenhand.terms import DataError

__all__ = ["keys_of", "ledger_of", "live_keys_of", "live_ledger_of", "refuse_erased_since"]


PATIENCE = 2.0
"""Seconds to wait while somebody else writes the ledger. A service lets go of it within a fraction of that."""


def ledger_of(home: Home, *, read_only: bool = False) -> SqliteLedger:
    """The ledger, with the keys of the home's people, which seal and open their decisions. Use a ``with``."""
    return SqliteLedger(home.ledger, key=home.key_file, people=keys_of(home), read_only=read_only, patience=PATIENCE)


def keys_of(home: Home) -> SubjectKeyFile:
    """The keys of a home's people, and who of them was erased. Nothing is made until a key is."""
    return SubjectKeyFile(home.subject_keys, lambda: home.key(make=False))


def live_keys_of(home: Home) -> LiveSubjectKeys:
    """The keys of a home's people, remembered as long as nobody else changes them."""
    return LiveSubjectKeys(home.subject_keys, lambda: home.key(make=False))


def live_ledger_of(home: Home, keys: LiveSubjectKeys) -> SqliteLedger:
    """The ledger of a home for a service; the thread that opens it uses it, and others may write in between."""
    return SqliteLedger(home.ledger, key=home.key_file, people=keys, patience=PATIENCE)


def refuse_erased_since(place: Home, subjects: NDArray[np.bytes_], book: ConsentBook) -> None:
    """Refuse to decide about somebody who was erased after the marks were read. The caller holds the claim, so nobody
    is erased from now on until the run is recorded.

    Raises:
        DataError: somebody was.
    """
    if any(not book.has_erasure(pseudonym) for pseudonym in keys_of(place).suppressed(subjects)):
        raise DataError(
            "erased-meanwhile",
            "Somebody among these people was erased while the run was prepared. Nothing was recorded.",
            rule="G-17: whoever was erased is not decided about",
            remedy="run again",
        )
