"""All limits of a blind fit as rows over group rates, with a margin for what counts cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._group_limits import GroupLimit, bound_holds, coefficients, figure_of, is_ratio
from ._yardsticks import Yardstick

__all__ = ["Demand", "demand_of"]

_MARGIN_OF_ROOM = 0.8
"""A margin takes at most this share of the room that a limit leaves where all rates are equal."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Rows ``use @ rate <= most``.

    Attributes:
        use: float64[R, K] over the K groups of all yardsticks.
        most: float64[R].
        size: int64[K], what each group's rate is taken over.
        spans: columns of each yardstick.
        owner: intp[R], the limit of each row; -1 for a floor.
        limits: the limits, in the order of `owner`.
        bounds: float64[L], the bounds in use.
        of_limit: yardsticks of each limit.
    """

    use: NDArray[np.float64]
    most: NDArray[np.float64]
    size: NDArray[np.int64]
    spans: tuple[slice, ...]
    owner: NDArray[np.intp]
    limits: tuple[GroupLimit, ...]
    bounds: NDArray[np.float64]
    of_limit: tuple[tuple[int, ...], ...]

    def excess(self, hits: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[R], how far each row is exceeded (below zero: room left)."""
        return self.use @ (hits / self.size) - self.most

    def margin(self, hits: NDArray[np.int64], square: NDArray[np.float64], errors: float) -> NDArray[np.float64]:
        """float64[R], `errors` standard errors of each row's use, as far as the limit leaves room; 0 for a floor."""
        rate = hits / self.size
        variance = np.maximum(square / self.size - rate**2, 0.0) / self.size
        wished = errors * np.sqrt(self.use**2 @ variance)
        even = np.zeros(len(rate))
        for span in self.spans:
            even[span] = hits[span].sum() / max(1, self.size[span].sum())
        room = np.maximum(self.most - self.use @ even, 0.0) * _MARGIN_OF_ROOM
        return np.where(self.owner >= 0, np.minimum(wished, room), 0.0)

    def figures(self, hits: NDArray[np.int64]) -> list[float]:
        """Each limit's measure as reached: its worst over the limit's sets of groups."""
        reached = []
        for limit, yards in zip(self.limits, self.of_limit, strict=True):
            each = [figure_of(limit, hits[self.spans[yard]], self.size[self.spans[yard]]) for yard in yards]
            reached.append(min(each) if is_ratio(limit) else max(each))
        return reached

    def held(self, hits: NDArray[np.int64]) -> list[bool]:
        """Whether each limit holds, in whole numbers."""
        return [
            all(bound_holds(limit, hits[self.spans[yard]], self.size[self.spans[yard]], float(bound)) for yard in yards)
            for limit, bound, yards in zip(self.limits, self.bounds, self.of_limit, strict=True)
        ]

    def floors_held(self, hits: NDArray[np.int64]) -> bool:
        """Whether every floor holds."""
        floors = self.owner < 0
        return bool((self.excess(hits)[floors] <= 1e-12).all())


def demand_of(
    survey: dict[GroupLimit, list[Yardstick]],
    bounds: NDArray[np.float64],
    size: NDArray[np.int64],
    floor: NDArray[np.float64] | None,
) -> Demand:
    """Lay out the rows.

    Args:
        survey: yardsticks of each limit.
        bounds: float64[L], taken in place of the declared ones.
        size: int64[K], what each group's rate is taken over.
        floor: float64[K], the least rate of each group; None = no floor.
    """
    limits = tuple(survey)
    use: list[NDArray[np.float64]] = []
    most: list[NDArray[np.float64]] = []
    owner: list[NDArray[np.intp]] = []
    spans: list[slice] = []
    of_limit = []
    for number, (limit, yards) in enumerate(survey.items()):
        of_limit.append(tuple(range(len(spans), len(spans) + len(yards))))
        for yard in yards:
            start = spans[-1].stop if spans else 0
            spans.append(slice(start, start + len(yard.groups)))
            part, bound = coefficients(limit, size[spans[-1]], float(bounds[number]))
            wide = np.zeros((len(part), len(size)))
            wide[:, spans[-1]] = part
            use.append(wide)
            most.append(bound)
            owner.append(np.full(len(part), number, dtype=np.intp))
    if floor is not None:
        use.append(-np.eye(len(size)))
        most.append(-floor)
        owner.append(np.full(len(size), -1, dtype=np.intp))
    return Demand(
        use=np.concatenate(use) if use else np.zeros((0, len(size))),
        most=np.concatenate(most) if most else np.zeros(0),
        size=size,
        spans=tuple(spans),
        owner=np.concatenate(owner) if owner else np.zeros(0, dtype=np.intp),
        limits=limits,
        bounds=bounds,
        of_limit=tuple(of_limit),
    )
