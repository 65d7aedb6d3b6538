"""A shop to try on one's own machine: pick a person of the demonstration, see their card, ask why, open their pages.

It hands out anybody's pages without asking who is there, so it answers only where it is asked by the name of this
machine itself, and is mounted by nothing but the demonstration.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from evenhand.adapters.asking import Answered, Ask, Decider, Question
from evenhand.explanation import Lang
from evenhand.explanation import text as reason_text
from evenhand.policy import Campaign
from evenhand.portal import Card, card_html, card_integrity, card_script, card_style, card_values
from evenhand.terms import EvenhandError

from ._answers import Guarded
from ._asking import language, says_no
from ._cards import CARD_SCRIPT, CARD_STYLE, Cards
from ._texts import text

__all__ = ["Sample", "TryShop", "try_pages"]

_HERE = frozenset({"127.0.0.1", "localhost", "[::1]"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody of the demonstration.

    Attributes:
        who: their own id.
        permission: key of the reason of what is allowed with their data.
        offer: id of what they got in the run; "" = nothing.
    """

    who: str
    permission: str
    offer: str


@dataclass(frozen=True, slots=True)
class TryShop:
    """What the pages need.

    Attributes:
        decider: decides.
        campaign: whose offers are shown.
        people: who can be looked as.
        cards: makes cards.
        own_pages: of an id the way to that person's own pages.
        pages: first part of the addresses of people's pages.
        report: the run's report, as a page.
    """

    decider: Decider
    campaign: Campaign
    people: Sequence[Sample]
    cards: Cards
    own_pages: Callable[[str], str]
    pages: str
    report: Callable[[], str]


def try_pages(shop: TryShop) -> ASGIApp:
    """The pages as an ASGI application, to be mounted on a server that listens to this machine alone."""
    pages = _Pages(shop)
    app = Starlette(
        routes=[
            Route("/", pages.index),
            Route("/shop/", pages.shop),
            Route("/shop/{who}", pages.shop),
            Route("/card/", pages.card),
            Route("/card/{who}", pages.card),
            Route("/me/{who}", pages.me),
            Route("/offer", pages.offer),
            Route("/report", pages.report),
            Route("/try.css", pages.style),
        ],
        exception_handlers={404: pages.nothing_here},
    )
    return _ThisMachine(Guarded(app))


class _ThisMachine:
    """Answers nobody who calls this machine by another name: a page elsewhere may have been led here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in _HERE:
            await PlainTextResponse("This stands on one machine alone.", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Pages:
    """One method per address."""

    def __init__(self, shop: TryShop) -> None:
        self._shop, self._known = shop, frozenset(one.who for one in shop.people)

    async def index(self, request: Request) -> Response:
        shop, lang = self._shop, language(request)
        words = {one.id: one.text.nl if lang == "nl" else one.text.en for one in shop.campaign.offers}

        def said(one: Sample) -> str:
            got = text("try.got.offer", lang, offer=words[one.offer]) if one.offer else text("try.got.none", lang)
            return text("try.at-start", lang, said=f"{reason_text(f'reason.{one.permission}', lang)} {got}")

        sender = shop.campaign.controller.name
        return self._page(request, "index.html", "try.title", people=shop.people, said=said, sender=sender)

    async def shop(self, request: Request) -> Response:
        who = self._who(request)
        if who is None:
            return self._unlisted(request)
        lang, here = language(request), request.scope["root_path"]
        card = await self._card(who, lang, here, gpc=says_no(request))
        return self._page(
            request,
            "shop.html",
            "try.shop",
            who=who,
            card=card_html(card, lang) if card else "",
            card_address=f"{here}/card/{quote(who, safe='')}?lang={lang}",
            shelf=text("try.shop.shelf.wares", lang).split("; "),
            script=CARD_SCRIPT,
            script_digest=card_integrity(card_script()),
            style=CARD_STYLE,
            style_digest=card_integrity(card_style()),
        )

    async def card(self, request: Request) -> Response:
        who = self._who(request)
        if who is None:
            return PlainTextResponse("", 404)
        lang = language(request)
        gpc = says_no(request) or request.query_params.get("gpc") == "1"
        card = await self._card(who, lang, request.scope["root_path"], gpc=gpc)
        return JSONResponse(card_values(card, lang)) if card else Response(status_code=204)

    async def me(self, request: Request) -> Response:
        who = self._who(request)
        if not who:
            return self._unlisted(request)
        link = await run_in_threadpool(self._shop.own_pages, who)
        return RedirectResponse(f"{link}?lang={language(request)}", 303)

    async def offer(self, request: Request) -> Response:
        return self._page(request, "offer.html", "try.offer", say="try.offer.say")

    async def report(self, _: Request) -> Response:
        page = await run_in_threadpool(self._shop.report)
        return HTMLResponse(page, headers={"content-security-policy": _REPORT_POLICY})

    async def style(self, _: Request) -> Response:
        return Response(_parts()["try.css"], media_type="text/css")

    async def nothing_here(self, request: Request, _: Exception) -> Response:
        """Another address below this one."""
        return self._page(request, "offer.html", "try.nothing", status=404, say="try.nothing.say")

    def _unlisted(self, request: Request) -> Response:
        """Somebody who is not among the households to look as."""
        return self._page(request, "offer.html", "try.unlisted", status=404, say="try.unlisted.say")

    def _who(self, request: Request) -> str | None:
        """Whose page is asked for; "" of somebody who did not sign in; None of whoever is not among the samples."""
        who: str = request.path_params.get("who", "")
        return who if not who or who in self._known else None

    async def _card(self, who: str, lang: Lang, here: str, *, gpc: bool) -> Card | None:
        """The card of a decision made now; None where there is none, or nobody could decide."""
        ask = Ask(who, gpc=gpc) if who else Ask(f"visit-{secrets.token_hex(16)}", {}, opted_out=True, gpc=gpc)
        shop = self._shop
        try:
            answer = (await _decided(shop.decider, Question(shop.campaign.campaign, (ask,)))).answers[0]
            if answer.offer is None:
                return None
            link = f"{here}/offer?lang={lang}"
            return await run_in_threadpool(shop.cards, ask.subject, answer.decision_id, lang, link, 1, "")
        except EvenhandError:
            return None

    def _page(self, request: Request, template: str, title: str, *, status: int = 200, **values: Any) -> Response:
        lang, here = language(request), request.scope["root_path"]

        def t(key: str, **more: object) -> str:
            return text(key, lang, **more)

        page = (
            _environment()
            .get_template(template)
            .render(title=t(title), lang=lang, here=here, path=request.url.path, pages=self._shop.pages, t=t, **values)
        )
        return HTMLResponse(page, status, headers={"content-security-policy": _POLICY})


async def _decided(decider: Decider, question: Question) -> Answered:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Answered | BaseException] = loop.create_future()

    def done(answer: Answered | BaseException) -> None:
        loop.call_soon_threadsafe(future.set_result, answer)

    decider.ask(question, done)
    answer = await future
    if isinstance(answer, BaseException):
        raise answer
    return answer


@cache
def _parts() -> dict[str, str]:
    folder = files(__package__) / "try"
    return {item.name: item.read_text("utf-8") for item in folder.iterdir()}


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader(_parts()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
