"""What every request passes: its id, its key, its size and its pace."""

from __future__ import annotations

import re
import secrets
import time
from asyncio import get_running_loop, timeout
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from evenhand.adapters.keys.machine_keys import MachineKey, MachineKeys
from evenhand.signals import gpc_header
from evenhand.terms import in_one_line

from ._problems import ProblemError, problem_body
from ._texts import language

__all__ = [
    "Caller",
    "Headers",
    "Limits",
    "OneLook",
    "Pace",
    "body_of",
    "caller_of",
    "check_body",
    "is_json",
    "key_of",
    "named_through",
    "request_id_of",
    "tell_problem",
]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_JSON = ("application/json", "application/merge-patch+json")
_FILES = (*_JSON, "application/yaml", "application/x-yaml", "text/yaml")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may be.

    Attributes:
        body: bytes.
        people: people in one question.
        arrives: seconds within which a request's body must be there.
        answers: seconds after which an answer is no longer waited for.
    """

    body: int = 4_194_304
    people: int = 10_000
    arrives: float = 10.0
    answers: float = 15.0


class Headers:
    """The headers of a request that matter here, read once."""

    __slots__ = ("accept_language", "authorization", "content_length", "content_type", "gpc", "once", "request_id")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.accept_language = self.authorization = self.content_type = self.request_id = ""
        self.content_length = -1
        self.once: str | None = None
        signals: list[str] = []
        for name, value in headers:
            if name == b"authorization":
                self.authorization = value.decode("latin-1")
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"content-length":
                self.content_length = int(value) if value.isdigit() and len(value) < 16 else -1
            elif name == b"accept-language":
                self.accept_language = value.decode("latin-1")
            elif name == b"idempotency-key":
                self.once = value.decode("latin-1")
            elif name == b"sec-gpc":
                signals.append(value.decode("latin-1"))
            elif name == b"x-request-id":
                self.request_id = value.decode("latin-1")
        self.gpc = bool(signals) and gpc_header(signals)


def request_id_of(headers: Headers) -> str:
    """The id that the caller gave, where it is a plain word of 8 to 64 characters; else a new one."""
    return headers.request_id if _REQUEST_ID.fullmatch(headers.request_id) else _new_id()


_drawn: list[str] = []
"""Ids to come: drawing random bytes one by one gives way to the deciding thread each time."""
_TOGETHER = 512


def _new_id() -> str:
    try:
        return _drawn.pop()
    except IndexError:
        text = secrets.token_hex(8 * _TOGETHER)
        _drawn.extend(text[start : start + 16] for start in range(16, len(text), 16))
        return text[:16]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        key: the machine's key.
    """

    key: MachineKey


class OneLook:
    """Looks after the file of keys once for all requests that one turn of the loop brings.

    Args:
        keys: of machines.
    """

    def __init__(self, keys: MachineKeys) -> None:
        self._keys = keys
        self._is_fresh = False

    def known(self, presented: str) -> MachineKey | None:
        """See `MachineKeys.known`; in the loop's thread."""
        look = not self._is_fresh
        if look:
            self._is_fresh = True
            get_running_loop().call_soon(self._over)
        return self._keys.known(presented, look=look)

    def _over(self) -> None:
        self._is_fresh = False


def key_of(headers: Headers, keys: MachineKeys | OneLook) -> MachineKey:
    """The key that came along, whatever it is for.

    Raises:
        ProblemError: none, or one that is not in use.
    """
    kind, _, presented = headers.authorization.partition(" ")
    key = keys.known(presented.strip()) if kind.lower() == "bearer" else None
    if key is None:
        raise ProblemError("unauthorised", headers={"www-authenticate": 'Bearer realm="evenhand"'})
    return key


def caller_of(headers: Headers, keys: MachineKeys | OneLook, *scopes: str) -> Caller:
    """Who calls, if they may do this: with one of the scopes.

    Raises:
        ProblemError: no key, one that is not in use, or one that is for other things.
    """
    key = key_of(headers, keys)
    if not any(scope in key.scopes for scope in scopes):
        raise ProblemError("forbidden", rule=f"this needs the scope {' or '.join(scopes)}")
    return Caller(key)


def named_through(by: str, machine: str) -> str:
    """The person whom a machine names, and the machine; "" where it names nobody whose name can be read."""
    name = in_one_line(by)
    return f"{name} ({machine})" if name else ""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(slots=True)
class Pace:
    """How many people each key asks about per second; a key with no bound is not counted."""

    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, key: MachineKey, people: int) -> None:
        """Count people; one second's worth may come at once.

        Raises:
            ProblemError: the key asks more than it may.
        """
        if not key.rate:
            return
        now = time.monotonic()
        bucket = self._buckets.setdefault(key.id, _Bucket(float(key.rate), now))
        bucket.left = min(float(key.rate), bucket.left + (now - bucket.at) * key.rate)
        bucket.at = now
        if people > bucket.left and not (people > key.rate and bucket.left >= key.rate):
            raise ProblemError("rate", retry_after=1)
        bucket.left -= people


def _kind(headers: Headers) -> str:
    return headers.content_type.partition(";")[0].strip().lower()


def is_json(headers: Headers) -> bool:
    """Whether a body says that it is JSON."""
    return _kind(headers) in _JSON


def check_body(headers: Headers, size: int, limits: Limits, *, file: bool = False) -> None:
    """Refuse a body of another kind or of too many bytes, as far as is known.

    Raises:
        ProblemError: it is neither JSON nor what it may be besides, or too large.
    """
    if _kind(headers) not in (_FILES if file else _JSON):
        raise ProblemError("content-type")
    if max(headers.content_length, size) > limits.body:
        raise ProblemError("body-too-large")


async def body_of(headers: Headers, receive: Any, limits: Limits, *, file: bool = False) -> bytes:
    """The whole body; with `file` it may be YAML.

    Raises:
        ProblemError: it is neither JSON nor what it may be besides, too large, or does not arrive.
    """
    check_body(headers, 0, limits, file=file)
    message: MutableMapping[str, Any] = await _within(receive, limits.arrives)
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limits.body:
            raise ProblemError("body-too-large")
        return body
    parts, size, until = [message.get("body", b"")], len(message.get("body", b"")), time.monotonic() + limits.arrives
    while message.get("more_body"):
        message = await _within(receive, until - time.monotonic())
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.body:
            raise ProblemError("body-too-large")
    return b"".join(parts)


async def tell_problem(problem: ProblemError, scope: Any, send: Any, **more: str) -> None:
    """Answer a request with a problem, and with more headers (ASGI)."""
    headers = Headers(scope["headers"])
    request_id, lang = request_id_of(headers), language(headers.accept_language)
    body = problem_body(problem, lang, request_id)
    own = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "content-language": lang,
        "cache-control": "no-store",
        "x-request-id": request_id,
        **more,
        **problem.headers,
    }
    out = [(name.encode(), value.encode()) for name, value in own.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": out})
    await send({"type": "http.response.body", "body": body})


async def _within(receive: Any, seconds: float) -> MutableMapping[str, Any]:
    try:
        async with timeout(max(0.0, seconds)):
            message: MutableMapping[str, Any] = await receive()
    except TimeoutError:
        raise ProblemError("slow") from None
    if message["type"] == "http.disconnect":
        raise ProblemError("slow")
    return message
