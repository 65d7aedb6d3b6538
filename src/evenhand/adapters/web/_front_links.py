"""Both links, at the end of the process that speaks HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from evenhand.adapters.asking import Answered, Ask, FeatureError, Question, SubjectError

from ._asked_here import Overdue
from ._counts import Counts
from ._gate import tell_problem
from ._problems import ProblemError
from ._served import ServedCampaign
from ._wire import (
    Begin,
    Campaigns,
    Counting,
    End,
    Fault,
    Gave,
    Hello,
    Part,
    Problem,
    SentQuestion,
    Splitter,
    Start,
    Stop,
    Take,
    Taken,
    Told,
    frame,
)

__all__ = ["AskedThere", "Known", "RequestsThere"]

_told = msgspec.msgpack.Decoder(Told).decode
_hears = msgspec.msgpack.Decoder(Hello | Campaigns | Stop | Take | Start | Part | End).decode
_SMALL, _LARGE = -(1 << 63), 1 << 64
_OF_SCOPE = (
    "type", "asgi", "http_version", "server", "client", "scheme", "root_path", "method", "path", "raw_path",
    "query_string",
)  # fmt: skip


_OF_HEALTH = frozenset({"/healthz", "/readyz"})
_HEALTH = 5.0
"""Seconds after which whoever asks how the service is learns that the deciding process does not answer at all, as where
somebody stopped it. It needs nothing to answer that but to run."""


class Known(Mapping[str, ServedCampaign]):
    """What is served, as the deciding process told it last."""

    def __init__(self) -> None:
        self._number = 0
        self._served: dict[str, ServedCampaign] = {}

    def hear(self, campaigns: Campaigns) -> None:
        """This is served from now on; what is older than what is known is passed over."""
        if campaigns.number > self._number:
            self._number = campaigns.number
            self._served = {one.id: one.campaign(self._served.get(one.id)) for one in campaigns.served}

    def __getitem__(self, name: str) -> ServedCampaign:
        return self._served[name]

    def __iter__(self) -> Any:
        return iter(self._served)

    def __len__(self) -> int:
        return len(self._served)


class AskedThere(asyncio.Protocol):
    """Has questions decided by the other process: all of one turn of the loop in one frame. Implements `Asking`.

    Args:
        known: is told what is served.
        seconds: how long an answer is waited for.
        lost: called when the other process is gone.
    """

    def __init__(self, known: Known, seconds: float, lost: Callable[[], None]) -> None:
        self._known, self._overdue, self._lost = known, Overdue(seconds), lost
        self._loop = asyncio.get_running_loop()
        self._splitter = Splitter()
        self._asked: list[SentQuestion] = []
        self._transport: asyncio.Transport | None = None

    @property
    def is_there(self) -> bool:
        """Whether the other process is there."""
        return self._transport is not None

    def ask(self, question: Question, done: Callable[[Answered | BaseException], None]) -> None:
        """See `Asking`."""
        if self._transport is None:
            raise ProblemError("unavailable", retry_after=2)
        number = self._overdue.put(done)
        if not self._asked:
            self._loop.call_soon(self._send)
        content = bytes.fromhex(question.asked)
        self._asked.append(SentQuestion(number, question.campaign, question.asks, question.key, content))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is there."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other process is gone."""
        del exc
        self._transport = None
        self._overdue.tell_all()
        self._lost()

    def data_received(self, data: bytes) -> None:
        """Answers."""
        for content in self._splitter.feed(data):
            told = _told(content)
            if told.campaigns is not None:
                self._known.hear(told.campaigns)
            for number, answered, problem in told.answers:
                self._overdue.tell(number, answered if problem is None else _error_of(problem))  # type: ignore[arg-type]

    def _send(self) -> None:
        asked, self._asked = self._asked, []
        if self._transport is None:
            return
        try:
            out = frame(asked)
        except OverflowError:
            out = frame([_without_large(one) for one in asked])
        self._transport.write(out)


async def _next(call: asyncio.Queue[Any], most: float | None) -> Any:
    """What is said next; None where nothing is for too long."""
    try:
        return await asyncio.wait_for(call.get(), most)
    except TimeoutError:
        return None


def _error_of(problem: Problem) -> Exception:
    if problem.column is not None:
        return FeatureError(problem.column, problem.code, "", rule=problem.rule, remedy="", place=problem.place)
    if problem.places:
        return SubjectError(problem.places, "", rule=problem.rule, remedy="")
    return ProblemError(
        problem.code, rule=problem.rule, errors=problem.errors, blocks=problem.blocks, headers=problem.headers
    )


def _without_large(one: SentQuestion) -> SentQuestion:
    """Numbers that no frame holds go beside the others, in digits."""
    large: list[tuple[int, str, str]] = []
    asks: list[Ask] = []
    for place, ask in enumerate(one.asks):
        own = {
            name: value
            for name, value in (ask.features or {}).items()
            if isinstance(value, int) and not _SMALL <= value < _LARGE
        }
        if not own:
            asks.append(ask)
            continue
        large += [(place, name, hex(value)) for name, value in own.items()]
        asks.append(msgspec.structs.replace(ask, features=dict(ask.features or {}) | dict.fromkeys(own, 0)))
    return msgspec.structs.replace(one, asks=tuple(asks), large=tuple(large))


class RequestsThere(asyncio.Protocol):
    """Has all other requests answered by the application of the other process. An application itself (ASGI).

    Args:
        known: is told what is served.
        counts: what was counted here; told before each request, so that figures are right when they are asked for.
        hello: called with the first word.
        stop: called when this process is to end.
    """

    def __init__(self, known: Known, counts: Counts, hello: Callable[[Hello], None], stop: Callable[[], None]) -> None:
        self._known, self._counts, self._hello, self._stop = known, counts, hello, stop
        self._splitter = Splitter()
        self._calls: dict[int, asyncio.Queue[Take | Start | Part | End | None]] = {}
        self._last = 0
        self._transport: asyncio.Transport | None = None
        self._over = asyncio.Event()

    async def close(self) -> None:
        """Say what is still to be said, and close the link."""
        self.tell_counts()
        if self._transport is not None:
            self._transport.close()
            await self._over.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The link is there."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other process is gone."""
        del exc
        self._transport = None
        self._over.set()
        for call in self._calls.values():
            call.put_nowait(None)
        self._stop()

    def data_received(self, data: bytes) -> None:
        """What the other process says."""
        for content in self._splitter.feed(data):
            said = _hears(content)
            if isinstance(said, Campaigns):
                self._known.hear(said)
            elif isinstance(said, Hello):
                self._known.hear(said.campaigns)
                self._hello(said)
            elif isinstance(said, Stop):
                self._stop()
            elif (call := self._calls.get(said.number)) is not None:
                call.put_nowait(said)

    def tell(self, content: Any) -> None:
        """Say something."""
        if self._transport is not None:
            self._transport.write(frame(content))

    def tell_counts(self) -> None:
        """Say what was counted."""
        if (counted := self._counts.take()) is not None:
            self.tell(Counting(counted))

    def tell_fault(self, said: str) -> None:
        """Say that there is a fault of ours."""
        self.tell(Fault(said))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request (ASGI)."""
        if self._transport is None:
            await tell_problem(ProblemError("unavailable", retry_after=2), scope, send)
            return
        self.tell_counts()
        self._last += 1
        number, call = self._last, asyncio.Queue[Take | Start | Part | End | None]()
        self._calls[number] = call
        takes: set[asyncio.Task[None]] = set()
        self.tell(Begin(number, {name: scope.get(name) for name in _OF_SCOPE}, scope["headers"]))
        is_begun, most = False, _HEALTH if scope["path"] in _OF_HEALTH else None
        try:
            while not isinstance(said := await _next(call, None if is_begun else most), End):
                if said is None:
                    break
                if isinstance(said, Take):
                    task = asyncio.create_task(self._take(number, receive))
                    takes.add(task)
                    task.add_done_callback(takes.discard)
                elif isinstance(said, Start):
                    is_begun = True
                    await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
                else:
                    await send({"type": "http.response.body", "body": said.body, "more_body": said.more})
                    if said.more:
                        self.tell(Taken(number))
        finally:
            del self._calls[number]
            for task in takes:
                task.cancel()
        if said is None and not is_begun:
            self.tell(Gave(number, is_gone=True))
            await tell_problem(ProblemError("unanswered", retry_after=2), scope, send)
        elif isinstance(said, End) and said.is_fault:
            raise RuntimeError("the application ended with an error")

    async def _take(self, number: int, receive: Any) -> None:
        message = await receive()
        if message["type"] == "http.disconnect":
            self.tell(Gave(number, is_gone=True))
        else:
            self.tell(Gave(number, message.get("body", b""), message.get("more_body", False)))
