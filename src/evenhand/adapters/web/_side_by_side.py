"""Applications beside each other, by the first part of the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["side_by_side"]


def side_by_side(mounts: Mapping[str, Any]) -> ASGIApp:
    """One application of several.

    Args:
        mounts: applications by the first part of their addresses, such as ``/staff``.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        first = "/" + scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        if scope["type"] == "http" and first in mounts:
            await mounts[first]({**scope, "root_path": scope.get("root_path", "") + first}, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("There is nothing here.", status_code=404)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    return app


async def _live(receive: Receive, send: Send) -> None:
    """Begin and end: there is nothing to do at either."""
    for _ in range(2):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
