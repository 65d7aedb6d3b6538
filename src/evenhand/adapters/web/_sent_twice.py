"""A form that opens something once, sent twice, as by a double click: both are answered as the first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from starlette.concurrency import run_in_threadpool

__all__ = ["SentTwice"]

_TWICE = timedelta(seconds=10)
"""Within so long the same form is a second click, and no second use."""


class SentTwice:
    """Remembers for some seconds whom a form opened, in this process alone.

    A browser that sends a form again before it has an answer shows the second answer, and throws the first away with
    its cookie. What is used up by the first would then be lost. Only the very same form counts as that: it has what
    nobody has who merely knows the link.
    """

    def __init__(self) -> None:
        self._lock, self._recent = asyncio.Lock(), dict[bytes, tuple[datetime, str]]()

    async def opened(
        self, button: str, form: tuple[str, ...], at: datetime, use: Callable[[], str | None]
    ) -> str | None:
        """Whom a form opens.

        Args:
            button: what the page with the form drew by lot; "" where it was never shown, which makes no second click.
            form: what is used, and with what.
            at: now.
            use: uses up what it opens; the person, or None where it opens nothing.
        """
        if not button:
            return await run_in_threadpool(use)
        mark = sha256("\0".join((button, *form)).encode()).digest()
        async with self._lock:
            self._recent = {key: found for key, found in self._recent.items() if found[0] > at}
            if mark in self._recent:
                return self._recent[mark][1]
            who = await run_in_threadpool(use)
            if who is not None:
                self._recent[mark] = (at + _TWICE, who)
            return who
