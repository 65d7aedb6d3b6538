"""Whether enough different people are in each bin, told without holding more of them than that takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crowds"]

_PORTION = 131_072
_PERSON = 32
"""Bits of a key that hold the person; the place stands above them."""


class Crowds:
    """Per place, the different people whose rows lie there, until they are enough.

    Args:
        places: how many places there are.
        enough: how many people make a crowd.
        surely: bool[places], where there are enough without looking; None = nowhere.

    Example:
        >>> crowds = Crowds(2, 2)
        >>> crowds.add(np.array([0, 0, 1, 1, -1]), np.array([7, 7, 7, 8, 9]))
        >>> crowds.enough.tolist(), crowds.of(0)
        ([False, True], {7})
    """

    def __init__(self, places: int, enough: int, surely: NDArray[np.bool_] | None = None) -> None:
        self._least = enough
        self.enough = np.full(places, enough <= 0) if surely is None else surely.copy()
        self._keys: NDArray[np.int64] = np.empty(0, np.int64)

    def add(self, place: NDArray[np.intp], person: NDArray[np.intp]) -> None:
        """Look at some rows: the place of each, -1 = none, and whose it is, from 0."""
        for start in range(0, len(place), _PORTION):
            if self.enough.all():
                return
            here, whose = place[start : start + _PORTION], person[start : start + _PORTION]
            asked = (here >= 0) & ~self.enough[here]
            new = here[asked].astype(np.int64) << _PERSON | whose[asked].astype(np.int64)
            keys = np.unique(np.concatenate([self._keys, new]))
            places = keys >> _PERSON
            rank = np.arange(len(keys)) - np.searchsorted(places, places)
            self._keys = keys[rank < self._least]
            self.enough |= np.bincount(places, minlength=len(self.enough)) >= self._least

    def of(self, place: int) -> set[int]:
        """Everybody at a place where there are not enough."""
        first, behind = np.searchsorted(self._keys, [place << _PERSON, (place + 1) << _PERSON])
        return set((self._keys[first:behind] & ((1 << _PERSON) - 1)).tolist())
