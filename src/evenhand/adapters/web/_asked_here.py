"""Questions of the event loop, decided by a thread of the same process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from evenhand.adapters.asking import Answered, Decider, Question

from ._problems import ProblemError

__all__ = ["AskedHere", "Overdue"]

Answer = Answered | BaseException
_LOOK = 0.25
"""Seconds between two looks after who waits for too long."""


class Overdue:
    """Tells whoever waits for too long that they do; in the event loop.

    What is decided all the same is in the ledger, and an Idempotency-Key asks for it again.

    Args:
        seconds: how long an answer is waited for.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[int, tuple[float, Callable[[Answer], None]]] = {}
        self._last = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, done: Callable[[Answer], None]) -> int:
        """Somebody waits; the number by which they are found."""
        loop = asyncio.get_running_loop()
        self._last += 1
        self._waiting[self._last] = (loop.time() + self._seconds, done)
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(_LOOK, self._look, loop)
        return self._last

    def tell(self, number: int, answer: Answer) -> None:
        """The answer is there; whoever was told that it is late is told no more."""
        found = self._waiting.pop(number, None)
        if found is not None:
            found[1](answer)

    def tell_all(self) -> None:
        """There will be no answers."""
        for number in list(self._waiting):
            self.tell(number, ProblemError("unanswered", retry_after=2))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        now, late = loop.time(), []
        for number, (until, _) in self._waiting.items():  # in the order asked, so the first is the first to be late
            if until > now:
                break
            late.append(number)
        for number in late:
            self.tell(number, ProblemError("unanswered", retry_after=2))
        if self._waiting:
            loop.call_later(_LOOK, self._look, loop)
        else:
            self._loop = None


class _Mailbox:
    """Brings answers from the deciding thread to the event loop, many at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Callable[[int, Answer], None]) -> None:
        self._loop, self._tell = loop, tell
        self._box: deque[tuple[int, Answer]] = deque()
        self._is_called = False

    def put(self, number: int, answer: Answer) -> None:
        """Leave an answer; from any thread."""
        self._box.append((number, answer))
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._deliver)

    def is_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it delivers to this loop."""
        return self._loop is loop

    def _deliver(self) -> None:
        self._is_called = False
        while self._box:
            self._tell(*self._box.popleft())


class AskedHere:
    """Implements `Asking`.

    Args:
        decider: decides, in a thread of its own.
        seconds: how long an answer is waited for.
    """

    def __init__(self, decider: Decider, seconds: float) -> None:
        self._decider, self._overdue = decider, Overdue(seconds)
        self._mail: _Mailbox | None = None

    def ask(self, question: Question, done: Callable[[Answer], None]) -> None:
        """See `Asking`."""
        loop = asyncio.get_running_loop()
        if self._mail is None or not self._mail.is_of(loop):
            self._mail = _Mailbox(loop, self._overdue.tell)
        mail, number = self._mail, self._overdue.put(done)
        try:
            self._decider.ask(question, lambda answer: mail.put(number, answer))
        except Exception as error:
            self._overdue.tell(number, error)
