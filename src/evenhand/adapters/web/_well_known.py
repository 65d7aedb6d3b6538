"""What the service says of itself at an address that everybody knows: that it abides by Global Privacy Control.

Source: W3C GPC, Editor's Draft of 3 April 2026, section "GPC support resource".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from evenhand.signals import write_gpc_resource

from ._reading import described

__all__ = ["GPC_RESOURCE", "well_known_routes"]

GPC_RESOURCE = "/.well-known/gpc.json"
_FRESH = "public, max-age=86400"


def well_known_routes(gpc_since: Callable[[], date | None]) -> APIRouter:
    """Routes that need no key, since they tell of nobody.

    Args:
        gpc_since: tells on which day it was last changed how the signal is honoured; None = no day is told.
    """
    router = APIRouter(tags=["health"])

    @router.get(
        GPC_RESOURCE,
        summary="This service abides by Global Privacy Control",
        responses={200: described("What the standard describes.", "gpc")},
    )
    async def gpc() -> Response:
        said = write_gpc_resource(abides=True, last_update=gpc_since())
        return Response(said, media_type="application/json", headers={"cache-control": _FRESH})

    return router
