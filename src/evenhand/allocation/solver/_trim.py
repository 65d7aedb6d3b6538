"""Taking offers back until money, places and contacts hold: the last resort of the rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._choices import Choice, as_lists, has_any
from ._crowd import Crowd
from ._limits import Rows
from ._rounding import tolerance_of

__all__ = ["trim"]


def trim(crowd: Crowd, choice: Choice, rows: Rows) -> Choice:
    """Take offers back, least value for what it uses first, until budget, capacity and contacts hold. Where contacts
    are exceeded, and a person has several offers, that person gives all of them back."""
    choice = choice.copy()
    places = as_lists(choice)
    tolerance = tolerance_of(rows)
    use = rows.use
    for row in np.flatnonzero(rows.is_hard & (rows.comparison < 0)):
        if crowd.most > 1 and use[row][:, len(crowd.value)].any():
            _reach_fewer(crowd, places, float(rows.bound[row] + tolerance[row]))
            continue
        who, place = np.nonzero(places >= 0)
        offer = places[who, place].astype(np.intp)
        used = use[row][crowd.cell_of_row[who], offer]
        if crowd.cost is not None:
            used = used + use[row][crowd.cell_of_row[who], -1] * crowd.cost[offer, who]
        some = used > 0
        who, place, offer, used = who[some], place[some], offer[some], used[some]
        order = np.lexsort((place, crowd.draw[who], -crowd.value[offer, who] / used))
        over = order[np.cumsum(used[order]) > rows.bound[row] + tolerance[row]]
        places[who[over], place[over]] = -1
        places.sort(axis=1)
        places[:] = places[:, ::-1]
    return choice


def _reach_fewer(crowd: Crowd, places: NDArray[np.int16], bound: float) -> None:
    """Take everything back from those whose offers are worth least together."""
    reached = np.flatnonzero(has_any(places))
    worth = np.zeros(len(reached))
    for place in places.T:
        has = place[reached] >= 0
        worth[has] += crowd.value[place[reached][has].astype(np.intp), reached[has]]
    order = np.lexsort((crowd.draw[reached], -worth))
    places[reached[order[int(max(bound, 0)) :]]] = -1
