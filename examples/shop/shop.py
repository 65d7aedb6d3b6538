"""A small web shop with an honest ad card. It needs httpx, and nothing of evenhand: ``python examples/shop/shop.py``.

The shop's server asks the service, with the machine's key; the browser gets a card, and no key. Two pages show the two
ways: ``/`` has the card in it when it arrives, and needs no script. ``/fast`` is the same for everybody, so that it can
be kept in a cache; its script asks this server for the card. Neither sets a cookie.

    EVENHAND_KEY      the key of this machine (scopes decide, read and events)
    EVENHAND_SERVICE  where the service is; http://127.0.0.1:8000 unless you say otherwise
    EVENHAND_PAGES    where people's browsers find its pages; the same unless you say otherwise
    PORT              where this shop listens; 8080 unless you say otherwise
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Mapping
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "service"))
from client import Decisions, Refused  # noqa: E402 - the client is a file to copy

SCRIPT = "sha384-+rpO/WClvzUINxhxXlcUNs3p+5wZA2uhYNFxAGXejeLZQYLJs/9u5Kej2QZFSEfs"
STYLE = "sha384-CZ1gRNEi+KKe1nPjlE9Ni74+j5GJSVTXg7zzV5z6w44Uy8I3jExEl3haV8ASYRK8"
"""As docs/reference/card.md publishes them: a browser runs no other file."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
PATIENCE = 1.0
"""Seconds to wait for an answer of the service: an advertisement must not hold up a page."""
FILES = ("/card/2.js", "/card/1.css")
"""Of the card. They come from the service, and are kept here."""
WARES = ("Brood", "Melk", "Kaas", "Tomaten", "Koffie", "Soep", "IJs", "Koekjes")
PAGE = (HERE / "page.html").read_text("utf-8")
PLACE = re.compile(r"\{\{ ([a-z ]+) \}\}")


class Shop:
    """What the pages need.

    Args:
        decisions: the service.
        pages: where people's browsers find its pages.
        files: files by path.
        service: where the service is, for the card's own files; "" = they are among the files.
    """

    def __init__(self, decisions: Decisions, pages: str, files: Mapping[str, bytes], service: str = "") -> None:
        self.decisions, self.pages, self.files, self.service = decisions, pages, dict(files), service

    def file(self, path: str) -> bytes | None:
        """A file of the shop's, or of the card; None where there is none, or not for now."""
        if path in FILES and path not in self.files and self.service:
            try:
                self.files[path] = httpx.get(self.service + path, timeout=PATIENCE).raise_for_status().content
            except (httpx.HTTPError, httpx.InvalidURL):
                return None  # the page is whole without it, and the next visitor asks again
        return self.files.get(path)

    def card(self, who: str, lang: str, *, gpc: bool) -> dict[str, Any]:
        """The card for somebody: as markup and as values; empty where there is none, for whatever reason.

        Of a visitor who did not sign in nothing is known and nothing is kept apart: each visit is somebody new, with an
        opt-out, and gets the offer that does not depend on a person.
        """
        known = {"subject": who} if who else {"subject": f"visit-{uuid.uuid4().hex}", "features": {}, "opted_out": True}
        try:
            answer = self.decisions.decide(**known, gpc=gpc)
            if answer.get("offer") is None:
                return {"html": "", "card": None}
            link = f"/aanbod/{answer['offer']}"
            made = self.decisions.card(known["subject"], answer["decision_id"], lang=lang, link=link, site=self.pages)
        except Refused as no:
            print(f"no card: {no}", file=sys.stderr)
            return {"html": "", "card": None}
        try:
            self.decisions.tell(answer["decision_id"], "shown")
        except Refused as no:
            print(f"not told that it was shown: {no}", file=sys.stderr)
        return made


class Handler(BaseHTTPRequestHandler):
    """Answers one browser."""

    shop: Shop
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """One page, the card, or a file."""
        address = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
        who, lang = asked.get("as", ""), "en" if asked.get("lang") == "en" else "nl"
        gpc = self.headers.get("Sec-GPC", "").strip() == "1" or asked.get("gpc") == "1"
        if address.path == "/":
            card = self.shop.card(who, lang, gpc=gpc)["html"]
            self._page(who, lang, card, asks=bool(card))
        elif address.path == "/fast":
            self._page(who, lang, "", asks=True)
        elif address.path == "/card":
            card = self.shop.card(who, lang, gpc=gpc)["card"]
            self._send(200, "application/json", httpx.Response(200, json=card).content) if card else self._send(204)
        elif (file := self.shop.file(address.path)) is not None:
            kind = "text/javascript" if address.path.endswith(".js") else "text/css"
            self._send(200, kind, file, "public, max-age=86400")
        elif address.path.startswith("/aanbod/"):
            self._page(who, lang, "<p>Dit aanbod ligt voor u klaar bij de kassa.</p>", asks=False)
        else:
            self._send(404, "text/plain", b"Niets gevonden.")

    def _page(self, who: str, lang: str, card: str, *, asks: bool) -> None:
        """The page: its words are escaped here, the card came escaped; `asks` says whether its script may ask."""
        again = {"as": who, "lang": lang} if who else {"lang": lang}
        filled = {
            "card address": escape(f"/card?{urlencode(again)}") if asks else "",
            "who": escape(who),
            "wares": "".join(f"<li>{escape(one)}</li>" for one in WARES),
            "script": SCRIPT,
            "style": STYLE,
            "card": card,
        }
        page = PLACE.sub(lambda found: filled[found[1]], PAGE)
        self._send(200, "text/html; charset=utf-8", page.encode())

    def _send(self, status: int, kind: str = "", body: bytes = b"", cache: str = "no-store") -> None:
        self.send_response(status)
        headers = {
            "Cache-Control": cache,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "Vary": "Sec-GPC",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in (headers | ({"Content-Type": kind} if kind else {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: an address can tell who somebody is."""


def main() -> None:
    """Serve until Ctrl-C."""
    service = os.environ.get("EVENHAND_SERVICE", "http://127.0.0.1:8000").rstrip("/")
    key, port = os.environ.get("EVENHAND_KEY", ""), os.environ.get("PORT", "8080")
    if not key.strip():
        sys.exit(
            "EVENHAND_KEY is empty, so the shop cannot ask the service. Make a key, and put what is printed into it:\n"
            "  evenhand machine-key make shop --scope decide --scope read --scope events"
        )
    if not service.startswith(("http://", "https://")) or not port.isdecimal():
        sys.exit(
            "EVENHAND_SERVICE is an address such as http://127.0.0.1:8000, and PORT is a number. One of them is not."
        )
    with Decisions(service, key.strip(), lang="nl", tries=1, timeout=PATIENCE) as decisions:
        own = {"/shop.css": (HERE / "shop.css").read_bytes()}
        Handler.shop = Shop(decisions, os.environ.get("EVENHAND_PAGES", service), own, service)
        if not all(Handler.shop.file(path) for path in FILES):
            print(
                f"{service} does not give the card's files. The shop is open without advertisements until it does.\n"
                "Start it with pages (evenhand serve CAMPAIGN --pages /my), or name its address in EVENHAND_SERVICE.",
                file=sys.stderr,
            )
        try:
            server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
        except (OSError, OverflowError):
            sys.exit(f"Port {port} cannot be used; something else may listen there. Choose another one: PORT=8081")
        with server:
            print(f"The shop is at http://127.0.0.1:{server.server_port}/ (stop with Ctrl-C)", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print("Closed.")


if __name__ == "__main__":
    main()
