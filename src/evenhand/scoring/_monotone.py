"""Declared directions: a shape that may never fall, or never rise, however the rows lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER

from ._newton import Solver

__all__ = ["hold_directions", "pooled"]

_ROUNDS = 12


def hold_directions(solver: Solver, directions: tuple[int, ...]) -> None:
    """Solve again with the steps held together that go against their declared direction, until none does.

    What rounding leaves of a wrong step is pooled away exactly at the end.

    Args:
        solver: at its free optimum.
        directions: per feature 1, -1 or 0; only ordered features may have one.
    """
    held = {t: np.zeros(max(solver.terms[t].width - OTHER - 1, 0), bool) for t, way in enumerate(directions) if way}
    for _ in range(_ROUNDS):
        changed = False
        for t, so_far in held.items():
            own = solver.coefficients[solver.design.blocks[t]]
            wrong = directions[t] * np.diff(own[OTHER:]) < -1e-12
            if (wrong & ~so_far).any():
                so_far |= wrong
                solver.hold(t, so_far)
                changed = True
        if not changed:
            break
        solver.polish()
    for t in held:
        block = solver.design.blocks[t]
        start = block.start + OTHER
        own = solver.coefficients[start : block.stop]
        solver.coefficients[start : block.stop] = directions[t] * pooled(directions[t] * own)


def pooled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest sequence that never falls: neighbours that go wrong share their mean (pool adjacent violators).

    Example:
        >>> pooled(np.array([1.0, 3.0, 2.0, 4.0])).tolist()
        [1.0, 2.5, 2.5, 4.0]
    """
    means: list[float] = []
    sizes: list[int] = []
    for value in values.tolist():
        means.append(value)
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            size = sizes.pop()
            mean = means.pop()
            means[-1] = (means[-1] * sizes[-1] + mean * size) / (sizes[-1] + size)
            sizes[-1] += size
    return np.repeat(means, sizes)
