"""A door for staff, and somebody's browser in front of it; no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import httpx
from starlette.types import ASGIApp

from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions, mark_of
from evenhand.adapters.web import StaffDoor
from evenhand.adapters.web.staff_door import COOKIE
from evenhand.staff import Section, StaffRole

SITE = "https://shop.example"
SECRET = bytes(range(32))
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def a_door(sections: Sequence[Section] = (), *, clock: Callable[[], datetime] = lambda: AT) -> StaffDoor:
    """A door that remembers sessions in memory."""
    sessions = StaffSessions(SECRET, SessionsInMemory())
    return StaffDoor(sessions, sections, site=SITE, contact="it@shop.example", sender="Shop", clock=clock)


class StaffBrowser:
    """Somebody's browser, signed in with roles; it sends what browsers send from a page of ours.

    Args:
        app: an application (ASGI).
        door: that it stands behind.
        roles: of whoever looks; None = nobody is signed in.
        quiet: a fault of the application is answered, as a server does, and not raised here.
        who: how the issuer tells them apart.
    """

    def __init__(
        self,
        app: ASGIApp,
        door: StaffDoor,
        roles: Collection[StaffRole] | None = None,
        *,
        quiet: bool = False,
        who: str = "u-17",
    ) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=not quiet)
        self._client = httpx.AsyncClient(transport=transport, base_url=SITE)
        self.csrf = ""
        if roles is not None:
            mark = mark_of(SECRET, "https://login.shop.example", who)
            word = door.sessions.open(mark=mark, name="Sanne de Vries", roles=roles, at=door.clock())
            self._client.cookies.set(COOKIE, word)
            staff = door.sessions.read(word, at=door.clock())
            assert staff is not None
            self.csrf = staff.csrf

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a page; redirects are not followed."""
        return asyncio.run(self._client.get(path, headers=headers))

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str | list[str]) -> httpx.Response:
        """Send a form with its token; ``headers`` stand in for those of a page of ours."""
        own = {"origin": SITE, "sec-fetch-site": "same-origin"} if headers is None else headers
        return asyncio.run(self._client.post(path, data={"csrf": self.csrf, **fields}, headers=own))
