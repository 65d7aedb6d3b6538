"""What a browser is shown at the address of a service itself, where it is led nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from evenhand.portal import Place, root_page

from ._answers import Guarded
from ._asking import language, root_of

__all__ = ["root_pages"]


def root_pages(sender: Callable[[], tuple[str, str]], *, pages: str = "", staff: str = "") -> ASGIApp:
    """The application that answers ``/`` to a browser.

    Args:
        sender: whose service it is, and where a human answers.
        pages: first part of the address of the pages of people, such as ``/my``; "" = they are not there.
        staff: likewise of the pages for staff, such as ``/staff``.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        root = root_of(request)
        below = root + pages if pages else ""
        place = Place(
            here=f"{root}/",
            style=f"{below}/portal.css" if pages else f"{root}{staff}/staff.css" if staff else "",
            how="",
        )
        links = {
            "how": f"{below}/how" if pages else "",
            "me": f"{below}/me" if pages else "",
            "staff": f"{root}{staff}/" if staff else "",
        }
        page = root_page(*sender(), place, language(request), programs=f"{root}/openapi.json", **links)
        await HTMLResponse(page)(scope, receive, send)

    return Guarded(app)
