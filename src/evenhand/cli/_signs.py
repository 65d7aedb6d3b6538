"""Signs of life where no terminal draws a moving line: what a command is doing, once that takes a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import chain, repeat

__all__ = ["SignsOfLife"]

_FIRST = (2.0, 8.0, 20.0)
_LATER = 30.0


class SignsOfLife:
    """Says which step is under way and for how long, after 2, 10 and 30 seconds, and every half minute from then on.

    Args:
        say: prints one line.
        first: seconds from one sign to the next, the first few.
    """

    def __init__(self, say: Callable[[str], None], first: tuple[float, ...] = _FIRST) -> None:
        self._say, self._first = say, first
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def step(self, name: str) -> None:
        """The next step begins, and the one before is done."""
        self.end()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(name, self._ended), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The last step is done: nothing is said any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, name: str, ended: threading.Event) -> None:
        passed = 0.0
        for pause in chain(self._first, repeat(_LATER)):
            if ended.wait(pause):
                return
            passed += pause
            self._say(f"still {name} ({passed:.0f} s so far)")
