"""The hot route, ``POST /v1/decisions``: a plain ASGI application, since every microsecond here is paid per person."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from evenhand.adapters.asking import (
    Answer,
    Answered,
    Ask,
    Feature,
    FeatureError,
    Question,
    SubjectError,
)
from evenhand.adapters.keys.machine_keys import MachineKey, MachineKeys

from ._faults import fault_in
from ._gate import Headers, Limits, OneLook, Pace, body_of, caller_of, check_body, request_id_of
from ._named_once import refuse_named_twice
from ._problems import ProblemError, problem_body, problem_of, unknown_parameter
from ._served import ServedCampaign
from ._texts import language

__all__ = ["Asking", "DecisionDoor", "DecisionRequest", "Figures", "Reply"]

_MOST_KEY, _MOST_PLACES = 128, 1_000
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


class _Answer(msgspec.Struct, kw_only=True):
    """What every answer has. `offers` goes by the `offer` of a decision, `ads` and `dsa` by its `how`: thousands of
    decisions share a few of them."""

    at: str
    campaign: str
    gpc_honoured: bool
    offers: dict[str, msgspec.Raw]
    ads: Mapping[str, msgspec.Raw]
    dsa: Mapping[str, msgspec.Raw]


class _One(_Answer, kw_only=True):
    """The answer about one person: the decision, as it stands among several, and where to read on."""

    decision_id: str
    receipt_id: str
    offer: str | None
    standing: str
    permission: str
    reason: str
    how: str
    explanations: dict[str, str]
    receipt: str


class _Several(_Answer, kw_only=True):
    """The answer about several people, in the order asked."""

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


class Asking(Protocol):
    """Asks whoever decides, from the event loop. `asked_here.AskedHere` is one."""

    def ask(self, question: Question, done: Callable[[Answered | BaseException], None]) -> None:
        """Have a question decided; `done` is called once, in the loop, in time."""
        ...


class Figures(Protocol):
    """Counts requests. `Counts` does."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        ...

    def decided(self, campaign: str, answers: Sequence[Answer]) -> None:
        """People were decided about."""
        ...


class Reply(NamedTuple):
    """An answer as HTTP has it: the status, the headers in their order, and the body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(slots=True)
class _Open:
    """A request that is not answered yet."""

    headers: Headers
    request_id: str
    began: float
    told: Callable[[Reply], None]
    question: Question | None = None
    is_several: bool = False


class DecisionDoor:
    """Answers requests for decisions.

    Args:
        asking: has them decided.
        keys: of machines.
        campaigns: what is served, by id.
        once: digest of a machine's name and what it sent: its Idempotency-Key, or its question.
        counts: counts.
        limits: what a request may be.
        fault: told of an error that is a fault of ours.
    """

    path = "/v1/decisions"

    def __init__(
        self,
        asking: Asking,
        keys: MachineKeys,
        campaigns: Mapping[str, ServedCampaign],
        once: Callable[[str, bytes], bytes],
        counts: Figures,
        limits: Limits,
        fault: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._asking, self._keys, self._campaigns = asking, OneLook(keys), campaigns
        self._once, self._counts, self._limits = once, counts, limits
        self._pace, self._fault = Pace(), fault

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request (ASGI)."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        headers = Headers(scope["headers"])
        one = self._opened(headers, lambda told: None if reply.done() else reply.set_result(told))
        try:
            if scope["method"] != "POST":
                raise ProblemError("method", headers={"allow": "POST"})
            caller = caller_of(headers, self._keys, "decide")
            if scope.get("query_string"):
                raise unknown_parameter()
            self._ask(one, caller.key, await body_of(headers, receive, self._limits))
        except Exception as error:
            self._refused(one, error)
        status, out, body = await reply
        await send({"type": "http.response.start", "status": status, "headers": out})
        await send({"type": "http.response.body", "body": body})

    def take(self, headers: list[tuple[bytes, bytes]], body: bytes, told: Callable[[Reply], None]) -> None:
        """One POST that is there as a whole; in the loop. `told` is called once, soon or later."""
        own = Headers(headers)
        one = self._opened(own, told)
        try:
            caller = caller_of(own, self._keys, "decide")
            check_body(own, len(body), self._limits)
            self._ask(one, caller.key, body)
        except Exception as error:
            self._refused(one, error)

    def _opened(self, headers: Headers, told: Callable[[Reply], None]) -> _Open:
        return _Open(headers, request_id_of(headers), time.perf_counter(), told)

    def _ask(self, one: _Open, key: MachineKey, body: bytes) -> None:
        try:
            asked = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProblemError("bad-json", errors=_place_of(error)) from None
        refuse_named_twice(body)
        one.is_several = asked.subjects is not None
        one.question = question = self._question(asked, one.headers, key.name)
        self._pace.take(key, len(question.asks))
        self._asking.ask(question, lambda answer: self._decided(one, question, answer))

    def _decided(self, one: _Open, question: Question, answered: Answered | BaseException) -> None:
        """The answer came, or why there is none."""
        try:
            if isinstance(answered, BaseException):
                raise answered
            self._counts.decided(question.campaign, answered.answers)
            body = self._content(one, self._campaigns[question.campaign], answered)
        except Exception as error:
            self._refused(one, error)
            return
        self._tell(one, 200, b"application/json", body)

    def _refused(self, one: _Open, error: Exception) -> None:
        """Whatever goes wrong is told as a problem, and nothing of it to the asker."""
        if isinstance(error, FeatureError | SubjectError):
            where = _places_in(error, several=one.is_several)
            problem = ProblemError(error.code, rule=error.rule, errors=where)
        else:
            problem = problem_of(error)
            if (fault := fault_in(error, problem)) is not None:
                self._fault(fault)
        lang = language(one.headers.accept_language)
        more = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
        more.append((b"content-language", lang.encode()))
        body = problem_body(problem, lang, one.request_id)
        self._tell(one, problem.status, b"application/problem+json", body, more)

    def _tell(
        self, one: _Open, status: int, kind: bytes, body: bytes, more: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-request-id", one.request_id.encode()),
            *more,
        ]
        one.told(Reply(status, headers, body))
        self._counts.answered(self.path, status, time.perf_counter() - one.began)

    def _question(self, asked: DecisionRequest, headers: Headers, who: str) -> Question:
        """The question that a request asks.

        Raises:
            ProblemError: it asks nothing, or both one and several, or too many.
        """
        campaign = asked.campaign or self._only()
        if campaign not in self._campaigns:
            if campaign or not self._campaigns:
                raise ProblemError("campaign-not-served", errors=[("/campaign", "unknown" if campaign else "missing")])
            raise ProblemError("campaign-not-named", errors=[("/campaign", "missing")], choices=tuple(self._campaigns))
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
        """The campaign that need not be named: the only one, or the one that was served alone at first."""
        if len(self._campaigns) == 1:
            return next(iter(self._campaigns))
        return next((name for name, one in self._campaigns.items() if one.is_default), "")

    def _content(self, one: _Open, served: ServedCampaign, answered: Answered) -> bytes:
        gpc = one.headers.gpc
        if not one.is_several:
            return self._one(answered, served, gpc=gpc)
        return _encode(
            _Several(
                at=answered.at,
                campaign=served.id,
                gpc_honoured=gpc and all(served.honours(each.standing) for each in answered.answers),
                offers={each.offer: served.offers[each.offer] for each in answered.answers if each.offer is not None},
                ads=served.ads,
                dsa=served.dsa,
                decisions=answered.answers,
            )
        )

    def _one(self, answered: Answered, served: ServedCampaign, *, gpc: bool) -> bytes:
        (one,) = answered.answers
        name, offer, how = one.decision_id, one.offer, one.how
        link = f"/v1/explanations/{name}?register="
        return _encode(
            _One(
                at=answered.at,
                campaign=served.id,
                gpc_honoured=gpc and served.honours(one.standing),
                offers={} if offer is None else {offer: served.offers[offer]},
                ads={} if offer is None else {how: served.ads[how]},
                dsa={} if offer is None else {how: served.dsa[how]},
                decision_id=name,
                receipt_id=name,
                offer=offer,
                standing=one.standing,
                permission=one.permission,
                reason=one.reason,
                how=how,
                explanations={
                    "person": link + "person",
                    "employee": link + "employee",
                    "regulator": link + "regulator",
                },
                receipt=f"/v1/receipts/{name}",
            )
        )
