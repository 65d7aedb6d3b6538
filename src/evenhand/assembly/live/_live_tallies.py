"""What live decisions came to, as counts: of those of this process as it makes them, of all others out of the ledger.

Each commit is counted once: by whoever made it, or when the ledger is read on. The numbers of its entries say which. So
a start, or another process of the home, needs one reading of what is new, and a look needs none of what is known.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import EventTables
from evenhand.adapters.stores.home import Home
from evenhand.ledger import LedgerStore, Tally, prices_of_run, tallies
from evenhand.terms import EvenhandError

from ..records._ledger import has_ledger
from ..records._records import open_ledger

__all__ = ["LiveTallies"]

_SOON = 1.0
"""Seconds for which what was read is new enough."""
_REST, _RESTS = 0.005, 3.0
"""Seconds at least between two chunks that are read, in which others are decided about; and times as long as the
processor was at the last one."""
_PIECES = 1_000
"""Pieces of its own, with those of others between them, from which on the ledger is read on without being asked."""
_RUNS = 50_000
"""Runs whose prices are remembered."""
_EVENTS = 5_000

Span = tuple[int, int]


class LiveTallies:
    """The counts of one home, from any thread. Close it.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place
        self._lock = Lock()
        self._came: dict[str, Tally] = {}
        self._followed: dict[str, Counter[str]] = {}
        self._from: int | None = None
        self._to = 0
        self._own: list[Span] = []
        self._owed: list[tuple[int, int, Sequence[Span]]] = []
        self._event: tuple[int, str] = (0, "")
        self._prices: dict[str, str] = {}
        self._hands = ThreadPoolExecutor(1, "evenhand-counts")
        self._reading: Future[None] | None = None
        self._read_at = 0.0
        self._is_over = False
        self._anew = 0

    def close(self) -> None:
        """Read no more."""
        with self._lock:
            self._is_over = True
        self._hands.shutdown(cancel_futures=True)

    def add(self, first: int, last: int, came: Mapping[str, Tally]) -> None:
        """What a commit of this process came to, by the prices that decided; its first and last entry."""
        with self._lock:
            if self._from is None or first <= self._to:
                return  # nobody asked yet, or it was read already: it stands in the ledger
            for prices, tally in came.items():
                self._came.setdefault(prices, Counter()).update(tally)
            if self._own and self._own[-1][1] + 1 == first:
                self._own[-1] = (self._own[-1][0], last)
            else:
                self._own.append((first, last))
            is_long = len(self._own) > _PIECES
        if is_long:
            self._read_on()

    def look(self, prices: str, since: int, *, wait: float = 0.5) -> tuple[Tally, Mapping[str, int], bool]:
        """What was decided by some prices, how many of these decisions were told to be shown, clicked and so on, and
        whether all of it is counted already: after a start that takes a while.

        Args:
            prices: their digest.
            since: number of an entry before the first such decision.
            wait: seconds to wait for what is new.
        """
        with self._lock:
            if self._from is None or since < self._from:
                self._from = self._to = since
                self._came, self._followed, self._own, self._owed = {}, {}, [], []
                self._event, self._read_at = (0, ""), 0.0
                self._anew += 1
            is_old = time.monotonic() - self._read_at > _SOON
        if is_old:
            reading = self._read_on()
            with suppress(TimeoutError, EvenhandError, CancelledError):  # what could not be read is still owed
                reading.result(wait)
        with self._lock:
            is_whole = not self._owed and self._read_at > 0.0
            return Counter(self._came.get(prices, {})), dict(self._followed.get(prices, {})), is_whole

    def _read_on(self) -> Future[None]:
        """Have what is new read, by one thread."""
        with self._lock:
            if not self._is_over and (self._reading is None or self._reading.done()):
                self._reading = self._hands.submit(self._read)
            return self._reading or Future()

    def _read(self) -> None:
        if has_ledger(self._place):
            self._read_ledger()
            self._read_events()
        with self._lock:
            self._read_at = time.monotonic()

    def _read_ledger(self) -> None:
        with open_ledger(self._place) as store:
            with self._lock:
                begun = self._anew
                end = store.tail().entries
                if end > self._to:
                    own = [span for span in self._own if span[1] <= end]
                    self._own = [span for span in self._own if span[1] > end]
                    self._owed.append((self._to + 1, end, own))
                    self._to = end
                owed = list(self._owed)
            for one in owed:
                found: dict[str, Tally] = {}
                worked = time.thread_time()
                for first, last in _between(*one):
                    for prices, tally in tallies(store, first, last):
                        found.setdefault(prices, Counter()).update(tally)
                        if self._is_over:
                            return
                        time.sleep(max(_REST, _RESTS * (time.thread_time() - worked)))
                        worked = time.thread_time()
                with self._lock:
                    if self._anew != begun:
                        return  # it begins anew
                    self._owed.remove(one)
                    for prices, tally in found.items():
                        self._came.setdefault(prices, Counter()).update(tally)

    def _read_events(self) -> None:
        """Count what was told to follow decisions, each kind once for each."""
        with database_of(self._place) as database, open_ledger(self._place) as store:
            events = EventTables(database, self._place.key(make=False))
            with self._lock:
                begun, (after, mark) = self._anew, self._event
            if not events.is_there(after, mark):  # what came last was erased since, so numbers may be given again
                after, mark = 0, ""
                with self._lock:
                    self._followed = {}
            while found := events.first_of_kind(after, _EVENTS):
                with self._lock:
                    if self._anew != begun:
                        return
                    for _, decision, kind in found:
                        prices = self._prices_of(store, decision.rpartition(".")[0])
                        if prices:
                            self._followed.setdefault(prices, Counter())[kind] += 1
                    after, mark = found[-1][0], found[-1][1]
                    self._event = (after, mark)
                if self._is_over:
                    return

    def _prices_of(self, store: LedgerStore, run_id: str) -> str:
        if run_id not in self._prices:
            if len(self._prices) >= _RUNS:
                self._prices.clear()
            self._prices[run_id] = prices_of_run(store, run_id) or ""
        return self._prices[run_id]


def _between(first: int, last: int, own: Sequence[Span]) -> list[Span]:
    """What of a stretch is not among these pieces of it.

    >>> _between(1, 20, [(3, 5), (9, 20)])
    [(1, 2), (6, 8)]
    """
    out = []
    for start, end in sorted(own):
        if first < start:
            out.append((first, start - 1))
        first = end + 1
    return [*out, (first, last)] if first <= last else out
