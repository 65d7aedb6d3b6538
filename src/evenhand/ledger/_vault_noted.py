"""How far the log of the vault went, in an entry of its own: whatever is cut off that log later is found.

A run that reads the vault has it in its summary. An entry stands for whatever else changed the log: a column that was
put there, a count that was told, a correction, an erasure.
"""

from __future__ import annotations

from datetime import datetime

from ._body import VaultNoted, encode, read_body
from ._recover import append_alone, recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore

__all__ = ["ABOUT_VAULT", "note_vault", "vault_notes"]

ABOUT_VAULT = b"vault log"
"""What such an entry is about."""


def note_vault(store: LedgerStore, line: int, seal: str, *, at: datetime, keys: RunKeys) -> bool:
    """Append an entry that says how far the log went; nothing where an entry says so already, or more.

    Args:
        store: the ledger.
        line: number of the last line.
        seal: its seal (hex).
        at: now.
        keys: where the keys of runs are; see `recover`.

    Returns:
        Whether there was anything to note.

    Raises:
        StoreError: somebody else is writing.
        LedgerError: the ledger was altered.
    """
    store.claim()
    try:
        if any(noted >= line for _, noted, _ in vault_notes(store)[-1:]):
            return False
        _, tail = recover(store, at, keys)
        body = encode(VaultNoted(at.isoformat(), line, seal))
        append_alone(store, tail, [(Kind.VAULT_NOTED, ABOUT_VAULT, body)])
        return True
    finally:
        store.release()


def vault_notes(store: LedgerStore) -> tuple[tuple[int, int, str], ...]:
    """Every such entry, oldest first: its number, and the number and seal (hex) of the line."""
    bodies = ((row[0], read_body(row[4], row[0])) for row in store.about(ABOUT_VAULT))
    return tuple((seq, one.line, one.seal) for seq, one in bodies if isinstance(one, VaultNoted))
