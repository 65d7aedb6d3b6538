"""Entries are handed to the store by a thread of its own while the next are chained: a large run is in sooner."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from ._store import LedgerStore, Row

__all__ = ["Beside"]

_UNDER_WAY = 2


class Beside:
    """Takes what `Writer` adds, in place of a store. Use a ``with``: when it ends, everything is in the transaction of
    the store, which nobody else uses meanwhile.

    Raises:
        StoreError: when the next is added, or at the end: the store could not take something.
    """

    def __init__(self, store: LedgerStore) -> None:
        self._store = store
        self._hand = ThreadPoolExecutor(1, "evenhand-adds")
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hand.shutdown(cancel_futures=error is not None)
        if error is None:
            self._wait(0)

    def append(self, rows: Iterable[Row]) -> None:
        """See `LedgerStore.append`."""
        self._wait(_UNDER_WAY)
        self._under_way.append(self._hand.submit(self._store.append, rows))

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """See `LedgerStore.keep_payloads`."""
        self._wait(_UNDER_WAY)
        self._under_way.append(self._hand.submit(self._store.keep_payloads, first, payloads))

    def _wait(self, left: int) -> None:
        """Wait until no more are under way than these; what failed is raised."""
        while len(self._under_way) > left:
            self._under_way.popleft().result()
