"""What passes between the process that speaks HTTP and the one that decides: frames of MessagePack with their length.

There are two links. Over one go questions and their answers, many in a frame. Over the other go requests for everything
else, as ASGI has them, and what the two processes tell each other.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from evenhand.adapters.asking import Answered, Ask

from ._counts import Counted
from ._gate import Limits
from ._problems import ProblemError
from ._served import ServedCampaign

__all__ = [
    "Begin",
    "Campaigns",
    "Counting",
    "End",
    "Fault",
    "FrontSays",
    "Gave",
    "Hello",
    "Lives",
    "Part",
    "Problem",
    "Ready",
    "SentQuestion",
    "Served",
    "Splitter",
    "Start",
    "Stop",
    "Take",
    "Taken",
    "Told",
    "frame",
]

_LENGTH = 4
_encoder = msgspec.msgpack.Encoder()


class SentQuestion(Struct, array_like=True, frozen=True):
    """One question.

    Attributes:
        number: by which its answer is known.
        campaign, asks: as of `Question`.
        once: a machine's name and its Idempotency-Key, with a zero byte between; None = without.
        content: a machine's name and the digest of the question, likewise.
        large: numbers among the features that are too large for a frame: place of the person, column, digits (hex).
    """

    number: int
    campaign: str
    asks: tuple[Ask, ...]
    once: bytes | None = None
    content: bytes = b""
    large: tuple[tuple[int, str, str], ...] = ()


class Problem(Struct, array_like=True, frozen=True):
    """Why a question has no answer: what `ProblemError` takes, or what a `FeatureError` or `SubjectError` says.

    Attributes:
        code, rule: of the problem, or of the error.
        headers: of the problem.
        errors: where in the request.
        blocks: what was found.
        column, place: of a `FeatureError`; "" = it is none.
        places: of a `SubjectError`; empty = it is none.
    """

    code: str
    rule: str
    headers: dict[str, str] = {}
    errors: tuple[tuple[str, str], ...] = ()
    blocks: tuple[dict[str, Any], ...] = ()
    column: str | None = None
    place: int = 0
    places: tuple[int, ...] = ()

    @classmethod
    def of(cls, problem: ProblemError) -> Problem:
        """A problem that is the same for one person and for several."""
        blocks = tuple(dict(one) for one in problem.blocks)
        return cls(problem.code, problem.rule, dict(problem.headers), problem.errors, blocks)


class Served(Struct, array_like=True, frozen=True):
    """A campaign as `ServedCampaign` has it."""

    id: str
    offers: dict[str, bytes]
    ads: dict[str, bytes]
    dsa: dict[str, bytes]
    rows: int
    stops_at_gpc: bool
    is_default: bool

    @classmethod
    def of(cls, one: ServedCampaign) -> Served:
        """For the way."""
        offers, ads, dsa = ({key: bytes(raw) for key, raw in part.items()} for part in (one.offers, one.ads, one.dsa))
        return cls(one.id, offers, ads, dsa, one.rows, one.stops_at_gpc, one.is_default)

    def campaign(self, before: ServedCampaign | None) -> ServedCampaign:
        """After the way. An answer of just before a change may still name an offer of `before`."""
        offers, ads, dsa = (
            {key: msgspec.Raw(text) for key, text in part.items()} for part in (self.offers, self.ads, self.dsa)
        )
        kept = {} if before is None else dict(before.offers)
        return ServedCampaign(self.id, kept | offers, ads, dsa, self.rows, self.stops_at_gpc, self.is_default)


class Campaigns(Struct, array_like=True, frozen=True, tag=True):
    """Everything that is served, from now on; what has a smaller number came before."""

    number: int
    served: tuple[Served, ...]


class Told(Struct, array_like=True, frozen=True):
    """Answers to questions, and what is served where that changed."""

    campaigns: Campaigns | None
    answers: list[tuple[int, Answered | None, Problem | None]]


class Hello(Struct, array_like=True, frozen=True, tag=True):
    """The first word to the process that speaks HTTP.

    Attributes:
        limits: what a request may be.
        keys: file of the machines' keys.
        campaigns: what is served.
    """

    limits: Limits
    keys: str
    campaigns: Campaigns


class Ready(Struct, array_like=True, frozen=True, tag=True):
    """It listens."""


class Lives(Struct, array_like=True, frozen=True, tag=True):
    """It goes on; said each second."""


class Stop(Struct, array_like=True, frozen=True, tag=True):
    """It is to answer what is under way, and end."""


class Counting(Struct, array_like=True, frozen=True, tag=True):
    """What it counted."""

    counted: Counted


class Fault(Struct, array_like=True, frozen=True, tag=True):
    """A fault of ours, by its type and place."""

    said: str


class Begin(Struct, array_like=True, frozen=True, tag=True):
    """A request begins. `scope` is what ASGI says of it, but for its headers."""

    number: int
    scope: dict[str, Any]
    headers: list[tuple[bytes, bytes]]


class Take(Struct, array_like=True, frozen=True, tag=True):
    """The application waits for more of a request, or for its end (``receive``)."""

    number: int


class Gave(Struct, array_like=True, frozen=True, tag=True):
    """More of a request; `is_gone`: there is nobody any more."""

    number: int
    body: bytes = b""
    more: bool = False
    is_gone: bool = False


class Start(Struct, array_like=True, frozen=True, tag=True):
    """An answer begins."""

    number: int
    status: int
    headers: list[tuple[bytes, bytes]]


class Part(Struct, array_like=True, frozen=True, tag=True):
    """A part of an answer."""

    number: int
    body: bytes
    more: bool


class Taken(Struct, array_like=True, frozen=True, tag=True):
    """The caller has room for the next part."""

    number: int


class End(Struct, array_like=True, frozen=True, tag=True):
    """The application is done with a request; `is_fault`: by an error."""

    number: int
    is_fault: bool


FrontSays = Ready | Lives | Counting | Fault | Begin | Gave | Taken
"""What the process that speaks HTTP says."""


def frame(content: Any) -> bytes:
    """Content with its length before it."""
    body = _encoder.encode(content)
    return len(body).to_bytes(_LENGTH, "big") + body


class Splitter:
    """Frames out of bytes as they come."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The contents that are whole now."""
        left, at, out = self._left, 0, []
        left += data
        while len(left) - at >= _LENGTH:
            end = at + _LENGTH + int.from_bytes(left[at : at + _LENGTH], "big")
            if len(left) < end:
                break
            out.append(bytes(left[at + _LENGTH : end]))
            at = end
        del left[:at]
        return out
