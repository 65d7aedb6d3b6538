"""The end that decides: it sends decisions to the other process, and a thread takes in what comes back."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from evenhand.ledger import Sealed, sealed
from evenhand.promises import RecordColumns

from ..own_processes import started
from ._frames import asked, read_done, received, sent

__all__ = ["SealingProcess", "cores"]

_FEW = 256
"""Decisions below which the way there and back costs more than it saves."""
_STARTS = 5
"""Processes that are started at most; after them everything is done here."""
_PATIENCE = 10.0
_LOOK = 0.5
"""Seconds between two looks at it."""
_PIPE = 1 << 20
"""Bytes that either pipe holds."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SealingProcess:
    """Encodes and encrypts many decisions in another process, few here. Used from one thread, but for what `begin`
    gives; close it. Implements `ledger.Sealer`.

    The process is started with the first question that needs it.

    Args:
        longest: seconds without an answer after which it is taken for stuck, and ended.
    """

    def __init__(self, longest: float = 10.0) -> None:
        self._longest = longest
        self._other: _Other | None = None
        self._starts = 0

    @property
    def pid(self) -> int | None:
        """Number of the process; None where there is none, or it is over."""
        return None if self._other is None or self._other.is_over else self._other.pid

    def begin(self, columns: RecordColumns, keys: bytes) -> Callable[[], Sealed]:
        """See `ledger.Sealer.begin`."""
        if len(columns) < _FEW:
            done = sealed(columns, keys, os.urandom)
            return lambda: done
        if self._other is None or self._other.is_over:
            self._start()
        waits = None if self._other is None or self._other.is_over else self._other.ask(asked(columns, keys))

        def result() -> Sealed:
            found = None if waits is None else waits.result()
            return sealed(columns, keys, os.urandom) if found is None else found

        return result

    def close(self) -> None:
        """End the process."""
        self._starts = _STARTS
        if self._other is not None:
            self._other.close()
            self._other = None

    def _start(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other = None
        if self._starts < _STARTS:
            self._starts += 1
            with suppress(OSError):
                self._other = _Other(self._longest)


class _Other:
    """One other process."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._process = started(f"{__package__}._other", stdin=subprocess.PIPE, stdout=subprocess.PIPE, pipesize=_PIPE)
        self.pid = self._process.pid
        self._waiting: deque[tuple[Future[Sealed | None], float]] = deque()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self.is_over = False
        self._watches = threading.Thread(target=self._watch, name="evenhand-seals-watch", daemon=True)
        self._watches.start()
        self._reads = threading.Thread(target=self._read, name="evenhand-sealed", daemon=True)
        self._reads.start()

    def ask(self, content: bytes) -> Future[Sealed | None]:
        """Send a question; its answer, None where the process ended."""
        waits: Future[Sealed | None] = Future()
        with self._lock:
            if self.is_over:
                waits.set_result(None)
                return waits
            self._waiting.append((waits, time.monotonic()))
        stream = self._process.stdin
        assert stream is not None
        try:
            sent(stream, content)
        except (OSError, ValueError):
            self._process.kill()  # then the thread that reads comes to the end
        return waits

    def close(self) -> None:
        """End it."""
        stream = self._process.stdin
        assert stream is not None
        with suppress(OSError):
            stream.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reads.join()
        self._watches.join()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with suppress(Exception):
            while (content := received(stream)) is not None:
                found = read_done(content)
                with self._lock:
                    waits, _ = self._waiting.popleft()
                waits.set_result(found)
        with self._lock:
            self.is_over = True
        self._ended.set()
        while self._waiting:
            self._waiting.popleft()[0].set_result(None)
        stream.close()

    def _watch(self) -> None:
        """A process that does not answer is ended, so nobody waits for it for ever."""
        while not self._ended.wait(_LOOK):
            with self._lock:
                since = self._waiting[0][1] if self._waiting else time.monotonic()
            if time.monotonic() - since > self._longest:
                self._process.kill()
