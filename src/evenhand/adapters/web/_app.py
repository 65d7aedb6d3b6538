"""The application: the hot route beside FastAPI, and what all requests have in common."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evenhand.adapters.asking import Decider
from evenhand.adapters.campaigning import Campaigns
from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.terms import EvenhandError, LedgerError, StoreError

from ._asked_here import AskedHere
from ._campaigns import campaign_routes
from ._cards import card_routes
from ._decisions import DecisionDoor
from ._desk import desk_routes
from ._doors import Events, Health, Records, Sayings
from ._events import event_routes
from ._gate import Headers, Limits, body_of, is_json, key_of, request_id_of
from ._links import link_routes
from ._metrics import Metrics
from ._named_once import refuse_named_twice
from ._openapi import describe
from ._parameters import methods_at, refuse_unknown_parameters
from ._problems import ProblemError, problem_body, problem_of
from ._reading import health_routes, reading_routes
from ._saying import saying_routes
from ._served import ServedCampaign
from ._texts import language
from ._well_known import well_known_routes
from .officer_pages import OfficerDesk

__all__ = ["Service", "description", "make_app"]

_OWN, _FILES = "/v1/", "/v1/campaigns"
_BY_STATUS = {400: "bad-json", 404: "not-found", 405: "method"}
_MOST_PLACES = 100
_BAD, _UNAVAILABLE = 400, 503


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that the application needs from others.

    Attributes:
        decider: decides.
        records: keeps what was recorded.
        events: keeps what followed.
        sayings: keeps what people say and ask.
        register: keeps campaigns.
        desk: keeps requests of people, for whoever answers them.
        health: knows how the service is.
        keys: of machines.
        campaigns: what is served, by id.
        once: digest (32 bytes) of a machine's name and what it sent.
        metrics: counts.
        limits: what a request may be.
        version: of evenhand.
        fault: told of an error that is a fault of ours; of such an error callers learn nothing.
        closes: called when the application stops.
        routers: further routes.
        mounts: applications (ASGI) below an address of their own, such as the pages for people; by that address.
        front: where a browser that asks for ``/`` is led; "" = nowhere. A program is told that nothing is there.
        root: where that is nowhere, the application (ASGI) that answers such a browser; None = it is told so too.
        store: told of each request, by its method and route, whether a store failed it (the error) or not (None).
    """

    decider: Decider
    records: Records
    events: Events
    sayings: Sayings
    register: Campaigns
    desk: OfficerDesk
    health: Health
    keys: MachineKeys
    campaigns: Mapping[str, ServedCampaign]
    once: Callable[[str, bytes], bytes]
    metrics: Metrics
    limits: Limits = field(default_factory=Limits)
    version: str = "1"
    fault: Callable[[BaseException], None] = lambda _: None
    closes: Callable[[], None] = lambda: None
    routers: tuple[APIRouter, ...] = ()
    mounts: Mapping[str, Any] = field(default_factory=dict)
    front: str = ""
    root: Any = None
    store: Callable[[str, EvenhandError | None], None] = lambda _, __: None


class _Application:
    """Sends decisions the short way, and everything else through FastAPI with what all requests have in common."""

    def __init__(self, rest: FastAPI, door: DecisionDoor, service: Service) -> None:
        self.rest, self._door, self._service = rest, door, service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, or the start and the end of the application (ASGI)."""
        if scope["type"] == "http" and scope["path"] == DecisionDoor.path:
            await self._door(scope, receive, send)
        elif scope["type"] == "http":
            first = "/" + scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
            if scope["path"] == "/" and self._service.front and _is_browser(scope):
                await RedirectResponse(scope.get("root_path", "") + self._service.front, 303)(scope, receive, send)
            elif scope["path"] == "/" and self._service.root is not None and _is_browser(scope):
                await self._service.root(scope, receive, send)
            elif first in self._service.mounts:
                root = scope.get("root_path", "") + first
                await self._service.mounts[first]({**scope, "root_path": root}, receive, send)
            else:
                await self._others(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.rest(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _others(self, scope: Any, receive: Any, send: Any) -> None:
        began = time.perf_counter()
        headers = Headers(scope["headers"])
        request_id = scope.setdefault("state", {})["request_id"] = request_id_of(headers)
        told: list[int] = []

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
                names = {name for name, _ in message["headers"]}
                own = [
                    (b"x-request-id", request_id.encode()),
                    (b"cache-control", b"no-store"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
                message = {**message, "headers": [*message["headers"], *(one for one in own if one[0] not in names)]}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        is_head = scope["method"] == "HEAD"
        if is_head:  # as GET, without its body (RFC 9110, 9.3.2)
            scope = {**scope, "method": "GET"}
        try:
            if scope["method"] in ("POST", "PUT", "PATCH"):
                if scope["path"].startswith(_OWN):
                    key_of(headers, self._service.keys)  # nothing is read of whoever has none
                body = await body_of(headers, receive, self._service.limits, file=scope["path"].startswith(_FILES))
                if is_json(headers):
                    refuse_named_twice(body)
                receive = _once(body, receive)
            await self.rest(scope, receive, sent)
        except Exception as error:
            if not isinstance(error, ProblemError):
                self._service.fault(error)
            if not told:
                await _problem(error, headers, request_id)(scope, receive, sent)
        route = getattr(scope.get("route"), "path", "other")
        self._service.metrics.answered(route, told[0] if told else 500, time.perf_counter() - began)
        failed = scope["state"].get("failed")
        if failed is not None or (told and told[0] < _BAD):
            self._service.store(f"{scope['method']} {route}", failed)


def _is_browser(scope: Any) -> bool:
    """Whether somebody asks who would rather see a page."""
    accepts = (value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
    return scope["method"] in ("GET", "HEAD") and "text/html" in ",".join(accepts)


def make_app(service: Service) -> Any:
    """The application (ASGI) of a service."""
    rest = _rest(service)
    door = DecisionDoor(
        AskedHere(service.decider, service.limits.answers),
        service.keys,
        service.campaigns,
        service.once,
        service.metrics,
        service.limits,
        service.fault,
    )
    return _Application(rest, door, service)


def description() -> dict[str, Any]:
    """The OpenAPI description of the service's own routes, whatever it serves, with the pages of people beside."""
    nobody: Any = None
    beside = (link_routes(nobody, nobody, nobody), card_routes(nobody, nobody), well_known_routes(nobody))
    own = Service(nobody, nobody, nobody, nobody, nobody, nobody, nobody, nobody, {}, nobody, nobody, routers=beside)
    return _rest(own).openapi()


def _rest(service: Service) -> FastAPI:
    """Everything but the hot route."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.closes()

    rest = FastAPI(
        title="evenhand",
        version=service.version,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    rest.add_exception_handler(RequestValidationError, _told)
    rest.add_exception_handler(HTTPException, _told)
    rest.add_exception_handler(EvenhandError, _told)
    rest.add_exception_handler(ProblemError, _told)
    rest.add_exception_handler(Exception, _told)
    own: Iterable[APIRouter] = (
        health_routes(service.health, service.metrics),
        reading_routes(service.records, service.keys),
        event_routes(service.events, service.keys, service.metrics),
        saying_routes(service.sayings, service.keys),
        *campaign_routes(service.register, service.keys, service.once),
        *desk_routes(service.desk, service.keys),
    )
    for router in (*own, *service.routers):
        rest.include_router(router)
    describe(rest)
    return rest


async def _told(request: Request, error: Exception) -> Response:
    """An error as a problem."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        methods = methods_at(request.app.openapi(), request.scope["path"]) or ["GET", "HEAD"]  # of the description
        error = ProblemError("method", headers={"allow": ", ".join(methods)})
    if isinstance(error, StoreError | LedgerError) and problem_of(error).status == _UNAVAILABLE:
        request.scope["state"]["failed"] = error
    return _problem(error, Headers(request.scope["headers"]), request.scope["state"]["request_id"])


def _problem(error: Exception, headers: Headers, request_id: str) -> Response:
    if isinstance(error, RequestValidationError):
        problem = _unprocessable(error.errors())
    elif isinstance(error, HTTPException):
        problem = ProblemError(_BY_STATUS.get(error.status_code, "unprocessable"), headers=error.headers)
    else:
        problem = problem_of(error)
    lang = language(headers.accept_language)
    return Response(
        problem_body(problem, lang, request_id),
        problem.status,
        {**problem.headers, "content-language": lang},
        "application/problem+json",
    )


def _unprocessable(found: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Where a request is not of the documented form. Of a name that an asker made up the place is that of what holds
    it, since such a name may be somebody's value."""
    if any(one["type"] == "json_invalid" for one in found):
        return ProblemError("bad-json")
    places: dict[tuple[str, str], None] = {}
    for one in found[:_MOST_PLACES]:
        steps, code = one["loc"][1:], str(one["type"])
        steps = steps[:-1] if code == "extra_forbidden" else steps
        places["".join(f"/{step}" for step in steps), code] = None
    return ProblemError("unprocessable", errors=tuple(places))


def _once(body: bytes, receive: Any) -> Any:
    """Give a body that was read already; after it only whether the caller went away."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
