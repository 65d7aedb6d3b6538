"""A house for staff beside an issuer to try it with: one application, no socket."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import httpx
import pytest

from evenhand.adapters.entry.person_links import UsedInMemory
from evenhand.adapters.sign_in.issuer import Issuer, IssuerError
from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions
from evenhand.adapters.sign_in.staff_sign_in import SignIn
from evenhand.adapters.web import StaffDoor, sign_in_pages
from evenhand.adapters.web.dev_issuer import DEV_ISSUER, DevIssuer, dev_settings
from evenhand.staff import Section, StaffRole
from staff_cases import AT, SECRET

HERE = "http://127.0.0.1:8000"


class House:
    """Sign-in and issuer, with everything that a test may turn."""

    def __init__(self):
        self.now = AT
        self.is_there = True
        self.asked, self.told = [], []
        self.seconds = 0.0
        self.issuer = DevIssuer(HERE, clock=lambda: self.now, tell=self.tell)
        self.apps = {DEV_ISSUER: self.issuer.app()}
        self.settings = dev_settings(HERE)
        self.sessions = StaffSessions(SECRET, SessionsInMemory())
        sections = (
            Section("/officer/", "staff.role.privacy-officer", frozenset({StaffRole.PRIVACY_OFFICER})),
            Section("/console/", "staff.role.marketer", frozenset({StaffRole.MARKETER})),
        )
        self.door = StaffDoor(
            self.sessions,
            sections,
            site=HERE,
            contact="it@shop.example",
            clock=lambda: self.now,
            fault=lambda error: self.told.append(str(error)),
        )
        self.sign_in = SignIn(
            self.settings,
            Issuer(self.settings.issuer, self.fetch, lambda: self.seconds),
            self.sessions,
            UsedInMemory(),
            SECRET,
        )
        self.apps["/staff"] = sign_in_pages(self.door, self.sign_in)

    async def __call__(self, scope, receive, send):
        """As the service mounts them."""
        first = "/" + scope["path"].split("/")[1]
        await self.apps[first]({**scope, "root_path": first}, receive, send)

    def tell(self, address, token):
        """As the issuer: send a logout token to the house; the status of its answer."""
        assert address == f"{HERE}/staff/back-channel"
        return self.back_channel(logout_token=token).status_code

    def back_channel(self, **fields):
        """What the house answers to somebody who is no browser."""

        async def go():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self), base_url=HERE) as client:
                return await client.post("/staff/back-channel", data=fields)

        return asyncio.run(go())

    def fetch(self, address, form, headers):
        """Ask the issuer; implements `Fetch`."""
        self.asked.append(address)
        if not self.is_there:
            raise IssuerError("The issuer cannot be reached")

        async def go():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self), base_url=HERE) as client:
                if form is None:
                    return await client.get(address)
                return await client.post(address, content=form, headers=dict(headers))

        answer = asyncio.run(go())
        if answer.status_code != 200:
            code = answer.json()["error"]
            raise IssuerError(f"The issuer answered with status {answer.status_code} ({code})", answer.status_code)
        return answer.json()


class Visitor:
    """A browser that keeps cookies as browsers do on this machine itself, secure ones too; it follows nothing."""

    def __init__(self, app):
        self._app, self.cookies = app, {}

    def get(self, path, **query):
        """Ask for a page."""
        return self._ask("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path, **fields):
        """Send a form as from a page of ours."""
        headers = {"origin": HERE, "sec-fetch-site": "same-origin"}
        return self._ask("POST", path, data=fields, headers=headers)

    def _ask(self, method, path, *, headers=None, **sent):
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())

        async def go():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url=HERE) as client:
                return await client.request(method, path, headers={**(headers or {}), "cookie": kept}, **sent)

        answer = asyncio.run(go())
        for header in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in header
            assert "Secure" in header
            assert "SameSite=lax" in header
            assert "Path=/" in header
            assert "Domain" not in header
            for name, morsel in SimpleCookie(header).items():
                assert name.startswith("__Host-")
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def begin(self, to="/staff/"):
        """Begin a sign-in: what the issuer is asked."""
        answer = self.get("/staff/go", to=to)
        assert answer.status_code == 303
        return answer.headers["location"]

    def choose(self, asked, subject):
        """Choose somebody at the issuer: the way back, path and query."""
        answer = self.get(asked.removeprefix(HERE).replace("/authorize?", "/choose?") + f"&subject={subject}")
        assert answer.status_code == 303
        return answer.headers["location"].removeprefix(HERE)

    def sign_in(self, subject, to="/staff/"):
        """The whole way; the answer that ends it."""
        return self.get(self.choose(self.begin(to), subject))


@pytest.fixture
def house() -> House:
    """A house of one's own."""
    return House()


@pytest.fixture
def visitor(house) -> Visitor:
    """Somebody who comes to it."""
    return Visitor(house)
