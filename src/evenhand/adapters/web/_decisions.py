"""The hot route, ``POST /v1/decisions``: a plain ASGI application, since every microsecond here is paid per person."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from evenhand.adapters.asking import (
    Answer,
    Answered,
    Ask,
    Decider,
    Feature,
    FeatureError,
    Question,
    SubjectError,
    UnavailableError,
)
from evenhand.adapters.keys.machine_keys import MachineKeys

from ._gate import Headers, Limits, OneLook, Pace, body_of, caller_of, request_id_of
from ._metrics import Metrics
from ._problems import ProblemError, problem_body, problem_of
from ._served import ServedCampaign
from ._texts import language

__all__ = ["DecisionDoor", "DecisionRequest"]

_MOST_KEY, _MOST_PLACES = 128, 1_000
_NONE = msgspec.Raw(b"null")
_encode = msgspec.json.Encoder().encode
_AT = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_SAID = {"Object contains unknown field": "unknown-field", "Object missing required field": "missing"}
"""How the decoder's sentences begin, and the code of each; any other is about a type."""


class OneAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One person in a request for several."""

    subject: str
    features: dict[str, Feature] | None = None
    opted_out: bool = False


class DecisionRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The body of a request: one person, or several."""

    campaign: str = ""
    subject: str = ""
    features: dict[str, Feature] | None = None
    opted_out: bool = False
    subjects: list[OneAsked] | None = None


class _One(msgspec.Struct):
    """The answer about one person."""

    decision_id: str
    receipt_id: str
    at: str
    campaign: str
    standing: str
    permission: str
    reason: str
    how: str
    offer: msgspec.Raw
    ad: msgspec.Raw
    dsa: msgspec.Raw
    gpc_honoured: bool
    explanations: dict[str, str]
    receipt: str


class _Several(msgspec.Struct):
    """The answer about several people, in the order asked."""

    at: str
    campaign: str
    gpc_honoured: bool
    offers: dict[str, msgspec.Raw]
    ads: Mapping[str, msgspec.Raw]
    dsa: Mapping[str, msgspec.Raw]
    decisions: tuple[Answer, ...]


_decode = msgspec.json.Decoder(DecisionRequest).decode


def _place_of(error: Exception) -> list[tuple[str, str]]:
    """Where a body is not of the documented form, as far as the decoder says. Of names that an asker made up it gives
    none, since such a name may be somebody's value: then the pointer is that of what holds it."""
    if not isinstance(error, msgspec.ValidationError):
        return []
    told = str(error)
    found = _AT.search(told)
    steps = [name or number for name, number in _STEP.findall(found[1])] if found else []
    code = next((code for words, code in _SAID.items() if told.startswith(words)), "type")
    return [("".join(f"/{step}" for step in steps), code)]


def _places_in(error: FeatureError | SubjectError, *, several: bool) -> list[tuple[str, str]]:
    """Who of those asked about is not known, or which feature of whom cannot be used; as places in the request."""
    if isinstance(error, SubjectError):
        shown = error.places[:_MOST_PLACES]
        return [(f"/subjects/{place}/subject" if several else "/subject", error.code) for place in shown]
    column = error.column.replace("~", "~0").replace("/", "~1")
    whose = f"/subjects/{error.place}" if several else ""
    return [(f"{whose}/features/{column}", error.code)]


class _Mailbox:
    """Brings answers from the deciding thread to the event loop, many at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._box: deque[tuple[asyncio.Future[Answered | BaseException], Answered | BaseException]] = deque()
        self._is_called = False

    def put(self, future: asyncio.Future[Answered | BaseException], answer: Answered | BaseException) -> None:
        """Leave an answer; from any thread."""
        self._box.append((future, answer))
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._deliver)

    def is_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it delivers to this loop."""
        return self._loop is loop

    def _deliver(self) -> None:
        self._is_called = False
        while self._box:
            future, answer = self._box.popleft()
            if not future.done():
                future.set_result(answer)


def _too_late(future: asyncio.Future[Answered | BaseException]) -> None:
    """Nobody waits any longer; what is decided all the same is in the ledger, and a key asks for it again."""
    if not future.done():
        future.set_result(ProblemError("unavailable", retry_after=2))


class DecisionDoor:
    """Answers requests for decisions.

    Args:
        decider: decides.
        keys: of machines.
        campaigns: what is served, by id.
        once: digest (32 bytes) of a machine's name and what it sent: its Idempotency-Key, or its question.
        metrics: counts.
        limits: what a request may be.
        fault: told of an error that is a fault of ours.
    """

    def __init__(
        self,
        decider: Decider,
        keys: MachineKeys,
        campaigns: Mapping[str, ServedCampaign],
        once: Callable[[str, bytes], bytes],
        metrics: Metrics,
        limits: Limits,
        fault: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._decider, self._keys, self._campaigns = decider, OneLook(keys), campaigns
        self._once, self._metrics, self._limits = once, metrics, limits
        self._pace, self._fault = Pace(), fault
        self._mail: _Mailbox | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request (ASGI)."""
        began = time.perf_counter()
        headers = Headers(scope["headers"])
        request_id = request_id_of(headers)
        more: Mapping[str, str] = {}
        try:
            if scope["method"] != "POST":
                raise ProblemError("method", headers={"allow": "POST"})
            status, kind, body = 200, b"application/json", await self._answer(headers, receive)
        except Exception as error:  # whatever goes wrong is told as a problem, and nothing of it to the asker
            problem = problem_of(error)
            if problem.code == "internal":
                self._fault(error)
            elif isinstance(error, UnavailableError) and error.__cause__ is not None:
                self._fault(error.__cause__)
            lang = language(headers.accept_language)
            status, kind = problem.status, b"application/problem+json"
            body, more = problem_body(problem, lang, request_id), {**problem.headers, "content-language": lang}
        out = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
        ]
        out += [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": out})
        await send({"type": "http.response.body", "body": body})
        self._metrics.answered("/v1/decisions", status, time.perf_counter() - began)

    async def _answer(self, headers: Headers, receive: Any) -> bytes:
        caller = caller_of(headers, self._keys, "decide")
        body = await body_of(headers, receive, self._limits)
        try:
            asked = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProblemError("bad-json", errors=_place_of(error)) from None
        question = self._question(asked, headers, caller.key.name)
        self._pace.take(caller.key, len(question.asks))
        try:
            answered = await self._decided(question)
        except (FeatureError, SubjectError) as error:
            where = _places_in(error, several=asked.subjects is not None)
            raise ProblemError(error.code, rule=error.rule, errors=where) from None
        self._metrics.decided(question.campaign, answered.answers)
        served = self._campaigns[question.campaign]
        if asked.subjects is None:
            return self._one(answered, served, gpc=headers.gpc)
        offers = {one.offer: served.offers[one.offer] for one in answered.answers if one.offer is not None}
        kept = headers.gpc and all(served.honours(one.standing) for one in answered.answers)
        return _encode(_Several(answered.at, served.id, kept, offers, served.ads, served.dsa, answered.answers))

    def _question(self, asked: DecisionRequest, headers: Headers, who: str) -> Question:
        """The question that a request asks.

        Raises:
            ProblemError: it asks nothing, or both one and several, or too many.
        """
        campaign = asked.campaign or self._only()
        if campaign not in self._campaigns:
            raise ProblemError("campaign-not-served", errors=[("/campaign", "unknown" if campaign else "missing")])
        asks: tuple[Ask, ...]
        if asked.subjects is None:
            asks = (Ask(asked.subject, asked.features, asked.opted_out, headers.gpc),)
        elif asked.subject or asked.features is not None:
            raise ProblemError("bad-json", errors=[("/subject", "one-or-several")])
        else:
            if len(asked.subjects) > self._limits.people:
                raise ProblemError("too-many", errors=[("/subjects", "too-many")])
            own, gpc = asked.opted_out, headers.gpc
            asks = tuple(Ask(one.subject, one.features, own or one.opted_out, gpc) for one in asked.subjects)
        if headers.once is None:
            return Question(campaign, asks)
        once = headers.once
        if not 1 <= len(once) <= _MOST_KEY or not once.isascii() or not once.isprintable():
            raise ProblemError("idempotency-key")
        content = hashlib.sha256(_encode((campaign, asked, headers.gpc))).digest()
        return Question(campaign, asks, self._once(who, once.encode()), self._once(who, content).hex())

    def _only(self) -> str:
        """The campaign, where one is served; it need not be named then."""
        return next(iter(self._campaigns)) if len(self._campaigns) == 1 else ""

    async def _decided(self, question: Question) -> Answered:
        loop = asyncio.get_running_loop()
        if self._mail is None or not self._mail.is_of(loop):
            self._mail = _Mailbox(loop)
        mail, future = self._mail, loop.create_future()
        self._decider.ask(question, lambda answer: mail.put(future, answer))
        until = loop.call_later(self._limits.answers, _too_late, future)
        try:
            answer = await future
        finally:
            until.cancel()
        if isinstance(answer, BaseException):
            raise answer
        found: Answered = answer
        return found

    def _one(self, answered: Answered, served: ServedCampaign, *, gpc: bool) -> bytes:
        (one,) = answered.answers
        name, has = one.decision_id, one.offer is not None
        link = f"/v1/explanations/{name}?register="
        return _encode(
            _One(
                name,
                name,
                answered.at,
                served.id,
                one.standing,
                one.permission,
                one.reason,
                one.how,
                served.offers[one.offer] if one.offer is not None else _NONE,
                served.ads[one.how] if has else _NONE,
                served.dsa[one.how] if has else _NONE,
                gpc and served.honours(one.standing),
                {
                    "person": link + "person",
                    "employee": link + "employee",
                    "regulator": link + "regulator",
                },
                f"/v1/receipts/{name}",
            )
        )
