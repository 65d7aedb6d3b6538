"""HTTP with a short way for decisions: a small question that is there as a whole is taken and answered without a task.

Everything else goes the way that uvicorn has for it: a body that comes in parts or is large, another method or address,
a request behind one that is not answered yet, a caller who does not take answers.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from ._decisions import DecisionDoor, Reply
from ._protocol import BoundedProtocol

__all__ = ["FrontProtocol"]

_PATH = DecisionDoor.path.encode()


class _Nothing:
    """Stands where a task of uvicorn's would wait to be woken."""

    def set(self) -> None:
        """There is nobody to wake."""


class _Short:
    """A request on the short way, as far as uvicorn looks at it."""

    __slots__ = ("body", "disconnected", "keep_alive", "more_body", "response_complete")
    message_event = _Nothing()

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_complete = self.disconnected = self.more_body = False
        self.body = b""


class FrontProtocol(BoundedProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door: DecisionDoor | None = getattr(self.app, "door", None)
        self._gathered: list[bytes] | None = None

    def on_headers_complete(self) -> None:
        """The head is there: which way does this request go?"""
        before = self.cycle
        if (
            self.url == _PATH
            and self._door is not None
            and (before is None or before.response_complete)
            and not (self.expect_100_continue or self.flow.write_paused or self.parser.should_upgrade())
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and max(len(self.connections), len(self.tasks)) < self.most
            and not self._is_head_too_large()
        ):
            self._gathered = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        if self._gathered is None:
            super().on_body(body)
        else:
            self._beside -= len(body)
            self._gathered.append(body)

    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        if self._gathered is None or self._door is None:
            super().on_message_complete()
            return
        body, self._gathered = b"".join(self._gathered), None
        self._clear()
        short = _Short(self.parser.should_keep_alive())
        self.cycle = short  # type: ignore[assignment]
        self._door.take(self.headers, body, lambda reply: self._answer(short, reply))

    def data_received(self, data: bytes) -> None:
        """Bytes came. Where they end before a request does, it goes the long way."""
        super().data_received(data)
        if self._gathered is not None:
            body, self._gathered = b"".join(self._gathered), None
            if self.parser is not None and not self.transport.is_closing():
                super().on_headers_complete()
                if body:
                    super().on_body(body)

    def _answer(self, short: _Short, reply: Reply) -> None:
        short.response_complete = True
        if short.disconnected or self.transport.is_closing():
            return
        head = [STATUS_LINE[reply.status]]
        for name, value in reply.headers:
            head += (name, b": ", value, b"\r\n")
        if not short.keep_alive:
            head.append(b"connection: close\r\n")
        head += (b"\r\n", reply.body)
        self.transport.write(b"".join(head))
        if not short.keep_alive:
            self.transport.close()
        self.on_response_complete()
