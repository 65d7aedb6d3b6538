"""A store that fails is told when that begins and when it is over, however many ask in between."""

from __future__ import annotations

import threading
from collections.abc import Callable

from evenhand.terms import EvenhandError

__all__ = ["StoreSpells"]


class StoreSpells:
    """Tells whoever looks after a service. From any thread.

    Args:
        told: told a sentence for people, without anybody's values.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._codes: dict[str, set[str]] = {}

    def __call__(self, what: str, error: EvenhandError | None) -> None:
        """Something failed for this error, or with None it did not.

        Args:
            what: of which, as it begins a sentence.
            error: of a store.
        """
        if error is None and what not in self._codes:
            return
        with self._lock:
            codes = self._codes.setdefault(what, set())
            if error is None:
                del self._codes[what]
                if codes:
                    self._told(f"{what}: it is over ({', '.join(sorted(codes))}).")
            elif error.code not in codes:
                codes.add(error.code)
                self._told(f"{what}: not possible now ({error.code}). {error}")
