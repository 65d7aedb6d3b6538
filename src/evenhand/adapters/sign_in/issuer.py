"""The organisation's OpenID Connect issuer, as far as it is asked: its description, its keys, and a code for a token.

This is the one module of evenhand that calls out, only where staff sign in, only to the issuer that the settings
name and the endpoints that it names itself: over TLS, without following redirects, with a short patience and a bound on
what is read. Whatever goes wrong is one error, and then nobody is let in. Sources: OpenID Connect Discovery 1.0, RFC
6749, RFC 7636 (PKCE).
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from evenhand.terms import StoreError

from .staff_settings import is_loopback
from .staff_tokens import TokenError

__all__ = ["Description", "Fetch", "Issuer", "IssuerError", "fetch_json", "tell_house"]

Fetch = Callable[[str, bytes | None, Mapping[str, str]], Any]
"""Address, form or None, headers: the JSON that is answered. Raises `IssuerError`."""
_PATIENCE = 5.0
_LARGEST = 262_144
_FRESH = 600.0
_AGAIN = 30.0
_QUIET = 5.0
"""Seconds for which an issuer that could not be reached is not asked again: whoever waits behind is told at once."""
_AT_ONCE = 8
"""Codes that are exchanged at the same time; more would keep other pages waiting where the issuer is slow."""


class IssuerError(StoreError):
    """The issuer cannot be reached, or does not answer as an issuer does.

    Args:
        what: what happened.
        status: of its answer; 0 where there was none.
    """

    def __init__(self, what: str, status: int = 0) -> None:
        super().__init__(
            "staff-issuer",
            f"{what}.",
            rule="staff are who their organisation's issuer says; where it says nothing, nobody is let in",
            remedy="look whether the issuer can be reached from this machine, and whether its address is right",
        )
        self.status = status


@dataclass(frozen=True, slots=True)
class Description:
    """What an issuer says of itself.

    Attributes:
        authorization: where people sign in.
        token: where a code is exchanged.
        jwks: where its keys stand.
        says_itself: whether it names itself in the answer that people bring back (RFC 9207).
        leave: where people sign out there; "" where it does not say.
        posts_secret: whether it takes a client's secret in the form only (``client_secret_post``).
        tells_logout: whether it tells of logouts behind the scenes (Back-Channel Logout 1.0).
    """

    authorization: str
    token: str
    jwks: str
    says_itself: bool
    leave: str = ""
    posts_secret: bool = False
    tells_logout: bool = False


class Issuer:
    """One issuer; threads may share it.

    Args:
        address: as its tokens name it.
        fetch: asks it.
        clock: seconds that only grow.
    """

    def __init__(self, address: str, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._fetch, self._clock = fetch or fetch_json, clock
        self._described: tuple[float, Description] | None = None
        self._keys: tuple[float, Sequence[Mapping[str, Any]]] | None = None
        self._failed: tuple[float, IssuerError] | None = None
        self._lock, self._turns = Lock(), BoundedSemaphore(_AT_ONCE)

    @property
    def host(self) -> str:
        """Its host, for people."""
        return urlsplit(self.address).hostname or ""

    def describe(self) -> Description:
        """What it says of itself, asked anew after ten minutes.

        Raises:
            IssuerError: it cannot be reached, is somebody else, or names an endpoint without TLS.
        """
        with self._lock:
            if self._described is None or self._clock() - self._described[0] > _FRESH:
                said = self._ask(f"{self.address.rstrip('/')}/.well-known/openid-configuration")
                self._described = self._clock(), self._read(said)
            return self._described[1]

    def keys(self, kid: str | None) -> Sequence[Mapping[str, Any]]:
        """Its keys for signatures, asked anew where one is not among them, but not more often than each half minute.

        Args:
            kid: name of the key that is looked for; None = a token names none.

        Raises:
            IssuerError: as `describe`.
        """
        address = self.describe().jwks
        with self._lock:
            now, known = self._clock(), self._keys
            is_old = known is None or now - known[0] > _FRESH
            is_missing = known is not None and not any(one.get("kid") == kid for one in known[1])
            if known is None or is_old or (is_missing and now - known[0] > _AGAIN):
                said = self._ask(address)
                found = said.get("keys") if isinstance(said, Mapping) else None
                if not isinstance(found, list):
                    raise IssuerError("The issuer's keys are no set of keys")
                known = self._keys = now, [one for one in found if isinstance(one, Mapping)]
            return known[1]

    def exchange(self, *, code: str, verifier: str, back: str, client: str, secret: str) -> tuple[str, str]:
        """The id_token for a code that somebody brought back, and the access token beside it, which nobody uses.

        Raises:
            IssuerError: it cannot be reached, or gives no such token.
            TokenError: it does not take this code, or does not know this client.
        """
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        described = self.describe()
        if secret and described.posts_secret:
            fields |= {"client_id": client, "client_secret": secret}
        elif secret:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
        else:
            fields["client_id"] = client
        address = described.token
        if not self._turns.acquire(timeout=1.0):
            raise IssuerError("Too many sign in at the same time, and the issuer is slow")
        try:
            said = self._fetch(address, urlencode(fields).encode(), headers)
        except IssuerError as error:
            if 400 <= error.status < 500:
                raise TokenError(f"the issuer gave none. {error.what.rstrip('.')}") from None
            raise
        finally:
            self._turns.release()
        token = said.get("id_token") if isinstance(said, Mapping) else None
        if not isinstance(token, str) or not token:
            raise IssuerError("The issuer gave no token that says who somebody is")
        return token, str(said.get("access_token") or "")

    def _ask(self, address: str) -> Any:
        """What it says at an address; where it just could not be reached, that again. The caller holds the lock."""
        if self._failed is not None and self._clock() - self._failed[0] < _QUIET:
            raise IssuerError(self._failed[1].what.rstrip("."), self._failed[1].status)
        try:
            said = self._fetch(address, None, {})
        except IssuerError as error:
            self._failed = self._clock(), error
            raise
        self._failed = None
        return said

    def _read(self, said: Any) -> Description:
        if not isinstance(said, Mapping) or said.get("issuer") != self.address:
            raise IssuerError("The issuer describes another one than the settings name")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        found = [str(said.get(name, "")) for name in names]
        for name, address in zip(names, found, strict=True):
            if not _may_ask(address, here=is_loopback(self.address)):
                raise IssuerError(f"The issuer's {name} is no address with https://")
        says_itself = said.get("authorization_response_iss_parameter_supported") is True
        leave = str(said.get("end_session_endpoint") or "")
        if not _may_ask(leave, here=is_loopback(self.address)):
            leave = ""
        ways = said.get("token_endpoint_auth_methods_supported")
        posts = isinstance(ways, list) and "client_secret_post" in ways and "client_secret_basic" not in ways
        tells = said.get("backchannel_logout_supported") is True
        return Description(found[0], found[1], found[2], says_itself, leave, posts, tells)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An endpoint that sends elsewhere is not asked elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def tell_house(address: str, token: str) -> int:
    """As an issuer to try with: send a logout token to the house on this machine; the status of its answer."""
    if not is_loopback(address):
        raise IssuerError("The house is not on this machine")
    form = urlencode({"logout_token": token}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(address, data=form), timeout=5.0) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def fetch_json(address: str, form: bytes | None, headers: Mapping[str, str]) -> Any:
    """Ask an address for JSON; a form is sent by POST. Implements `Fetch`."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_loopback(address):
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(address, data=form, headers={**headers, "accept": "application/json"})
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_PATIENCE) as answer:
            content = answer.read(_LARGEST + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise IssuerError(f"The issuer answered with status {error.code}{_code_in(error)}", error.code) from None
    except (OSError, ValueError):
        raise IssuerError("The issuer cannot be reached") from None
    if len(content) > _LARGEST:
        raise IssuerError("The issuer answered with more than an issuer says")
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise IssuerError("The issuer's answer is no JSON") from None


def _code_in(error: urllib.error.HTTPError) -> str:
    """The code of an OAuth error, which is one of a few words; nothing else that stands in an answer."""
    try:
        code = str(json.loads(error.read(_LARGEST)).get("error", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return f" ({code})" if re.fullmatch(r"[a-z_]{1,40}", code) else ""


def _may_ask(address: str, *, here: bool) -> bool:
    scheme = urlsplit(address).scheme
    return scheme == "https" or (here and scheme == "http" and is_loopback(address))


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)
