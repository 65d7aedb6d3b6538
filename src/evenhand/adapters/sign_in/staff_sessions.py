"""Who of the staff is signed in: a random word in a cookie, and what it stands for at the home, sealed.

A browser holds 32 random bytes and nothing else. The home keeps a digest of them, so a copy of its database lets nobody
in, and beside it who signed in, until when, and with which roles, encrypted (AES-256-GCM) under a key made from
the home's secret. Signing out forgets it there, so a cookie that was copied is worth nothing either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evenhand.staff import Staff, StaffRole
from evenhand.terms import EPOCH

__all__ = ["SESSION", "SessionStore", "SessionsInMemory", "StaffSessions", "mark_of", "session_mark"]

SESSION = timedelta(hours=1)
"""How long somebody stays signed in. A role that is taken away at the issuer ends with it at the latest."""
_WORD, _NONCE, _LONGEST = 32, 12, 64


class SessionStore(Protocol):
    """Keeps what sessions stand for, by the digest of their word. All methods raise StoreError where it cannot."""

    def keep(self, digest: bytes, sealed: bytes, until: datetime) -> None:
        """Keep one; those past their time may be forgotten."""
        ...

    def find(self, digest: bytes) -> bytes | None:
        """What stands under a digest."""
        ...

    def forget(self, digest: bytes) -> None:
        """Forget one; nothing to do where it is not there."""
        ...

    def every(self) -> Sequence[tuple[bytes, bytes]]:
        """Digest of each that is kept, and what stands under it."""
        ...


class SessionsInMemory:
    """Sessions of this process alone: for tests, and for one server that may forget them when it is started anew."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[bytes, datetime]] = {}
        self._lock = Lock()

    def keep(self, digest: bytes, sealed: bytes, until: datetime) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._kept[digest] = (sealed, until)

    def find(self, digest: bytes) -> bytes | None:
        """See `SessionStore`."""
        return self._kept.get(digest, (None, None))[0]

    def forget(self, digest: bytes) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._kept.pop(digest, None)

    def every(self) -> Sequence[tuple[bytes, bytes]]:
        """See `SessionStore`."""
        with self._lock:
            return [(digest, sealed) for digest, (sealed, _) in self._kept.items()]


class StaffSessions:
    """Opens, reads and ends sessions.

    Args:
        secret: of the home (32 bytes).
        store: where they are kept.
    """

    def __init__(self, secret: bytes, store: SessionStore) -> None:
        self._cipher = AESGCM(hashlib.blake2b(b"evenhand staff session", key=secret, digest_size=32).digest())
        self._form = hashlib.blake2b(b"evenhand staff form", key=secret, digest_size=32).digest()
        self._store = store

    def open(self, *, mark: str, name: str, roles: Collection[StaffRole], at: datetime, session: str = "") -> str:
        """Begin a session; the word that the browser keeps. It is a new one each time, whatever the browser had.

        Args:
            mark: what records name the person by.
            name: what their own pages call them.
            roles: that they have.
            at: now.
            session: mark of the issuer's session that this one belongs to; see `session_mark`. "" = not known.
        """
        word = urlsafe_b64encode(secrets.token_bytes(_WORD)).decode().rstrip("=")
        digest, nonce, until = _digest(word), secrets.token_bytes(_NONCE), at + SESSION
        kept = [int((until - EPOCH).total_seconds()), mark, name, sorted(roles), session]
        said = json.dumps(kept, ensure_ascii=False)
        self._store.keep(digest, nonce + self._cipher.encrypt(nonce, said.encode(), digest), until)
        return word

    def read(self, word: str, *, at: datetime) -> Staff | None:
        """Who a word stands for; None where it stands for nobody any more."""
        if not word or len(word) > _LONGEST or not word.isascii():
            return None
        digest = _digest(word)
        opened = self._opened(digest, self._store.find(digest))
        if opened is None:
            return None
        seconds, mark, name, roles, _ = opened
        if at >= EPOCH + timedelta(seconds=seconds):
            return None
        csrf = hmac.new(self._form, word.encode(), hashlib.sha256).hexdigest()
        return Staff(mark, name, frozenset(StaffRole(one) for one in roles), csrf)

    def end_all(self, mark: str = "", session: str = "") -> int:
        """End every session, or those of one person, or of one session at the issuer; how many were ended.

        Args:
            mark: what records name the person by; "" = everybody.
            session: mark of the issuer's session; "" = all of them. A session of the person's that is not known to
                belong to one of the issuer's ends as well.
        """
        ended = 0
        for digest, sealed in self._store.every():
            opened = self._opened(digest, sealed)
            if not (mark or session) or (opened is not None and _is_meant(opened[1], opened[4], mark, session)):
                self._store.forget(digest)
                ended += 1
        return ended

    def _opened(self, digest: bytes, sealed: bytes | None) -> tuple[int, str, str, list[str], str] | None:
        """What stands under a digest: until when, mark, name, roles, session at the issuer; None where nothing is."""
        if sealed is None:
            return None
        try:
            seconds, mark, name, roles, *more = json.loads(
                self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], digest)
            )
        except (InvalidTag, ValueError):
            return None
        return seconds, mark, name, roles, str(more[0]) if more else ""

    def end(self, word: str) -> None:
        """End a session."""
        if word and len(word) <= _LONGEST and word.isascii():
            self._store.forget(_digest(word))


def _is_meant(own_mark: str, own_session: str, mark: str, session: str) -> bool:
    """Whether a session is one of those that end, by whose it is and to which of the issuer's it belongs."""
    return mark in ("", own_mark) and (session in ("", own_session) or bool(mark and not own_session))


def mark_of(secret: bytes, issuer: str, subject: str) -> str:
    """What records name somebody by: the same each time they sign in, and for nobody without the home's key a way back.

    Args:
        secret: of the home.
        issuer: of the token.
        subject: of the token: how the issuer tells people apart.

    >>> mark_of(bytes(32), "https://login.shop.example", "u-17")
    'staff-6f26c0c2c11a'
    """
    key = hashlib.blake2b(b"evenhand staff mark", key=secret, digest_size=32).digest()
    said = json.dumps([issuer, subject], ensure_ascii=False).encode()
    return "staff-" + hmac.new(key, said, hashlib.sha256).hexdigest()[:12]


def session_mark(secret: bytes, issuer: str, sid: str) -> str:
    """What a session at the issuer is known by here, so that its end there is an end here; "" where it says none.

    Args:
        secret: of the home.
        issuer: of the token.
        sid: of the token: how the issuer tells its sessions apart.

    >>> session_mark(bytes(32), "https://login.shop.example", "")
    ''
    """
    if not sid:
        return ""
    key = hashlib.blake2b(b"evenhand staff sid", key=secret, digest_size=32).digest()
    return hmac.new(key, json.dumps([issuer, sid], ensure_ascii=False).encode(), hashlib.sha256).hexdigest()[:24]


def _digest(word: str) -> bytes:
    return hashlib.sha256(b"evenhand staff session\x00" + word.encode()).digest()
