"""Many comparisons over one stream: every group, for every offer, with what may be shown of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import PPM, DataError, UsageError

from ._bets import cleared
from ._gap import gap_estimate, gap_intervals
from ._monitor import Monitor
from ._monitor_rule import MonitorRule

__all__ = ["LOOK", "Compared", "Point", "Stretch", "Watch", "compared_groups", "e_bh"]

LOOK = 250
"""All comparisons of a stream are judged together after every so many events."""

_TOGETHER = 64 * LOOK
_FORMAT = 2
_OLD_FORMAT = 1
_MOST_POINTS = 32
_UNKNOWN = "unknown"

Whole = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, order=True)
class Compared:
    """One comparison: a group beside the others.

    Attributes:
        features: the sensitive columns.
        group: the group's values.
        offer: the offer that it is about; "" for all together.
        beside: the reference group; empty for everybody else.
    """

    features: tuple[str, ...]
    group: tuple[str, ...]
    offer: str = ""
    beside: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "features": list(self.features),
            "group": list(self.group),
            "offer": self.offer,
            "beside": list(self.beside),
        }


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events of a stream, with the groups of their people: it never leaves the wall.

    Attributes:
        cells: per set of sensitive columns the group of each event's person (an index into the names, -1 = nobody
            that may be counted), and the names.
        amounts: int[n], ppm; 1,000,000 for a yes.
        offers: int[n], the offer that each event is about, -1 for none.
        names: of the offers.
        only_of_the_offer: an offer is compared over its own events; else over all, an event of another being a no.
        excluded: bool[n, offers + 1], whose person could not have each offer, and at the end who could have none: they
            are on no side of that comparison. None = anybody could have any.
    """

    cells: Mapping[tuple[str, ...], tuple[Whole, Sequence[tuple[str, ...]]]]
    amounts: Whole
    offers: Whole
    names: tuple[str, ...]
    only_of_the_offer: bool = False
    excluded: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """How a comparison stood at one of its showings.

    Attributes:
        events: of the comparison, counted then.
        gap: mean difference between the group and the others.
        lower, upper: bounds of the difference, valid at all showings together.
        evidence: the e-value then.
    """

    events: int
    gap: float
    lower: float
    upper: float
    evidence: float


def e_bh(evidence: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which of several e-values count together, so that at most a share alpha of those that do is expected to be false.

    The largest k of them count, with k as large as it can be such that each is at least (number of all) / (alpha k).
    It holds for e-values that depend on each other in any way (Wang and Ramdas 2022). Where no difference exceeds its
    tolerance, any counts only if their average is at least 1/alpha: at any time at all, with a chance of at most alpha.

    Example:
        >>> e_bh([1.0, 50.0, 45.0], 0.05)
        (False, True, True)
    """
    count = len(evidence)
    ranked = sorted(evidence, reverse=True)
    enough = [value for rank, value in enumerate(ranked, 1) if value * alpha * rank >= count]
    return tuple(bool(enough) and value >= enough[-1] for value in evidence)


def compared_groups(
    cells: Whole,
    names: Sequence[tuple[str, ...]],
    *,
    minimum_size: int = 30,
    include_unknown: bool = False,
    reference: tuple[str, ...] = (),
) -> tuple[tuple[str, ...], ...]:
    """Which groups are compared: large enough, known, and not the reference. Of two groups only the first is.

    Args:
        cells: [people], each person's group; negative = not counted.
        names: values of the groups.
    """
    size = np.bincount(cells[cells >= 0].astype(np.intp), minlength=len(names)).tolist()
    known = [
        name
        for name, people in zip(names, size, strict=True)
        if people >= minimum_size and (include_unknown or _UNKNOWN not in name)
    ]
    if reference:
        return tuple(name for name in known if name != reference) if reference in known else ()
    return tuple(known[:1] if len(known) == 2 else known) if len(known) > 1 else ()


class Watch:
    """The comparisons of one stream. It takes the groups of people, so it works behind the wall.

    What may be told of a comparison are the figures as of its last *showing*: a look at which in each of its four
    cells (side, yes or no) there is nobody new or at least `minimum_cell` people. So no two readings differ by a few
    people, and subtracting one from another tells of nobody. That an alarm was raised is told at once.

    Args:
        rule: for every comparison.
        compared: what is compared; more can be added later.
        minimum_cell: the smallest number above zero that is told.
    """

    __slots__ = ("_monitors", "_points", "_raised", "_shown", "minimum_cell", "rule", "taken")

    def __init__(self, rule: MonitorRule, compared: Iterable[Compared] = (), *, minimum_cell: int = 10) -> None:
        self.rule = rule
        self.minimum_cell = minimum_cell
        self.taken = 0
        self._monitors: dict[Compared, Monitor] = {}
        self._shown: dict[Compared, dict[str, Any]] = {}
        self._points: dict[Compared, list[list[float]]] = {}
        self._raised: dict[Compared, int] = {}
        self.compare(compared)

    @property
    def compared(self) -> tuple[Compared, ...]:
        """What is compared."""
        return tuple(self._monitors)

    def compare(self, compared: Iterable[Compared]) -> None:
        """Add comparisons; those that are there go on. A new one starts without evidence."""
        for one in compared:
            self._monitors.setdefault(one, Monitor(self.rule))
        for monitor in self._monitors.values():
            monitor.family = len(self._monitors)

    def monitor(self, compared: Compared) -> Monitor:
        """The monitor of a comparison, for work behind the wall.

        Raises:
            KeyError: there is none.
        """
        return self._monitors[compared]

    def take(self, first: int, events: Stretch) -> int:
        """Take events of the stream; those that were taken before are passed over.

        Args:
            first: place of the first of them in the stream, from 0.
            events: in the order of the stream.

        Returns:
            How many were new.

        Raises:
            UsageError: events between the last one taken and the first of these are missing.
        """
        if first > self.taken:
            raise UsageError(
                "monitor-gap",
                f"The stream was taken up to event {self.taken}, and these start with event {first}.",
                rule="every event is counted once, in order",
                remedy="bring the events between first",
            )
        start, stop = self.taken - first, len(events.amounts)
        if start >= stop:
            return 0
        for begin, end in _pieces(self.taken, first + stop, _TOGETHER):
            part = slice(begin - first, end - first)
            told = {one: _sides(one, events, part) for one in self._monitors}
            for least, most in _pieces(begin, end, LOOK):
                here = slice(least - begin, most - begin)
                self._take_until(most, {one: (sides[here], amounts[here]) for one, (sides, amounts) in told.items()})
        return stop - start

    def _take_until(self, end: int, told: Mapping[Compared, tuple[Whole, Whole]]) -> None:
        """Take the events before `end`, at most up to a look: of each comparison their sides and amounts."""
        for one, monitor in self._monitors.items():
            before = monitor.alarm_at
            monitor.update(*told[one], unit=PPM)
            if monitor.alarm_at != before:
                self._raised[one] = _next_look(end)
        self.taken = end
        if end % LOOK == 0:
            self._look()

    def _look(self) -> None:
        """Judge all comparisons together, and renew what may be shown."""
        evidence = [monitor.evidence for monitor in self._monitors.values()]
        for (one, monitor), counts in zip(self._monitors.items(), e_bh(evidence, self.rule.alpha), strict=True):
            if counts and monitor.raise_alarm():
                self._raised[one] = self.taken
        for one, monitor in self._monitors.items():
            before = self._shown.get(one)
            if _may_show(monitor, before, self.minimum_cell):
                self._shown[one] = monitor.to_dict()
                point = [monitor.events, monitor.evidence, *monitor.whole]
                self._points[one] = _with_point(self._points.get(one, []), point)

    def shown(self, compared: Compared) -> Monitor | None:
        """A comparison as it may be told; None where too few people were counted so far."""
        saved = self._shown.get(compared)
        return None if saved is None else Monitor.from_dict(saved, self.rule)

    def course(self, compared: Compared) -> tuple[Point, ...]:
        """How a comparison stood at some of its showings, evenly spread, the last one included."""
        saved = self._points.get(compared, [])
        sums = [tuple(sums) for _, _, _, *sums in saved]
        points = [
            Point(int(events), gap_estimate(one) or 0.0, lower, upper, evidence)
            for (_, events, evidence, *_), one, (lower, upper) in zip(
                saved, sums, gap_intervals(sums, self.rule), strict=True
            )
        ]
        return tuple(points)

    def raised(self, compared: Compared) -> int:
        """Until which event of the stream the last alarm of a comparison was raised, as a look; 0 where none was.

        At most `LOOK` events too late: the very event would tell of single people. After a lifted alarm it stays.
        """
        return self._raised.get(compared, 0)

    @property
    def looked(self) -> int:
        """`taken`, rounded up to a look, as `raised` is."""
        return _next_look(self.taken)

    def to_dict(self) -> dict[str, Any]:
        """The whole state as JSON values. It tells as much as the groups themselves, so it is kept like a key."""
        return {
            "format": _FORMAT,
            "rule": _told(self.rule),
            "minimum_cell": self.minimum_cell,
            "taken": self.taken,
            "compared": [
                {
                    **one.to_dict(),
                    "monitor": monitor.to_dict(),
                    "shown": self._shown.get(one),
                    "points": self._points.get(one, []),
                    "raised": self._raised.get(one, 0),
                }
                for one, monitor in self._monitors.items()
            ],
        }

    @staticmethod
    def from_dict(saved: Mapping[str, Any]) -> Watch:
        """The watch back from `to_dict`, to the last bit.

        Raises:
            DataError: it is not such a state, or of another format.
        """
        try:
            if saved["format"] not in (_FORMAT, _OLD_FORMAT):
                raise ValueError
            back = Watch(MonitorRule(**saved["rule"]), minimum_cell=int(saved["minimum_cell"]))
            back.taken = int(saved["taken"])
            for one in saved["compared"]:
                key = Compared(tuple(one["features"]), tuple(one["group"]), str(one["offer"]), tuple(one["beside"]))
                back._monitors[key] = Monitor.from_dict(one["monitor"], back.rule)
                if one["shown"] is not None:
                    back._shown[key] = dict(one["shown"])
                points = one["points"] if saved["format"] == _FORMAT else []
                if points:
                    back._points[key] = [
                        [int(number), int(events), *map(cleared, rest)] for number, events, *rest in points
                    ]
                seen = back._monitors[key].alarm_at > 0
                raised = int(one["raised"]) if saved["format"] == _FORMAT else _next_look(back.taken) if seen else 0
                if raised:
                    back._raised[key] = raised
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DataError(
                "watch-state",
                "The saved state of the monitors cannot be read.",
                rule=f"a state is what to_dict made, format {_FORMAT}",
                remedy="remove the state and let the monitors count the stream again from its start",
            ) from None
        return back


def _with_point(points: list[list[float]], point: list[float]) -> list[list[float]]:
    """The course with its next point: showings numbered from 1, evenly spread, and always the last."""
    number = int(points[-1][0]) + 1 if points else 1
    apart = 1
    while number > apart * (_MOST_POINTS - 1):
        apart *= 2
    return [*(one for one in points if one[0] % apart == 0), [number, *point]]


def _next_look(taken: int) -> int:
    """The number of events, rounded up to a look."""
    return -(-taken // LOOK) * LOOK


def _pieces(begin: int, end: int, size: int) -> Iterable[tuple[int, int]]:
    """The stretch cut at every multiple of a size."""
    while begin < end:
        stop = min(end, (begin // size + 1) * size)
        yield begin, stop
        begin = stop


def _sides(one: Compared, events: Stretch, part: slice) -> tuple[Whole, Whole]:
    """Side and amount of each of these events, for one comparison."""
    cells, names = events.cells[one.features]
    codes = cells[part]
    place = names.index(one.group) if one.group in names else len(names)
    if one.beside:
        other = codes == (names.index(one.beside) if one.beside in names else len(names))
    else:
        unknown = [code for code, name in enumerate(names) if _UNKNOWN in name and _UNKNOWN not in one.group]
        other = (codes >= 0) & ~np.isin(codes, unknown)
    sides = np.where(codes == place, 1, np.where(other, 0, -1))
    amounts = events.amounts[part]
    if events.excluded is not None and not events.only_of_the_offer:
        column = events.names.index(one.offer) if one.offer else len(events.names)
        sides = np.where(events.excluded[part, column], -1, sides)
    if one.offer:
        is_offer = events.offers[part] == events.names.index(one.offer)
        if events.only_of_the_offer:
            return np.where(is_offer, sides, -1), amounts
        return sides, np.where(is_offer, amounts, 0)
    return sides, amounts


def _may_show(monitor: Monitor, before: Mapping[str, Any] | None, minimum_cell: int) -> bool:
    """Whether what came since the last showing tells of nobody alone."""
    was_people, was_yes = (before["people"], before["yes"]) if before else ((0, 0), (0, 0))
    new = [now - was for now, was in zip(monitor.people, was_people, strict=True)]
    yes = [now - was for now, was in zip(monitor.yes, was_yes, strict=True)]
    cells = [*yes, *(people - one for people, one in zip(new, yes, strict=True))]
    return min(new) >= minimum_cell and all(cell == 0 or cell >= minimum_cell for cell in cells)


def _told(rule: MonitorRule) -> dict[str, Any]:
    return {
        "tolerance": rule.tolerance,
        "alpha": rule.alpha,
        "changes_every": rule.changes_every,
        "largest": rule.largest,
    }
