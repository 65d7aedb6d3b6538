"""The ledger of a home, with the keys that open it."""

from __future__ import annotations

from evenhand.adapters.home import Home
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.adapters.subject_keys import SubjectKeyFile

__all__ = ["keys_of", "ledger_of"]


def ledger_of(home: Home, *, read_only: bool = False) -> SqliteLedger:
    """The ledger, with the keys of the home's people, which seal and open their decisions. Use a ``with``."""
    return SqliteLedger(home.ledger, key=home.key_file, people=keys_of(home), read_only=read_only)


def keys_of(home: Home) -> SubjectKeyFile:
    """The keys of a home's people, and who of them was erased. Nothing is made until a key is."""
    return SubjectKeyFile(home.subject_keys, lambda: home.key(make=False))
