"""The process that speaks HTTP for one that decides. `run_two` starts it, and nobody else.

It has the listening sockets and two links by number. It keeps nothing but open connections: where it is gone, another
takes its place. It follows the word of the process that started it, and ends when that is gone; signals of a terminal
reach both, and are left to the other.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from evenhand.adapters.keys.machine_keys import MachineKeys

from ..own_processes import look_through_memory_seldom
from ._counts import Counts
from ._decisions import DecisionDoor
from ._faults import fault_of
from ._front_links import AskedThere, Known, RequestsThere
from ._front_protocol import FrontProtocol
from ._run import settings
from ._sockets import Socket, numbered
from ._wire import Hello, Lives, Ready

__all__ = ["main"]

_EVERY = 1.0
"""Seconds after which what was counted is told, at the latest, and that this process goes on."""
_LOOK = 0.1
_LEFT = 2.0
"""Seconds to answer whoever waits when the deciding process is gone."""


class _Front:
    """The application: decisions the short way, everything else by the other process."""

    def __init__(self, door: DecisionDoor, rest: Any) -> None:
        self.door, self._rest = door, rest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == DecisionDoor.path:
            await self.door(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


class _Server(uvicorn.Server):
    """Ends by word, not by signal."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them alone."""
        yield


def main(words: list[str]) -> None:
    """Speak HTTP until the deciding process says stop, or is gone."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    numbers, questions, rest = words
    listening = [numbered(one) for one in numbers.split(",")]
    links = numbered(questions), numbered(rest)
    with asyncio.Runner(loop_factory=settings(None).get_loop_factory()) as runner:
        runner.run(_speak(listening, *links))


async def _speak(listening: list[Socket], questions: Socket, rest: Socket) -> None:
    loop = asyncio.get_running_loop()
    known, counts = Known(), Counts()
    heard: asyncio.Future[Hello] = loop.create_future()
    stopped = asyncio.Event()
    there = RequestsThere(known, counts, heard.set_result, stopped.set)
    await loop.create_connection(lambda: there, sock=rest)
    while not (heard.done() or stopped.is_set()):
        await asyncio.sleep(0.005)
    if not heard.done():
        return
    hello = heard.result()
    asked = AskedThere(known, hello.limits.answers, stopped.set)
    await loop.create_connection(lambda: asked, sock=questions)
    door = DecisionDoor(
        asked,
        MachineKeys(Path(hello.keys)),
        known,
        _both,
        counts,
        hello.limits,
        lambda error: there.tell_fault(fault_of(error)),
    )
    config = settings(
        _Front(door, ProxyHeadersMiddleware(there, settings(None).forwarded_allow_ips)),
        is_front=True,
        http=FrontProtocol,
    )
    server = _Server(config)
    look_through_memory_seldom()
    serving = loop.create_task(server.serve(sockets=listening))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.01)
    if server.started:
        there.tell(Ready())
    while not (stopped.is_set() or serving.done()):
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), _EVERY)
        there.tell_counts()
        there.tell(Lives())
    server.should_exit = True
    left = _LEFT
    while not serving.done() and left > 0:
        await asyncio.wait({serving}, timeout=_LOOK)
        left -= 0 if asked.is_there else _LOOK
    await there.close()


def _both(who: str, what: bytes) -> bytes:
    """A machine's name and what it sent, of which the deciding process, which has the key, makes the digest."""
    return who.encode() + b"\0" + what


if __name__ == "__main__":
    main(sys.argv[1:])
