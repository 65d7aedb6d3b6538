"""The people as the solver sees them: values in columns, sorted by cell and, inside a cell, by a seeded draw.

Sorting by a draw that comes from the campaign's seed and the pseudonym does three things at once: the order in which
rows came in can no longer matter, ties fall by lot instead of by place, and the first k rows of a cell are a random
sample of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import draw_for, mixed

__all__ = ["CLOSED", "Crowd", "canonical", "draw_for", "is_open", "lay_out", "lot", "sample", "with_lots"]

_WORD, _SPREAD = 0xFFFFFFFFFFFFFFFF, 0xD1342543DE82EF95
CLOSED = -(2**60)
"""The value of an offer that a person cannot get: lower than any price could make up for."""


def is_open(value: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of these values are of offers that the person can get."""
    return np.asarray(value > CLOSED // 2)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Rows of people in m columns of value, sorted by cell.

    Attributes:
        value: [m, R], micro-money (integers, or floats with the lot of `lot` added).
        starts: intp[S + 1]; the rows of cell s are ``starts[s]:starts[s + 1]``.
        draw: uint64[R], each row's draw.
        weight: float64[S], how many people one row of the cell stands for (1 unless it is a sample).
        fixed: float64[S, m], people left out because no price nearby changes their choice, by that choice.
        fixed_value: micro-money of those people at their choice.
        is_lotted: whether the lots are in `value` already.
        chance: float64[m, R], modelled responses of each person to each offer, in units of which a typical person has
            one; None where no limit counts them. With it the counts of a cell are m numbers of people and m sums of
            responses.
        most: different offers that one person may get.
        cost: float64[m, R], what each offer costs with each row's person, in units of the budget's row; None where an
            offer costs the same with everybody, so that the row itself says it.
        origin: int16[m, R], the campaign's offer that each column stands for with each row's person; None where the
            columns are the offers.
    """

    value: NDArray[np.int64] | NDArray[np.float64]
    starts: NDArray[np.intp]
    draw: NDArray[np.uint64]
    weight: NDArray[np.float64]
    fixed: NDArray[np.float64]
    fixed_value: float
    is_lotted: bool
    chance: NDArray[np.float64] | None = None
    most: int = 1
    cost: NDArray[np.float64] | None = None
    origin: NDArray[np.int16] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether everybody gets one offer at most, at one cost for all: then the offers alone are priced."""
        return self.most == 1 and self.cost is None

    @property
    def columns(self) -> int:
        """Number of counts of a cell: one per offer, or two; then contacts where a person may get several offers, and
        money where costs are each person's own."""
        each = 1 if self.chance is None else 2
        return len(self.value) * each + (self.most > 1) + (self.cost is not None)

    def lotted(self, value: NDArray[np.int64] | NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """float64[m, rows]: these values with the lots of these rows added."""
        return with_lots(value, self.draw[rows], None if self.origin is None else self.origin[:, rows])

    @property
    def cells(self) -> int:
        """Number of cells, S."""
        return len(self.weight)

    @property
    def cell_of_row(self) -> NDArray[np.intp]:
        """intp[R], the cell of each row."""
        return np.repeat(np.arange(self.cells), np.diff(self.starts))

    def tally(self, rows: slice | NDArray[np.intp], picked: NDArray[np.integer]) -> NDArray[np.float64]:
        """float64[columns], what these rows with these choices (-1 for none) count for."""
        offers = len(self.value)
        people = np.bincount(picked + 1, minlength=offers + 1)[1:].astype(np.float64)
        if self.chance is None:
            return people
        chance = self.chance[:, rows]
        taken = np.flatnonzero(picked >= 0)
        weight = chance[picked[taken], taken]
        return np.concatenate((people, np.bincount(picked[taken], weights=weight, minlength=offers)))

    def count(self, choice: NDArray[np.int16]) -> NDArray[np.float64]:
        """float64[S, columns], what everybody's choice counts for, cell by cell, unweighted."""
        parts = zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        return np.array([self.tally(slice(begin, end), choice[begin:end]) for begin, end in parts])

    def stretch(self, change: NDArray[np.float64]) -> float:
        """The most that what anybody pays for an offer moves as the price table moves by this (float64[S, columns])."""
        moved = np.abs(change)
        offers = len(self.value)
        if not self.is_plain:
            whole = moved[:, :offers].max(axis=1, initial=0.0)
            if self.cost is not None:  # costs are at most one unit
                whole += moved[:, -1]
            if self.most > 1:
                whole = np.maximum(whole, moved[:, offers])
            return float(whole.max(initial=0.0))
        if self.chance is None:
            return float(moved.max(initial=0.0))
        return float((moved[:, :offers] + moved[:, offers:] * self.chance.max(initial=0.0)).max(initial=0.0))


def canonical(subjects: NDArray[np.bytes_], draw: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Order the rows by draw; two equal draws (as good as never) by pseudonym."""
    order = np.argsort(draw, kind="stable")
    ordered = draw[order]
    same = ordered[1:] == ordered[:-1]
    if same.any():
        tied = np.zeros(len(order), dtype=bool)
        tied[1:] |= same
        tied[:-1] |= same
        rows = order[tied]
        order[tied] = rows[np.lexsort((subjects[rows], draw[rows]))]
    return order


def lot(draw: NDArray[np.uint64], offer: int | NDArray[np.int16]) -> NDArray[np.float64]:
    """Each person's lot for one offer, in (-0.5, 0.5) micro-money: it decides between equals and nothing else."""
    own = (
        np.uint64((offer + 1) * _SPREAD & _WORD)
        if isinstance(offer, int)
        else (offer.astype(np.uint64) + np.uint64(1)) * np.uint64(_SPREAD)
    )
    drawn = mixed(draw ^ own)
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53 - (0.5 - 2.0**-54)


def with_lots(
    value: NDArray[np.int64] | NDArray[np.float64], draw: NDArray[np.uint64], origin: NDArray[np.int16] | None = None
) -> NDArray[np.float64]:
    """float64[m, R]: the values with each person's lots added, of the offers that the columns stand for."""
    lotted = value.astype(np.float64)
    for column in range(len(lotted)):
        lotted[column] += lot(draw, column if origin is None else origin[column])
    return lotted


def lay_out(
    value: NDArray[np.int64],
    order: NDArray[np.intp],
    cell: NDArray[np.intp],
    cells: int,
    draw: NDArray[np.uint64],
    chance: NDArray[np.float64] | None = None,
    most: int = 1,
    cost: NDArray[np.float64] | None = None,
    origin: NDArray[np.int16] | None = None,
) -> tuple[Crowd, NDArray[np.intp]]:
    """Lay people out by cell.

    Args:
        value: int64[m, n], all people.
        order: rows that take part, in canonical order.
        cell: intp[n], the cell of each person.
        cells: number of cells.
        draw: uint64[n].
        chance: float64[m, n], see `Crowd`.
        most: different offers that one person may get.
        cost: float64[m, n], see `Crowd`.
        origin: int16[m, n], see `Crowd`.

    Returns:
        The crowd, and the original row of each of its rows.
    """
    of_row = cell[order]
    order = order[np.argsort(of_row.astype(np.int32), kind="stable")]
    sorted_value = np.empty((len(value), len(order)), dtype=np.int64)
    for offer, column in enumerate(value):
        np.take(column, order, out=sorted_value[offer])
    starts = np.zeros(cells + 1, dtype=np.intp)
    np.cumsum(np.bincount(of_row, minlength=cells), out=starts[1:])
    crowd = Crowd(
        value=sorted_value,
        starts=starts,
        draw=draw[order],
        weight=np.ones(cells),
        fixed=np.zeros((cells, len(value) * (1 if chance is None else 2) + (most > 1) + (cost is not None))),
        fixed_value=0.0,
        is_lotted=False,
        chance=None if chance is None else chance[:, order],
        most=most,
        cost=None if cost is None else cost[:, order],
        origin=None if origin is None else origin[:, order],
    )
    return crowd, order


def sample(crowd: Crowd, size: int) -> Crowd:
    """A random part of about `size` rows, the same share of every cell, weighted to stand for all."""
    people = np.diff(crowd.starts)
    share = min(1.0, size / max(1, int(people.sum())))
    taken = np.minimum(people, np.ceil(people * share).astype(np.intp))
    starts = np.zeros(len(taken) + 1, dtype=np.intp)
    np.cumsum(taken, out=starts[1:])
    value = np.empty((len(crowd.value), starts[-1]), dtype=crowd.value.dtype)
    draw = np.empty(starts[-1], dtype=np.uint64)
    chance = None if crowd.chance is None else np.empty((len(crowd.value), starts[-1]))
    for begin, to, rows in zip(crowd.starts[:-1], starts[:-1], taken, strict=True):
        value[:, to : to + rows] = crowd.value[:, begin : begin + rows]
        draw[to : to + rows] = crowd.draw[begin : begin + rows]
        if chance is not None and crowd.chance is not None:
            chance[:, to : to + rows] = crowd.chance[:, begin : begin + rows]
    kept = slice(None) if crowd.is_plain else np.arange(starts[-1]) + np.repeat(crowd.starts[:-1] - starts[:-1], taken)
    return Crowd(
        value=value,
        starts=starts,
        draw=draw,
        weight=people / np.maximum(taken, 1),
        fixed=np.zeros_like(crowd.fixed),
        fixed_value=0.0,
        is_lotted=crowd.is_lotted,
        chance=chance,
        most=crowd.most,
        cost=None if crowd.cost is None else crowd.cost[:, kept],
        origin=None if crowd.origin is None else crowd.origin[:, kept],
    )
