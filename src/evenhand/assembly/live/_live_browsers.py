"""A browser's opt-out that comes with a question is kept for the person, so that it holds wherever they are next.

The decision of the question has kept to it by itself. Keeping it goes on beside, since nobody waits for it; what could
not be kept comes again with the browser's next question. RULES C-7025: the signal persists on the person, if known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from evenhand.adapters.stores.home import Home

from ..people._signals_said import hear_browsers
from ..people._table_words import TableWords, gpc_in_table

__all__ = ["BrowsersHeard"]

_MOST, _TOGETHER = 100_000, 1_000
"""People whose browsers are still to be kept, more are kept when they come again; and how many at once."""


class BrowsersHeard:
    """Keeps Global Privacy Control for people of a home. From any thread; close it.

    Args:
        place: the home.
        tables: what stands in the tables of what is served; a signal counts since it was heard first, there or here.
        clock: now.
    """

    def __init__(
        self,
        place: Home,
        tables: Callable[[], TableWords],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._place, self._tables, self._clock = place, tables, clock
        self._due: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._hands = ThreadPoolExecutor(1, "evenhand-browsers")

    def __call__(self, who: str) -> None:
        """Keep it for this person, soon and once, as of now."""
        with self._lock:
            if who in self._due or len(self._due) >= _MOST:
                return
            self._due[who] = self._clock()
            if len(self._due) > 1:  # the one before is still to be kept, and takes this one along
                return
        with suppress(RuntimeError):  # the service is closing
            self._hands.submit(self._keep)

    def close(self) -> None:
        """Keep what is due, and end."""
        self._hands.shutdown()

    def _keep(self) -> None:
        """Everybody who is due, many in one transaction, until nobody is."""
        while True:
            with self._lock:
                some = dict(islice(self._due.items(), _TOGETHER))
            if not some:
                return
            try:
                with suppress(Exception):  # what could not be kept comes again
                    tables = self._tables()
                    hear_browsers(some, partial(gpc_in_table, tables), home=self._place.folder, at=self._clock())
            finally:
                with self._lock:
                    for who in some:
                        self._due.pop(who, None)
                    is_over = not self._due
            if is_over:
                return
