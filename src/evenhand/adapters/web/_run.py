"""The server: uvicorn, with what it logs and how long it waits settled here."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from evenhand.terms import StoreError

from ._protocol import BoundedProtocol

__all__ = ["TURN", "bound_to", "listen_on", "run_app", "settings"]

TURN = 0.0005
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


def bound_to(host: str, port: int) -> list[socket.socket]:
    """Sockets that have a port, and do not listen yet: whoever connects is refused until then.

    Raises:
        StoreError: it cannot be had.
    """
    out: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in _addresses(host, port):
            own = socket.socket(family, kind, protocol)
            out.append(own)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
            if family == socket.AF_INET6:
                own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
            own.bind(address)
    except OSError:
        for one in out:
            one.close()
        raise _taken(host, port) from None
    return out


def _addresses(host: str, port: int) -> list[Any]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))


def listen_on(sockets: Sequence[socket.socket]) -> None:
    """Listen, from now on.

    Raises:
        StoreError: another program listens there.
    """
    try:
        for one in sockets:
            one.listen(BoundedProtocol.most)
    except OSError:
        raise _taken(*one.getsockname()[:2]) from None


def run_app(
    app: Any,
    *,
    host: str,
    port: int,
    ready: Callable[[], None],
    again: Callable[[], None] = lambda: None,
    sockets: Sequence[socket.socket] = (),
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
    listen_on(listening)
    gc.collect()
    gc.freeze()  # what is in memory now stays; looking through it again and again would stop everybody
    sys.setswitchinterval(TURN)
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


def _taken(host: str, port: int) -> StoreError:
    return StoreError(
        "serve-port",
        f"The service cannot listen on {host} port {port}.",
        rule="one program listens on a port",
        remedy="name another with --port or --host, or stop the program that has it",
    )


def _nothing_more(number: int, frame: object) -> None:
    """The server raises the signal that ended it once more."""
