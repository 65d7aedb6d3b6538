"""Links by which a person comes to their own pages: signed, sealed, for one person, and good for a while.

A link holds nothing that anybody can read: whose it is, what it opens and until when stand in it encrypted
(AES-256-GCM) under a key that is made from the home's secret. Whoever changes one bit of it, or makes one without
the secret, has no link. What may be used once only is noted by a mark (`OnceStore`) that leads to nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, unique
from threading import Lock
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evenhand.terms import EPOCH, UsageError

__all__ = ["LINK_DAYS", "TWICE", "VISIT", "Links", "OnceStore", "Opening", "Scope", "UsedInMemory", "form_mark"]

VISIT = timedelta(minutes=30)
"""How long a person's own pages stay open."""
TWICE = timedelta(seconds=10)
"""Within so long the same form is a second click, and no second use."""
_JUST_NOW = timedelta(minutes=5)
"""So long a page says what was done on it."""
LINK_DAYS = 7
"""Days for which a link is good, unless whoever makes it says otherwise."""

_NONCE = 12
_MOST, _PADDED, _LONGEST = 768, 96, 1_200


@unique
class Scope(IntEnum):
    """What a link opens. The number stands in it, so it never changes meaning."""

    ONE_DECISION = 1
    """The page of one decision, as often as it is opened; nothing can be switched *on* there."""
    OWN_PAGES = 2
    """All pages of the person; works once, and opens a visit."""
    VISIT = 3
    """A visit: what the browser keeps while the person's own pages are open."""
    CODE = 4
    """What the browser holds while a code is on its way; opens nothing without that code."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a good link says.

    Attributes:
        scope: what it opens.
        who: the person's own id, as the organisation knows it.
        about: id of the decision, of a link to one; of a code its hash; else "".
        until: up to when it is good.
        mark: of the link itself; leads to nobody.
    """

    scope: Scope
    who: str
    about: str
    until: datetime
    mark: bytes


class OnceStore(Protocol):
    """Remembers what was used, so that it is not used again."""

    def use(self, mark: bytes, until: datetime) -> bool:
        """Note a mark as used; whether it was not used before. Of two at the same moment one is told True."""
        ...

    def use_by(self, mark: bytes, until: datetime, form: bytes, at: datetime) -> bool:
        """Note a mark as used by a form; whether it was not used before, or was by this very form some seconds ago.

        A browser that sends a form again before it has an answer, as by a double click, shows the second answer, and
        throws the first away with its cookie: what the first used up would be lost. Only the very same form counts as
        that. Both marks are noted together, so it holds for several processes.

        Args:
            mark: what is used.
            until: up to when it matters.
            form: mark of the form with what its page drew by lot.
            at: now.
        """
        ...

    def stands(self, mark: bytes, at: datetime) -> bool:
        """Whether a mark was noted and is not past its moment."""
        ...

    def within(self, kind: bytes, most: int, until: datetime) -> bool:
        """Note one more of a kind (16 bytes); whether there are no more than `most` with it."""
        ...

    def forget(self, at: datetime) -> int:
        """Remove what is past its moment; how many."""
        ...


class UsedInMemory:
    """Marks in this process alone: for tests, and for one server that may forget them when it is started anew."""

    def __init__(self) -> None:
        self._used: dict[bytes, datetime] = {}
        self._lock = Lock()

    def use(self, mark: bytes, until: datetime) -> bool:
        """See `OnceStore`."""
        with self._lock:
            is_new = mark not in self._used
            self._used[mark] = until
        return is_new

    def use_by(self, mark: bytes, until: datetime, form: bytes, at: datetime) -> bool:
        """See `OnceStore`."""
        with self._lock:
            is_new = mark not in self._used
            if is_new:
                self._used |= {mark: until, form: at + TWICE}
            return is_new or self._used.get(form, at) > at

    def stands(self, mark: bytes, at: datetime) -> bool:
        """See `OnceStore`."""
        return self._used.get(mark, at) > at

    def within(self, kind: bytes, most: int, until: datetime) -> bool:
        """See `OnceStore`."""
        with self._lock:
            self._used[kind + secrets.token_bytes(16)] = until
            return sum(mark.startswith(kind) for mark in self._used) <= most

    def forget(self, at: datetime) -> int:
        """See `OnceStore`."""
        with self._lock:
            past = [mark for mark, until in self._used.items() if until < at]
            for mark in past:
                del self._used[mark]
        return len(past)


def form_mark(button: str, *used: str) -> bytes:
    """Mark of a form; b"" where its page drew nothing, which makes no second click.

    Args:
        button: what the page with the form drew by lot.
        used: what is used, and with what.
    """
    return hashlib.sha256("\0".join(("form", button, *used)).encode("utf-8", "replace")).digest() if button else b""


class Links:
    """Makes links and reads them.

    Args:
        secret: of the home (32 bytes).
        since: of a home that was made from a backup, what was drawn then: a link that opens once, a visit and a code of
            before open nothing, since nobody knows here which of them were used. A link to one decision, which opens
            as often as somebody likes, still does.
    """

    def __init__(self, secret: bytes, since: bytes = b"") -> None:
        self._since = since
        self._cipher = AESGCM(hashlib.blake2b(b"evenhand person link", key=secret, digest_size=32).digest())
        self._form = hashlib.blake2b(b"evenhand person form", key=secret, digest_size=32).digest()

    def make(self, scope: Scope, who: str, *, until: datetime, about: str = "") -> str:
        """A link, as text that can stand in an address.

        Args:
            scope: what it opens.
            who: the person's own id, as it stands in the subjects table.
            until: up to when it is good.
            about: id of the decision, of a link to one; of a code its hash.

        Raises:
            UsageError: the id is longer than a link can hold.
        """
        nonce = secrets.token_bytes(_NONCE)
        said = json.dumps([int((until - EPOCH).total_seconds()), who, about], ensure_ascii=False).encode()
        if len(said) > _MOST:
            raise UsageError(
                "link-id-long",
                "The person's id is too long to stand in a link.",
                rule=f"a link holds {_MOST} bytes",
                remedy="use a shorter id",
            )
        sealed = self._cipher.encrypt(nonce, said.ljust(-(-len(said) // _PADDED) * _PADDED), self._bound(scope))
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def read(self, link: str, scope: Scope, *, at: datetime) -> Opening | None:
        """What a link says; None where it is not one of this home, is for something else, or has expired.

        Which of these it is, is not told.
        """
        if len(link) > _LONGEST or not link.isascii():
            return None
        try:
            raw = urlsafe_b64decode(link + "=" * (-len(link) % 4))
            if urlsafe_b64encode(raw).decode().rstrip("=") != link:  # one link has one spelling
                return None
            opened = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._bound(scope))
        except (ValueError, InvalidTag):
            return None
        seconds, who, about = json.loads(opened)
        until = EPOCH + timedelta(seconds=seconds)
        if at >= until:
            return None
        mark = hashlib.sha256(b"evenhand used link\x00" + raw).digest()
        return Opening(scope, who, about, until, mark)

    def _bound(self, scope: Scope) -> bytes:
        """What a link is bound to beside its key."""
        return bytes([scope]) + (b"" if scope is Scope.ONE_DECISION else self._since)

    def done(self, what: str, whose: str, at: datetime) -> str:
        """A word for an address, by which the page after an act knows that it was done, by whom and just now.

        Args:
            what: what was done.
            whose: the link or the visit that did it.
            at: when.
        """
        when = str(int((at - EPOCH).total_seconds()))
        return f"{what}.{when}.{self._done_mark(what, whose, when)}"

    def was_done(self, word: str, whose: str, at: datetime) -> str:
        """What was done here within the last minutes; "" where the word says nothing true of that."""
        what, _, rest = word[:_LONGEST].partition(".")
        when, _, mark = rest.partition(".")
        expected = self._done_mark(what, whose, when)
        if not hmac.compare_digest(expected.encode(), mark.encode()):
            return ""
        return what if timedelta() <= at - (EPOCH + timedelta(seconds=int(when))) <= _JUST_NOW else ""

    def _done_mark(self, what: str, whose: str, when: str) -> str:
        said = "\0".join(("done", whose, when, what))
        return hmac.new(self._form, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def form_token(self, visit: str) -> str:
        """What a form of a visit must send back, so that no other site can send it in the person's name."""
        return hmac.new(self._form, visit.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, visit: str, given: str) -> bool:
        """Whether it is that, compared in constant time."""
        return hmac.compare_digest(self.form_token(visit).encode(), given.encode())
