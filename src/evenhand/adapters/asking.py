"""What a live service is asked, and what it answers: plain values between whoever serves and whoever decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from evenhand.terms import DataError, EvenhandError

__all__ = [
    "Answer",
    "Answered",
    "Ask",
    "BusyError",
    "Decider",
    "Feature",
    "FeatureError",
    "Question",
    "SubjectError",
    "UnavailableError",
]

Feature = str | float | int | bool | None
"""The value of a feature in a request."""


class Ask(Struct, frozen=True, array_like=True, gc=False):
    """One person to decide about.

    Attributes:
        subject: their own id, as the organisation writes it.
        features: values that stand in for those of the subjects table, by column; only declared features.
        opted_out: the person opts out of personalisation, in this request.
        gpc: the request came with ``Sec-GPC: 1``.
    """

    subject: str
    features: Mapping[str, Feature] | None = None
    opted_out: bool = False
    gpc: bool = False

    def __repr__(self) -> str:
        """Without anything of the person."""
        return f"Ask(opted_out={self.opted_out}, gpc={self.gpc})"


@dataclass(frozen=True, slots=True)
class Question:
    """Who is to be decided about, together or not at all.

    Attributes:
        campaign: id of the campaign.
        asks: the people, each once.
        key: digest (32 bytes) of the key under which this is answered once; None = without.
        asked: digest (hex) of the whole question, for such a key.
    """

    campaign: str
    asks: tuple[Ask, ...]
    key: bytes | None = None
    asked: str = ""


class Answer(Struct, frozen=True, gc=False):
    """The decision about one person.

    Attributes:
        decision_id: ``RUN-ID.NUMBER``; its receipt goes by the same id.
        offer: id of the offer; None for none.
        standing: ``personalised``, ``contextual`` or ``refused``.
        permission: key of the reason of that standing.
        reason: key of the reason of the outcome.
        how: by what the outcome came about: ``personal`` (data of the person counted), ``contextual`` (none did:
            they opted out, or switched all of it off), or ``chance`` (by lot); ``refused`` where nothing was decided.
    """

    decision_id: str
    offer: str | None
    standing: str
    permission: str
    reason: str
    how: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a question came to.

    Attributes:
        answers: one per person, in the order asked.
        at: the moment of the decisions, ISO 8601.
        is_repeated: the same was asked under the same key before; these are the decisions of then.
    """

    answers: tuple[Answer, ...]
    at: str
    is_repeated: bool = False


class BusyError(EvenhandError):
    """More is waiting than can be decided soon; nothing was recorded. Ask again in a while."""

    exit_code = 4


class UnavailableError(EvenhandError):
    """A gate, the ledger or the limits cannot answer, so nothing was decided; nothing was recorded."""

    exit_code = 4


class FeatureError(DataError):
    """A feature of a request cannot be used.

    Args:
        column: its name, as the request has it.
        code, what, rule, remedy: as of `EvenhandError`.
        place: of the person whose feature it is, among those who are asked about.
    """

    def __init__(self, column: str, code: str, what: str, *, rule: str, remedy: str, place: int = 0) -> None:
        super().__init__(code, what, rule=rule, remedy=remedy)
        self.column, self.place = column[:80], place


class SubjectError(DataError):
    """People of a request cannot be decided about, because nothing is known of them.

    Args:
        places: theirs, among those who are asked about; never an id.
        what, rule, remedy: as of `EvenhandError`.
    """

    def __init__(self, places: Sequence[int], what: str, *, rule: str, remedy: str) -> None:
        super().__init__("subject-unknown", what, rule=rule, remedy=remedy)
        self.places = tuple(places)


Done = Callable[[Answered | BaseException], None]
"""Called once, from another thread, with the answer or with why there is none."""


class Decider(Protocol):
    """Whoever decides. `assembly.LiveService` is one."""

    def ask(self, question: Question, done: Done) -> None:
        """Take a question; `done` is called when its decisions are durable in the ledger.

        Raises:
            BusyError: too much is waiting; `done` is not called.
            UnavailableError: it is closing.
        """
        ...
