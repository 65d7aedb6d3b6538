"""The pages by which staff sign in and out. Mounted below ``/staff``:

    GET  sign-in        a page with one button
    GET  go             to the issuer
    GET  back           from the issuer, into a new session
    GET  (nothing)      the parts of the house that somebody may open
    POST leave          out
    POST back-channel   from the issuer itself: somebody signed out there (Back-Channel Logout 1.0)
    GET  staff.css      for everybody

The button is a link, because browsers hold a form to our own pages even where an answer sends it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evenhand.adapters.sign_in.issuer import IssuerError
from evenhand.adapters.sign_in.staff_sessions import SESSION
from evenhand.adapters.sign_in.staff_settings import is_loopback
from evenhand.adapters.sign_in.staff_sign_in import PATIENCE, SignIn, StateError, safe_path
from evenhand.adapters.sign_in.staff_tokens import TokenError
from evenhand.explanation import LANGUAGES
from evenhand.staff import RefusedWhy, sign_in_page, signed_out_page, start_page

from ._asking import form_of, language
from .staff_door import COOKIE, StaffDoor, staff_style, with_own

__all__ = ["SIGNING_IN", "sign_in_pages"]

SIGNING_IN = "__Host-evenhand-signing-in"
"""Holds a sign-in that was begun, sealed, until its person comes back."""
_UNKEPT = {"cache-control": "no-store"}
_SAID = ("state", "code", "iss", "error")


def sign_in_pages(door: StaffDoor, sign_in: SignIn, more: Sequence[Route] = ()) -> ASGIApp:
    """The application to mount at ``/staff``.

    Args:
        door: behind which the pages for staff stand.
        sign_in: signs people in.
        more: further routes below ``/staff``.
    """
    pages = _Pages(door, sign_in)
    return door.mount(
        [
            Route("/sign-in", pages.start, methods=["GET"]),
            Route("/go", pages.go, methods=["GET"]),
            Route("/back", pages.back, methods=["GET"]),
            Route("/leave", pages.leave, methods=["POST"]),
            Route("/back-channel", pages.back_channel, methods=["POST"]),
            Route("/staff.css", staff_style, methods=["GET"]),
            Route("/", pages.first, methods=["GET"]),
            *more,
        ]
    )


class _Pages:
    """One method per address."""

    def __init__(self, door: StaffDoor, sign_in: SignIn) -> None:
        self._door, self._sign_in = door, sign_in

    async def start(self, request: Request) -> Response:
        """Whoever is signed in sees so in the frame, and can sign in as somebody else."""
        to, lang = safe_path(request.query_params.get("to", "")), language(request)
        if self._is_by_another_name(request):
            return RedirectResponse(f"{self._door.site}/staff/sign-in?to={quote(to, safe='/')}&lang={lang}", 303)
        frame = self._door.frame(request, await self._door.staff_of(request), query=f"to={quote(to, safe='/')}")
        go = f"/staff/go?to={quote(to, safe='/')}&lang={lang}"
        page = sign_in_page(frame, lang, go=go, issuer=self._sign_in.issuer.host)
        return with_own(HTMLResponse(page))

    async def go(self, request: Request) -> Response:
        to, lang = (request.query_params.get(name, "") for name in ("to", "lang"))
        more: dict[str, Any] = {"at": self._door.clock(), "lang": lang if lang in LANGUAGES else ""}
        try:
            begun = await run_in_threadpool(lambda: self._sign_in.begin(to, **more))
        except IssuerError as error:
            self._door.fault(error)
            return self._door.refused(request, "issuer")
        response = RedirectResponse(begun.url, status_code=303)
        _set(response, SIGNING_IN, begun.kept, int(PATIENCE.total_seconds()))
        return response

    async def back(self, request: Request) -> Response:
        said = {name: request.query_params[name] for name in _SAID if name in request.query_params}
        kept = request.cookies.get(SIGNING_IN, "")
        try:
            word, to = await run_in_threadpool(self._sign_in.finish, kept, said, at=self._door.clock())
        except StateError:
            return self._refused(request, "state")
        except TokenError as error:
            self._door.fault(error)
            return self._refused(request, "token")
        except IssuerError as error:
            self._door.fault(error)
            return self._refused(request, "issuer")
        before = request.cookies.get(COOKIE, "")
        if before:
            await run_in_threadpool(self._door.sessions.end, before)
        response = RedirectResponse(to, status_code=303)
        _set(response, COOKIE, word, int(SESSION.total_seconds()))
        _forget(response, SIGNING_IN)
        return response

    async def first(self, request: Request) -> Response:
        staff = await self._door.staff_of(request)
        if staff is None:
            return self._door.to_sign_in(request)
        return with_own(HTMLResponse(start_page(self._door.frame(request, staff), language(request))))

    async def leave(self, request: Request) -> Response:
        staff = await self._door.staff_of(request)
        if staff is None:
            return self._door.refused(request, "session")
        form = await self._door.form(request, staff)
        if form is None:
            return self._door.refused(request, "form", staff=staff)
        await run_in_threadpool(self._door.sessions.end, request.cookies.get(COOKIE, ""))
        lang = language(request, form)
        there = await run_in_threadpool(self._sign_in.leave_there, lang)
        page = signed_out_page(self._door.frame(request, None), lang, go=f"/staff/sign-in?lang={lang}", there=there)
        response = HTMLResponse(page)
        _forget(response, COOKIE)
        return response

    async def back_channel(self, request: Request) -> Response:
        """The issuer, and no browser, says who signed out there; whoever else comes has no token of its."""
        form = await form_of(request) or {}
        tokens = form.get("logout_token", [])
        try:
            if len(tokens) != 1:
                raise TokenError("there is none, or more than one")
            await run_in_threadpool(self._sign_in.logged_out, tokens[0], at=self._door.clock())
        except (TokenError, IssuerError) as error:
            self._door.fault(error)
            return JSONResponse({"error": "invalid_request"}, status_code=400, headers=_UNKEPT)
        return Response(status_code=200, headers=_UNKEPT)

    def _is_by_another_name(self, request: Request) -> bool:
        """Whether this machine is asked as ``localhost`` where its pages stand at 127.0.0.1; a cookie is of one."""
        asked, site = f"http://{request.headers.get('host', '')}", self._door.site
        return is_loopback(asked) and is_loopback(site) and asked != site

    def _refused(self, request: Request, why: RefusedWhy) -> Response:
        response = self._door.refused(request, why)
        _forget(response, SIGNING_IN)
        return response


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def _forget(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
