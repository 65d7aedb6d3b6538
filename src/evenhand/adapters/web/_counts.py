"""What is counted of requests: sums by route, status, campaign and standing, nothing of a person.

The process that speaks HTTP counts here too, and hands what it counted to the one that tells it (`_metrics`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Sequence
from threading import Lock

from msgspec import Struct

from evenhand.adapters.asking import Answer

__all__ = ["SECONDS", "Counted", "Counts"]

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the times that are told apart."""


class Counted(Struct, array_like=True, frozen=True):
    """What was counted meanwhile.

    Attributes:
        requests: number by route and status.
        seconds: of each route how many requests ended within each bound of `SECONDS` and within none, and the sum.
        people: number by campaign and standing.
    """

    requests: tuple[tuple[str, int, int], ...]
    seconds: tuple[tuple[str, tuple[int, ...], float], ...]
    people: tuple[tuple[str, str, int], ...]


class Counts:
    """Sums, from any thread.

    Attributes:
        requests: by route and status.
        seconds: by route: how many within each bound of `SECONDS`, and within none.
        sums: of seconds, by route.
        people: by campaign and standing.
        events: by kind.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._clear()

    def _clear(self) -> None:
        self.requests: Tally[tuple[str, int]] = Tally()
        self.seconds: dict[str, list[int]] = {}
        self.sums: dict[str, float] = {}
        self.people: Tally[tuple[str, str]] = Tally()
        self.events: Tally[str] = Tally()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        with self.lock:
            self.requests[route, status] += 1
            within = self.seconds.get(route)
            if within is None:
                within = self.seconds[route] = [0] * (len(SECONDS) + 1)
                self.sums[route] = 0.0
            within[bisect_left(SECONDS, seconds)] += 1
            self.sums[route] += seconds

    def decided(self, campaign: str, answers: Sequence[Answer]) -> None:
        """People were decided about."""
        with self.lock:
            if len(answers) == 1:
                self.people[campaign, answers[0].standing] += 1
                return
            for standing, people in Tally(one.standing for one in answers).items():
                self.people[campaign, standing] += people

    def happened(self, kind: str, count: int) -> None:
        """Events were taken in."""
        with self.lock:
            self.events[kind] += count

    def take(self) -> Counted | None:
        """What was counted since the last time, and begin anew; None = nothing."""
        with self.lock:
            if not self.requests:
                return None
            out = Counted(
                tuple((route, status, count) for (route, status), count in self.requests.items()),
                tuple((route, tuple(within), self.sums[route]) for route, within in self.seconds.items()),
                tuple((campaign, standing, count) for (campaign, standing), count in self.people.items()),
            )
            self._clear()
            return out

    def add(self, counted: Counted) -> None:
        """What was counted elsewhere."""
        with self.lock:
            for route, status, count in counted.requests:
                self.requests[route, status] += count
            for route, within, total in counted.seconds:
                before = self.seconds.get(route, [0] * len(within))
                self.seconds[route] = [one + more for one, more in zip(before, within, strict=True)]
                self.sums[route] = self.sums.get(route, 0.0) + total
            for campaign, standing, count in counted.people:
                self.people[campaign, standing] += count
