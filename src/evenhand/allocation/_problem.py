"""One batch as a problem that can be solved: people laid out by cell, and the rows of the limits over their counts.

Which cells there are depends on what the solver may tell apart. Under blind limits that is a matter of the guesses
made, so the same batch is laid out again where other guesses are tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Lots, Scored, Standing

from ._by_lot import set_aside
from ._cells import Cells, fuse
from ._membership import learn_cells
from ._settle import Settled
from ._wall import Wall, selected_people
from .solver import CLOSED, Choice, Comparison, Nest, Pooled, Rows, build_rows, lay_out, pooled, scale_of

__all__ = ["Batch", "Maker", "Problem"]


@dataclass(frozen=True, slots=True)
class Batch:
    """The people of one call: who takes part, who counts for disparity, who is drawn, in which order, which draw."""

    scored: Scored
    campaign: Campaign
    wall: Wall
    comparisons: list[Comparison]
    counted: NDArray[np.bool_]
    lots: Lots
    order: NDArray[np.intp]
    draw: NDArray[np.uint64]
    is_trial: bool
    is_costed: bool

    @property
    def value(self) -> NDArray[np.int64]:
        """int64[m, n], micro-money; CLOSED for what a person is not eligible for."""
        eligible = self.scored.minimised.eligible
        return self.scored.value if eligible is None else np.where(eligible, self.scored.value, CLOSED)

    @property
    def own_unit(self) -> float | None:
        """Micro-money per unit in which each person's own costs are counted; None where costs are the same for all."""
        cost = self.scored.minimised.cost
        return None if cost is None else max(1.0, float(cost.max(initial=0)))

    @property
    def refused(self) -> NDArray[np.bool_]:
        """bool[n], people about whom nothing may be decided."""
        return np.asarray(self.scored.minimised.permitted.standing == Standing.REFUSED)


@dataclass(frozen=True, slots=True)
class Problem:
    """Ready to be solved.

    Attributes:
        cells: who stands in which cell.
        nest: the people by cell.
        row_of: intp[R], the row in the batch of each person there.
        scale: see `scale_of`.
        rows: every limit, over the columns solved for.
        whole: the same rows over all offers.
    """

    cells: Cells
    nest: Nest
    row_of: NDArray[np.intp]
    scale: float
    rows: Rows
    whole: Rows


class Maker:
    """Lays a batch out for any guesses.

    Args:
        batch: the people.
        comparisons: in the order of the rows, floors with their reach where it is known.
        true_cell, groups, features: the true cells behind the wall, if some limit is aware.
    """

    def __init__(
        self,
        batch: Batch,
        comparisons: list[Comparison],
        true_cell: NDArray[np.int32] | None,
        groups: tuple[tuple[str, ...], ...],
        features: tuple[str, ...],
    ) -> None:
        self.batch, self.value, probability = batch, batch.value, batch.scored.probability
        self._true, self._groups, self._features = true_cell, groups, features
        own, unit = batch.scored.minimised.cost, batch.own_unit
        self._chance = None
        if any(comparison.is_weighted and not comparison.is_void for comparison in comparisons):
            typical = max(1.0, float(probability.mean()))
            self._chance = probability / typical
            comparisons = [replace(c, typical=typical) if c.is_weighted else c for c in comparisons]
        self.comparisons = comparisons
        money = None if own is None or unit is None else own / unit
        self._pool = Pooled(self.value, money, None, np.arange(len(self.value)))
        if batch.campaign.offers_each > 1:
            self._pool = pooled(batch.campaign, comparisons, self.value, money, batch.draw)

    def __call__(self, guesses: tuple[Comparison, ...] = ()) -> Problem:
        """The problem in which people are told apart by true cells and by what their codes say of these groups."""
        batch, pool = self.batch, self._pool
        blind = None
        if guesses:
            judged = [comparison for comparison in self.comparisons if comparison.is_guessed]
            blind = learn_cells(
                batch.scored.minimised, batch.wall, list(guesses), batch.counted, batch.order, also=judged
            )
        cells = fuse(self.comparisons, batch.counted, blind, self._features, self._true, self._groups)
        most = batch.campaign.offers_each
        crowd, row_of = lay_out(
            pool.value, batch.order, cells.cell, cells.size, batch.draw, self._chance, most, pool.cost, pool.origin
        )
        scale, offers = scale_of(crowd), len(self.value)
        shares = list(zip(self.comparisons, cells.share, strict=True))
        whole = build_rows(batch.campaign, cells.size, shares, scale, batch.own_unit)
        whole = set_aside(whole, batch.lots, cells.cell, cells.size, offers, self._chance)
        rows = whole if pool.origin is None else whole.on_columns(pool.columns(whole.shape.shape[2], offers))
        return Problem(cells, Nest(crowd), row_of, scale, rows, whole)

    def know_reach(self, selected: list[NDArray[np.int64]]) -> None:
        """Hold floors to these true counts, those without limits between groups."""
        self.comparisons = [replace(c, reach=had) for c, had in zip(self.comparisons, selected, strict=True)]

    def offers(self, problem: Problem, settled: Settled) -> Choice:
        """int16[n] or [n, most]: what everybody of the batch gets."""
        most, people = self.batch.campaign.offers_each, self.value.shape[1]
        offer = self.batch.lots.offer.copy() if most == 1 else np.full((people, most), -1, dtype=np.int16)
        offer[problem.row_of] = self._pool.offers_of(settled.choice, problem.row_of)
        return offer

    def count(self, problem: Problem, settled: Settled) -> list[NDArray[np.int64]]:
        """True numbers of selected people of each judged group, for each comparison; counted behind the wall."""
        batch, chosen = self.batch, self.offers(problem, settled)
        chance = batch.scored.probability
        return [selected_people(batch.wall, c, batch.counted, chosen, chance) for c in self.comparisons]
