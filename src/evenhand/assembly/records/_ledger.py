"""The stores of a home: in files of its folder, or on the server that it was placed on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.keys.live_keys import LiveSubjectKeys
from evenhand.adapters.keys.run_keys import RunKeyFolder
from evenhand.adapters.keys.subject_keys import SubjectKeyFile
from evenhand.adapters.keys.wrapping import wrapping_of_environment
from evenhand.adapters.ledgers.monitor_state import MonitorStates
from evenhand.adapters.ledgers.sqlite_leases import Leases, SqliteLeases
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.placement import placement_of
from evenhand.ledger import Kind
from evenhand.permission import ConsentBook
from evenhand.terms import DataError, EvenhandError, StoreError

if TYPE_CHECKING:
    from evenhand.adapters.keys.postgres_keys import PostgresRunKeys, PostgresSubjectKeys
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger

__all__ = [
    "FOR_A_RUN",
    "erasures_of",
    "has_ledger",
    "keys_of",
    "leases_of",
    "ledger_of",
    "live_keys_of",
    "live_ledger_of",
    "may_be_recorded",
    "monitor_states_of",
    "refuse_erased_since",
    "run_keys_of",
]


PATIENCE = 2.0
"""Seconds to wait while somebody else writes the ledger. A service lets go of it within a fraction of that."""
FOR_A_RUN = 20.0
"""Seconds to wait longer where what is being written is a whole run: its turn takes a second for 100,000 people."""


def ledger_of(home: Home, *, read_only: bool = False) -> SqliteLedger | PostgresLedger:
    """The ledger, with the keys of the home's people, which seal and open their decisions. Use a ``with``."""
    placement = placement_of(home)
    if placement is None:
        return SqliteLedger(
            home.ledger,
            key=lambda: home.key(make=False),
            people=keys_of(home),
            read_only=read_only,
            patience=PATIENCE,
            for_a_run=FOR_A_RUN,
        )
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger

    return PostgresLedger(
        placement,
        lambda: home.key(make=False),
        witness=home.ledger_witness,
        people=keys_of(home),
        read_only=read_only,
        patience=PATIENCE,
        for_a_run=FOR_A_RUN,
    )


def has_ledger(home: Home) -> bool:
    """Whether anything was ever begun there; on a server, whether it holds any entry.

    Raises:
        LedgerError: it holds none, and this home has seen some.
        StoreError: the server cannot be reached.
    """
    if placement_of(home) is None:
        return home.ledger.is_file()
    with ledger_of(home) as store:
        if store.tail().entries:
            return True
        head = store.head()
        return head is not None and head.tail.entries > 0


def may_be_recorded(home: Home, run_id: str) -> bool:
    """Whether a run that failed may be in the ledger all the same: a connection can break between the commit and the
    word of it. Asked anew, once whoever wrote has ended; yes where that cannot be told."""
    try:
        with ledger_of(home) as store:
            for wait in (0.0, 0.1, 0.5, 2.0, None):
                try:
                    store.claim()
                    break
                except StoreError:
                    if wait is None:
                        raise
                    time.sleep(wait)
            return any(row[1] == Kind.RUN_FINISHED for row in store.about(run_id.encode()))
    except EvenhandError:
        return True


def keys_of(home: Home) -> SubjectKeyFile | PostgresSubjectKeys:
    """The keys of a home's people, and who of them was erased. Nothing is made until a key is."""
    placement = placement_of(home)
    if placement is None:
        return SubjectKeyFile(home.subject_keys, lambda: home.key(make=False), wrapping_of_environment())
    from evenhand.adapters.keys.postgres_keys import PostgresSubjectKeys

    return PostgresSubjectKeys(placement, lambda: home.key(make=False), wrapping_of_environment())


def run_keys_of(home: Home) -> RunKeyFolder | PostgresRunKeys:
    """The keys of a home's runs."""
    placement = placement_of(home)
    if placement is None:
        return RunKeyFolder(home.run_keys)
    from evenhand.adapters.keys.postgres_keys import PostgresRunKeys

    return PostgresRunKeys(placement, lambda: home.key(make=False))


def leases_of(home: Home, *, for_service: bool = False) -> Leases:
    """What later people may still use, and what is lent of it. Use a ``with``. For a service another thread may use it
    than opened it, and a file that cannot be written yet is no reason not to start."""
    placement = placement_of(home)
    if placement is None:
        return SqliteLeases(home.leases, any_thread=for_service, even_unwritable=for_service)
    from evenhand.adapters.ledgers.postgres_leases import PostgresLeases

    return PostgresLeases(placement, lambda: home.key(make=False))


def monitor_states_of(home: Home) -> MonitorStates:
    """What the monitors of a home know."""
    placement = placement_of(home)
    if placement is None:
        return MonitorStates(home)
    from evenhand.adapters.ledgers.postgres_monitor_state import PostgresMonitorStates

    return PostgresMonitorStates(home, placement)


def live_keys_of(home: Home) -> SubjectKeyFile | PostgresSubjectKeys:
    """As `keys_of` for a service: what a file says is remembered as long as nobody else changes it."""
    if placement_of(home) is None:
        return LiveSubjectKeys(home.subject_keys, lambda: home.key(make=False), wrapping_of_environment())
    return keys_of(home)


def live_ledger_of(home: Home, keys: SubjectKeyFile | PostgresSubjectKeys) -> SqliteLedger | PostgresLedger:
    """The ledger of a home for a service; the thread that opens it uses it, and others may write in between."""
    placement = placement_of(home)
    if placement is None:
        return SqliteLedger(home.ledger, key=lambda: home.key(make=False), people=keys, patience=PATIENCE, folds=True)
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger

    return PostgresLedger(
        placement, lambda: home.key(make=False), witness=home.ledger_witness, people=keys, patience=PATIENCE
    )


def erasures_of(place: Home, until: datetime) -> dict[bytes, int]:
    """The marks of everybody who was erased by a moment."""
    return keys_of(place).marks((until - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def refuse_erased_since(
    place: Home, subjects: NDArray[np.bytes_], book: ConsentBook, known: Mapping[bytes, int] | None = None
) -> None:
    """Refuse to decide about somebody who was erased after the marks were read. The caller holds the claim, so nobody
    is erased from now on until the run is recorded.

    Args:
        place: the home.
        subjects: pseudonyms (``S32``).
        book: what people said, with the erasures that were read.
        known: all marks, read before those of the book: where there is none besides, nobody is looked for.

    Raises:
        DataError: somebody was.
    """
    keys = keys_of(place)
    if known is not None and keys.marks(2**62) == known:
        return
    if any(not book.has_erasure(pseudonym) for pseudonym in keys.suppressed(subjects)):
        raise DataError(
            "erased-meanwhile",
            "Somebody among these people was erased while the run was prepared. Nothing was recorded.",
            rule="G-17: whoever was erased is not decided about",
            remedy="run again",
        )
