"""Where limits cannot all be kept: the smallest relaxation of each that would do, found by halving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._blind_prices import Seeker, Trial
from ._demand import Demand
from ._group_limits import is_ratio

__all__ = ["Relaxation", "UnreachableLimitError", "relaxations"]

_HALVINGS = 7
_FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """How far one limit must be relaxed, with everything else as declared.

    Attributes:
        limit: its id, or ``floor``.
        declared: its bound, or the floor's tolerance.
        reachable: the nearest bound (tolerance) at which all was kept; None where relaxing this one alone is not
            enough.
    """

    limit: str
    declared: float
    reachable: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def relaxations(
    seeker: Seeker,
    make: Callable[[NDArray[np.float64] | None, float | None], Demand],
    demand: Demand,
    floor: float | None,
) -> tuple[Relaxation, ...]:
    """Relax one at a time; bounds are rounded away from the declared one, to three decimals.

    Args:
        seeker: finds prices.
        make: rows at other bounds and another tolerance.
        demand: the rows as declared.
        floor: the floor's tolerance, if there is one.
    """
    found = []
    without = demand.figures(seeker.attempt(np.zeros(seeker.groups), np.zeros(0)).hits)
    for number, limit in enumerate(demand.limits):
        easiest = 0.0 if is_ratio(limit) else max(limit.bound, without[number])

        def at(bound: float, number: int = number) -> Demand:
            bounds = demand.bounds.copy()
            bounds[number] = bound
            return make(bounds, None)

        found.append(Relaxation(limit.id, limit.bound, _nearest(seeker, at, limit.bound, easiest)))
    if floor is not None:
        found.append(Relaxation(_FLOOR, floor, _nearest(seeker, lambda bound: make(None, bound), floor, 1.0)))
    return tuple(found)


def _nearest(seeker: Seeker, at: Callable[[float], Demand], declared: float, easiest: float) -> float | None:
    if not _holds(seeker, at(easiest)):
        return None
    near, far = declared, easiest
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if _holds(seeker, at(middle)):
            far = middle
        else:
            near = middle
    rounded = np.floor(far * 1000) / 1000 if easiest < declared else np.ceil(far * 1000) / 1000
    return float(rounded)


def _holds(seeker: Seeker, demand: Demand) -> bool:
    trial: Trial = seeker.seek(demand, 0.0)
    return all(demand.held(trial.hits)) and demand.floors_held(trial.hits)


class UnreachableLimitError(DataError):
    """No blind rule was found that keeps everything asked for.

    Args:
        relaxations: of each limit, the smallest one that would do alone.
    """

    def __init__(self, relaxations: tuple[Relaxation, ...]) -> None:
        ways = [
            f"{one.limit}: {one.declared:g} to {one.reachable:g}"
            if one.reachable is not None
            else f"{one.limit}: {one.declared:g}, relaxing it alone is not enough"
            for one in relaxations
        ]
        super().__init__(
            "limit-unreachable",
            "No blind rule was found that keeps everything asked for on the people tuned on. Smallest relaxation of "
            f"one at a time: {'; '.join(ways)}.",
            rule="a hard limit is never broken (F-45)",
            remedy="relax one of these, raise the budget, raise minimum_size if a very small group is judged, or use "
            "columns that tell the groups apart better",
        )
        self.relaxations = relaxations
