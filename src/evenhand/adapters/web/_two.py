"""Two processes: this one decides and has everything, the other speaks HTTP (`_front`).

Where the other one ends it is started again, and where it says nothing any more it is ended before. The listening
sockets stay open here all the time, so callers who come in between wait for a moment.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uvicorn.lifespan.on import LifespanOn

from evenhand.terms import StoreError

from ..own_processes import look_through_memory_seldom, started
from ._app import Service, make_app
from ._behind_questions import QuestionLink, ServedNow
from ._behind_requests import RequestLink
from ._protocol import BoundedProtocol
from ._run import settings
from ._silence import SILENT, Silence
from ._sockets import Socket, linked, listen_on
from ._wire import Counting, Fault, Hello

__all__ = ["Behind", "run_two"]

_TURN = 0.003
"""Seconds after which the thread that decides gives way. Threads that pass questions and answers on do little, so each
time it gives way costs more than they wait."""
_STARTS, _WITHIN = 5, 60.0
"""So many starts of the other process within so many seconds; then something is wrong that a start does not mend."""
_LOOK = 0.25
"""Seconds between two looks whether other campaigns are served."""
_OF_ENVIRONMENT = frozenset({"FORWARDED_ALLOW_IPS"})
_PATIENCE = 25.0
"""Seconds in which the other process ends, once it is to."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the process that speaks HTTP.

    Attributes:
        service: what is served.
        keys: file of the machines' keys.
        mark: gives something that is another object when the campaigns that are served changed.
        told: told of what happened.
        silence: seconds without a sign of life after which the process that speaks HTTP is taken for stuck.
    """

    service: Service
    keys: Path
    mark: Callable[[], object]
    told: Callable[[str], None]
    silence: float = SILENT


def run_two(behind: Behind, sockets: Sequence[Socket], *, ready: Callable[[], None], again: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that are under way are answered first.

    Args:
        behind: what is served.
        sockets: as of `bound_to`.
        ready: called when it listens.
        again: called on SIGHUP.

    Raises:
        StoreError: it cannot listen there, or the other process ends again and again.
    """
    listen_on(sockets, BoundedProtocol.most)
    look_through_memory_seldom()
    sys.setswitchinterval(_TURN)
    try:
        with asyncio.Runner(loop_factory=settings(None).get_loop_factory()) as runner:
            runner.run(_Two(behind, sockets, ready).run(again))
    finally:
        for one in sockets:
            one.close()


class _Two:
    """Starts the other process, and starts it again."""

    def __init__(self, behind: Behind, sockets: Sequence[Socket], ready: Callable[[], None]) -> None:
        self._behind, self._sockets, self._ready = behind, sockets, ready
        self._app = make_app(behind.service)
        self._served = ServedNow(behind.service.campaigns, behind.mark)
        self._stopped = False
        self._link: RequestLink | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def run(self, again: Callable[[], None]) -> None:
        """Until it is told to stop."""
        life = LifespanOn(settings(self._app))
        await life.startup()
        try:
            with _signals(asyncio.get_running_loop(), self._stop, again):
                await self._ones()
        finally:
            await life.shutdown()

    async def _ones(self) -> None:
        """One other process after the other."""
        starts: deque[float] = deque(maxlen=_STARTS)
        while not self._stopped:
            starts.append(time.monotonic())
            await self._one()
            if not self._stopped:
                if len(starts) == _STARTS and time.monotonic() - starts[0] < _WITHIN:
                    raise _again_and_again()
                self._behind.told("The process that speaks HTTP ended, and is started again.")

    async def _one(self) -> None:
        """One other process, from its start to its end."""
        loop = asyncio.get_running_loop()
        (asks, asked), (calls, called) = linked(), linked()
        service = self._behind.service
        first = self._served.since(0)
        assert first is not None
        hello = Hello(service.limits, str(self._behind.keys), first)
        with asked, called:
            process = self._process = _started(self._sockets, asked, called)
        questions = QuestionLink(asks, service.decider, service.once, self._served, service.fault)
        link = RequestLink(self._app, self._served, hello, self._listens, self._heard)
        await loop.create_connection(lambda: link, sock=calls)
        self._link = link
        if self._stopped:
            link.stop()
        silence = Silence(self._behind.silence)
        while not link.ended.done():
            await asyncio.wait({link.ended}, timeout=_LOOK)
            link.tell_served()
            if silence.is_too_long(link.heard) and process.poll() is None:
                self._behind.told("The process that speaks HTTP gives no sign of life any more, and is ended.")
                process.kill()
                await asyncio.wait({link.ended})
        self._link = None
        await asyncio.to_thread(_ended, process)
        await asyncio.to_thread(questions.close)
        if self._stopped:
            await link.rest()

    def _listens(self) -> None:
        ready, self._ready = self._ready, lambda: None
        ready()

    def _heard(self, said: Counting | Fault) -> None:
        if isinstance(said, Counting):
            self._behind.service.metrics.add(said.counted)
        else:
            self._behind.told(said.said)

    def _stop(self) -> None:
        """The first time what is under way is answered; the second time nothing is waited for."""
        if self._stopped:
            self._kill()
            return
        self._stopped = True
        asyncio.get_running_loop().call_later(_PATIENCE, self._kill)
        for one in self._sockets:
            one.close()
        if self._link is not None:
            self._link.stop()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()


def _started(sockets: Sequence[Socket], *links: Socket) -> subprocess.Popen[bytes]:
    """The other process."""
    numbers, ends = [one.fileno() for one in sockets], [one.fileno() for one in links]
    return started(
        f"{__package__}._front",
        ",".join(map(str, numbers)),
        *map(str, ends),
        names=_OF_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        pass_fds=[*numbers, *ends],
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Its links are closed, so it is at its end."""
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None], again: Callable[[], None]) -> Iterator[None]:
    def told(number: int, _: Any) -> None:
        loop.call_soon_threadsafe(again if number == signal.SIGHUP else stop)

    before = {one: signal.signal(one, told) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _again_and_again() -> StoreError:
    return StoreError(
        "serve-front",
        f"The process that speaks HTTP ended {_STARTS} times within a minute, so the service ends too.",
        rule="what cannot be asked is not kept running",
        remedy="look whether memory is left and who ends processes; evenhand serve --one-process has no second one",
    )
