"""A sign-in, from the button to the session: authorization code with PKCE, state and nonce; each works once.

What a sign-in must remember until its person comes back stands in one short-lived cookie, sealed under a key made from
the home's secret; so a state that another browser began, or that was used, is none. Sources: OpenID Connect Core 1.0,
RFC 7636 (S256), RFC 9207, OAuth 2.0 Security BCP (RFC 9700).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evenhand.explanation import one_line
from evenhand.staff import roles_of
from evenhand.terms import EPOCH, DataError

from ..entry.person_links import OnceStore
from .issuer import Issuer, IssuerError
from .staff_sessions import StaffSessions, mark_of, session_mark
from .staff_settings import StaffSettings
from .staff_tokens import TokenError, algorithm_of, check_access, claims_of, logout_of, words_at

__all__ = ["PATIENCE", "Begun", "SignIn", "StateError", "safe_path"]

PATIENCE = timedelta(minutes=10)
"""How long somebody has to sign in at the issuer."""
_NONCE, _LONGEST, _NAME = 12, 4_096, 80
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,80}){1,6}/?")


class StateError(DataError):
    """Somebody came back from the issuer with a sign-in that is none of this browser, or was used, or is too old."""

    def __init__(self) -> None:
        super().__init__(
            "staff-state",
            "This sign-in was not begun in this browser, was used before, or took too long.",
            rule="RFC 9700: a sign-in is finished once, where it was begun",
            remedy="begin again",
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun.

    Attributes:
        url: where the person goes.
        kept: what their browser keeps until they come back.
    """

    url: str
    kept: str = field(repr=False)


class SignIn:
    """Signs staff in.

    Args:
        settings: of the organisation.
        issuer: of the settings.
        sessions: where whoever signed in is remembered.
        once: remembers which states were used.
        secret: of the home (32 bytes).
        client_secret: that the issuer gave; "" = none.
    """

    def __init__(
        self,
        settings: StaffSettings,
        issuer: Issuer,
        sessions: StaffSessions,
        once: OnceStore,
        secret: bytes,
        *,
        client_secret: str = "",
    ) -> None:
        self.settings, self.issuer = settings, issuer
        self._sessions, self._once, self._secret, self._client_secret = sessions, once, secret, client_secret
        self._cipher = AESGCM(hashlib.blake2b(b"evenhand staff sign-in", key=secret, digest_size=32).digest())

    def begin(self, to: str, *, at: datetime, lang: str = "") -> Begun:
        """Begin one.

        Args:
            to: the path to show after it.
            at: now.
            lang: in which language, which the issuer is told too; "" = not chosen.

        Raises:
            IssuerError: the issuer cannot be reached.
        """
        described = self.issuer.describe()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        until = int((at + PATIENCE - EPOCH).total_seconds())
        fresh = secrets.token_bytes(_NONCE)
        shown = safe_path(to) + (f"?{urlencode({'lang': lang})}" if lang else "")
        said = json.dumps([until, state, nonce, verifier, shown]).encode()
        kept = urlsafe_b64encode(fresh + self._cipher.encrypt(fresh, said, None)).decode().rstrip("=")
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": self.settings.back,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **_locale(lang),
        }
        glue = "&" if urlsplit(described.authorization).query else "?"
        return Begun(described.authorization + glue + urlencode(query), kept)

    def finish(self, kept: str, said: Mapping[str, str], *, at: datetime) -> tuple[str, str]:
        """Finish one: the word of a new session, and the path to show.

        Args:
            kept: what the browser kept.
            said: what it brought back: ``state``, ``code``, ``iss``, ``error``.
            at: now.

        Raises:
            StateError: it is none of this browser's, or was used, or is too old.
            TokenError: the issuer refused, or its token cannot be trusted.
            IssuerError: the issuer cannot be reached.
            StoreError: the home cannot be written; then nobody is signed in.
        """
        state, nonce, verifier, to, until = self._opened(kept, at)
        if not hmac.compare_digest(said.get("state", "").encode(), state.encode()):
            raise StateError
        if not self._once.use(hashlib.sha256(b"evenhand staff state\x00" + state.encode()).digest(), until):
            raise StateError
        described = self.issuer.describe()
        named = said.get("iss")
        if named != self.issuer.address and (named is not None or described.says_itself):
            raise TokenError("another issuer answered")
        code = said.get("code", "")
        if "error" in said or not code or len(code) > _LONGEST:
            raise TokenError("the issuer did not let them in")
        settings = self.settings
        token, access = self.issuer.exchange(
            code=code, verifier=verifier, back=settings.back, client=settings.client, secret=self._client_secret
        )
        claims = claims_of(token, self.issuer.keys, issuer=settings.issuer, client=settings.client, nonce=nonce, at=at)
        check_access(claims, access, algorithm_of(token))
        name = str(claims.get("name") or claims.get("preferred_username") or claims.get("email") or "")
        mark = mark_of(self._secret, settings.issuer, str(claims["sub"]))
        roles = roles_of(words_at(claims, settings.claim), settings.roles)
        session = session_mark(self._secret, settings.issuer, str(claims.get("sid") or ""))
        word = self._sessions.open(mark=mark, name=one_line(name)[:_NAME] or mark, roles=roles, at=at, session=session)
        return word, to

    def logged_out(self, token: str, *, at: datetime) -> int:
        """End here what the issuer says that it ended there; how many sessions were ended.

        Args:
            token: the issuer's logout token; it is good once.
            at: now.

        Raises:
            TokenError: it cannot be trusted, or came before.
            IssuerError: the issuer's keys cannot be had.
            StoreError: the home cannot be written.
        """
        settings = self.settings
        told = logout_of(token, self.issuer.keys, issuer=settings.issuer, client=settings.client, at=at)
        if not self._once.use(told.mark, told.until):
            raise TokenError("it came before")
        mark = mark_of(self._secret, settings.issuer, told.subject) if told.subject else ""
        return self._sessions.end_all(mark, session_mark(self._secret, settings.issuer, told.session))

    def leave_there(self, lang: str = "") -> str:
        """Where somebody signs out at the issuer too; "" where it does not say, or cannot be reached."""
        try:
            address = self.issuer.describe().leave
        except IssuerError:
            return ""
        glue = "&" if urlsplit(address).query else "?"
        return address + glue + urlencode({"client_id": self.settings.client, **_locale(lang)}) if address else ""

    def _opened(self, kept: str, at: datetime) -> tuple[str, str, str, str, datetime]:
        if not kept or len(kept) > _LONGEST or not kept.isascii():
            raise StateError
        try:
            raw = urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
            opened = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None)
        except (ValueError, InvalidTag):
            raise StateError from None
        seconds, state, nonce, verifier, to = json.loads(opened)
        until = EPOCH + timedelta(seconds=seconds)
        if at >= until:
            raise StateError
        return state, nonce, verifier, to, until


def _locale(lang: str) -> dict[str, str]:
    """A language as an issuer is told it (OpenID Connect Core 1.0, 3.1.2.1)."""
    return {"ui_locales": lang} if lang else {}


def safe_path(to: str) -> str:
    """A path of ours, else the first page: no other site, no query, nothing that a browser reads as an address.

    >>> safe_path("/officer/requests/R-1"), safe_path("//evil.example/x"), safe_path("/\\\\evil.example")
    ('/officer/requests/R-1', '/staff/', '/staff/')
    """
    return to if _PATH.fullmatch(to) else "/staff/"
