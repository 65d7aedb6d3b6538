"""The door that every page for staff stands behind: who is signed in, whether they may, and whether a form is theirs.

Whoever adds pages for staff gives each a handler and the roles that open it::

    door = StaffDoor(sessions, sections, site="https://shop.example")

    async def campaigns(request: Request, staff: Staff) -> Response:
        return HTMLResponse(fill("list.html", door.frame(request, staff), language(request), ...))

    async def pause(request: Request, staff: Staff, form: Form) -> Response:
        ...
        return door.sent_on("/console/campaigns", request, form)

    door.mount(
        [
            door.page("/campaigns", campaigns, StaffRole.MARKETER, StaffRole.DATA_SCIENTIST),
            door.sending("/campaigns/{campaign}/pause", pause, StaffRole.MARKETER),
        ]
    )

Mount what `StaffDoor.mount` makes in `Service.mounts`. Without a role a page is refused with who can give it; without a
session a page leads to the sign-in, and a form changes nothing. A form counts only where the browser says that
it came from here *and* it sends back the session's own token. Where the home cannot be read, nobody is let in.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evenhand.adapters.sign_in.staff_sessions import StaffSessions
from evenhand.staff import Frame, RefusedWhy, Section, Staff, StaffRole, refused_page, style
from evenhand.terms import EvenhandError

from ._answers import Guarded
from ._asking import form_of, language, root_of

__all__ = ["COOKIE", "Form", "StaffDoor", "is_own", "with_own"]

COOKIE = "__Host-evenhand-staff"
"""Holds the word of a session; only this host gets it back, over TLS (or on this machine), and no script reads it."""
_SIGN_IN = "/staff/sign-in"
_OWN = {"referrer-policy": "same-origin"}
"""With ``no-referrer`` browsers would not say where a form came from."""

Form = Mapping[str, Sequence[str]]
Page = Callable[[Request, Staff], Awaitable[Response]]
Sending = Callable[[Request, Staff, Form], Awaitable[Response]]


class StaffDoor:
    """Lets staff in.

    Args:
        sessions: who is signed in.
        sections: parts of the house, for the frame.
        site: scheme, host and port under which staff reach the service, such as ``https://shop.example``.
        contact: who gives roles; "" = not declared.
        sender: whose house it is.
        clock: now.
        fault: told of every error that is not the asker's; they learn nothing of it.
    """

    def __init__(
        self,
        sessions: StaffSessions,
        sections: Sequence[Section],
        *,
        site: str,
        contact: str = "",
        sender: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self.sessions, self.site, self.clock, self.fault = sessions, site.rstrip("/"), clock, fault
        self._sections, self._contact, self._sender = tuple(sections), contact, sender

    def mount(self, routes: Sequence[Route]) -> ASGIApp:
        """An application of such pages, with the headers of private pages on every answer."""
        told: dict[Any, Any] = {404: self._nothing_here, 405: self._nothing_here, Exception: self._cannot}
        told[EvenhandError] = self._cannot
        return Guarded(Starlette(routes=list(routes), exception_handlers=told))

    def page(self, path: str, handler: Page, *roles: StaffRole) -> Route:
        """A page that these roles open.

        Raises:
            ValueError: no role is named, so nobody could open it.
        """
        _some(roles)

        async def endpoint(request: Request) -> Response:
            staff = await self.staff_of(request)
            if staff is None:
                return self.to_sign_in(request)
            if not staff.may(roles):
                return self.refused(request, "role", staff=staff, roles=roles)
            return with_own(await handler(request, staff))

        return Route(path, endpoint, methods=["GET"])

    def sending(self, path: str, handler: Sending, *roles: StaffRole) -> Route:
        """Where a form is sent that these roles may send.

        Raises:
            ValueError: no role is named, so nobody could send it.
        """
        _some(roles)

        async def endpoint(request: Request) -> Response:
            staff = await self.staff_of(request)
            if staff is None:
                return self.refused(request, "session")
            form = await self.form(request, staff)
            if form is None:
                return self.refused(request, "form", staff=staff)
            if not staff.may(roles):
                return self.refused(request, "role", staff=staff, roles=roles, form=form)
            return with_own(await handler(request, staff, form))

        return Route(path, endpoint, methods=["POST"])

    async def staff_of(self, request: Request) -> Staff | None:
        """Who is signed in; None where nobody is.

        Raises:
            StoreError: the home cannot be read; then nobody is let in.
        """
        return await run_in_threadpool(self.sessions.read, request.cookies.get(COOKIE, ""), at=self.clock())

    async def form(self, request: Request, staff: Staff) -> dict[str, list[str]] | None:
        """The fields of a form that this browser sent from our pages; None where it is not that, or too large."""
        if not is_own(request, self.site):
            return None
        form = await form_of(request)
        token = (form or {}).get("csrf", [""])[-1]
        return form if form is not None and self.is_token(staff, token) else None

    def is_token(self, staff: Staff, token: str) -> bool:
        """Whether this is what a form of this session sends back, compared in constant time."""
        return bool(staff.csrf) and hmac.compare_digest(staff.csrf.encode(), token.encode())

    def frame(
        self, request: Request, staff: Staff | None, *, query: str = "", form: str = "", form_does: str = ""
    ) -> Frame:
        """What stands around a page; `query`, `form` and `form_does` as of `Frame`."""
        sections = tuple(one for one in self._sections if staff is not None and staff.may(one.roles))
        return Frame(
            here=root_of(request) + _path_below(request),
            style=f"{_SIGN_IN.rpartition('/')[0]}/staff.css",
            query=query,
            staff=staff,
            sections=sections,
            leave="/staff/leave" if staff is not None else "",
            sender=self._sender,
            form=form,
            form_does=form_does,
        )

    def sent_on(self, path: str, request: Request, form: Form, **query: str) -> Response:
        """To a page by GET, so that a reload sends nothing twice.

        Args:
            path: whole, such as ``/officer/requests/R-1``.
            request: the one that is answered.
            form: what was sent; its language goes on.
            query: what the page is to be told.
        """
        told = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        return RedirectResponse(f"{path}?lang={language(request, form)}{told}", status_code=303)

    def to_sign_in(self, request: Request) -> Response:
        """To the sign-in, and back here after it."""
        here = root_of(request) + _path_below(request)
        return RedirectResponse(f"{_SIGN_IN}?to={quote(here, safe='/')}&lang={language(request)}", status_code=303)

    def refused(
        self,
        request: Request,
        why: RefusedWhy,
        *,
        staff: Staff | None = None,
        roles: Sequence[StaffRole] = (),
        form: Form | None = None,
    ) -> Response:
        """The page that is shown instead, with its status."""
        go = f"{_SIGN_IN}?lang={language(request, form)}" if why in ("session", "issuer", "state") else ""
        page = refused_page(
            why,
            self.frame(request, staff),
            language(request, form),
            go=go,
            roles=roles,
            contact=self._contact,
        )
        status = {"unknown": 404, "issuer": 503, "store": 503, "session": 401}.get(why, 403)
        return with_own(HTMLResponse(page, status_code=status))

    async def _nothing_here(self, request: Request, _: Exception) -> Response:
        return self.refused(request, "unknown", staff=await self.staff_of(request))

    async def _cannot(self, request: Request, error: Exception) -> Response:
        """The home cannot be read or written now, or something in it is not as it must be; nobody is told more."""
        self.fault(error)
        return self.refused(request, "store")


def is_own(request: Request, site: str) -> bool:
    """Whether the browser says that a request came from our own pages.

    ``Sec-Fetch-Site`` is set by browsers and by no page; where there is neither it nor ``Origin``, the answer is no.

    Args:
        request: the request.
        site: scheme, host and port of our own.
    """
    fetch, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetch is None and origin is None:
        return False
    return fetch in (None, "same-origin") and (origin is None or _same(origin, site))


async def staff_style(_: Request) -> Response:
    """The style sheet of pages for staff."""
    return Response(style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})


def _same(origin: str, site: str) -> bool:
    theirs, ours = urlsplit(origin), urlsplit(site)
    return (theirs.scheme, theirs.netloc.lower()) == (ours.scheme, ours.netloc.lower())


def _path_below(request: Request) -> str:
    """The path below the mount."""
    root, path = root_of(request), str(request.scope["path"])
    return path.removeprefix(root) if root else path


def with_own(response: Response) -> Response:
    """The answer as every page with a form must be, so that the browser says where the form came from."""
    for name, value in _OWN.items():
        response.headers.setdefault(name, value)
    return response


def _some(roles: Sequence[StaffRole]) -> None:
    if not roles:
        raise ValueError("a page that no role opens can be opened by nobody")
