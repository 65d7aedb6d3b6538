"""The ledger of a home, with the keys that open it."""

from __future__ import annotations

from evenhand.adapters.home import Home
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.adapters.subject_keys import SubjectKeyFile

__all__ = ["ledger_of"]


def ledger_of(home: Home, *, read_only: bool = False) -> SqliteLedger:
    """The ledger, with the keys of the home's people, which seal and open their decisions. Use a ``with``."""
    people = SubjectKeyFile(home.subject_keys, lambda: home.key(make=False))
    return SqliteLedger(home.ledger, key=home.key_file, people=people, read_only=read_only)
