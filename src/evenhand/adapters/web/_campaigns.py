"""Routes for campaigns: upload, look, plan, start and pause them. Each does what a page of the console does.

An upload is YAML, or the same as JSON; it is judged by the checks of ``evenhand check``, and every finding comes back
with its place, its rule, who can mend it and how. Whoever changes a campaign says which state of it they have seen.
"""

from __future__ import annotations

import base64
import binascii
import json
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.campaigning import Campaigns, Simulated
from evenhand.adapters.declared.campaign_yaml import yaml_of
from evenhand.adapters.keys.machine_keys import MachineKeys

from ._gate import Headers, caller_of
from ._problems import ProblemError

__all__ = ["campaign_routes"]

_PAGE, _LARGEST_PAGE = 50, 500
_YAML = "application/yaml"
_encode = msgspec.json.Encoder().encode
_Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="Id of a campaign.")]
_Seen = Annotated[
    str | None,
    Header(alias="If-Match", max_length=64, description="ETag of the campaign as it was seen; * = whatever it is."),
]
_Reason = Annotated[str, Query(max_length=500, description="Why; it is kept with the version.")]
_OBJECT = {"type": "object"}


class NamedReason(BaseModel):
    """Who answers for it, and why; both stay in the ledger."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(min_length=1, max_length=45, description="The person who answers for it.")
    reason: str = Field(min_length=1, max_length=500)


class Nothing(BaseModel):
    """There is nothing to say."""

    model_config = ConfigDict(extra="forbid")


class StartAsked(BaseModel):
    """Why a campaign is started; it is kept."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field("", max_length=45, description="The person who answers for it.")
    reason: str = Field("", max_length=500)


def campaign_routes(campaigns: Campaigns, keys: MachineKeys) -> tuple[APIRouter, ...]:
    """Campaigns, for a key with the scope ``campaigns``."""
    return _looks(campaigns, keys), _plans(campaigns, keys), _changes(campaigns, keys), _acts(campaigns, keys)


def _router() -> APIRouter:
    return APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


def _who(request: Request, keys: MachineKeys, by: str = "") -> str:
    """The machine that calls, and the person that it names."""
    name = f"machine {caller_of(Headers(request.scope['headers']), keys, 'campaigns').key.name}"
    return f"{' '.join(by.split())} ({name})" if by.strip() else name


def _looks(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that look."""
    router = _router()

    @router.get("", summary="The campaigns, by their id", responses={200: _told("A page.", "campaigns", "next")})
    async def page(
        request: Request,
        cursor: Annotated[str, Query(max_length=120, description="From `next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _PAGE,
    ) -> Response:
        _who(request, keys)
        found = await run_in_threadpool(campaigns.page, _after(cursor), limit)
        more = f"/v1/campaigns?cursor={_cursor(found[-1]['campaign'])}&limit={limit}" if len(found) == limit else None
        return _json({"campaigns": [_plain(one) for one in found], "next": more})

    @router.get(
        "/{name}",
        summary="How one campaign stands: its blocks and its history",
        responses={200: _one("The campaign."), 304: {"description": "The asker has it (If-None-Match)."}},
    )
    async def read(request: Request, name: _Name) -> Response:
        _who(request, keys)
        told = await run_in_threadpool(campaigns.read, name)
        seen = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
        if told["etag"] in seen and told["state"] != "starting":
            return Response(status_code=304, headers={"etag": told["etag"]})
        return _tagged(told)

    @router.get(
        "/{name}/file",
        summary="Its campaign file",
        responses={200: {"description": "YAML.", "content": {_YAML: {"schema": {"type": "string"}}}}},
    )
    async def file(request: Request, name: _Name) -> Response:
        _who(request, keys)
        text = await run_in_threadpool(campaigns.text, name)
        return Response(text, media_type=_YAML, headers={"content-disposition": f'attachment; filename="{name}.yaml"'})

    return router


def _plans(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that check and plan; nothing is written."""
    router = _router()

    @router.get(
        "/{name}/check",
        summary="What a check of policy and data finds",
        responses={200: _told("Findings.", "findings")},
    )
    async def check(request: Request, name: _Name) -> Response:
        _who(request, keys)
        return _json({"campaign": name, "findings": await run_in_threadpool(campaigns.check, name)})

    @router.get(
        "/{name}/plan",
        summary="What would be decided: reach, value, and the price of each limit; nothing is written",
        responses={200: _told("The plan.", "funnel", "limits", "reach", "value")},
    )
    async def plan(
        request: Request,
        name: _Name,
        budget: Annotated[Decimal | None, Query(ge=0, le=1_000_000_000, description="Try this budget.")] = None,
        contacts: Annotated[int | None, Query(ge=0, le=2_000_000_000, description="Try so many people.")] = None,
        bound: Annotated[
            list[str] | None,
            Query(max_length=20, description="Try another bound of a limit: LIMIT:BOUND, such as sex-reach:0.9."),
        ] = None,
    ) -> Response:
        _who(request, keys)
        tried = Simulated(budget, contacts, _bounds(bound or ()))
        return _json({"campaign": name, **await run_in_threadpool(campaigns.plan, name, tried)})

    @router.get(
        "/{name}/figures",
        summary="What its last whole run came to",
        responses={200: _told("The figures; null where it did not run.", "figures")},
    )
    async def figures(request: Request, name: _Name) -> Response:
        _who(request, keys)
        return _json({"campaign": name, "figures": await run_in_threadpool(campaigns.figures, name)})

    return router


def _changes(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that keep a version."""
    router = _router()

    @router.post(
        "",
        status_code=201,
        summary="Upload a campaign",
        responses={201: _one("It is kept, as a draft. The same file again is answered the same.")},
        openapi_extra=_file("The campaign file."),
    )
    async def upload(request: Request, reason: _Reason = "") -> Response:
        caller = _who(request, keys)
        document = await _document(request)
        told = await run_in_threadpool(lambda: campaigns.upload(document, who=caller, why=reason))
        return _tagged(told, 201, {"location": f"/v1/campaigns/{told['campaign']}"})

    @router.put(
        "/{name}",
        summary="Keep another version; what runs goes on until that is started",
        responses={200: _one("It is kept.")},
        openapi_extra=_file("The campaign file, with the id of the address."),
    )
    async def replace(request: Request, name: _Name, seen: _Seen = None, reason: _Reason = "") -> Response:
        caller, tag = _who(request, keys), _seen(seen)
        document = await _document(request)
        return _tagged(
            await run_in_threadpool(lambda: campaigns.replace(name, document, seen=tag, who=caller, why=reason))
        )

    return router


def _acts(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that start and stop."""
    router = _router()

    @router.get(
        "/{name}/monitor",
        summary="What its monitors found when they last looked",
        responses={200: _told("The look; null where they did not look.", "monitor")},
    )
    async def watched(request: Request, name: _Name) -> Response:
        _who(request, keys)
        return _json({"campaign": name, "monitor": await run_in_threadpool(campaigns.watched, name)})

    @router.post(
        "/{name}/monitor",
        summary="Have its monitors look now; what an alarm asks for follows",
        responses={200: _told("The look.", "monitor")},
    )
    async def look(request: Request, name: _Name, nothing: Nothing) -> Response:
        del nothing  # a body that says so, as every POST here has one
        _who(request, keys)
        return _json({"campaign": name, "monitor": await run_in_threadpool(campaigns.look, name)})

    @router.post(
        "/{name}/activate",
        summary="Decide about everybody, record it, and serve whoever comes later",
        responses={200: _one("It is active."), 202: _one("It is being started; look at it again.")},
    )
    async def activate(request: Request, name: _Name, asked: StartAsked, seen: _Seen = None) -> Response:
        caller, tag = _who(request, keys, asked.by), _seen(seen)
        told = await run_in_threadpool(lambda: campaigns.start(name, seen=tag, who=caller, why=asked.reason))
        return _tagged(told, 202 if told["state"] == "starting" else 200)

    @router.post(
        "/{name}/pause", summary="Stop it at once, in every process of the home", responses={200: _one("It is paused.")}
    )
    async def pause(request: Request, name: _Name, asked: NamedReason) -> Response:
        caller = _who(request, keys, asked.by)
        return _tagged(await run_in_threadpool(lambda: campaigns.pause(name, by=caller, reason=asked.reason)))

    @router.post("/{name}/resume", summary="Let it go on", responses={200: _one("It goes on.")})
    async def resume(request: Request, name: _Name, asked: NamedReason) -> Response:
        caller = _who(request, keys, asked.by)
        return _tagged(await run_in_threadpool(lambda: campaigns.resume(name, by=caller, reason=asked.reason)))

    return router


async def _document(request: Request) -> bytes:
    """The campaign file in a request, as YAML.

    Raises:
        ProblemError: it says that it is JSON and is no object.
    """
    body = await request.body()
    if "json" not in request.headers.get("content-type", "").partition(";")[0].lower():
        return body
    try:
        data = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
        if not isinstance(data, dict):
            raise ValueError("no object")
        return yaml_of(data).encode()
    except (ValueError, RecursionError):
        raise ProblemError("bad-json") from None


def _no_number(name: str) -> None:
    raise ValueError(name)


def _seen(tag: str | None) -> str:
    if tag is None:
        raise ProblemError("precondition")
    return tag.strip()


def _bounds(named: Any) -> dict[str, float]:
    out = {}
    for place, one in enumerate(named):
        limit, _, value = one.rpartition(":")
        try:
            bound = float(value)
        except ValueError:
            bound = -1.0
        if not limit or not 0 <= bound <= 1:
            raise ProblemError("unprocessable", errors=[(f"/bound/{place}", "limit-and-bound")])
        out[limit] = bound
    return out


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(f"c{name}".encode()).decode().rstrip("=")


def _after(cursor: str) -> str:
    if not cursor:
        return ""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if text[:1] != "c":
        raise ProblemError("unprocessable", errors=[("/cursor", "not-a-cursor")])
    return text[1:]


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "etag"}


def _tagged(told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    own = {"etag": told["etag"], "cache-control": "private, no-cache", **(headers or {})}
    return Response(_encode(_plain(told)), status, headers=own, media_type="application/json")


def _json(content: dict[str, Any]) -> Response:
    return Response(_encode(content), media_type="application/json")


def _told(about: str, *names: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [*names], "properties": {name: {} for name in names}}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _one(about: str) -> dict[str, Any]:
    states = ["draft", "starting", "active", "paused", "fell-back"]
    schema = {
        "type": "object",
        "required": ["campaign", "state", "origin", "is_served", "blocks", "history"],
        "properties": {
            "state": {"type": "string", "enum": states},
            "origin": {"type": "string", "enum": ["file", "network"]},
        },
    }
    tag = {"ETag": {"schema": {"type": "string"}, "description": "Another one whenever the campaign changed."}}
    return {"description": about, "headers": tag, "content": {"application/json": {"schema": schema}}}


def _file(about: str) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "description": f"{about} docs/campaign.schema.json describes it.",
            "content": {_YAML: {"schema": {"type": "string"}}, "application/json": {"schema": _OBJECT}},
        }
    }
