"""The route that makes links for people, for whoever shows an offer or answers a letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys

from ._gate import Headers, caller_of
from ._reading import DECISION_ID, described

__all__ = ["link_routes"]

_encode = msgspec.json.Encoder().encode
_ANSWER = "The path of the link, whether it opens once, and whether somebody by that id is known here."


class LinkAsked(BaseModel):
    """Whom a link is for, and what it opens."""

    model_config = ConfigDict(extra="forbid")
    subject: Annotated[str, Field(min_length=1, max_length=256, description="The person's id in the subjects table.")]
    decision_id: Annotated[str, Field(pattern=DECISION_ID)] | None = Field(
        None, description="The decision that the link shows; without it the person's own pages, once."
    )
    days: int = Field(7, ge=1, le=90, description="For how many days it is good.")


def link_routes(make: Callable[[str, str, int], str], is_known: Callable[[str], bool], keys: MachineKeys) -> APIRouter:
    """Make a link: to one decision with the scope ``read``, to a person's own pages with the scope ``consents``.

    Args:
        make: of a person's id, a decision's id ("" = own pages) and a number of days the path of the link. Raises
            DataError where the decision is not about this person.
        is_known: whether an id is somebody's here.
        keys: of machines.
    """
    router = APIRouter(prefix="/v1", tags=["links"])

    @router.post(
        "/links",
        summary="A link for one person: why this decision, or their own pages",
        responses={200: described(_ANSWER, "link", "once", "known")},
    )
    async def link(request: Request, asked: LinkAsked) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "read" if asked.decision_id else "consents")
        path = await run_in_threadpool(make, asked.subject, asked.decision_id or "", asked.days)
        known = bool(asked.decision_id) or await run_in_threadpool(is_known, asked.subject)
        content = {"link": path, "once": not asked.decision_id, "known": known}
        return Response(_encode(content), media_type="application/json")

    return router
