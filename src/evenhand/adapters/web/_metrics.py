"""Figures for whoever looks after the service: counts by route, status, campaign and standing; nothing of a person.

Numbers of people are told in tens: whoever reads them all the time and knows when somebody came would else see from the
step of a counter what was decided about that person.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from evenhand.adapters.asking import Answer
from evenhand.terms import in_tens

__all__ = ["Metrics"]

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _InTens(Collector):
    """A counter of people that is told in tens, downwards."""

    def __init__(self, name: str, meaning: str, labels: tuple[str, ...]) -> None:
        self._name, self._meaning, self._labels = name, meaning, labels
        self._tally: Tally[tuple[str, ...]] = Tally()
        self._lock = Lock()

    def add(self, labels: tuple[str, ...], people: int) -> None:
        """So many more."""
        with self._lock:
            self._tally[labels] += people

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus reads."""
        told = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        with self._lock:
            for labels, people in self._tally.items():
                told.add_metric(labels, in_tens(people))
        yield told


class Metrics:
    """The figures of one service.

    Args:
        waiting: how many people wait.
        stale: of how many campaigns the tables changed and could not be read.
    """

    def __init__(self, waiting: Callable[[], int], stale: Callable[[], int] = lambda: 0) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("evenhand_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        self._people = _InTens("evenhand_decisions", "People decided about, in tens.", ("campaign", "standing"))
        self._seconds = Histogram(
            "evenhand_request_seconds", "Time to an answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._events = _InTens("evenhand_events", "Events taken in, in tens.", ("kind",))
        for counted in (self._people, self._events):
            self.registry.register(counted)
        Gauge("evenhand_waiting", "People who wait for a decision.", registry=self.registry).set_function(waiting)
        Gauge(
            "evenhand_tables_stale", "Campaigns whose tables changed and could not be read.", registry=self.registry
        ).set_function(stale)
        self._of_request: dict[tuple[str, int], Counter] = {}
        self._of_route: dict[str, Histogram] = {}

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
            self._people.add((campaign, standing), people)

    def happened(self, kind: str, count: int) -> None:
        """Events were taken in."""
        self._events.add((kind,), count)

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
