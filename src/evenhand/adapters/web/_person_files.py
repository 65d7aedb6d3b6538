"""One decision as something to hold: as JSON, as a receipt that checks itself, or as one that names nobody."""

from __future__ import annotations

import json
import re
from html import unescape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from evenhand.explanation import Lang
from evenhand.portal import Why
from evenhand.receipts import Beside, checker, receipt_page

from ._answers import PLAIN_POLICY
from ._person_house import Desk

__all__ = ["CHECKER", "check_program", "decision_file"]

CHECKER = "/check_receipt.py"
_OWN_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def decision_file(
    desk: Desk, decision: str, kind: str, lang: Lang, *, root: str, here: str, by_link: bool
) -> Response | None:
    """One decision about somebody as what is asked for; None where there is no such thing.

    Args:
        desk: of the person.
        decision: its id.
        kind: the second of `ending_of`.
        lang: of the page, or of the file.
        root: what stands before every address of these pages.
        here: address of the page that explains the decision.
        by_link: whether a link to this decision is what brought them here.
    """
    if kind == "json":
        why = desk.why(decision, lang)
        return None if why is None else _told(why)
    found = desk.proof(decision, by_link=by_link) if kind == "proof" else desk.receipt(decision)
    if found is None:
        return None
    if kind == "receipt.json":
        return _file(json.dumps(found, ensure_ascii=False), "application/json", f"receipt-{decision}.json")
    whole = receipt_page(found, lang=lang)
    if kind != "receipt":
        return _page(whole, f"receipt-{decision}.html" if kind == "receipt.html" else "")
    beside = Beside(
        values=f"{here}.receipt.json",
        whole=f"{here}.receipt.html",
        size=len(whole.encode()),
        program=root + CHECKER,
        back=here,
    )
    return _page(receipt_page(found, lang=lang, beside=beside))


def _told(why: Why) -> Response:
    text = json.dumps(why.told.to_dict(), ensure_ascii=False, indent=1) + "\n"
    return _file(text, "application/json", f"{why.told.facts.decision_id}.json")


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text, media_type=kind, headers=_kept_as(name))


def _page(page: str, name: str = "") -> Response:
    """A page that checks itself: it brings its own policy, by the hashes of its one script and one style."""
    found = _OWN_POLICY.search(page)
    policy = unescape(found.group(1)) if found else PLAIN_POLICY
    headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
    return HTMLResponse(page, headers=headers | (_kept_as(name) if name else {}))


def _kept_as(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


async def check_program(_: Request) -> Response:
    """The program that checks receipts, to be read and run by whoever has one."""
    headers = {"cache-control": "public, max-age=3600", **_kept_as(CHECKER[1:])}
    return Response(checker(), media_type="text/x-python", headers=headers)
