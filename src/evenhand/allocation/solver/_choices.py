"""Whole choices, of one offer each or of several: what they use and what they are worth.

A choice is int16[R], the offer of each row and -1 for none; or, where a person may get several, int16[R, most]: theirs,
then -1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Allocated

from ._crowd import Crowd

__all__ = ["Choice", "as_lists", "count_of", "differ", "has_any", "lists_of", "used_by", "whole_worth", "worth_of"]

Choice = NDArray[np.int16]


def as_lists(choice: Choice) -> Choice:
    """int16[R, most]: the same choice as lists, in the same memory."""
    return choice[:, None] if choice.ndim == 1 else choice


def has_any(choice: Choice) -> NDArray[np.bool_]:
    """bool[R], who gets anything; the first place is never empty where another is not."""
    return np.asarray((choice if choice.ndim == 1 else choice[:, 0]) >= 0)


def lists_of(allocated: Allocated) -> Choice:
    """The choice behind recorded decisions: int16[n], or int16[n, the most that anybody has]."""
    leads = np.flatnonzero(allocated.leads)
    if len(leads) == len(allocated.offer):
        return allocated.offer
    place = np.arange(len(allocated.offer)) - np.repeat(leads, np.diff(np.append(leads, len(allocated.offer))))
    lists = np.full((len(leads), int(place.max()) + 1), -1, dtype=np.int16)
    lists[allocated.person, place] = allocated.offer
    return lists


def differ(one: Choice, other: Choice) -> NDArray[np.bool_]:
    """bool[R], who gets other offers, in whatever order."""
    if one.ndim == 1:
        return np.asarray(one != other)
    return np.asarray((np.sort(one, axis=1) != np.sort(other, axis=1)).any(axis=1))


def used_by(crowd: Crowd, rows: NDArray[np.intp], choice: Choice) -> NDArray[np.float64]:
    """float64[columns], people per offer (and contacts, and money) of these rows with these choices; unweighted."""
    if crowd.is_plain:
        return crowd.tally(rows, choice)
    offers = len(crowd.value)
    used = np.zeros(crowd.columns)
    used[:offers] = np.bincount(choice.ravel().astype(np.intp) + 1, minlength=offers + 1)[1:]
    if crowd.most > 1:
        used[offers] = np.count_nonzero(has_any(choice))
    if crowd.cost is not None:
        used[-1] = sum(float(crowd.cost[offer, who].sum()) for offer, who in _places(rows, choice))
    return used


def worth_of(crowd: Crowd, rows: NDArray[np.intp], choice: Choice) -> float:
    """What these rows' choices are worth, micro-money, as a float."""
    return sum(float(crowd.value[offer, who].sum(dtype=np.float64)) for offer, who in _places(rows, choice))


def whole_worth(crowd: Crowd, choice: Choice) -> int:
    """What everybody's choices are worth, exactly; for a crowd without lots in its values."""
    return sum(int(crowd.value[offer, who].sum()) for offer, who in _places(np.arange(len(choice)), choice))


def count_of(crowd: Crowd, choice: Choice) -> NDArray[np.float64]:
    """float64[S, columns], people per cell and offer (and contacts, and money); unweighted."""
    if crowd.is_plain:
        return crowd.count(choice)
    offers, cells = len(crowd.value), crowd.cells
    cell = crowd.cell_of_row
    count = np.zeros((cells, crowd.columns))
    for place in as_lists(choice).T:
        code = cell * (offers + 1) + place + 1
        count[:, :offers] += np.bincount(code, minlength=cells * (offers + 1)).reshape(cells, -1)[:, 1:]
    if crowd.most > 1:
        count[:, offers] = np.bincount(cell[has_any(choice)], minlength=cells)
    if crowd.cost is not None:
        for offer, who in _places(np.arange(len(choice)), choice):
            count[:, -1] += np.bincount(cell[who], weights=crowd.cost[offer, who], minlength=cells)
    return count


def _places(rows: NDArray[np.intp], choice: Choice) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each place in the list: offers, and the rows that have them."""
    out = []
    for place in as_lists(choice).T:
        has = place >= 0
        out.append((place[has].astype(np.intp), rows[has]))
    return out
