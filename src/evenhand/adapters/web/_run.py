"""The server: uvicorn, with what it logs and how long it waits settled here."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from typing import Any

import uvicorn

from evenhand.terms import StoreError

from ._protocol import BoundedProtocol

__all__ = ["run_app"]

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


def run_app(
    app: Any, *, host: str, port: int, ready: Callable[[], None], again: Callable[[], None] = lambda: None
) -> None:
    """Serve an application until SIGTERM or SIGINT; requests that are under way are answered first.

    No request is logged: an address and a path can tell who somebody is.

    Args:
        app: the application (ASGI).
        host, port: where to listen.
        ready: called when it listens.
        again: called on SIGHUP, which asks to read again what is read once.

    Raises:
        StoreError: it cannot listen there.
    """
    config = uvicorn.Config(
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
        http=BoundedProtocol,
        ws="none",
    )
    gc.collect()
    gc.freeze()  # what is in memory now stays; looking through it again and again would stop everybody
    sys.setswitchinterval(_TURN)
    before = {one: signal.signal(one, _nothing_more) for one in (signal.SIGTERM, signal.SIGINT)}
    if hangup := getattr(signal, "SIGHUP", None):
        before[hangup] = signal.signal(hangup, lambda *_: again())
    try:
        _Server(config, ready).run()
    except SystemExit:
        raise StoreError(
            "serve-port",
            f"The service cannot listen on {host} port {port}.",
            rule="one program listens on a port",
            remedy="name another with --port or --host, or stop the program that has it",
        ) from None
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _nothing_more(number: int, frame: object) -> None:
    """The server raises the signal that ended it once more, when it has ended."""
