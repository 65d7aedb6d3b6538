"""What a request asks: its language, its form, where it came from; read with care, because anybody can send it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from starlette.requests import Request

from evenhand.explanation import LANGUAGES, Lang

__all__ = ["form_of", "just_done", "language", "root_of", "says_no", "way_back"]

_LARGEST_FORM = 65_536
_DONE = frozenset({
    "factor-off", "factor-on", "personal-off", "personal-on", "object", "object-back", "give", "withdraw", "ask",
    "nothing",
})  # fmt: skip
_OWN_PAGE = re.compile(r"/me(/why/[A-Za-z0-9.-]{1,80})?")


def root_of(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def says_no(request: Request) -> bool:
    """Whether the browser sends Global Privacy Control; the value 1 is the only one that says anything."""
    return request.headers.get("sec-gpc", "").strip() == "1"


def way_back(form: Mapping[str, Sequence[str]]) -> str:
    """The own page that a form was sent from; an address outside is none."""
    path = form.get("back", [""])[-1]
    return path if _OWN_PAGE.fullmatch(path) else "/me"


def just_done(request: Request) -> str:
    done = request.query_params.get("done", "")
    return done if done in _DONE else ""


def language(request: Request, form: Mapping[str, Sequence[str]] | None = None) -> Lang:
    """What the reader chose, else what the browser prefers; Dutch where it says nothing that we have."""
    chosen = (form or {}).get("lang", [""])[-1] or request.query_params.get("lang", "")
    preferred = [
        part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    ]
    found: Lang = "nl"
    for one in (chosen, *preferred):
        if one in LANGUAGES:
            found = "en" if one == "en" else "nl"
            break
    return found


async def form_of(request: Request) -> dict[str, list[str]] | None:
    """The fields of a form; None where it is none, or too large."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=400, errors="strict")
    except ValueError:
        return None
