"""What a limit costs at every strictness: value against disparity, from one preparation and a sweep of bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import GroupCounts, UsageError

from ._assessment import Assessment
from ._blind_fit import finished, prepared
from ._blind_policy import BlindPolicy
from ._group_limits import GroupLimit

__all__ = ["Frontier", "FrontierPoint", "blind_frontier"]


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One strictness.

    Attributes:
        bound: what was asked for.
        reached: the measure on the people tuned on.
        held: whether all limits hold there; the nearest rule found is given where not.
        value_lost: value that the limits cost on those people, micro-units (of value; money where value is money).
        value_kept: share of what the selected are worth above the threshold without limits; 1 costs nothing.
        captured_lost: selected people with the outcome that the limits cost; None where it is not known.
        entered, left: people selected only with, only without the limits.
        given, taken: what groups gain and lose by the swept limit.
        policy: the rule.
        assessment: its counts.
    """

    bound: float
    reached: float
    held: bool
    value_lost: int
    value_kept: float
    captured_lost: int | None
    entered: int
    left: int
    given: int
    taken: int
    policy: BlindPolicy
    assessment: Assessment

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; without the rule."""
        names = ("bound", "reached", "held", "value_lost", "value_kept", "captured_lost", "entered", "left", "given",
                 "taken")  # fmt: skip
        groups = [
            {"group": list(reach.group), "rate": reach.rate_after, "change": reach.change}
            for reach in self.assessment.groups
        ]
        return {**{name: getattr(self, name) for name in names}, "groups": groups}


@dataclass(frozen=True, slots=True)
class Frontier:
    """The sweep of one limit.

    Attributes:
        limit: id of the limit swept; the others stay as declared.
        measure, comparison: how it compares.
        people: people tuned on, which all counts are of.
        budget: share that may be selected.
        unlimited: the measure without any limit.
        points: in the order of the bounds.
    """

    limit: str
    measure: str
    comparison: str
    people: int
    budget: float
    unlimited: float
    points: tuple[FrontierPoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and for `reports.frontier_picture`."""
        names = ("limit", "measure", "comparison", "people", "budget", "unlimited")
        return {**{name: getattr(self, name) for name in names}, "points": [point.to_dict() for point in self.points]}


def blind_frontier(
    codes: tuple[NDArray[np.uint8], ...],
    sizes: tuple[int, ...],
    value: NDArray[np.int64],
    wall: GroupCounts,
    limits: tuple[GroupLimit, ...],
    budget: float,
    swept: str,
    bounds: tuple[float, ...],
    *,
    outcome: NDArray[np.uint8] | None = None,
    benefit: NDArray[np.int64] | None = None,
    seed: int = 0,
    margin: float = 1.0,
    floor: float | None = None,
) -> Frontier:
    """Fit a rule for each bound of one limit; the shapes are fitted once.

    Args:
        codes, sizes, value, wall, limits, budget, outcome, benefit, seed, margin, floor: see `fit_blind`.
        swept: id of the limit whose bound varies.
        bounds: the bounds to try.

    Raises:
        UsageError: no such limit, a bound that says nothing, or arguments that do not fit.
    """
    place = [number for number, limit in enumerate(limits) if limit.id == swept]
    if not place:
        raise UsageError(
            "frontier-limit",
            f"There is no limit {swept!r} to sweep.",
            rule="the swept limit is one of the limits",
            remedy=f"name one of {[limit.id for limit in limits]}",
        )
    for bound in bounds:
        _with_bound(limits[place[0]], bound)
    ready = prepared(
        codes, sizes, value, wall, limits, budget, outcome=outcome, benefit=benefit, seed=seed, margin=margin,
        floor=floor,
    )  # fmt: skip
    declared = np.array([limit.bound for limit in limits], dtype=np.float64)
    points = []
    free = ready.seeker.attempt(np.zeros(ready.seeker.groups), np.zeros(0))
    start: NDArray[np.float64] | None = None
    for bound in bounds:
        asked = declared.copy()
        asked[place[0]] = bound
        demand = ready.demand(asked)
        trial = ready.seeker.seek(demand, ready.errors, start)
        start = trial.dual
        fitted = finished(ready, demand, trial)
        one = fitted.assessment
        reach = one.limits[place[0]]
        lost = None
        if one.captured_before is not None and one.captured_after is not None:
            lost = one.captured_before - one.captured_after
        points.append(
            FrontierPoint(
                bound=float(bound),
                reached=demand.figures(trial.hits)[place[0]],
                held=all(demand.held(trial.hits)) and demand.floors_held(trial.hits),
                value_lost=free.worth - trial.worth,
                value_kept=trial.worth / free.worth if free.worth else 1.0,
                captured_lost=lost,
                entered=one.entered,
                left=one.left,
                given=reach.given,
                taken=reach.taken,
                policy=fitted.policy,
                assessment=one,
            )
        )
    limit = limits[place[0]]
    demand = ready.demand()
    return Frontier(
        limit=swept,
        measure=limit.measure.value,
        comparison=limit.comparison.value,
        people=int(ready.tuned.sum()),
        budget=ready.seeker.budget,
        unlimited=demand.figures(free.hits)[place[0]],
        points=tuple(points),
    )


def _with_bound(limit: GroupLimit, bound: float) -> GroupLimit:
    """The limit at another bound, which is checked in being made; a ratio of 0 and above 1 say nothing."""
    return GroupLimit(
        limit.id, limit.groups, bound, limit.measure, limit.comparison, limit.minimum_size, limit.include_unknown
    )
