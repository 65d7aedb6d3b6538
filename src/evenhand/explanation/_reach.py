"""Where a feature may go from where it is: what a person could change, which way, how far, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import OTHER, Binning, Model, PolicyError

__all__ = ["WHOLE", "Reach", "Step", "Steps", "campaign_reaches", "changeable_of", "declared_reaches"]

_FIRST = OTHER + 1
WHOLE = 1_000_000
"""Cost of another category, and of a number that passes everybody: all of the training rows, in ppm."""

Step = tuple[int, int]
"""What going to a bin costs, in ppm of the training rows, and the bin's code."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where one feature may go.

    Attributes:
        way: 1 only up, -1 only down, 0 both.
        at_least, at_most: a bin is within reach where some value of it lies between these; None = open.
    """

    way: int = 0
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether anything was declared at all."""
        return self != Reach()

    def holds(self, binning: Binning, code: int) -> bool:
        """Whether some value of a bin lies in the range; of a category always."""
        place = code - _FIRST
        if self.at_least is not None and place < len(binning.cuts) and binning.cuts[place] <= self.at_least:
            return False
        return self.at_most is None or place == 0 or binning.cuts[place - 1] <= self.at_most

    def codes(self, binning: Binning) -> NDArray[np.bool_]:
        """bool[size, size]: whether a person in the bin of the row may go to the bin of the column.

        Example:
            >>> up = Reach(way=1, at_most=30.0).codes(Binning("visits", "number", (10.0, 20.0, 40.0)))
            >>> up[4].nonzero()[0].tolist()
            [5]
        """
        codes = np.arange(binning.size)
        known = codes >= _FIRST
        may = known[:, None] & known[None, :] & (codes[:, None] != codes[None, :])
        if self.way:
            may &= self.way * (codes[None, :] - codes[:, None]) > 0
        if self.at_least is not None or self.at_most is not None:
            may &= np.array([code < _FIRST or self.holds(binning, code) for code in codes.tolist()])[None, :]
        return np.asarray(may)


def declared_reaches(
    model: Model,
    actionable: Iterable[str] | None,
    directions: Mapping[str, int],
    ranges: Mapping[str, tuple[float | None, float | None]],
) -> tuple[Reach | None, ...]:
    """One reach per feature of the model; None for one that nobody can change.

    Raises:
        PolicyError: a name is not a feature, a direction or range is of a category, or a range holds nothing.
    """
    names = [binning.name for binning in model.view.binnings]
    may = set(names) if actionable is None else set(actionable)
    if not (may | set(directions) | set(ranges)) <= set(names):
        raise _wrong("names a feature that the model does not have", "Name features of the model's view.")
    found: list[Reach | None] = []
    for binning in model.view.binnings:
        lower, upper = ranges.get(binning.name, (None, None))
        reach = Reach(directions.get(binning.name, 0), lower, upper)
        _check(binning, reach)
        found.append(reach if binning.name in may else None)
    return tuple(found)


def campaign_reaches(model: Model, campaign: Campaign) -> tuple[Reach | None, ...]:
    """Likewise, as the campaign declares it.

    Raises:
        PolicyError: a direction or range was declared for a column that turned out to be a category.
    """
    found: list[Reach | None] = []
    for binning in model.view.binnings:
        column = campaign.columns[binning.name]
        within = column.change_within
        way = {"up": 1, "down": -1}.get(column.change_only or "", 0)
        reach = Reach(way, *((within.at_least, within.at_most) if within else (None, None)))
        _check(binning, reach)
        found.append(reach if column.actionable and column.about == "person" else None)
    return tuple(found)


def changeable_of(model: Model, campaign: Campaign) -> tuple[tuple[tuple[int, Binning, Reach], ...], tuple[int, ...]]:
    """The features that a person could change, with how far; and which of them any bin can be tried of, since they have
    neither bounds nor joint effects. Worked out once for a model and a campaign.

    Raises:
        PolicyError: as `campaign_reaches`.
    """
    return _changeable(_These(model, campaign))


@dataclass(frozen=True, slots=True, eq=False)
class _These:
    """The very same model and campaign."""

    model: Model
    campaign: Campaign

    def __hash__(self) -> int:
        return hash((id(self.model), id(self.campaign)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _These) and self.model is other.model and self.campaign is other.campaign


@lru_cache(maxsize=4)
def _changeable(these: _These) -> tuple[tuple[tuple[int, Binning, Reach], ...], tuple[int, ...]]:
    model = these.model
    changeable = tuple(
        (t, binning, reach)
        for t, (binning, reach) in enumerate(
            zip(model.view.binnings, campaign_reaches(model, these.campaign), strict=True)
        )
        if reach is not None and binning.size > _FIRST + 1
    )
    joint = {t for pair in model.pairs for t in (pair.first, pair.second)}
    return changeable, tuple(t for t, _, reach in changeable if not reach.is_bounded and t not in joint)


def _check(binning: Binning, reach: Reach) -> None:
    if reach.way not in (-1, 0, 1):
        raise _wrong(f"has a direction for {binning.name} that is not one", "Give 1 (only up) or -1 (only down).")
    if reach.is_bounded and binning.kind == "category":
        raise _wrong(
            f"gives {binning.name} a direction or a range, and that is a category without an order",
            "Take them out, or declare the column with kind: number.",
        )
    if reach.at_least is not None and reach.at_most is not None and reach.at_least > reach.at_most:
        raise _wrong(
            f"has a range for {binning.name} that no value lies in", "Make the lowest value at most the highest."
        )


def _wrong(what: str, remedy: str) -> PolicyError:
    return PolicyError(
        "change-cannot-be", f"What may be changed {what}.", rule="a declared change can be made", remedy=remedy
    )


class Steps:
    """From each bin of a feature the bins within reach, cheapest first, ties by code; worked out when asked.

    A number costs the share of the training rows that lie in the bins passed or entered, in ppm and at least 1; another
    category costs `WHOLE`. Without counts every bin weighs the same.

    Args:
        binning: the feature's bins.
        reach: what was declared; None = nothing may change.
        counts: int64[size], training rows per bin, or None.
        mass: only bins with at least this share of them may be entered.
    """

    def __init__(self, binning: Binning, reach: Reach | None, counts: NDArray[np.int64] | None, mass: float) -> None:
        self.any = reach is not None
        self._is_category = binning.kind == "category"
        self._way = reach.way if reach else 0
        weight = [1] * binning.size if counts is None else counts.tolist()
        self._total = max(sum(weight if counts is not None else weight[_FIRST:]), 1)
        self._passed = list(accumulate([0] * _FIRST + weight[_FIRST:]))
        least = 0.0 if counts is None else mass * self._total
        self._open = [
            code
            for code in range(_FIRST, binning.size)
            if reach is not None and weight[code] >= least and reach.holds(binning, code)
        ]
        self._known: dict[int, tuple[Step, ...]] = {}

    def __getitem__(self, own: int) -> tuple[Step, ...]:
        found = self._known.get(own)
        if found is None:
            found = self._known[own] = tuple(sorted(self._from(own))) if own >= _FIRST else ()
        return found

    def _from(self, own: int) -> Iterator[Step]:
        passed = self._passed
        for code in self._open:
            if code == own or (self._way and self._way * (code - own) < 0):
                continue
            if self._is_category:
                yield WHOLE, code
                continue
            rows = passed[code] - passed[own] if code > own else passed[own - 1] - passed[code - 1]
            yield max(rows * WHOLE // self._total, 1), code
