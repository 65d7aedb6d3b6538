"""A browser's opt-out that comes with a question is kept for the person, so that it holds wherever they are next.

The decision of the question has kept to it by itself. It is answered once the signal is durable too, so a caller who
has an answer need not send the signal again; others are answered meanwhile. What cannot be kept is answered all the
same, and comes again with the browser's next question. RULES C-7025: the signal persists on the person, if known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from evenhand.adapters.stores.home import Home

from ..people._signals_said import hear_browsers
from ..people._table_words import TableWords, gpc_in_table
from ..people._trail import is_trail_there, trail_of

if TYPE_CHECKING:
    from evenhand.adapters.stores.rights_tables import RightsTables

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
        self._then: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._hands = ThreadPoolExecutor(1, "evenhand-browsers")
        self._open = ExitStack()
        self._trail: RightsTables | None = None

    def __call__(self, whom: Sequence[str], kept: Callable[[], None]) -> None:
        """Keep it for these people, soon and once, as of now; `kept` is called when it is, or cannot be."""
        left = len(whom)

        def one_less() -> None:
            nonlocal left
            left -= 1  # by the thread that keeps, but for those before any of them is due
            if not left:
                kept()

        with self._lock:
            is_idle = not self._due
            taken = [who for who in whom if who in self._due or len(self._due) < _MOST]
            left = len(taken)
            for who in taken:
                self._due.setdefault(who, self._clock())
                self._then.setdefault(who, []).append(one_less)
        if not taken:
            kept()
        elif is_idle:  # else whoever keeps those before takes these along
            try:
                self._hands.submit(self._keep)
            except RuntimeError:  # the service is closing
                self._done(taken)

    def close(self) -> None:
        """Keep what is due, and end."""
        self._hands.shutdown()
        self._shut()

    def _opened(self) -> RightsTables | None:
        """The trail, opened once; None where there is none yet."""
        if self._trail is None and is_trail_there(self._place):
            self._trail = self._open.enter_context(trail_of(self._place))
        return self._trail

    def _shut(self) -> None:
        self._trail = None
        with suppress(Exception):
            self._open.close()

    def _keep(self) -> None:
        """Everybody who is due, many in one transaction, until nobody is."""
        while True:
            with self._lock:
                some = dict(islice(self._due.items(), _TOGETHER))
            if not some:
                return
            try:
                in_table = partial(gpc_in_table, self._tables())
                hear_browsers(some, in_table, home=self._place.folder, at=self._clock(), trail=self._opened())
            except Exception:  # what could not be kept comes again, and the trail is opened anew for it
                self._shut()
            finally:
                is_over = self._done(some)
            if is_over:
                return

    def _done(self, some: Iterable[str]) -> bool:
        """These are not due any more, and whoever waits is told; whether nobody is."""
        with self._lock:
            then = [one for who in some for one in self._then.pop(who, ())]
            for who in some:
                self._due.pop(who, None)
            is_over = not self._due
        for one in then:
            with suppress(Exception):
                one()
        return is_over
