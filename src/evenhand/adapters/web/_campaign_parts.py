"""What routes for campaigns share: who calls in which roles, names in addresses, and answers with their tags."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys

from ._gate import Headers, caller_of, named_through
from ._problems import ProblemError

__all__ = [
    "ROLES",
    "Name",
    "Seen",
    "acting",
    "json_of",
    "look_for",
    "one_told",
    "plain",
    "router_of",
    "seen_in",
    "tagged",
    "told",
    "who_of",
]

_encode = msgspec.json.Encoder().encode
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="Id of a campaign.")]
Seen = Annotated[
    str | None,
    Header(alias="If-Match", max_length=64, description="ETag of the campaign as it was seen; * = whatever it is."),
]
ROLES = {"officer": "privacy-officer", "campaigns": "marketer", "review": "reviewer"}
"""The role in which a key acts, by its scope; the one that weighs most first."""


def router_of() -> APIRouter:
    return APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


def who_of(request: Request, keys: MachineKeys, by: str = "") -> str:
    """The machine that calls, and the person that it names."""
    name = f"machine {caller_of(Headers(request.scope['headers']), keys, 'campaigns').key.name}"
    return named_through(by, name) or name


def acting(request: Request, keys: MachineKeys, by: str, *scopes: str) -> dict[str, Any]:
    """The person named by the machine that calls, and the roles in which it calls: an officer's key is an officer's."""
    key = caller_of(Headers(request.scope["headers"]), keys, *scopes).key
    roles = [role for scope, role in ROLES.items() if scope in key.scopes]
    return {"by": named_through(by, f"machine {key.name}"), "roles": roles}


def look_for(request: Request, keys: MachineKeys) -> None:
    """Whoever changes campaigns may look at them, and whoever reviews or stops them."""
    caller_of(Headers(request.scope["headers"]), keys, *ROLES)


def seen_in(tag: str | None) -> str:
    if tag is None:
        raise ProblemError("precondition")
    return tag.strip()


def plain(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "etag"}


def tagged(told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    own = {"etag": told["etag"], "cache-control": "private, no-cache", **(headers or {})}
    return Response(_encode(plain(told)), status, headers=own, media_type="application/json")


def json_of(content: dict[str, Any]) -> Response:
    return Response(_encode(content), media_type="application/json")


def told(about: str, *names: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [*names], "properties": {name: {} for name in names}}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def one_told(about: str) -> dict[str, Any]:
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
