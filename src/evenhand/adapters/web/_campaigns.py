"""Routes for campaigns: upload, look, plan, start and pause them. Each does what a page of the console does.

An upload is YAML, or the same as JSON; it is judged by the checks of ``evenhand check``, and every finding comes back
with its place, its rule, who can mend it and how. Whoever changes a campaign says which state of it they have seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.campaigning import Campaigns, Simulated
from evenhand.adapters.declared.campaign_yaml import yaml_of
from evenhand.adapters.keys.machine_keys import MachineKeys

from ._campaign_acts import act_routes, review_routes
from ._campaign_parts import Name, Seen, json_of, look_for, one_told, plain, router_of, seen_in, tagged, told, who_of
from ._cursors import after_cursor, cursor_after
from ._problems import ProblemError
from ._reading import asker_has

__all__ = ["campaign_routes"]

_PAGE, _LARGEST_PAGE = 50, 500
_YAML = "application/yaml"
_Once = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="The same file under the same key is kept once, for ever; another file under it is refused.",
    ),
]
_Reason = Annotated[str, Query(max_length=500, description="Why; it is kept with the version.")]
_PLAN = "The plan; its amounts are in `currency`."
_OBJECT = {"type": "object"}


def campaign_routes(
    campaigns: Campaigns, keys: MachineKeys, once: Callable[[str, bytes], bytes]
) -> tuple[APIRouter, ...]:
    """Campaigns, for a key with the scope ``campaigns``.

    Args:
        campaigns: keeps them.
        keys: of machines.
        once: digest (32 bytes) of a machine's name and its Idempotency-Key.
    """
    parts = (_looks, _plans, review_routes, act_routes)
    return _changes(campaigns, keys, once), *(part(campaigns, keys) for part in parts)


def _looks(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that look."""
    router = router_of()

    @router.get("", summary="The campaigns, by their id", responses={200: told("A page.", "campaigns", "next")})
    async def page(
        request: Request,
        cursor: Annotated[str, Query(max_length=120, description="From `next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _PAGE,
    ) -> Response:
        look_for(request, keys)
        found = await run_in_threadpool(campaigns.page, after_cursor("c", cursor), limit)
        last = cursor_after("c", found[-1]["campaign"]) if len(found) == limit else ""
        more = f"/v1/campaigns?cursor={last}&limit={limit}" if last else None
        return json_of({"campaigns": [plain(one) for one in found], "next": more})

    @router.get(
        "/{name}",
        summary="How one campaign stands: its blocks and its history",
        responses={200: one_told("The campaign."), 304: {"description": "The asker has it (If-None-Match)."}},
    )
    async def read(request: Request, name: Name) -> Response:
        look_for(request, keys)
        told = await run_in_threadpool(campaigns.read, name)
        if asker_has(request, told["etag"]) and told["state"] != "starting":
            return Response(status_code=304, headers={"etag": told["etag"]})
        return tagged(told)

    @router.get(
        "/{name}/file",
        summary="Its campaign file",
        responses={200: {"description": "YAML.", "content": {_YAML: {"schema": {"type": "string"}}}}},
    )
    async def file(request: Request, name: Name) -> Response:
        look_for(request, keys)
        text = await run_in_threadpool(campaigns.text, name)
        return Response(text, media_type=_YAML, headers={"content-disposition": f'attachment; filename="{name}.yaml"'})

    return router


def _plans(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that check and plan; nothing is written."""
    router = router_of()

    @router.get(
        "/{name}/check",
        summary="What a check of policy and data finds",
        responses={200: told("Findings.", "findings")},
    )
    async def check(request: Request, name: Name) -> Response:
        who_of(request, keys)
        return json_of({"campaign": name, "findings": await run_in_threadpool(campaigns.check, name)})

    @router.get(
        "/{name}/plan",
        summary="What would be decided: reach, value, and the price of each limit; nothing is written",
        responses={200: told(_PLAN, "currency", "funnel", "limits", "reach", "value")},
    )
    async def plan(
        request: Request,
        name: Name,
        budget: Annotated[
            Decimal | None,
            Query(ge=0, le=1_000_000_000, decimal_places=6, description="Try this budget (in its currency)."),
        ] = None,
        contacts: Annotated[int | None, Query(ge=0, le=2_000_000_000, description="Try so many people.")] = None,
        bound: Annotated[
            list[str] | None,
            Query(max_length=20, description="Try another bound of a limit: LIMIT:BOUND, such as sex-reach:0.9."),
        ] = None,
    ) -> Response:
        who_of(request, keys)
        tried = Simulated(budget, contacts, _bounds(bound or ()))
        return json_of({"campaign": name, **await run_in_threadpool(campaigns.plan, name, tried)})

    @router.get(
        "/{name}/figures",
        summary="What its last whole run came to, and what was decided since, in tens",
        responses={200: told("The figures; null where it did not run.", "figures")},
    )
    async def figures(request: Request, name: Name) -> Response:
        who_of(request, keys)
        return json_of({"campaign": name, "figures": await run_in_threadpool(campaigns.figures, name)})

    return router


def _changes(campaigns: Campaigns, keys: MachineKeys, once: Callable[[str, bytes], bytes]) -> APIRouter:
    """Routes that keep a version."""
    router = router_of()

    @router.post(
        "",
        status_code=201,
        summary="Upload a campaign",
        responses={201: one_told("It is kept, as a draft. The same file again is answered the same.")},
        openapi_extra=_file("The campaign file."),
    )
    async def upload(request: Request, reason: _Reason = "", key: _Once = None) -> Response:
        caller = who_of(request, keys)
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ProblemError("idempotency-key")
        under = "" if key is None else once(caller, b"campaign\0" + key.encode()).hex()
        document = await _document(request)
        told = await run_in_threadpool(lambda: campaigns.upload(document, who=caller, why=reason, once=under))
        return tagged(told, 201, {"location": f"/v1/campaigns/{told['campaign']}"})

    @router.put(
        "/{name}",
        summary="Keep another version; what runs goes on until that is started",
        responses={200: one_told("It is kept.")},
        openapi_extra=_file("The campaign file, with the id of the address."),
    )
    async def replace(request: Request, name: Name, seen: Seen = None, reason: _Reason = "") -> Response:
        caller, tag = who_of(request, keys), seen_in(seen)
        document = await _document(request)
        return tagged(
            await run_in_threadpool(lambda: campaigns.replace(name, document, seen=tag, who=caller, why=reason))
        )

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


def _file(about: str) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "description": f"{about} docs/campaign.schema.json describes it.",
            "content": {_YAML: {"schema": {"type": "string"}}, "application/json": {"schema": _OBJECT}},
        }
    }
