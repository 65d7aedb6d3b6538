"""An issuer to try the sign-in with, on this machine alone: real OpenID Connect, and no password at all.

Anybody who can reach it is whoever they choose to be, so it answers only where the address asked for is this machine's
own, sends people back to this machine's own addresses only, and its keys live as long as the process. Below its mount:
``.well-known/openid-configuration``, ``jwks``, ``authorize`` (a page to choose somebody), ``token``, and by POST
``end/SUBJECT``, which ends somebody's sessions as an administrator of an issuer does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from evenhand.adapters.sign_in.issuer import tell_house
from evenhand.adapters.sign_in.staff_settings import StaffSettings, is_loopback, staff_settings
from evenhand.explanation import Lang
from evenhand.staff import Frame, StaffRole, choose_page
from evenhand.terms import UsageError

from ._answers import Guarded
from ._asking import form_of, language, root_of

__all__ = ["DEV_ISSUER", "DEV_PEOPLE", "DevIssuer", "DevPerson", "dev_settings"]

DEV_ISSUER = "/dev-issuer"
"""Where it is mounted."""
_CLIENT = "evenhand-dev"
_CODE = timedelta(seconds=60)
_TOKEN = timedelta(minutes=5)
_KID = "dev"
_MOST = 100
"""Sessions that it remembers."""
_ASKED = ("client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "state")


@dataclass(frozen=True, slots=True)
class DevPerson:
    """Somebody who can be chosen.

    Attributes:
        subject: how the issuer tells them apart.
        name: as they are called.
        words: the words of the issuer that give roles.
    """

    subject: str
    name: str
    words: tuple[str, ...]


DEV_PEOPLE = (
    DevPerson("dev-1", "Mila Marketeer", ("marketer",)),
    DevPerson("dev-2", "Daan Data", ("data-scientist",)),
    DevPerson("dev-3", "Puck Privacy", ("privacy-officer",)),
    DevPerson("dev-4", "Rosa Review", ("reviewer",)),
    DevPerson("dev-5", "Arie Audit", ("auditor",)),
    DevPerson("dev-6", "Noor Niemand", ()),
)
"""One for each role, and one with none."""


@dataclass(slots=True)
class _Asked:
    """What a sign-in asked for, until its code is exchanged."""

    person: DevPerson
    nonce: str
    challenge: str
    back: str
    until: datetime


@dataclass
class DevIssuer:
    """The issuer.

    Args:
        site: scheme, host and port where it is served, such as ``http://127.0.0.1:8000``.
        clock: now.
        sids: its last sessions, the latest last.
        tell: sends a logout token to an address of the house; its status.

    Raises:
        UsageError: the site is not this machine itself.
    """

    site: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    tell: Callable[[str, str], int] = tell_house
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    sids: list[str] = field(default_factory=list, repr=False)
    _codes: dict[str, _Asked] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not is_loopback(self.site):
            raise UsageError(
                "dev-issuer-here",
                "The issuer for trying runs on this machine itself only.",
                rule="it asks for no password: whoever reaches it is whoever they choose to be",
                remedy="listen at 127.0.0.1, or name your organisation's issuer in a file with --staff",
            )

    @property
    def address(self) -> str:
        """As its tokens name it."""
        return self.site + DEV_ISSUER

    def app(self) -> ASGIApp:
        """The application to mount at `DEV_ISSUER`."""
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe, methods=["GET"]),
                Route("/jwks", self._jwks, methods=["GET"]),
                Route("/authorize", self._choose, methods=["GET"]),
                Route("/choose", self._chosen, methods=["GET"]),
                Route("/out", self._out, methods=["GET"]),
                Route("/end/{subject}", self._end, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
            ]
        )
        guarded = Guarded(app)

        async def here_only(scope: Scope, receive: Receive, send: Send) -> None:
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
            if scope["type"] == "http" and not is_loopback(f"http://{host}"):
                await PlainTextResponse("Not here.", status_code=403)(scope, receive, send)
            else:
                await guarded(scope, receive, send)

        return here_only

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
                "end_session_endpoint": f"{self.address}/out",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
            }
        )

    async def _jwks(self, _: Request) -> Response:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": _KID, "use": "sig", "alg": "ES256"}
        return JSONResponse({"keys": [{**key, "x": _b64(numbers.x.to_bytes(32)), "y": _b64(numbers.y.to_bytes(32))}]})

    async def _choose(self, request: Request) -> Response:
        asked = request.query_params
        wrong = self._wrong(asked)
        if wrong:
            return PlainTextResponse(f"This is no sign-in: {wrong}.", status_code=400)
        lang = _language(request)
        query = urlencode({name: asked[name] for name in _ASKED})
        people = [
            (one.name, one.words, f"{root_of(request)}/choose?{query}&subject={one.subject}") for one in DEV_PEOPLE
        ]
        frame = Frame(here=f"{root_of(request)}/authorize", style="/staff/staff.css", query=query)
        roles = {role.value for role in StaffRole}
        shown = [(name, [StaffRole(word) for word in words if word in roles], url) for name, words, url in people]
        return HTMLResponse(choose_page(frame, lang, people=shown))

    async def _chosen(self, request: Request) -> Response:
        asked = request.query_params
        person = next((one for one in DEV_PEOPLE if one.subject == asked.get("subject")), None)
        if person is None or self._wrong(asked):
            return PlainTextResponse("This is no sign-in.", status_code=400)
        now = self.clock()
        for old in [code for code, one in self._codes.items() if now >= one.until]:
            del self._codes[old]
        code = secrets.token_urlsafe(24)
        back = asked["redirect_uri"]
        self._codes[code] = _Asked(person, asked["nonce"], asked["code_challenge"], back, now + _CODE)
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.address})
        return RedirectResponse(f"{back}?{answer}", status_code=303)

    async def _token(self, request: Request) -> Response:
        form = {name: values[-1] for name, values in (await form_of(request) or {}).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        challenge = _b64(hashlib.sha256(verifier.encode()).digest())
        is_good = (
            asked is not None
            and self.clock() < asked.until
            and form.get("grant_type") == "authorization_code"
            and form.get("client_id") == _CLIENT
            and form.get("redirect_uri") == asked.back
            and hmac.compare_digest(challenge, asked.challenge)
        )
        if asked is None or not is_good:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = self.token_for(asked.person, asked.nonce)
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
        return JSONResponse({**answer, "id_token": token})

    async def _out(self, request: Request) -> Response:
        """There is nothing to end: nobody is remembered here."""
        return RedirectResponse(f"/staff/sign-in?lang={_language(request)}", status_code=303)

    async def _end(self, request: Request) -> Response:
        """End somebody's sessions, as an administrator of the issuer does: the house is told behind the scenes."""
        person = next((one for one in DEV_PEOPLE if one.subject == request.path_params["subject"]), None)
        if person is None:
            return PlainTextResponse("There is nobody of that name.", status_code=404)
        status = await run_in_threadpool(self.tell, f"{self.site}/staff/back-channel", self.logout_token(person))
        return PlainTextResponse(f"The house was told, and answered {status}.")

    def token_for(self, person: DevPerson, nonce: str, **other: Any) -> str:
        """A token about somebody; `other` claims stand in for its own."""
        import jwt

        now = self.clock()
        self.sids = [*self.sids[-_MOST:], secrets.token_urlsafe(12)]
        claims = {
            "iss": self.address,
            "sub": person.subject,
            "aud": _CLIENT,
            "iat": int(now.timestamp()),
            "exp": int((now + _TOKEN).timestamp()),
            "nonce": nonce,
            "sid": self.sids[-1],
            "name": person.name,
            "roles": list(person.words),
        }
        return jwt.encode({**claims, **other}, self._key, algorithm="ES256", headers={"kid": _KID})

    def logout_token(self, person: DevPerson, **other: Any) -> str:
        """A token that tells that somebody signed out; `other` claims stand in for its own, None takes one out."""
        import jwt

        now = self.clock()
        claims = {
            "iss": self.address,
            "sub": person.subject,
            "aud": _CLIENT,
            "iat": int(now.timestamp()),
            "exp": int((now + _TOKEN).timestamp()),
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        said = {name: value for name, value in {**claims, **other}.items() if value is not None}
        return jwt.encode(said, self._key, algorithm="ES256", headers={"kid": _KID, "typ": "logout+jwt"})

    def _wrong(self, asked: Mapping[str, str]) -> str:
        """What is wrong with a sign-in; "" where nothing is."""
        if any(not asked.get(name) for name in _ASKED):
            return "something is missing"
        if asked.get("client_id") != _CLIENT or asked.get("response_type") != "code":
            return "it is for somebody else"
        if asked.get("code_challenge_method") != "S256":
            return "it has no proof of its code"
        if asked["redirect_uri"] != f"{self.site}/staff/back":
            return "it leads elsewhere"
        return ""


def _language(request: Request) -> Lang:
    """Chosen here, else as the house says."""
    asked = request.query_params
    return language(request, {"lang": [asked.get("lang") or asked.get("ui_locales", "")]})


def dev_settings(site: str) -> StaffSettings:
    """The settings for this issuer, where the service is served beside it."""
    return staff_settings(
        {
            "issuer": site + DEV_ISSUER,
            "client": _CLIENT,
            "site": site,
            "roles": {role.value: [role.value] for role in StaffRole},
            "contact": "it@example.org",
        }
    )


def _b64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
