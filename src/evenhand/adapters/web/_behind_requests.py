"""The link for all other requests, at the end of the process that decides: the application is called as a server would.

What the application waits for (`receive`) and what it says (`send`) passes as it comes, one part of an answer at a
time, so neither end holds more than the other took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from ._behind_questions import ServedNow
from ._wire import (
    Begin,
    Counting,
    End,
    Fault,
    FrontSays,
    Gave,
    Hello,
    Lives,
    Part,
    Ready,
    Splitter,
    Start,
    Stop,
    Take,
    Taken,
    frame,
)

__all__ = ["RequestLink"]

_says = msgspec.msgpack.Decoder(FrontSays).decode
_GONE = {"type": "http.disconnect"}


class RequestLink(asyncio.Protocol):
    """Calls an application with the requests that come over a socket.

    Args:
        app: the application (ASGI).
        served: what is served; told before anything else is.
        hello: the first word, given what is served.
        ready: called when the other end listens.
        said: called with what it counted, and with its faults.

    Attributes:
        ended: done when the other end closed.
        heard: how many times it said anything.
    """

    def __init__(
        self,
        app: Any,
        served: ServedNow,
        hello: Hello,
        ready: Callable[[], None],
        said: Callable[[Counting | Fault], None],
    ) -> None:
        self._app, self._served, self._hello = app, served, hello
        self._ready, self._said = ready, said
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.heard = 0
        self._splitter, self._calls = Splitter(), dict[int, _Call]()
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = hello.campaigns.number
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is there."""
        self._transport = transport  # type: ignore[assignment]
        self.tell(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end closed: nobody waits for what is under way."""
        del exc
        self._transport = None
        for call in self._calls.values():
            call.gone()
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """What the other end says."""
        self.heard += 1
        for content in self._splitter.feed(data):
            self._hear(_says(content))

    def tell(self, content: Any) -> None:
        """Say something, and before it what is served now where the other end does not know it."""
        if self._transport is None:
            return
        self.tell_served()
        self._transport.write(frame(content))

    def tell_served(self) -> None:
        """Say what is served now, where the other end does not know it."""
        campaigns = self._served.since(self._told)
        if campaigns is not None and self._transport is not None:
            self._told = campaigns.number
            self._transport.write(frame(campaigns))

    def stop(self) -> None:
        """The other end is to answer what is under way, and end."""
        self.tell(Stop())

    async def rest(self) -> None:
        """Wait for what the application still does."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _hear(self, said: Ready | Lives | Counting | Fault | Begin | Gave | Taken) -> None:
        if isinstance(said, Begin):
            call = self._calls[said.number] = _Call(self, said.number)
            scope = {**said.scope, "headers": said.headers, "state": {}}
            for end in ("client", "server"):
                scope[end] = tuple(scope[end]) if scope.get(end) else None
            task = self._loop.create_task(self._answer(call, scope))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(said, Gave | Taken):
            if (found := self._calls.get(said.number)) is not None:
                found.hear(said)
        elif isinstance(said, Ready):
            self._ready()
        elif not isinstance(said, Lives):
            self._said(said)

    async def _answer(self, call: _Call, scope: dict[str, Any]) -> None:
        is_fault = False
        try:
            await self._app(scope, call.receive, call.send)
        except Exception:  # the application told of it itself, as far as it is to be told
            is_fault = True
        finally:
            self._calls.pop(call.number, None)
            self.tell(End(call.number, is_fault))


class _Call:
    """One request under way."""

    def __init__(self, link: RequestLink, number: int) -> None:
        self._link, self.number = link, number
        self._loop = asyncio.get_running_loop()
        self._coming: asyncio.Future[dict[str, Any]] | None = None
        self._room: asyncio.Future[None] | None = None
        self._is_gone = False

    def hear(self, said: Gave | Taken) -> None:
        """More of the request, or room for more of the answer."""
        if isinstance(said, Taken):
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
        elif said.is_gone:
            self.gone()
        elif self._coming is not None and not self._coming.done():
            self._coming.set_result({"type": "http.request", "body": said.body, "more_body": said.more})

    def gone(self) -> None:
        """Nobody waits for the answer."""
        self._is_gone = True
        if self._coming is not None and not self._coming.done():
            self._coming.set_result(_GONE)
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def receive(self) -> dict[str, Any]:
        """As of ASGI. Who stopped waiting for something gets it the next time."""
        if self._is_gone:
            return _GONE
        if self._coming is None:
            self._coming = self._loop.create_future()
            self._link.tell(Take(self.number))
        message = await asyncio.shield(self._coming)
        self._coming = None
        return message

    async def send(self, message: Any) -> None:
        """As of ASGI."""
        if self._is_gone:
            return
        if message["type"] == "http.response.start":
            headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
            self._link.tell(Start(self.number, message["status"], headers))
            return
        more = bool(message.get("more_body", False))
        if more:
            self._room = self._loop.create_future()
        self._link.tell(Part(self.number, bytes(message.get("body", b"")), more))
        if self._room is not None and more:
            await self._room
