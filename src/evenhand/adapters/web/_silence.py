"""How long the process that speaks HTTP has said nothing, as far as this one was there to hear it."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["SILENT", "Silence"]

SILENT = 30.0
"""Seconds without a sign of life after which the other process is taken for stuck; it gives one each second."""
_START = 4
"""So many times as long it may take to say its first word: it loads everything before that, on a busy machine too."""
_LONGEST = 1.0
"""Seconds that one look counts for at most. Between two looks that are further apart this process did not run either:
it was stopped, the machine slept, or others had the processor."""


class Silence:
    """Used from one thread, a few times a second.

    Args:
        most: seconds of silence that are too long.
        clock: seconds that only grow.
    """

    def __init__(self, most: float = SILENT, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._words, self._looked, self._silent = 0, clock(), 0.0

    def is_too_long(self, words: int) -> bool:
        """Whether it is, at a look.

        Args:
            words: how many times the other process said anything until now.
        """
        now = self._clock()
        passed, self._looked = min(now - self._looked, _LONGEST), now
        self._silent = 0.0 if words != self._words else self._silent + passed
        self._words = words
        return self._silent > (self._most if words else _START * self._most)
