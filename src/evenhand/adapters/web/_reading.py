"""Routes that read: explanations, receipts, and how the service is."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from evenhand.adapters.keys.machine_keys import MachineKeys

from ._doors import Health, Records, Register
from ._gate import Headers, caller_of
from ._metrics import Metrics
from ._texts import language

__all__ = ["DECISION_ID", "NOT_MODIFIED", "described", "health_routes", "reading_routes", "tagged"]

DECISION_ID = r"^\d{8}T\d{6}Z-[0-9a-f]{6}\.[1-9]\d{0,9}$"
_Decision = Annotated[str, Path(pattern=DECISION_ID, description="Id of a decision, as an answer names it.")]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The asker has it (If-None-Match)."}}
_RECEIPT = (
    "The receipt. Of a decision that nobody can read any more (its person was erased, or its time is over) it proves "
    "that the decision was recorded, and holds nothing of the person."
)
_encode = msgspec.json.Encoder().encode


def health_routes(health: Health, metrics: Metrics) -> APIRouter:
    """How the service is; for probes, without a key."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/healthz", summary="The process is alive", responses={200: described("The process is alive.", "status")}
    )
    async def healthz() -> Response:
        return _json({"status": "alive"})

    @router.get(
        "/readyz",
        summary="Decisions can be made now",
        responses={200: described("Ready.", "status"), 503: described("Not ready, and why.", "status", "why")},
    )
    async def readyz() -> Response:
        why = health.not_ready()
        return _json({"status": "not-ready", "why": why} if why else {"status": "ready"}, 503 if why else 200)

    @router.get(
        "/metrics",
        summary="Figures for Prometheus, nothing about a person",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def figures() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def reading_routes(records: Records, keys: MachineKeys) -> APIRouter:
    """Explanations and receipts, for a key with the scope ``read``."""
    router = APIRouter(prefix="/v1", tags=["reading"])

    @router.get(
        "/explanations/{decision}",
        summary="Why a decision was made, for one kind of reader",
        responses={
            200: described("The explanation.", "register", "decision_id", "headline"),
            **NOT_MODIFIED,
        },
    )
    async def explanation(
        request: Request,
        decision: _Decision,
        register: Annotated[
            Register, Query(description="Who reads: the person, an employee, or a regulator.")
        ] = "person",
        lang: Annotated[str | None, Query(pattern="^(nl|en)$", description="Else by Accept-Language.")] = None,
    ) -> Response:
        headers = Headers(request.scope["headers"])
        by = f"machine {caller_of(headers, keys, 'read').key.name}"
        own = lang or language(headers.accept_language)
        found = await run_in_threadpool(records.explanation, decision, register, own, by)
        return tagged(request, found, {"content-language": own})

    @router.get(
        "/receipts/{decision}",
        summary="The receipt of a decision, which anybody can check",
        responses={
            200: described(_RECEIPT, "receipt", "ledger", "checkpoint", "entries", "words"),
            **NOT_MODIFIED,
        },
    )
    async def receipt(
        request: Request,
        decision: _Decision,
        lang: Annotated[str | None, Query(pattern="^(nl|en)$", description="Else by Accept-Language.")] = None,
    ) -> Response:
        headers = Headers(request.scope["headers"])
        by = f"machine {caller_of(headers, keys, 'read').key.name}"
        own = lang or language(headers.accept_language)
        return tagged(request, await run_in_threadpool(records.receipt, decision, own, by), {"content-language": own})

    return router


def described(about: str, *names: str) -> dict[str, Any]:
    """A response that is a JSON object with these members, among others."""
    schema = {"type": "object", "required": list(names), "properties": {name: {} for name in names}}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")


def asker_has(request: Request, tag: str) -> bool:
    """Whether an asker has what a tag stands for (If-None-Match, RFC 9110 13.1.2): a proxy that packs an answer may
    have marked its tag as weak, and ``*`` is whatever there is."""
    asked = (one.strip() for one in request.headers.get("if-none-match", "").split(","))
    return any(one == "*" or one.removeprefix("W/") == tag for one in asked)


def tagged(request: Request, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Content with a tag, or 304 where the asker has it."""
    body = _encode(content)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**(headers or {}), "etag": tag, "cache-control": "private, no-cache", "vary": "accept-language"}
    if asker_has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
