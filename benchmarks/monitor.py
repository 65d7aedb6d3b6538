"""The monitor beside a repeated z-test: false alarms, delays, changes, many at once, cost.

``python -m benchmarks.monitor 2000 20000`` takes 2,000 null streams of 20,000 events, each looked at after every event.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evenhand.disparity import Monitor, MonitorRule, e_bh, gap_interval
from evenhand.terms import wilson

from .machine import describe, print_table

Whole = NDArray[np.int64]
ALPHA = 0.05
NULLS = (
    ("10 %, 50/50", 0.1, 0.5),
    ("10 %, 20/80", 0.1, 0.2),
    ("2 %, 50/50", 0.02, 0.5),
    ("2 %, 10/90", 0.02, 0.1),
)
GAPS = ((0.02, 0.5, 7_676), (0.05, 0.5, 1_366), (0.1, 0.5, 392), (0.02, 0.2, 12_568), (0.05, 0.2, 2_355))
"""Gap on 10 %, share of the group, and the fixed sample that has 80 % power at 5 %."""


def stream(rng: np.random.Generator, events: int, others: object, group: object, share: float) -> tuple[Whole, Whole]:
    sides = (rng.random(events) < share).astype(np.int64)
    return sides, (rng.random(events) < np.where(sides == 1, group, others)).astype(np.int64)


def naive(sides: Whole, answers: Whole) -> bool:
    """A two-sided z-test at 5 %, repeated after every event from the thirtieth on."""
    count = np.arange(1, len(sides) + 1)
    group, hits, both = np.cumsum(sides), np.cumsum(answers), np.cumsum(answers * sides)
    others = count - group
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = hits / count
        z = (both / group - (hits - both) / others) / np.sqrt(rate * (1 - rate) * (1 / group + 1 / others))
    return bool((np.abs(z[30:]) > 1.959964).any())


def share_of(count: int, of: int) -> str:
    lower, upper = wilson(count, of)
    return f"{count / of:.3f} ({lower:.3f} to {upper:.3f})"


def false_alarms(streams: int, events: int, rng: np.random.Generator) -> None:
    drift = np.linspace(0.05, 0.2, events)
    cases: list[tuple[str, object, object, float, float]] = [(name, p, p, share, 0.0) for name, p, share in NULLS]
    cases += [("5 % to 20 %, drifting", drift, drift, 0.5, 0.0), ("gap 2 pt = tolerance", 0.1, 0.12, 0.5, 0.02)]
    rows = []
    for name, others, group, share, tolerance in cases:
        ours = theirs = changes = 0
        for _ in range(streams):
            sides, answers = stream(rng, events, others, group, share)
            watch = Monitor(MonitorRule(tolerance=tolerance, alpha=ALPHA, changes_every=10**15))
            watch.update(sides, answers)
            ours += watch.alarm_at > 0
            second = Monitor(MonitorRule(tolerance=tolerance, alpha=1e-9))
            second.update(sides[: len(sides) // 4], answers[: len(sides) // 4])
            changes += second.alarm_at > 0
            theirs += naive(sides, answers) if not tolerance else 0
        rows.append((name, share_of(ours, streams), share_of(theirs, streams) if not tolerance else "-",
                     share_of(changes, streams)))  # fmt: skip
    bound = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / streams)
    print_table(
        f"False alarms in {streams} null streams of {events:,} events, looked at after every event (bound {bound:.3f})",
        f"python -m benchmarks.monitor {streams} {events}",
        ("rate, shares", "evidence >= 20 ever", "z-test ever", "detector, first quarter"),
        rows,
    )


def delays(streams: int, rng: np.random.Generator) -> None:
    rows = []
    for gap, share, fixed in GAPS:
        found = []
        for _ in range(streams):
            watch = Monitor(MonitorRule(tolerance=0.0, changes_every=10**15))
            while not watch.alarm_at and watch.events < 40 * fixed:
                watch.update(*stream(rng, fixed, 0.1, 0.1 + gap, share))
            found.append(watch.alarm_at or 40 * fixed)
        median, late = statistics.median(found), float(np.quantile(found, 0.8))
        rows.append((f"{gap * 100:.0f} pt, {share:.0%}", f"{median:,.0f}", f"{late:,.0f}", f"{fixed:,}",
                     f"{median / fixed:.2f}"))  # fmt: skip
    print_table(
        f"Events until an alarm, {streams} streams, 10 % against 10 % and the gap, tolerance 0",
        "python -m benchmarks.monitor",
        ("gap, share of the group", "median", "80 % quantile", "fixed sample", "median / fixed"),
        rows,
    )


def changes(streams: int, rng: np.random.Generator, fair: int = 50_000) -> None:
    rows = []
    for gap in (0.05, 0.02):
        late: dict[str, list[int]] = {"evidence": [], "detector": []}
        early = 0
        for _ in range(streams):
            rules = {"evidence": MonitorRule(tolerance=0.0, changes_every=10**15),
                     "detector": MonitorRule(tolerance=0.0, alpha=1e-9)}  # fmt: skip
            for name, rule in rules.items():
                watch = Monitor(rule)
                watch.update(*stream(rng, fair, 0.1, 0.1, 0.5))
                if watch.alarm_at:
                    early += name == "detector"
                    continue
                while not watch.alarm_at and watch.events < 4 * fair:
                    watch.update(*stream(rng, 2_000, 0.1, 0.1 + gap, 0.5))
                late[name].append((watch.alarm_at or 4 * fair) - fair)
        rows.append((f"{gap * 100:.0f} pt", *(f"{statistics.median(late[name]):,.0f}" for name in late),
                     f"{early} of {streams}"))  # fmt: skip
    print_table(
        f"Events from a change after {fair:,} fair events until an alarm, median of {streams} streams",
        "python -m benchmarks.monitor",
        ("gap from then on", "by evidence", "by the detector", "detector before the change"),
        rows,
    )


def many(runs: int, rng: np.random.Generator, monitors: int = 100, gaps: int = 10, events: int = 30_000) -> None:
    """100 independent streams of which 10 have five points more; judged together every 500 events."""
    wrong, false_share, found, first = 0, [], [], []
    for _ in range(runs):
        watches = [Monitor(MonitorRule(tolerance=0.0, changes_every=10**15), family=10**6) for _ in range(monitors)]
        at: dict[int, int] = {}
        for stop in range(500, events + 1, 500):
            for place, watch in enumerate(watches):
                watch.update(*stream(rng, 500, 0.1, 0.15 if place < gaps else 0.1, 0.5))
            for place, counts in enumerate(e_bh([watch.evidence for watch in watches], ALPHA)):
                if counts:
                    at.setdefault(place, stop)
        false = sum(place >= gaps for place in at)
        wrong += false > 0
        false_share.append(false / max(1, len(at)))
        found.append((len(at) - false) / gaps)
        first += [at.get(place, events) for place in range(gaps)]
    print_table(
        f"{monitors} streams together, {gaps} with 5 pt more, {events:,} events each, judged every 500; {runs} runs",
        "python -m benchmarks.monitor",
        ("method", "share of false alarms", "found", "median events", "any false alarm"),
        [("e-BH, ever selected", f"{statistics.mean(false_share):.3f}", f"{statistics.mean(found):.2f}",
          f"{statistics.median(first):,.0f}", f"{wrong} of {runs}")],
    )  # fmt: skip


def intervals(streams: int, rng: np.random.Generator) -> None:
    missed, width = 0, []
    for _ in range(streams):
        watch, out = Monitor(MonitorRule(tolerance=0.0)), False
        for _ in range(50):
            watch.update(*stream(rng, 200, 0.1, 0.15, 0.5))
            lower, upper = gap_interval(watch.whole, watch.rule)
            out |= not lower <= 0.05 <= upper
        missed += out
        width.append(upper - lower)
    print_table(
        f"95 % interval of a gap of 5 pt, looked at 50 times in 10,000 events; {streams} streams",
        "python -m benchmarks.monitor",
        ("missed the true gap ever", "median width at the end"),
        [(share_of(missed, streams), f"{statistics.median(width) * 100:.1f} pt")],
    )


def cost(rng: np.random.Generator, events: int = 200_000) -> None:
    sides, answers = stream(rng, events, 0.1, 0.1, 0.5)
    listed = list(zip(sides.tolist(), (answers * 1_000_000).tolist(), strict=True))

    def one_by_one() -> None:
        watch = Monitor(MonitorRule())
        for side, ppm in listed:
            watch.observe(side, ppm)

    def batches(size: int) -> Callable[[], None]:
        def go() -> None:
            watch = Monitor(MonitorRule())
            for begin in range(0, events, size):
                watch.update(sides[begin : begin + size], answers[begin : begin + size])

        return go

    ways = {"event by event": one_by_one, "batches of 250": batches(250), "one batch": batches(events)}
    rows = [(name, f"{min(_seconds(way) for _ in range(3)) / events * 1e6:.2f}") for name, way in ways.items()]
    print_table(f"Processor time per event, {events:,} events, best of 3", "python -m benchmarks.monitor",
                ("fed", "microseconds"), rows)  # fmt: skip


def _seconds(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor", description=__doc__)
    parser.add_argument("streams", type=int, nargs="?", default=200)
    parser.add_argument("events", type=int, nargs="?", default=5_000)
    asked = parser.parse_args()
    print(describe())
    rng = np.random.default_rng(2026)
    cost(rng)
    false_alarms(asked.streams, asked.events, rng)
    repeats = max(20, asked.streams // 10)
    delays(repeats, rng)
    changes(max(10, repeats // 2), rng)
    intervals(repeats, rng)
    many(max(2, asked.streams // 100), rng)


if __name__ == "__main__":
    main()
