"""The server: uvicorn, with what it logs and how long it waits settled here."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from ..own_processes import look_through_memory_seldom
from ._protocol import BoundedProtocol
from ._sockets import Socket, bound_to, listen_on

__all__ = ["run_app", "settings"]

_TURN = 0.0005
"""Seconds after which the thread that decides gives way to the one that reads requests."""


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """Listen, and say so."""
        await super().startup(*args, **kwargs)
        if self.started:
            self._ready()


def settings(
    app: Any,
    host: str = "",
    port: int = 0,
    *,
    is_front: bool = False,
    http: type[BoundedProtocol] = BoundedProtocol,
) -> uvicorn.Config:
    """How an application is served. No request is logged: an address and a path can tell who somebody is.

    Args:
        app: the application (ASGI).
        host, port: where to listen, unless sockets are given.
        is_front: it has no start and no end, and looks itself at what a proxy says of a caller.
        http: speaks with one caller.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
        backlog=BoundedProtocol.most,
        http=http,
        ws="none",
        lifespan="off" if is_front else "auto",
        proxy_headers=not is_front,
    )


def run_app(
    app: Any,
    *,
    host: str,
    port: int,
    ready: Callable[[], None],
    again: Callable[[], None] = lambda: None,
    sockets: Sequence[Socket] = (),
) -> None:
    """Serve an application until SIGTERM or SIGINT; requests that are under way are answered first.

    Args:
        app: the application (ASGI).
        host, port: where to listen.
        ready: called when it listens.
        again: called on SIGHUP, which asks to read again what is read once.
        sockets: as of `bound_to`, for this host and port, where they were made before.

    Raises:
        StoreError: it cannot listen there.
    """
    listening = list(sockets) or bound_to(host, port)
    listen_on(listening, BoundedProtocol.most)
    look_through_memory_seldom()
    sys.setswitchinterval(_TURN)
    with _signals(again):
        _Server(settings(app, host, port), ready).run(listening)


@contextmanager
def _signals(again: Callable[[], None]) -> Iterator[None]:
    """What signals do beside ending the server, and after it ended."""
    before = {one: signal.signal(one, _nothing_more) for one in (signal.SIGTERM, signal.SIGINT)}
    if hangup := getattr(signal, "SIGHUP", None):
        before[hangup] = signal.signal(hangup, lambda *_: again())
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _nothing_more(number: int, frame: object) -> None:
    """The server raises the signal that ended it once more."""
