"""Cards: the route that makes one for a decision, for the server that shows the offer; and the files that place it.

The browser gets a card and nothing else: no key, and no token with which more could be asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, Protocol

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.explanation import Lang
from evenhand.portal import CARD_VERSION, Card, card_html, card_script, card_style, card_values, is_link

from ._gate import Headers, caller_of
from ._problems import ProblemError
from ._reading import DECISION_ID, described
from ._texts import language

__all__ = ["CARD_SCRIPT", "CARD_STYLE", "Cards", "card_routes"]

CARD_SCRIPT, CARD_STYLE = f"/card/{CARD_VERSION}.js", "/card/1.css"
_encode = msgspec.json.Encoder().encode
_FOR_ALL = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "cross-origin",
}
"""Headers of files that are the same for everybody, and never change."""


class Cards(Protocol):
    """Makes cards out of the ledger."""

    def __call__(self, who: str, decision: str, lang: Lang, link: str, days: int, site: str) -> Card | None:
        """The card of a decision; None where nothing was offered.

        Args:
            who: the person's own id.
            decision: its id.
            lang: language of the offer's words.
            link: where the offer leads.
            days: for how many days the way to why is good.
            site: what stands before the path of the pages.

        Raises:
            DataError: the decision is not about this person, or the person was erased.
            UsageError: the site is not a secure address.
        """
        ...


class CardAsked(BaseModel):
    """Of which decision a card is made, and where it leads."""

    model_config = ConfigDict(extra="forbid")
    subject: Annotated[str, Field(min_length=1, max_length=256, description="The person's id in the subjects table.")]
    decision_id: Annotated[str, Field(pattern=DECISION_ID, description="The decision that the card shows.")]
    lang: Literal["nl", "en"] | None = Field(None, description="Language of the card; else by Accept-Language.")
    link: str = Field("", max_length=2000, description="Where the offer leads: a path, or an address with http(s).")
    days: int = Field(7, ge=1, le=90, description="For how many days its way to why is good.")
    site: str = Field("", max_length=500, description="Where the pages stand, if on another server than the card.")


def card_routes(make: Cards, keys: MachineKeys) -> APIRouter:
    """Make a card, with the scope ``read``; and the script and the style sheet, for everybody."""
    router = APIRouter(tags=["cards"])

    @router.post(
        "/v1/cards",
        summary="The card of a decision: as values for the script, and as markup",
        responses={200: described("The card; null and no markup where nothing was offered.", "card", "html")},
    )
    async def card(request: Request, asked: CardAsked) -> Response:
        headers = Headers(request.scope["headers"])
        caller_of(headers, keys, "read")
        if asked.link and not is_link(asked.link):
            raise ProblemError("unprocessable", errors=[("/link", "no-address")])
        lang: Lang = asked.lang or ("nl" if language(headers.accept_language) == "nl" else "en")
        made = await run_in_threadpool(make, asked.subject, asked.decision_id, lang, asked.link, asked.days, asked.site)
        content: dict[str, object] = {"card": None, "html": ""}
        if made is not None:
            content = {"card": card_values(made, lang), "html": card_html(made, lang)}
        return Response(_encode(content), media_type="application/json", headers={"content-language": lang})

    def script_of(version: int) -> Callable[[], Awaitable[Response]]:
        async def script() -> Response:
            return Response(card_script(version), media_type="text/javascript", headers=_FOR_ALL)

        return script

    for version in range(1, CARD_VERSION + 1):  # pages name the one that they were made with
        router.add_api_route(f"/card/{version}.js", script_of(version), include_in_schema=False)

    @router.get(CARD_STYLE, include_in_schema=False)
    async def style() -> Response:
        return Response(card_style(), media_type="text/css", headers=_FOR_ALL)

    return router
