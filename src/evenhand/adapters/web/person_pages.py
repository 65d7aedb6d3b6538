"""The person's pages behind addresses: who may see which, by signed links; forms, headers, cookies, languages.

Mount `person_pages` where you like, or serve it alone. Addresses below the mount:

    GET  why/LINK                 one decision, for whoever has the link to it; with endings as below
    POST why/LINK                 a choice there: only off, never on
    GET  in/LINK, POST in/LINK    the door to a person's own pages; the link is used up by the second
    GET  me/enter, POST me/enter  for whoever has no link: ask for a one-time code, where the house brings codes
    GET  me/enter/TOKEN, POST     fill it in, which opens own pages too
    GET  me, POST me              own pages; choices
    GET  me/why/DECISION          one decision; with ``.json`` behind it as a file, with ``.receipt`` as a page that
                                  fetches its receipt (``.receipt.json``) and checks it, with ``.receipt.html`` as a
                                  receipt to keep, and with ``.proof`` as one that holds nothing of the person
    POST me/ask, me/leave         requests; the end of a visit
    GET  how, portal.css          for everybody; so is check_receipt.py, which checks receipts
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import VISIT, Links, OnceStore, Opening, Scope, form_mark
from evenhand.explanation import Lang
from evenhand.portal import (
    Ask,
    Me,
    Place,
    Why,
    door_page,
    how_page,
    intent_of,
    is_protective,
    lacks_words,
    left_page,
    me_page,
    refused_page,
    typed_in,
    why_page,
)
from evenhand.terms import StoreError

from ._answers import Guarded, sent_on, style_sheet
from ._asking import (
    ARRIVES,
    ending_of,
    form_of,
    is_from_elsewhere,
    just_done,
    language,
    root_of,
    says_no,
    skipped,
    way_back,
)
from ._person_entry import entry_routes
from ._person_files import CHECKER, check_program, decision_file
from ._person_house import Desk, House

__all__ = ["Desk", "House", "person_pages"]

_COOKIE = "evenhand-visit"
_FULL = 80_000
"""Bytes of a form in which every box of the own page is full, whatever the script."""


def person_pages(
    house: House,
    links: Links,
    once: OnceStore,
    *,
    codes: EntryCodes | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    arrives: float = ARRIVES,
) -> ASGIApp:
    """The pages as an ASGI application.

    Args:
        house: the organisation and its people's desks.
        links: reads the links of its home.
        once: remembers which links were used.
        codes: makes one-time codes; None = people come in by links alone.
        clock: now.
        arrives: seconds within which a form must be there.
    """
    pages = _Pages(house, links, once, codes, clock, arrives)
    app = Starlette(
        routes=[
            Route("/why/{link}", pages.one_decision, methods=["GET"]),
            Route("/why/{link}", pages.choose_there, methods=["POST"]),
            Route("/in/{link}", pages.door, methods=["GET"]),
            Route("/in/{link}", pages.enter, methods=["POST"]),
            Route("/me", pages.me, methods=["GET"]),
            Route("/me", pages.choose, methods=["POST"]),
            Route("/me/ask", pages.choose, methods=["POST"]),
            *(entry_routes(codes, pages) if codes is not None else ()),
            Route("/me/leave", pages.leave, methods=["POST"]),
            Route("/me/why/{decision}", pages.why, methods=["GET"]),
            Route("/how", pages.how, methods=["GET"]),
            Route("/portal.css", style_sheet, methods=["GET"]),
            Route(CHECKER, check_program, methods=["GET"]),
        ],
        exception_handlers={
            404: pages.nothing_here,
            405: pages.nothing_here,
            StoreError: pages.not_now,
            Exception: pages.our_fault,
        },
    )
    return Guarded(app)


class _Pages:
    """One method per address."""

    def __init__(
        self,
        house: House,
        links: Links,
        once: OnceStore,
        codes: EntryCodes | None,
        clock: Callable[[], datetime],
        arrives: float,
    ) -> None:
        self._house, self._links, self._once, self._clock, self._arrives = house, links, once, clock, arrives
        self._has_codes = codes is not None

    def now(self) -> datetime:
        """The moment."""
        return self._clock()

    def sender(self) -> tuple[str, str]:
        """Whose pages these are, and where a human answers."""
        return self._house.sender()

    async def form(self, request: Request) -> dict[str, list[str]] | None:
        """The fields of a form; None where it is none, too large, too late, or another site sent it."""
        return None if is_from_elsewhere(request) else await form_of(request, self._arrives, _FULL)

    def begin_visit(self, request: Request, who: str, lang: Lang) -> Response:
        """Open somebody's own pages in this browser, for a while."""
        visit = self._links.make(Scope.VISIT, who, until=self._clock() + VISIT)
        response = sent_on(request, "/me", lang, "")
        response.set_cookie(
            _COOKIE,
            visit,
            max_age=int(VISIT.total_seconds()),
            path=root_of(request) or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def one_decision(self, request: Request) -> Response:
        link, kind = ending_of(request.path_params["link"])
        opening = self._links.read(link, Scope.ONE_DECISION, at=self._clock())
        if opening is None:
            return self._refused(request, "link")
        if kind:
            return await self._as_file(request, opening.who, opening.about, kind, f"/why/{link}")
        return await self._shown(request, opening)

    async def choose_there(self, request: Request) -> Response:
        """A choice behind a link to one decision: the link itself is what no other site knows."""
        opening = self._opening(request, Scope.ONE_DECISION)
        form = await self.form(request)
        if opening is None or form is None:
            return self._refused(request, "link" if opening is None else "form", form)
        done = await run_in_threadpool(self._done, opening.who, form, language(request, form), only_off=True)
        link = request.path_params["link"]
        return sent_on(request, f"/why/{link}", language(request, form), self._links.done(done, link, self._clock()))

    async def door(self, request: Request) -> Response:
        if self._opening(request, Scope.OWN_PAGES) is None:
            return self._refused(request, "link")
        path = f"/in/{request.path_params['link']}"
        place = _place(request, path, act=root_of(request) + path, csrf=secrets.token_hex(16))
        minutes = int(VISIT.total_seconds() // 60)
        return HTMLResponse(door_page(*self._house.sender(), place, language(request), minutes=minutes))

    async def enter(self, request: Request) -> Response:
        """Open the pages that a link leads to; a form of another site neither opens them nor uses the link up."""
        if is_from_elsewhere(request):
            return self._refused(request, "form")
        opening = self._opening(request, Scope.OWN_PAGES)
        form = await self.form(request) or {}
        if opening is None or not await self._used(opening, form.get("csrf", [""])[-1]):
            return self._refused(request, "link", form)
        return self.begin_visit(request, opening.who, language(request, form))

    async def _used(self, opening: Opening, button: str) -> bool:
        """Whether a link opens its pages now: once, or twice by the same button of the same door."""
        form = form_mark(button, opening.mark.hex())
        if not form:
            return await run_in_threadpool(self._once.use, opening.mark, opening.until)
        return await run_in_threadpool(self._once.use_by, opening.mark, opening.until, form, self._clock())

    async def me(self, request: Request) -> Response:
        opening = self._visit(request)
        if opening is None:
            return self._outside(request)
        return await self._own_page(request, opening.who, language(request), {})

    async def _own_page(self, request: Request, who: str, lang: Lang, typed: Mapping[str, str]) -> Response:
        me = await run_in_threadpool(self._me, who, lang, says_no(request), skipped(request))
        asked, chosen = skipped(request, "older-asked"), skipped(request, "older-chosen")
        place = self._own_place(request, "/me")
        return HTMLResponse(me_page(me, place, lang, typed=typed, past_asked=asked, past_chosen=chosen))

    def _me(self, who: str, lang: Lang, browser_says_no: bool, past: int) -> Me:
        desk = self._house.desk(who)
        if browser_says_no:
            desk.hear_browser()
        return desk.me(lang, browser_says_no=browser_says_no, skipped=past)

    async def choose(self, request: Request) -> Response:
        opening = self._visit(request)
        form = await self.form(request)
        if opening is None:
            return self._refused(request, "session", form)
        token = (form or {}).get("csrf", [""])[-1]
        if form is None or not self._links.is_form_token(request.cookies[_COOKIE], token):
            return self._refused(request, "form", form)
        if to := form.get("to"):  # a button of a language: nothing is chosen, and what was typed stays
            return await self._own_page(request, opening.who, language(request, {"lang": to}), typed_in(form))
        done = await run_in_threadpool(self._done, opening.who, form, language(request, form), only_off=False)
        told = self._links.done(done, request.cookies[_COOKIE], self._clock())
        back = "/me" if done == "ask" else way_back(form)  # where requests stand, each with its day
        return sent_on(request, back, language(request, form), told)

    async def why(self, request: Request) -> Response:
        opening = self._visit(request)
        if opening is None:
            return self._outside(request)
        decision, kind = ending_of(request.path_params["decision"])
        if kind:
            return await self._as_file(request, opening.who, decision, kind, f"/me/why/{decision}")
        why = await run_in_threadpool(self._house.desk(opening.who).why, decision, language(request))
        return self._refused(request, "unknown") if why is None else self._page_of(request, why)

    async def _as_file(self, request: Request, who: str, decision: str, kind: str, here: str) -> Response:
        """One decision about somebody, as something to hold; `here` is the page that explains it."""
        root, desk, lang = root_of(request), self._house.desk(who), language(request)
        by_link = here.startswith("/why/")
        made = partial(decision_file, desk, decision, kind, lang, root=root, here=root + here, by_link=by_link)
        return await run_in_threadpool(made) or self._refused(request, "unknown")

    async def leave(self, request: Request) -> Response:
        form = await self.form(request) or {}
        visit = request.cookies.get(_COOKIE, "")
        if not self._links.is_form_token(visit, form.get("csrf", [""])[-1]):
            return self._refused(request, "form", form)
        page = left_page(*self._house.sender(), _place(request, "/how"), language(request, form))
        response = HTMLResponse(page)
        response.delete_cookie(_COOKIE, path=root_of(request) or "/", httponly=True, samesite="strict")
        return response

    async def how(self, request: Request) -> Response:
        place = self._own_place(request, "/how") if self._visit(request) else _place(request, "/how")
        return HTMLResponse(how_page(*self._house.sender(), place, language(request)))

    async def nothing_here(self, request: Request, _: Exception) -> Response:
        return self._refused(request, "unknown")

    async def not_now(self, request: Request, _: Exception) -> Response:
        """A store cannot be reached: a page, since it is a person who asks."""
        return await self._trouble(request, "not-now", 503)

    async def our_fault(self, request: Request, _: Exception) -> Response:
        """A fault of ours, which whoever looks after the server is told of as before."""
        return await self._trouble(request, "fault", 500)

    async def _trouble(self, request: Request, why: Literal["not-now", "fault"], status: int) -> Response:
        try:
            sender = await run_in_threadpool(self._house.sender)
        except Exception:  # what is wrong may be the very thing that knows the name
            sender = ("", "")
        headers = {"retry-after": "60"} if status == 503 else None
        page = refused_page(why, *sender, _place(request, "/how"), language(request))
        return HTMLResponse(page, status, headers)

    async def _shown(self, request: Request, opening: Opening) -> Response:
        desk = self._house.desk(opening.who)
        if says_no(request):
            await run_in_threadpool(desk.hear_browser)
        why = await run_in_threadpool(desk.why, opening.about, language(request))
        if why is None:
            return await self._gone(request, desk, opening)
        link = request.path_params["link"]
        path, root = f"/why/{link}", root_of(request)
        done = self._links.was_done(just_done(request), link, self._clock())
        files = {"receipt": f"{root}{path}.receipt", "file": f"{root}{path}.json", "proof": f"{root}{path}.proof"}
        place = _place(request, path, act=root + path, enter=self._enter(root), done=done, **files)
        return _why_answer(request, why, place)

    async def _gone(self, request: Request, desk: Desk, opening: Opening) -> Response:
        """A link to what nobody can read any more: that, and the proof that is left; else it is no link."""
        left = await run_in_threadpool(desk.proof, opening.about, by_link=True)
        if left is None:
            return self._refused(request, "link")
        path = f"/why/{request.path_params['link']}"
        place = _place(request, path, proof=f"{root_of(request)}{path}.proof")
        page = refused_page("erased", *self._house.sender(), place, language(request))
        return HTMLResponse(page, status_code=410)

    def _enter(self, root: str) -> str:
        """Where somebody can ask for a code; "" where nobody brings codes."""
        return f"{root}/me/enter" if self._has_codes else ""

    def _page_of(self, request: Request, why: Why) -> Response:
        path = f"/me/why/{why.told.facts.decision_id}"
        return _why_answer(request, why, self._own_place(request, path))

    def _done(self, who: str, form: Mapping[str, Sequence[str]], lang: Lang, *, only_off: bool) -> str:
        """Keep what the person said; the key of what is then said about it."""
        desk = self._house.desk(who)
        if lacks_words(form):
            return "no-words"
        intent = intent_of(form, factors=desk.factors(), purposes=desk.purposes())
        if intent is None or (only_off and not is_protective(intent)):
            return "nothing"
        if not desk.do(intent, lang):
            return "nothing"
        return "ask" if isinstance(intent, Ask) else form["do"][-1].partition(" ")[0]

    def _opening(self, request: Request, scope: Scope) -> Opening | None:
        return self._links.read(request.path_params["link"], scope, at=self._clock())

    def _visit(self, request: Request) -> Opening | None:
        return self._links.read(request.cookies.get(_COOKIE, ""), Scope.VISIT, at=self._clock())

    def _own_place(self, request: Request, path: str) -> Place:
        root = root_of(request)
        is_why = path.startswith("/me/why/")
        return _place(
            request,
            path,
            act=f"{root}/me",
            ask=f"{root}/me/ask",
            me=f"{root}/me",
            why=f"{root}/me/why/",
            leave=f"{root}/me/leave",
            receipt=f"{root}{path}.receipt" if is_why else "",
            file=f"{root}{path}.json" if is_why else "",
            proof=f"{root}{path}.proof" if is_why else "",
            csrf=self._links.form_token(request.cookies[_COOKIE]),
            done=self._links.was_done(just_done(request), request.cookies[_COOKIE], self._clock()),
            back=path,
        )

    def _outside(self, request: Request) -> Response:
        """A page is asked for without a visit: one that ended has left something here, or nobody came in yet."""
        return self._refused(request, "session" if request.cookies.get(_COOKIE) else "no-visit")

    def _refused(
        self,
        request: Request,
        why: Literal["link", "no-visit", "session", "form", "unknown"],
        form: Mapping[str, Sequence[str]] | None = None,
    ) -> Response:
        enter = self._enter(root_of(request)) if why in ("link", "no-visit", "session") else ""
        place = _place(request, "/me" if why in ("no-visit", "session") else "/how", enter=enter)
        minutes = int(VISIT.total_seconds() // 60)
        page = refused_page(why, *self._house.sender(), place, language(request, form), minutes=minutes)
        return HTMLResponse(page, status_code=404 if why == "unknown" else 403)


def _why_answer(request: Request, why: Why, place: Place) -> Response:
    past = skipped(request, "facts")
    return HTMLResponse(why_page(why, place, browser_says_no=says_no(request), past=past))


def _place(request: Request, path: str, **more: str) -> Place:
    root = root_of(request)
    return Place(here=root + path, style=f"{root}/portal.css", how=f"{root}/how", **more)
