"""Which groups the wall shows enough people of, and what may stand where it shows no number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable, ToldTable, estimated

__all__ = ["estimated", "known", "told_estimates", "told_shares"]


def known(table: CountTable, smallest: int) -> list[int]:
    """Positions of the groups that have at least `smallest` people; the others are not judged."""
    return [row for row, total in enumerate(table.totals.tolist()) if total != SUPPRESSED and total >= smallest]


def told_estimates(
    table: ToldTable, parts: NDArray[np.integer], outcome: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """People, and people it happened to, per group and part; of a range what everybody's numbers make likely.

    An estimate knows nothing but what is told, so it tells nothing of a hidden number.

    Args:
        table: as the wall tells it.
        parts: int[n], everybody's part; negative = in none.
        outcome: int[n], 1 = it happened.
    """
    count = table.people_least.shape[1]
    inside = parts >= 0
    everybody = np.bincount(parts[inside].astype(np.intp), minlength=count).astype(np.float64)
    happened = np.bincount(parts[inside].astype(np.intp), outcome[inside].astype(np.float64), minlength=count)
    exact = table.people_least == table.people_most
    seen = np.where(exact, everybody, 0.0).sum(axis=1)
    share = np.where(exact, table.people_least, 0).sum(axis=1) / np.maximum(seen, 1.0)
    share = np.where(seen > 0, share, 1.0 / max(1, len(table.groups)))
    people = np.clip(share[:, None] * everybody, table.people_least, table.people_most)
    rate = happened / np.maximum(everybody, 1.0)
    hits = np.clip(people * rate, table.hits_least, np.maximum(table.hits_most, table.hits_least))
    return people, np.minimum(hits, people)


def told_shares(table: ToldTable, parts: NDArray[np.integer]) -> NDArray[np.int64]:
    """People per part and group, int64[parts, groups]: the groups that are told exactly in every part, and all others
    together.

    All others are what everybody's number leaves, so nothing here is a guess: whether who is there changes from part to
    part can be tested on it, which it could not on ranges.

    Args:
        table: as the wall tells it.
        parts: int[n], everybody's part; negative = in none.
    """
    inside = parts[parts >= 0].astype(np.intp)
    everybody = np.bincount(inside, minlength=table.people_least.shape[1])
    exact = (table.people_least == table.people_most).all(axis=1)
    told = table.people_least[exact].astype(np.int64)
    if exact.all():
        return np.ascontiguousarray(told.T)
    return np.vstack([told, everybody - told.sum(axis=0)]).T
