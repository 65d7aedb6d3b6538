"""Routes for what followed decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.adapters.stores.event_tables import Event
from evenhand.terms import microseconds_of, moment_at

from ._cursors import after_cursor, cursor_after
from ._doors import Events
from ._gate import Headers, caller_of
from ._metrics import Metrics
from ._problems import ProblemError
from ._reading import DECISION_ID

__all__ = ["event_routes"]

_MOST = 1_000
_PAGE, _LARGEST_PAGE = 50, 500
_AHEAD = timedelta(minutes=5)
"""Clocks differ; what is dated further ahead is a mistake."""
_encode = msgspec.json.Encoder().encode


class EventTold(BaseModel):
    """One thing that followed a decision."""

    model_config = ConfigDict(extra="forbid")
    decision_id: Annotated[str, Field(pattern=DECISION_ID)]
    kind: Literal["shown", "clicked", "bought", "complained"] = Field(
        description="Only an offer is shown, clicked or bought; bought also follows where the lot drew nothing."
    )
    at: AwareDatetime | None = Field(
        None,
        description="When it happened; now, where it is left out. At most five minutes before the decision, or ahead.",
    )
    id: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9._-]*$", description="Tells events of one kind apart.")


class EventsTold(BaseModel):
    """Several, kept all or none."""

    model_config = ConfigDict(extra="forbid")
    events: list[EventTold] = Field(min_length=1, max_length=_MOST)


def event_routes(events: Events, keys: MachineKeys, metrics: Metrics) -> APIRouter:
    """Tell what followed (scope ``events``), and read it (scope ``read``)."""
    router = APIRouter(prefix="/v1", tags=["events"])

    @router.post(
        "/events",
        summary="Tell what followed decisions; the same event twice is kept once",
        responses={200: _counts()},
    )
    async def tell(request: Request, told: EventsTold) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "events")
        now = datetime.now(UTC)
        late = [place for place, one in enumerate(told.events) if one.at is not None and one.at > now + _AHEAD]
        if late:
            raise ProblemError(
                "unprocessable", errors=[(f"/events/{place}/at", "in-the-future") for place in late[:20]]
            )
        kept = [
            Event(one.decision_id, one.kind, one.id, microseconds_of(one.at or now), microseconds_of(now))
            for one in told.events
        ]
        new, closed = await run_in_threadpool(events.keep, kept)
        for kind in {one.kind for one in kept}:
            metrics.happened(kind, sum(one.kind == kind for one in kept))
        return _json({"recorded": new, "known": len(kept) - new - closed, "closed": closed})

    @router.get("/events", summary="What followed, in the order in which it was told", responses={200: _page()})
    async def read(
        request: Request,
        cursor: Annotated[str, Query(max_length=40, description="From `next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _PAGE,
    ) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "read")
        found = await run_in_threadpool(events.page, _after(cursor), limit)
        told = [
            {"decision_id": one.decision, "kind": one.kind, "id": one.id, "at": moment_at(one.at).isoformat()}
            for one in found
        ]
        last = cursor_after("e", found[-1].seq) if len(found) == limit else ""
        more = f"/v1/events?cursor={last}&limit={limit}" if last else None
        return _json({"events": told, "next": more})

    return router


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    number = after_cursor("e", cursor)
    if not number.isdigit():
        raise ProblemError("unprocessable", errors=[("/cursor", "not-a-cursor")])
    return int(number) if len(number) < 18 else 2**62


def _json(content: dict[str, object]) -> Response:
    return Response(_encode(content), media_type="application/json")


def _counts() -> dict[str, object]:
    counts = {name: {"type": "integer"} for name in ("recorded", "known", "closed")}
    schema = {"type": "object", "required": [*counts], "properties": counts}
    return {"description": "How many were new.", "content": {"application/json": {"schema": schema}}}


def _page() -> dict[str, object]:
    one = {"type": "object", "required": ["decision_id", "kind", "id", "at"]}
    schema = {
        "type": "object",
        "required": ["events", "next"],
        "properties": {"events": {"type": "array", "items": one}, "next": {"type": ["string", "null"]}},
    }
    return {"description": "A page.", "content": {"application/json": {"schema": schema}}}
