"""The way in with a one-time code, for whoever has no link: the same answers whether somebody is known or not."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from evenhand.adapters.entry.entry_codes import CODE_MINUTES, CodesBusyError, EntryCodes
from evenhand.explanation import Lang
from evenhand.portal import Place, code_page, enter_page

from ._answers import sent_on
from ._asking import language, root_of

__all__ = ["Visits", "entry_routes"]

_AGAIN = 60
"""Seconds after which somebody may ask again where too many ask."""


class Visits(Protocol):
    """The pages that a code opens."""

    def now(self) -> datetime:
        """The moment."""
        ...

    def sender(self) -> tuple[str, str]:
        """Whose pages these are, and where a human answers."""
        ...

    async def form(self, request: Request) -> dict[str, list[str]] | None:
        """The fields of a form, or None."""
        ...

    def begin_visit(self, request: Request, who: str, lang: Lang) -> Response:
        """Open somebody's own pages in this browser."""
        ...


def entry_routes(codes: EntryCodes, visits: Visits) -> list[Route]:
    """The addresses below ``/me/enter``."""

    async def enter(request: Request) -> Response:
        return HTMLResponse(enter_page(*visits.sender(), _place(request, "/me/enter"), language(request)))

    async def ask(request: Request) -> Response:
        form = await visits.form(request) or {}
        lang = language(request, form)
        try:
            token, deliver = await run_in_threadpool(codes.ask, form.get("known", [""])[-1], lang, visits.now())
        except CodesBusyError:
            page = enter_page(*visits.sender(), _place(request, "/me/enter"), lang, problem="busy")
            return HTMLResponse(page, status_code=429, headers={"retry-after": str(_AGAIN)})
        answer = sent_on(request, f"/me/enter/{token}", lang, "")
        answer.background = BackgroundTask(deliver)
        return answer

    async def fill_in(request: Request) -> Response:
        return _code(request, language(request), is_wrong=False)

    async def come_in(request: Request) -> Response:
        form = await visits.form(request) or {}
        lang, token = language(request, form), request.path_params["token"]
        code, now = form.get("code", [""])[-1], visits.now()
        button = form.get("csrf", [""])[-1]
        who = await run_in_threadpool(codes.enter, token, code, now, button)
        return _code(request, lang, is_wrong=True) if who is None else visits.begin_visit(request, who, lang)

    def _code(request: Request, lang: Lang, *, is_wrong: bool) -> Response:
        place = replace(_place(request, f"/me/enter/{request.path_params['token']}"), csrf=secrets.token_hex(16))
        page = code_page(*visits.sender(), place, lang, minutes=CODE_MINUTES, is_wrong=is_wrong)
        return HTMLResponse(page, status_code=403 if is_wrong else 200)

    return [
        Route("/me/enter", enter, methods=["GET"]),
        Route("/me/enter", ask, methods=["POST"]),
        Route("/me/enter/{token}", fill_in, methods=["GET"]),
        Route("/me/enter/{token}", come_in, methods=["POST"]),
    ]


def _place(request: Request, path: str) -> Place:
    root = root_of(request)
    return Place(
        here=root + path, style=f"{root}/portal.css", how=f"{root}/how", act=root + path, enter=f"{root}/me/enter"
    )
