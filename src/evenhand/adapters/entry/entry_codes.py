"""One-time codes by which a person comes to their own pages without a link: short, hashed, good for minutes.

The person says under which id or address the organisation knows them; the organisation's own means bring them the code
(`adapters.entry.code_delivery`). Nothing is kept of it: what the browser holds meanwhile is a sealed token, in which
only the hash of the code stands, and each try is noted by a mark that leads to nobody. Whether somebody is known is
told by nothing that comes back: the same is done and answered for everybody, and delivery begins after the answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from evenhand.terms import EPOCH

from .person_links import Links, OnceStore, Scope, form_mark

__all__ = ["CODE_MINUTES", "CODE_TRIES", "CodesBusyError", "Deliver", "Directory", "EntryCodes", "Outgoing"]

CODE_MINUTES = 10
"""For so long a code is good."""
CODE_TRIES = 5
"""Tries that one code has; after them it is none."""

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without what is taken for something else: 0 and O, 1 and I."""
_LENGTH = 8
_LONGEST, _FILLED = 200, 512
_QUARTER, _PER_QUARTER, _PER_DAY = timedelta(minutes=15), 3, 8
_HALF_MINUTE, _PER_HALF_MINUTE = timedelta(seconds=30), 60
_TIDY = 256
"""Askings after which marks that are past their moment are removed."""


class CodesBusyError(Exception):
    """More codes are asked for, by everybody together, than are made."""

    def __init__(self) -> None:
        super().__init__("too many codes are asked for at once; ask again in a minute")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A code on its way to a person.

    Attributes:
        subject: the person's own id.
        address: where they are known to be reached; "" where only the organisation knows.
        code: it.
        until: up to when it is good.
        lang: the language that they read.
    """

    subject: str
    address: str
    code: str
    until: datetime
    lang: str


class Directory(Protocol):
    """Knows which person an id or an address is of."""

    def find(self, typed: str) -> tuple[str, str] | None:
        """The person's own id, and the address on file or ""; None where it is nobody's that can be told."""
        ...


Deliver = Callable[[Outgoing], None]
"""Hands a code over to whoever brings it, without waiting; it may fail in silence."""


class EntryCodes:
    """Makes codes and knows them again. Threads may share it.

    Args:
        secret: of the home (32 bytes).
        links: of the same home; it seals what the browser holds.
        once: remembers what was used.
        directory: who is who.
        deliver: brings codes.
    """

    def __init__(self, secret: bytes, links: Links, once: OnceStore, directory: Directory, deliver: Deliver) -> None:
        self._key = hashlib.blake2b(b"evenhand entry code", key=secret, digest_size=32).digest()
        self._links, self._once, self._directory, self._deliver = links, once, directory, deliver
        self._lock, self._asked = Lock(), 0

    def ask(self, typed: str, lang: str, at: datetime) -> tuple[str, Callable[[], None]]:
        """Ask for a code.

        Args:
            typed: under which id or address the person says to be known.
            lang: the language that they read.
            at: now.

        Returns:
            What the browser is to hold meanwhile, and what is to be called once it was answered: that delivers the
            code, if there is anybody to deliver it to.

        Raises:
            CodesBusyError: everybody together asks too much.
        """
        self._take(at)
        bare, until = typed.strip()[:_LONGEST], at + timedelta(minutes=CODE_MINUTES)
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        found = self._directory.find(bare) if bare else None
        is_fresh = self._is_within_pace(bare, at)
        who, address = found or ("", "")
        nonce = secrets.token_hex(16)
        is_true = found is not None and is_fresh and _size(who) <= _FILLED
        told = self._hash(nonce, code if is_true else secrets.token_hex(16))
        held = who if is_true else nonce
        filler = "." * (_FILLED - _size(held))  # so that how long the id is stands in no token
        token = self._links.make(Scope.CODE, held, until=until, about=f"{nonce}.{told}{filler}")
        shown = f"{code[:4]}-{code[4:]}"
        return token, (lambda: self._deliver(Outgoing(who, address, shown, until, lang)) if is_true else None)

    def enter(self, token: str, code: str, at: datetime, button: str = "") -> str | None:
        """The id of the person whose code this is; None where it is none, was used, is too old or was tried too often.

        Which of these it is, is not told.

        Args:
            token: what the browser holds.
            code: as it was typed.
            at: now.
            button: what the page with the form drew by lot; the same form twice is one use (`OnceStore.use_by`).
        """
        opening = self._links.read(token, Scope.CODE, at=at)
        if opening is None:
            return None
        nonce, wanted, *_ = opening.about.split(".")
        form = form_mark(button, token, code)
        if form and self._once.stands(form, at):
            return opening.who
        tries = (self._mark("try", nonce, str(number)) for number in range(CODE_TRIES))
        if not any(self._once.use(mark, opening.until) for mark in tries):
            return None
        given = "".join(one for one in code.upper() if one.isalnum())[: 2 * _LENGTH]
        if not hmac.compare_digest(self._hash(nonce, given), wanted):
            return None
        used = self._mark("used", nonce)
        if form:
            return opening.who if self._once.use_by(used, opening.until, form, at) else None
        return opening.who if self._once.use(used, opening.until) else None

    def _hash(self, nonce: str, code: str) -> str:
        return hmac.new(self._key, f"code\0{nonce}\0{code}".encode(), hashlib.sha256).hexdigest()

    def _mark(self, *parts: str) -> bytes:
        return hmac.new(self._key, "\0".join(("mark", *parts)).encode(), hashlib.sha256).digest()

    def _is_within_pace(self, typed: str, at: datetime) -> bool:
        """Whether not too many codes were asked under this name; counted alike for a name that nobody has."""
        name = typed.casefold()
        quarter, day = (at - EPOCH) // _QUARTER, (at - EPOCH) // timedelta(days=1)
        ends = EPOCH + (quarter + 1) * _QUARTER, EPOCH + (day + 1) * timedelta(days=1)
        soon = (self._mark("quarter", name, str(quarter), str(number)) for number in range(_PER_QUARTER))
        today = (self._mark("day", name, str(day), str(number)) for number in range(_PER_DAY))
        is_soon = any(self._once.use(mark, ends[0]) for mark in soon)
        return is_soon and any(self._once.use(mark, ends[1]) for mark in today)

    def _take(self, at: datetime) -> None:
        """Count one more of everybody together, in every process."""
        with self._lock:
            self._asked += 1
            is_time = self._asked % _TIDY == 1
        if is_time:
            self._once.forget(at)
        window = (at - EPOCH) // _HALF_MINUTE
        kind = self._mark("everybody", str(window))[:16]
        if not self._once.within(kind, _PER_HALF_MINUTE, EPOCH + (window + 1) * _HALF_MINUTE):
            raise CodesBusyError


def _size(text: str) -> int:
    """Bytes of a text in a sealed link."""
    return len(json.dumps(text, ensure_ascii=False).encode())
