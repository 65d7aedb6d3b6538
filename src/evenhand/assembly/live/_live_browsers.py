"""A browser's opt-out that comes with a question is kept for the person, so that it holds wherever they are next.

The decision of the question has kept to it by itself. Keeping it goes on beside, since nobody waits for it; what could
not be kept comes again with the browser's next question. RULES C-7025: the signal persists on the person, if known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from evenhand.adapters.stores.home import Home
from evenhand.policy import Campaign
from evenhand.terms import EvenhandError

from ..people._signal_means import GPC
from ..people._signals_said import hear_signals
from ..people._table_words import TableWords, gpc_in_table

__all__ = ["BrowsersHeard"]

_MOST = 10_000
"""People whose browsers are still to be kept; more are kept when they come again."""


class BrowsersHeard:
    """Keeps Global Privacy Control for people of a home. From any thread; close it.

    Args:
        place: the home.
        campaigns: what is served now.
        tables: what stands in the tables of these; a signal counts since it was heard first, there or here.
        clock: now.
    """

    def __init__(
        self,
        place: Home,
        campaigns: Callable[[], Sequence[Campaign]],
        tables: Callable[[], TableWords],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._place, self._campaigns, self._tables, self._clock = place, campaigns, tables, clock
        self._due: set[str] = set()
        self._lock = threading.Lock()
        self._hands = ThreadPoolExecutor(1, "evenhand-browsers")

    def __call__(self, who: str) -> None:
        """Keep it for this person, soon and once."""
        with self._lock:
            if who in self._due or len(self._due) >= _MOST:
                return
            self._due.add(who)
        with suppress(RuntimeError):  # the service is closing
            self._hands.submit(self._keep, who)

    def close(self) -> None:
        """Keep what is due, and end."""
        self._hands.shutdown()

    def _keep(self, who: str) -> None:
        try:
            with suppress(EvenhandError):
                hear_signals(
                    who, {GPC: "1"}, self._campaigns(), home=self._place.folder, at=self._clock(), actor="browser",
                    via="a decision", in_table=gpc_in_table(self._tables(), who),
                )  # fmt: skip
        finally:
            with self._lock:
                self._due.discard(who)
