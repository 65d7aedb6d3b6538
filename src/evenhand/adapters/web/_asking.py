"""What a request asks: its language, its form, where it came from; read with care, because anybody can send it."""

from __future__ import annotations

import re
from asyncio import timeout
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from evenhand.explanation import LANGUAGES, Lang

__all__ = [
    "ARRIVES",
    "ending_of",
    "form_of",
    "is_from_elsewhere",
    "just_done",
    "language",
    "root_of",
    "says_no",
    "skipped",
    "way_back",
]

ARRIVES = 10.0
"""Seconds within which a form must be there."""

_LARGEST_FORM = 65_536
_ENDINGS = ("receipt.html", "receipt.json", "receipt", "proof", "json")
"""As what a decision can be asked for: its receipt as a file that checks itself, as values and as a page that fetches
these; a receipt that holds nothing of the person; and the decision as JSON."""
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


def ending_of(name: str) -> tuple[str, str]:
    """What an address names, and as what it is asked for, one of `_ENDINGS`, or "" as a page."""
    kind = next((one for one in _ENDINGS if name.endswith(f".{one}")), "")
    return name.removesuffix(f".{kind}") if kind else name, kind


def skipped(request: Request, of: str = "older") -> int:
    """How many of the newest rows somebody has gone past; 0 where the address says nothing of the kind."""
    said = request.query_params.get(of, "")
    return int(said) if re.fullmatch(r"[0-9]{1,6}", said) else 0


def just_done(request: Request) -> str:
    """What the address says was done; only `Links.was_done` says whether it was."""
    return request.query_params.get("done", "")


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


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site sent it; one that says nothing is taken at its word."""
    return request.headers.get("sec-fetch-site", "none").strip().lower() in ("cross-site", "same-site")


async def form_of(request: Request, seconds: float = ARRIVES, most: int = _LARGEST_FORM) -> dict[str, list[str]] | None:
    """The fields of a form; None where it is none, larger than `most` bytes, or not there in time."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    try:
        async with timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=400, errors="strict")
    except ValueError:
        return None
