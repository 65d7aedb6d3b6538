"""The server: uvicorn, with what it logs and how long it waits settled here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import uvicorn

__all__ = ["run_app"]

_MOST_AT_ONCE = 2_048


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


def run_app(app: Any, *, host: str, port: int, ready: Callable[[], None]) -> None:
    """Serve an application until SIGTERM or SIGINT; requests that are under way are answered first.

    No request is logged: an address and a path can tell who somebody is.

    Args:
        app: the application (ASGI).
        host, port: where to listen.
        ready: called when it listens.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
        limit_concurrency=_MOST_AT_ONCE,
        backlog=_MOST_AT_ONCE,
        ws="none",
    )
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, ready).run()
