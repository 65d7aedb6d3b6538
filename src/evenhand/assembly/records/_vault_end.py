"""The end of the vault's log, noted in the ledger by whatever changed it: a cut is found before the next run."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from evenhand.adapters.stores.home import Home
from evenhand.adapters.stores.vault_tables import VaultTables
from evenhand.ledger import note_vault
from evenhand.terms import EvenhandError

from ._ledger import has_ledger, ledger_of, run_keys_of

__all__ = ["note_vault_end"]


def note_vault_end(place: Home, vault: VaultTables, at: datetime) -> None:
    """Note how far the log goes now. Where there is no ledger yet, or somebody else writes it for long, the next to
    change the log notes this too: each line is sealed with all before it."""
    with suppress(EvenhandError):
        end = vault.end()
        if end is not None and has_ledger(place):
            with ledger_of(place) as store:
                note_vault(store, end.number, end.seal.hex(), at=at, keys=run_keys_of(place))
