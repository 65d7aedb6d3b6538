"""Gate 4: from values to decisions, within every limit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Allocated, Certificate, Lots, Prices, Scored, Standing

from ._blind import until_held
from ._by_lot import draw_lots, set_aside, told_by_lot
from ._cells import Cells, fuse
from ._choices import Choice
from ._comparisons import Comparison
from ._crowd import CLOSED, canonical, draw_for, lay_out
from ._effects import effects
from ._limits import Rows, build_rows
from ._membership import learn_cells
from ._nest import Nest
from ._outcome import Columns, columns_of
from ._outcome_sets import Asking, columns_of_sets
from ._pools import Pooled, pooled
from ._reachable import demand_reachable, not_found
from ._report import limit_outcomes, prices_of
from ._settle import Settled, settle
from ._solve import Solved, scale_of
from ._wall import Wall, selected_people, survey

__all__ = ["allocate_within"]


@dataclass(frozen=True, slots=True)
class _Batch:
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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What leaves the solver: decisions, prices and counts, never a true cell."""

    choice: Choice
    unlimited: Choice
    columns: Columns
    prices: Prices
    value: int
    bound: float
    costs: dict[str, tuple[int, int]]
    binding: frozenset[str]
    note: str
    selected: list[NDArray[np.int64]]
    comparisons: list[Comparison]


def allocate_within(scored: Scored, campaign: Campaign, wall: Wall, *, is_trial: bool = False) -> Allocated:
    """Give each person at most one offer, or at most as many as the campaign allows, so that total value is as high as
    the limits allow, all of them hard.

    The method is the smoothed dual of ALGORITHMS 2: limits become prices, everybody takes the offer that is worth most
    above its price, and a handful of people are moved so that whole numbers keep every limit. The same batch in another
    row order gets the same decisions.

    Args:
        scored: gate 3's values.
        campaign: offers and limits.
        wall: the groups, in the row order of the batch.
        is_trial: only the decisions, their value and how far limits are kept are asked for, not what each limit costs.

    Raises:
        DataError: ``limit-unreachable``, where no blind rule that was found keeps a disparity limit;
            ``lots-beyond-limits``, where what is drawn by lot alone is more than a limit allows.
    """
    permitted = scored.minimised.permitted
    subjects = permitted.asked.subjects
    counted = permitted.standing == Standing.PERSONALISED
    draw = draw_for(subjects, campaign.seed)
    order = canonical(subjects, draw)
    eligible = scored.minimised.eligible
    lots = draw_lots(permitted, campaign, eligible)
    order = order[(permitted.standing[order] != Standing.REFUSED) & ~lots.is_drawn[order]]
    names = tuple(offer.id for offer in campaign.offers)
    limits, probability = campaign.limits.disparity, scored.probability
    comparisons = survey(wall, limits, counted, names, eligible, probability) if len(subjects) else []
    batch = _Batch(scored, campaign, wall, comparisons, counted, lots, order, draw, is_trial)
    judged = [comparison for comparison in comparisons if not comparison.is_void]
    blind_ones = [comparison for comparison in judged if comparison.limit.mode == "blind"]
    blind = learn_cells(scored.minimised, wall, blind_ones, counted, order) if blind_ones else None
    features = tuple(sorted({f for c in judged if c.limit.mode == "aware" for f in c.features}))
    if features:

        def work(cells: NDArray[np.int32], groups: tuple[tuple[str, ...], ...]) -> _Answer:
            return _answer(batch, fuse(comparisons, counted, blind, features, cells, groups), bool(blind_ones))

        answer = wall.inside(features, work, why="aware allocation")
    else:
        answer = _answer(batch, fuse(comparisons, counted, blind), bool(blind_ones))
    columns = answer.columns
    return Allocated(
        scored=scored,
        person=columns.person,
        offer=columns.offer,
        runner_up=columns.runner_up,
        price=columns.price,
        runner_up_price=columns.runner_up_price,
        moved=columns.moved,
        reason=columns.reason,
        prices=answer.prices,
        limits=limit_outcomes(
            campaign,
            answer.comparisons,
            answer.choice,
            answer.selected,
            answer.binding,
            answer.costs,
            answer.note,
            scored.minimised.cost,
        ),
        certificate=_certificate(answer, len(np.unique(columns.person[columns.moved]))),
        unlimited_offer=answer.unlimited,
    )


def _certificate(answer: _Answer, moved: int) -> Certificate:
    bound = max(int(np.floor(answer.bound + 1e-6)), answer.value)
    return Certificate(answer.value, bound, (bound - answer.value) / max(bound, 1), moved)


def _answer(batch: _Batch, cells: Cells, is_blind: bool) -> _Answer:
    """Solve, settle and describe. For aware limits this runs behind the wall."""
    value, most, unit, own = batch.value, batch.campaign.offers_each, batch.own_unit, batch.scored.minimised.cost
    comparisons, probability, offers = batch.comparisons, batch.scored.probability, len(value)
    chance = None
    if any(comparison.is_weighted and not comparison.is_void for comparison in comparisons):
        typical = max(1.0, float(probability.mean()))
        chance = probability / typical
        comparisons = [replace(c, typical=typical) if c.is_weighted else c for c in comparisons]
    pool = Pooled(value, None if own is None or unit is None else own / unit, None, np.arange(offers))
    if most > 1:
        pool = pooled(batch.campaign, comparisons, value, pool.cost, batch.draw)
    crowd, row_of = lay_out(
        pool.value, batch.order, cells.cell, cells.size, batch.draw, chance, most, pool.cost, pool.origin
    )
    nest, scale = Nest(crowd), scale_of(crowd)

    def built() -> Rows:
        rows = _rows(batch, cells, comparisons, scale)
        rows = set_aside(rows, batch.lots, cells.cell, cells.size, offers, chance)
        return rows if pool.origin is None else rows.on_columns(pool.columns(rows.shape.shape[2], offers))

    def in_batch(choice: Choice) -> Choice:
        offer = batch.lots.offer.copy() if most == 1 else np.full((value.shape[1], most), -1, dtype=np.int16)
        offer[row_of] = pool.offers_of(choice, row_of)
        return offer

    def count(settled: Settled) -> list[NDArray[np.int64]]:
        chosen = in_batch(settled.choice)
        return [selected_people(batch.wall, c, batch.counted, chosen, probability) for c in comparisons]

    rows = built()
    disparity = {limit.id for limit in batch.campaign.limits.disparity}
    plainest: Settled | None = None
    if any(comparison.is_floor for comparison in comparisons):
        plain = rows.without(disparity)
        demand_reachable(crowd, rows.keep(plain), comparisons)
        plainest = settle(nest, rows.keep(plain), comparisons, scale)
        comparisons = [replace(c, reach=had) for c, had in zip(comparisons, count(plainest), strict=True)]
        rows = built()
    demand_reachable(crowd, rows, comparisons)
    if not is_blind:
        settled = settle(nest, rows, comparisons, scale)
    else:
        held = until_held(nest, rows, comparisons, scale, count, batch.campaign.seed)
        settled, rows = held.settled, held.rows
        if plainest is None and not (rows.is_hard & ~rows.without(disparity)).any():
            plainest = held.plain
    if not settled.kept:
        raise not_found(rows)
    selected = count(settled)
    plain = rows.without(disparity)
    unlimited = settled
    if plainest is not None:
        unlimited = plainest
    elif not plain.all() and not batch.is_trial:
        start = Solved(settled.free.dual[plain], settled.free.level, settled.free.beta)
        unlimited = settle(nest, rows.keep(plain), comparisons, scale, start, is_near=False)
    dual = settled.solved.dual
    worth_naming = max(0.5, 0.01 * settled.solved.beta)
    binding = frozenset(owner for owner, price in zip(rows.owner, dual, strict=True) if price >= worth_naming)
    asked = () if batch.is_trial else tuple(sorted(binding))
    costs, note = effects(nest, rows, comparisons, scale, settled, asked)
    whole = rows if pool.origin is None else replace(rows, shape=_rows(batch, cells, comparisons, scale).shape)
    prices = prices_of(batch.campaign, whole, settled.solved, comparisons, cells, unit)
    choice = in_batch(settled.choice)
    columns = _columns(batch, cells.cell, choice, prices)
    drawn = np.flatnonzero(batch.lots.offer >= 0)
    by_lot = int(value[batch.lots.offer[drawn], drawn].sum())
    return _Answer(
        choice,
        in_batch(unlimited.choice),
        told_by_lot(columns, batch.lots),
        prices,
        settled.value + by_lot,
        settled.bound + by_lot,
        costs,
        binding,
        note,
        selected,
        comparisons,
    )


def _rows(batch: _Batch, cells: Cells, comparisons: list[Comparison], scale: float) -> Rows:
    """The limits as declared, over all offers."""
    shares = list(zip(comparisons, cells.share, strict=True))
    return build_rows(batch.campaign, cells.size, shares, scale, batch.own_unit)


def _columns(batch: _Batch, cell: NDArray[np.intp], choice: Choice, prices: Prices) -> Columns:
    scored = batch.scored
    permitted, cost = scored.minimised.permitted, scored.minimised.cost
    value, refused = batch.value, permitted.standing == Standing.REFUSED
    if choice.ndim == 1 and cost is None:
        response = None if prices.response is None else (prices.response, scored.probability)
        return columns_of(
            value, choice, prices.offer, prices.group, response, cell, batch.draw, refused, permitted.reason
        )
    return columns_of_sets(Asking(value, cost, cell, batch.draw, refused, permitted.reason), choice, prices)
