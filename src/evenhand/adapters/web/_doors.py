"""What the service asks of whoever keeps records: small Protocols, implemented above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from evenhand.terms import DataError

if TYPE_CHECKING:
    from evenhand.adapters.stores.event_tables import Event

__all__ = ["EVENT_FAULTS", "Events", "EventsRefusedError", "Health", "Records", "Register", "Sayings"]

Register = Literal["person", "employee", "regulator"]


class Records(Protocol):
    """What was recorded. Called from worker threads."""

    def explanation(self, decision_id: str, register: Register, lang: str, by: str) -> dict[str, Any]:
        """Why one decision was made, for a kind of reader, after it was noted who (`by`) reads it.

        Raises:
            DataError: there is no such decision, or it cannot be read any more.
        """
        ...

    def receipt(self, decision_id: str, lang: str, by: str) -> dict[str, Any]:
        """The receipt of one decision, as plain values, after it was noted who (`by`) gets it. Of one that nobody can
        read any more it proves that it was recorded, and holds nothing of the person.

        Raises:
            DataError: there is no such decision.
        """
        ...


class Events(Protocol):
    """What followed decisions. Called from worker threads."""

    def keep(self, events: Sequence[Event]) -> tuple[int, int]:
        """Keep events, all or none, durably; how many were new, and how many were not kept because their decisions are
        closed: their people were erased, or their time is over.

        Raises:
            EventsRefusedError: one names a decision that the ledger does not have, or cannot have followed it.
        """
        ...

    def page(self, after: int, count: int) -> list[Event]:
        """The next events in the order in which they came."""
        ...


class EventsRefusedError(DataError):
    """Events cannot have followed the decisions that they name.

    Args:
        found: what is the matter with which: place in what was told, from 0, and one of `EVENT_FAULTS`.
    """

    def __init__(self, found: Sequence[tuple[int, str]]) -> None:
        first = min((fault for _, fault in found), key=list(EVENT_FAULTS).index)
        code, what, rule, remedy, _ = EVENT_FAULTS[first]
        count = sum(fault == first for _, fault in found)
        super().__init__(code, f"{count} of the events {what}; nothing was kept.", rule=rule, remedy=remedy)
        self.places = tuple((f"/events/{place}/{EVENT_FAULTS[fault][4]}", fault) for place, fault in found)


EVENT_FAULTS: Mapping[str, tuple[str, str, str, str, str]] = {
    "unknown": (
        "event-decision-unknown",
        "name a decision that the ledger does not have",
        "an event follows a recorded decision",
        "send the decision's id as the answer has it",
        "decision_id",
    ),
    "without-offer": (
        "event-without-offer",
        "follow a decision that made no offer",
        "only an offer is shown, clicked or bought; where the lot gave nothing, bought is told too",
        "tell nothing of it, or a complaint",
        "kind",
    ),
    "before-decision": (
        "event-before-decision",
        "are dated before their decision",
        "what follows a decision happens after it; clocks may differ by five minutes",
        "set the clock of the machine that tells, or leave `at` out",
        "at",
    ),
}
"""What can be the matter with an event, first what weighs most: code, sentence, rule, remedy, and the member that it
is about."""


class Sayings(Protocol):
    """What people say and ask. Called from worker threads; what is kept is durable when a call returns."""

    def say(self, who: str, word: str, purpose: str, **more: Any) -> dict[str, Any]:
        """Keep what a person says of a purpose; the record, and ``known``: whether the id is somebody's here.

        Raises:
            UsageError: the id is odd.
            UsageError: it cannot be said like this; or it is a yes, a no stands, and ``if_match`` does not hold the tag
                of what stands.
        """
        ...

    def hear(self, who: str, signals: Mapping[str, str], *, actor: str, via: str) -> dict[str, Any]:
        """Keep what a person's browser or app says, by the name of the signal; ``kept``, ``unchanged``, ``overruled``,
        ``means``, and ``known``: whether the id is somebody's here.

        Raises:
            UsageError: the id is odd, or a string cannot be read.
        """
        ...

    def same_person(self, who: str, was: str, *, evidence: str, by: str, parted: bool) -> dict[str, Any]:
        """Keep that two ids are one person's, or are not; what came of it, and ``known`` and ``was_known``: whether the
        ids are somebody's here.

        Raises:
            UsageError: it is one id.
            DataError: a table of consents cannot be read.
        """
        ...

    def history(self, who: str, by: str) -> dict[str, Any]:
        """``said``: everything that a person said; ``now``: what stands; ``tag``: of that; ``may_ask_again_from``:
        where they said no to sale or sharing, the first day on which they may be asked again; ``known``: whether the
        id is somebody's here. It is noted who asks (`by`)."""
        ...

    def ask(self, who: str, kind: str, **more: Any) -> dict[str, Any]:
        """Keep what a person asks; the request, and ``known``: whether the id is somebody's here.

        Raises:
            UsageError: the id is odd, or it cannot be asked like this.
        """
        ...

    def request(self, number: str) -> dict[str, Any]:
        """How a request stands.

        Raises:
            DataError: there is none with this number.
        """
        ...


class Health(Protocol):
    """How the service is."""

    @property
    def waiting(self) -> int:
        """People who wait."""
        ...

    def not_ready(self) -> str:
        """Why it cannot decide now, one stable word; "" where it can."""
        ...
