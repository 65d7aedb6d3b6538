"""Answers, each with the headers of a private page: not kept, not framed, not sent on, without foreign scripts."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from evenhand.explanation import Lang
from evenhand.portal import style

from ._asking import root_of

__all__ = ["PLAIN_POLICY", "Guarded", "sent_on", "style_sheet", "with_own_script"]

PLAIN_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": PLAIN_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "vary": "Accept-Language, Sec-GPC, Cookie",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


class Guarded:
    """Puts the headers on every answer that has none of its own, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def with_own_script() -> str:
    """The policy of a page that has a script of this very service beside it, and none within it."""
    return f"{PLAIN_POLICY}; script-src 'self'"


def sent_on(request: Request, path: str, lang: Lang, done: str) -> RedirectResponse:
    """To a page by GET, so that a reload sends nothing twice."""
    told = f"&done={done}" if done else ""
    return RedirectResponse(f"{root_of(request)}{path}?lang={lang}{told}", status_code=303)


async def style_sheet(_: Request) -> Response:
    return Response(style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})
