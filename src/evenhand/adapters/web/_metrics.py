"""Figures for whoever looks after the service: counts by route, status, campaign and standing; nothing of a person.

Numbers of people are told in tens: whoever reads them all the time and knows when somebody came would else see from the
step of a counter what was decided about that person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from evenhand.terms import in_tens

from ._counts import SECONDS, Counts

__all__ = ["Metrics"]

_BOUNDS = (*map(repr, SECONDS), "+Inf")


class _Told(Collector):
    """What was counted, as Prometheus reads it."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        counts = self._counts
        requests = CounterMetricFamily("evenhand_requests", "Requests answered.", labels=("route", "status"))
        people = CounterMetricFamily(
            "evenhand_decisions", "People decided about, in tens.", labels=("campaign", "standing")
        )
        seconds = HistogramMetricFamily("evenhand_request_seconds", "Time to an answer.", labels=("route",))
        events = CounterMetricFamily("evenhand_events", "Events taken in, in tens.", labels=("kind",))
        with counts.lock:
            for (route, status), count in counts.requests.items():
                requests.add_metric((route, str(status)), count)
            for labels, count in counts.people.items():
                people.add_metric(labels, in_tens(count))
            for route, within in counts.seconds.items():
                up_to = [float(one) for one in accumulate(within)]
                seconds.add_metric((route,), list(zip(_BOUNDS, up_to, strict=True)), counts.sums[route])
            for kind, count in counts.events.items():
                events.add_metric((kind,), in_tens(count))
        yield from (requests, people, seconds, events)


class Metrics(Counts):
    """The figures of one service.

    Args:
        waiting: how many people wait.
        stale: of how many campaigns the tables changed and could not be read.
    """

    def __init__(self, waiting: Callable[[], int], stale: Callable[[], int] = lambda: 0) -> None:
        super().__init__()
        self.registry = CollectorRegistry()
        self.registry.register(_Told(self))
        Gauge("evenhand_waiting", "People who wait for a decision.", registry=self.registry).set_function(waiting)
        Gauge(
            "evenhand_tables_stale", "Campaigns whose tables changed and could not be read.", registry=self.registry
        ).set_function(stale)

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
