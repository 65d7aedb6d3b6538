"""Joint effects that form a ring or a path: the bins of two features known, the others do not matter to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._board import FAR, Standing
from ._bounds import Bounds
from ._sets import Heads

__all__ = ["Joined"]


class Joined:
    """Two heads and what is beside them, for one person.

    Attributes:
        far: float64[bins, bins], of the bins of both heads how far they push back, with the farthest of all beside.
        least: the least of it.
    """

    def __init__(self, standing: Standing, heads: Heads, far: Bounds) -> None:
        self._board, self._standing, self._heads = standing.board, standing, heads
        self.far = self._total(far)
        self.least = float(self.far.min())

    def _total(self, far: Bounds) -> NDArray[np.float64]:
        heads = self._heads
        key: tuple[object, ...] = heads.one, heads.other
        total = far.kept.get(key)
        if total is None:
            total = far.kept[key] = self._of_heads(far)
        for beside in heads.beside:
            part = far.kept.get(beside)
            if part is None:
                part = far.kept[beside] = self._of_other(far, *beside)
            total = total + part
        return total

    def _of_heads(self, far: Bounds) -> NDArray[np.float64]:
        board, heads = self._board, self._heads
        one, other = (far.less[0, place, : board.sizes[place]] for place in (heads.one, heads.other))
        total = one[:, None] + other
        for message in heads.between:
            bands = board.leaf_bands[message, : len(one)], board.hub_bands[message, : len(other)]
            total -= self._standing.together[message][bands[0][:, None], bands[1]]
        return np.asarray(total)

    def _of_other(self, far: Bounds, place: int, beside: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
        """Of a feature that has joint effects with one of the heads, or with both."""
        board, together = self._board, self._standing.together
        messages = [message for _, message in beside]
        if len(beside) == 1:
            told = far.message(messages[0]) + far.least[0, place]
            return np.asarray(told if beside[0][0] else told[:, None])
        bins = board.sizes[place]
        one, other = (together[m][board.leaf_bands[m, :bins]] for m in messages)
        own = far.less[0, place, :bins]
        least = ((own[:, None] - one)[:, :, None] - other[:, None]).min(axis=0)
        bands = [board.hub_bands[m, : board.sizes[board.hub[m]]] for m in messages]
        return np.asarray(least[bands[0][:, None], bands[1]])

    def floors(
        self,
        place: int,
        beside: tuple[tuple[int, int], ...],
        room: NDArray[np.float64],
        codes: tuple[NDArray[np.intp], ...],
        far: Bounds,
    ) -> NDArray[np.float64]:
        """float64[n]: the least cost of a feature that leaves the score in reach, for some bins of both heads.

        Args:
            place, beside: the feature, and its joint effects with the heads.
            room: float64[n], by how much the farthest push is more than what is needed.
            codes: intp[n] twice, the bins of both heads.
            far: how far can be pushed.
        """
        board, bins = self._board, self._board.sizes[place]
        short = far.less[0, place, :bins, None]
        for head, message in beside:
            bands = board.leaf_bands[message, :bins, None], board.hub_bands[message, codes[head]]
            short = short - self._standing.together[message][bands]
        within = short - short.min(axis=0) <= room
        return np.asarray(np.where(within, self._standing.cost[place, :bins, None], FAR).min(axis=0))
