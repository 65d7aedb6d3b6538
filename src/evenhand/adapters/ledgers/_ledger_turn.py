"""Whose turn it is to write a ledger: one at a time, and whoever waits comes before whoever has just written.

Two files beside the ledger, both empty: who holds the lock of ``NAME.lock`` writes; who waits for it holds that of
``NAME.turn`` meanwhile, so that a service, which writes again and again, sees that it is wanted and lets go.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO

from ..stores.file_lock import locked, locked_within

__all__ = ["Turn"]


class Turn:
    """The right to write one ledger. Raises OSError as the system does.

    Args:
        ledger: the ledger's file.
        patience: seconds to wait while somebody else writes.
    """

    def __init__(self, ledger: Path, patience: float = 0.0) -> None:
        self._lock = ledger.with_name(ledger.name + ".lock")
        self._turn = ledger.with_name(ledger.name + ".turn")
        self._patience = patience

    def taken(self, longer: float = 0.0) -> IO[bytes] | None:
        """The lock, to be closed by whoever has it; None where somebody else keeps it for too long. With `longer`, so
        many seconds are waited instead of the usual ones."""
        patience = longer or self._patience
        if not patience:
            return locked(self._lock)
        until = time.monotonic() + patience
        turn = locked_within(self._turn, until)
        if turn is None:
            return None
        with turn:
            return locked_within(self._lock, until)

    def is_wanted(self) -> bool:
        """Whether somebody waits."""
        turn = locked(self._turn)
        if turn is None:
            return True
        turn.close()
        return False
