"""Figures for whoever looks after the service: counts by route, status, campaign and standing; nothing of a person."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from evenhand.adapters.asking import Answer

__all__ = ["Metrics"]

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one service.

    Args:
        waiting: how many people wait.
        stale: of how many campaigns the tables changed and could not be read.
    """

    def __init__(self, waiting: Callable[[], int], stale: Callable[[], int] = lambda: 0) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("evenhand_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        self._people = Counter(
            "evenhand_decisions", "People decided about.", ("campaign", "standing"), registry=self.registry
        )
        self._seconds = Histogram(
            "evenhand_request_seconds", "Time to an answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._events = Counter("evenhand_events", "Events taken in.", ("kind",), registry=self.registry)
        Gauge("evenhand_waiting", "People who wait for a decision.", registry=self.registry).set_function(waiting)
        Gauge(
            "evenhand_tables_stale", "Campaigns whose tables changed and could not be read.", registry=self.registry
        ).set_function(stale)
        self._of_request: dict[tuple[str, int], Counter] = {}
        self._of_route: dict[str, Histogram] = {}
        self._of_standing: dict[tuple[str, str], Counter] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        counter = self._of_request.get((route, status))
        if counter is None:
            counter = self._of_request[route, status] = self._requests.labels(route, str(status))
        counter.inc()
        histogram = self._of_route.get(route)
        if histogram is None:
            histogram = self._of_route[route] = self._seconds.labels(route)
        histogram.observe(seconds)

    def decided(self, campaign: str, answers: Sequence[Answer]) -> None:
        """People were decided about."""
        tally = {answers[0].standing: 1} if len(answers) == 1 else Tally(one.standing for one in answers)
        for standing, people in tally.items():
            counter = self._of_standing.get((campaign, standing))
            if counter is None:
                counter = self._of_standing[campaign, standing] = self._people.labels(campaign, standing)
            counter.inc(people)

    def happened(self, kind: str, count: int) -> None:
        """Events were taken in."""
        self._events.labels(kind).inc(count)

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
