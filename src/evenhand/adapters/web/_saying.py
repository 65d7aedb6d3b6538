"""Routes for what people say and ask: consents, objections, signals of their browsers, and requests.

A person's own id stands in the body of a request, never in its address: addresses are kept in many places.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.machine_keys import MachineKeys

from ._doors import Sayings
from ._gate import Headers, caller_of

__all__ = ["saying_routes"]

_encode = msgspec.json.Encoder().encode
Word = Literal[
    "give", "renew", "refuse", "withdraw", "opt-out", "take-back-opt-out", "opt-out-of-sale",
    "take-back-opt-out-of-sale", "switch-off", "switch-on", "restrict", "lift-restriction",
]  # fmt: skip
Kind = Literal[
    "access", "portability", "rectification", "erasure", "restriction", "objection", "opt_out", "human_review"
]
_Subject = Annotated[str, Field(min_length=1, max_length=200, description="The person's own id.")]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")
    subject: _Subject


class ConsentTold(_Told):
    """What a person says of a purpose, with the evidence."""

    word: Word
    purpose: str = Field("", max_length=100, description="A DPV term; of a factor the name of its column.")
    said_at: AwareDatetime | None = Field(None, description="When it was said, where that was earlier than now.")
    notice: str = Field("", max_length=200, description="Version of the notice that was shown.")
    notice_hash: str = Field("", pattern="^([0-9a-f]{64})?$", description="SHA-256 of the text that was shown.")
    language: str = Field("", max_length=20)
    method: str = Field("", max_length=100, description="How it was said, such as: web form.")


class WhoTold(_Told):
    """Whose history is asked for."""


class ObjectionTold(_Told):
    """An objection to direct marketing or to one purpose (GDPR 21), or that it is taken back."""

    purpose: str = Field("", max_length=100, description="A DPV term; nothing = all marketing.")
    taken_back: bool = False
    method: str = Field("", max_length=100)


class SignalTold(_Told):
    """What a person's browser says for them."""

    gpc: Literal[True] = Field(description="Sec-GPC: 1 was sent. A browser that says nothing says nothing.")


class RequestTold(_Told):
    """What a person asks (GDPR 15-22, CCPA)."""

    kind: Kind
    law: Literal["gdpr", "ccpa"] = "gdpr"
    lang: Literal["nl", "en"] = "nl"
    purpose: str = Field("", max_length=100)
    decision: str = Field("", max_length=60, description="Id of the decision that a human shall look at.")
    note: str = Field("", max_length=2_000, description="What the person said; kept under their key.")


def saying_routes(sayings: Sayings, keys: MachineKeys) -> APIRouter:
    """What people say and ask, for a key with the scope ``consents``."""
    router = APIRouter(prefix="/v1", tags=["people"])

    async def kept(request: Request, who: str, word: str, purpose: str, **more: Any) -> Response:
        caller = caller_of(Headers(request.scope["headers"]), keys, "consents")
        said = await run_in_threadpool(sayings.say, who, word, purpose, actor=f"machine {caller.key.name}", **more)
        return _json(said, 201)

    @router.post("/consents", status_code=201, summary="Keep what a person says; it holds for the next decision")
    async def consents(request: Request, told: ConsentTold) -> Response:
        more = told.model_dump(exclude={"subject", "word", "purpose"})
        return await kept(request, told.subject, told.word, told.purpose, **more)

    @router.post("/consents/history", summary="What a person said, and what stands now")
    async def history(request: Request, told: WhoTold) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "consents")
        return _json(await run_in_threadpool(sayings.history, told.subject))

    @router.post("/objections", status_code=201, summary="Keep an objection; it holds for the next decision")
    async def objections(request: Request, told: ObjectionTold) -> Response:
        word = "take-back-objection" if told.taken_back else "object"
        return await kept(request, told.subject, word, told.purpose, method=told.method)

    @router.post("/signals", status_code=201, summary="Keep what a browser says: an opt-out of personalisation")
    async def signals(request: Request, told: SignalTold) -> Response:
        return await kept(request, told.subject, "opt-out", "", method="Sec-GPC")

    @router.post("/requests", status_code=201, summary="Keep what a person asks, with its deadline")
    async def ask(request: Request, told: RequestTold) -> Response:
        caller = caller_of(Headers(request.scope["headers"]), keys, "consents")
        more = told.model_dump(exclude={"subject", "kind"})
        return _json(
            await run_in_threadpool(sayings.ask, told.subject, told.kind, by=f"machine {caller.key.name}", **more),
            201,
        )

    @router.get("/requests/{number}", summary="How a request stands")
    async def found(request: Request, number: Annotated[str, Path(pattern=r"^R-\d{8}-[0-9a-f]{6}$")]) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "consents")
        return _json(await run_in_threadpool(sayings.request, number))

    return router


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")
