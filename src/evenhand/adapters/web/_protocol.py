"""HTTP as uvicorn speaks it, to callers who may be slow, gone, or up to no good: each wait has an end.

A connection on which no whole head of a request arrives in time is closed, however the bytes drip in; so is one whose
caller does not take the answer, goes on with the body after it, or sends a head that is larger than any should be. The
time of a body until the answer, and between requests, is bounded elsewhere (`_gate.body_of`, uvicorn's keep-alive).
More connections than can be served at once are told so, with a time to come back.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ._gate import tell_problem
from ._problems import ProblemError

__all__ = ["BoundedProtocol"]

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_TOO_LARGE = _TOO_SLOW.replace(b"408 Request Timeout", b"431 Request Header Fields Too Large")
_OFFERED = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_BESIDE_BODY = 8
"""Bytes that may come around each byte of a body that is sent in chunks: their sizes, and what stands at the end."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    arrives = 10.0
    """Seconds for the head of a request, from the connection or from its first byte on."""
    head = 65_536
    """Bytes of a request's head, and of what else is no body."""
    taken = 30.0
    """Seconds in which a caller takes what waits for them."""
    most = 2_048
    """Connections, and requests, at once; who comes beyond is told to come back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._until: asyncio.TimerHandle | None = None
        self._full: asyncio.TimerHandle | None = None
        self._own = self.app
        self._beside, self._is_body, self._is_long = 0, False, False
        self._piece, self._first = 0, 0  # bytes that came just now, and those with which the request began

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller connected; from now on the first request is waited for."""
        super().connection_made(transport)
        self._until = self.loop.call_later(self.arrives, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and nothing is waited for."""
        self._clear()
        if self._full is not None:
            self._full.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._piece = len(data)
        self._beside += self._piece
        self._is_long = self._first + self._beside > self.head  # then it is counted
        if not self._is_body and b"pgrade:" in data:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._beside > self.head and self.parser is not None and not self.transport.is_closing():
            if self._until is not None and (self.cycle is None or not self.cycle.more_body):  # it is a head
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._beside, self._first = 0, self._piece
        super().on_message_begin()
        if self._until is None:
            self._until = self.loop.call_later(self.arrives, self._too_slow)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._clear()
        self._is_body = True
        self.app = _busy if max(len(self.connections), len(self.tasks)) >= self.most else self._own
        if self._is_head_too_large():
            self.app = _too_large
        self._beside = 0  # from here on counts what is neither head nor body
        super().on_headers_complete()

    def _is_head_too_large(self) -> bool:
        """Whether the head that is there has more bytes than one may have, also where it came all at once."""
        if not self._is_long:
            return False
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.head

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._beside -= (1 + _BESIDE_BODY) * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._clear()
        self._is_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It was answered. What is still to come of its body is waited for no longer than a head."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self._clear()
            self._until = self.loop.call_later(self.arrives, self.transport.close)

    def pause_writing(self) -> None:
        """More waits to be taken than should."""
        super().pause_writing()
        self._full = self.loop.call_later(self.taken, self._not_taken)

    def resume_writing(self) -> None:
        """It was taken."""
        if self._full is not None:
            self._full.cancel()
            self._full = None
        super().resume_writing()

    def _clear(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None

    def _too_slow(self) -> None:
        self._until = None
        if not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
            self.transport.close()

    def _not_taken(self) -> None:
        self._full = None
        self.transport.abort()


def _without_upgrade(data: bytes) -> bytes:
    """A head that offers another protocol, as Java's client does, without that offer: else the parser takes what comes
    next for that protocol, and the body is lost. Who offers goes on where it is passed over (RFC 9110, 7.8)."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFERED.sub(b"\r\nX-Offer:", head) + end + rest


async def _too_large(scope: Any, receive: Any, send: Any) -> None:
    """Answers that the head is too large, as where it does not come to its end (ASGI)."""
    del scope, receive
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _busy(scope: Any, receive: Any, send: Any) -> None:
    """Answers that there are too many (ASGI)."""
    del receive
    await tell_problem(ProblemError("busy", retry_after=1), scope, send, connection="close")
