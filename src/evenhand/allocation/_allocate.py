"""Gate 4: from values to decisions, within every limit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Allocated, Certificate, DataError, Prices, Scored, Standing

from ._blind import Held, Missed
from ._by_lot import draw_lots, told_by_lot
from ._effects import effects
from ._guesses import Guessing
from ._outcome import Columns, columns_of
from ._outcome_sets import Asking, columns_of_sets
from ._problem import Batch, Maker, Problem
from ._reachable import demand_reachable, not_found
from ._report import limit_outcomes, prices_of
from ._settle import Settled, settle
from ._unreachable import unreachable
from ._wall import Wall, holds, survey
from .solver import (
    Choice,
    Comparison,
    Rows,
    Solved,
    as_lists,
    at_most,
    canonical,
    differ,
    draw_for,
    lists_of,
    relaxed,
)

__all__ = ["allocate_within"]


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


@dataclass(frozen=True, slots=True)
class _Found:
    """Decisions that keep every limit.

    Attributes:
        problem: the people by the cells that were found with.
        settled: the outcome.
        rows: the limits that take part, with the bounds that it was found with.
        part: bool[L], the comparisons that take part.
        selected: true counts of selected people, for each comparison.
        plain: what everybody gets without any limit between groups, where that is known.
    """

    problem: Problem
    settled: Settled
    rows: Rows
    part: NDArray[np.bool_]
    selected: list[NDArray[np.int64]]
    plain: Choice | None


def allocate_within(
    scored: Scored, campaign: Campaign, wall: Wall, *, is_trial: bool = False, is_costed: bool = True
) -> Allocated:
    """Give each person at most one offer, or at most as many as the campaign allows, so that total value is as high as
    the limits allow, all of them hard.

    The method is the smoothed dual of ALGORITHMS 2: limits become prices, everybody takes the offer that is worth most
    above its price, and a handful of people are moved so that whole numbers keep every limit. The same batch in another
    row order gets the same decisions.

    Args:
        scored: gate 3's values.
        campaign: offers and limits.
        wall: the groups, in the row order of the batch.
        is_trial: only the decisions, their value and how far limits are kept are asked for, not what each limit costs,
            nor what could be kept where not all can.
        is_costed: what each limit costs is asked for.

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
    batch = Batch(scored, campaign, wall, comparisons, counted, lots, order, draw, is_trial, is_costed and not is_trial)
    judged = [comparison for comparison in comparisons if not comparison.is_void]
    features = tuple(sorted({f for c in judged if c.limit.mode == "aware" for f in c.features}))

    def work(cells: NDArray[np.int32] | None, groups: tuple[tuple[str, ...], ...]) -> _Answer:
        return _answer(Maker(batch, comparisons, cells, groups, features))

    answer = wall.inside(features, work, why="aware allocation") if features else work(None, ())
    columns = answer.columns
    anew = _anew(scored, campaign, wall, answer) if batch.is_costed else {}
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
            answer.costs | anew,
            dict.fromkeys(answer.binding - set(anew), answer.note),
            scored.minimised.cost,
        ),
        certificate=_certificate(answer, len(np.unique(columns.person[columns.moved]))),
        unlimited_offer=answer.unlimited,
    )


def _anew(scored: Scored, campaign: Campaign, wall: Wall, answer: _Answer) -> dict[str, tuple[int, int]]:
    """Value and people that each binding limit between groups costs: everybody is decided about anew without it."""
    found = {}
    for limit in campaign.limits.disparity:
        if limit.id not in answer.binding:
            continue
        others = tuple(other for other in campaign.limits.disparity if other.id != limit.id)
        limits = campaign.limits.model_copy(update={"disparity": others})
        try:
            without = allocate_within(scored, campaign.model_copy(update={"limits": limits}), wall, is_trial=True)
        except DataError:  # what this limit made the others keep is not found without it
            continue
        less = without.certificate.value - answer.value
        found[limit.id] = max(0, less), int(np.count_nonzero(differ(*_alike(lists_of(without), answer.choice))))
    return found


def _alike(one: Choice, other: Choice) -> tuple[Choice, Choice]:
    """Two choices as lists of the same length."""
    if one.ndim == other.ndim == 1:
        return one, other
    lists = [as_lists(each) for each in (one, other)]
    most = max(each.shape[1] for each in lists)
    wide = [np.pad(each, ((0, 0), (0, most - each.shape[1])), constant_values=-1) for each in lists]
    return wide[0], wide[1]


def _certificate(answer: _Answer, moved: int) -> Certificate:
    bound = max(int(np.floor(answer.bound + 1e-6)), answer.value)
    return Certificate(answer.value, bound, (bound - answer.value) / max(bound, 1), moved)


def _answer(make: Maker) -> _Answer:
    """Solve, settle and describe. For aware limits this runs behind the wall."""
    batch, value = make.batch, make.value
    disparity = {limit.id for limit in batch.campaign.limits.disparity}
    found = _held(make, disparity)
    problem, settled, rows = found.problem, found.settled, found.rows
    if not settled.kept:
        raise not_found(problem.nest.whole, rows)
    taking = [c for c, takes_part in zip(make.comparisons, found.part, strict=True) if takes_part]
    unlimited = make.offers(problem, settled) if found.plain is None else found.plain
    plain = rows.without(disparity)
    if found.plain is None and not plain.all() and not batch.is_trial:
        start = Solved(settled.free.dual[plain], settled.free.level, settled.free.beta)
        without = settle(problem.nest, rows.keep(plain), taking, problem.scale, start, is_near=False)
        unlimited = make.offers(problem, without)
    dual = settled.solved.dual
    worth_naming = max(0.5, 0.01 * settled.solved.beta)
    binding = frozenset(owner for owner, price in zip(rows.owner, dual, strict=True) if price >= worth_naming)
    asked = tuple(sorted(binding)) if batch.is_costed else ()
    costs, note = effects(problem.nest, rows, taking, problem.scale, settled, asked)
    whole = replace(rows, shape=problem.whole.taking(found.part).shape)
    prices = prices_of(batch.campaign, whole, settled.solved, taking, problem.cells, batch.own_unit)
    choice = make.offers(problem, settled)
    columns = _columns(batch, value, problem.cells.cell, choice, prices)
    drawn = np.flatnonzero(batch.lots.offer >= 0)
    by_lot = int(value[batch.lots.offer[drawn], drawn].sum())
    return _Answer(
        choice,
        unlimited,
        told_by_lot(columns, batch.lots),
        prices,
        settled.value + by_lot,
        min(settled.bound + by_lot, at_most(batch.campaign, value, batch.scored.minimised.cost)),
        costs,
        binding,
        note,
        found.selected,
        make.comparisons,
    )


def _first(make: Maker, disparity: set[str]) -> tuple[Problem, Choice | None]:
    """The problem in which nobody's group is guessed. Where a floor needs them, also what everybody gets without limits
    between groups; the floors are held to it from then on."""
    problem = make()
    if not any(comparison.is_floor for comparison in make.comparisons):
        return problem, None
    plain = problem.rows.without(disparity)
    nobody = np.zeros(len(make.comparisons), dtype=bool)
    demand_reachable(problem.nest.whole, problem.rows.keep(plain), make.comparisons)
    free = settle(problem.nest, problem.rows.taking(nobody), [], problem.scale)
    make.know_reach(make.count(problem, free))
    return replace(problem, rows=relaxed(problem.rows, make.comparisons)), make.offers(problem, free)


def _held(make: Maker, disparity: set[str]) -> _Found:
    """Decisions that keep every limit: those without blind limits, if they do, else the best that guesses lead to."""
    problem, plain = _first(make, disparity)
    comparisons, seed = make.comparisons, make.batch.campaign.seed
    aware = np.array([c.limit.mode == "aware" for c in comparisons], dtype=bool)
    rows = problem.rows.taking(aware)
    taking = [c for c, takes_part in zip(comparisons, aware, strict=True) if takes_part]
    demand_reachable(problem.nest.whole, problem.rows, comparisons)
    settled = settle(problem.nest, rows, taking, problem.scale)
    selected = make.count(problem, settled)
    if plain is None and not (rows.comparison >= 0).any():
        plain = make.offers(problem, settled)
    if all(holds(c, people) for c, people in zip(comparisons, selected, strict=True) if c.is_guessed):
        return _Found(problem, settled, rows, aware, selected, plain)

    def is_kept(eased: list[Comparison]) -> bool:
        return isinstance(Guessing(make, eased, make.count, selected, seed).best(), Held)

    del problem, settled, rows  # the people are laid out anew, and are many
    found = Guessing(make, comparisons, make.count, selected, seed).best()
    if isinstance(found, Missed):
        raise unreachable(comparisons, found, None if make.batch.is_trial else is_kept)
    return _Found(found.problem, found.settled, found.rows, found.part, found.selected, plain)


def _columns(batch: Batch, value: NDArray[np.int64], cell: NDArray[np.intp], choice: Choice, prices: Prices) -> Columns:
    scored = batch.scored
    permitted, cost, refused = scored.minimised.permitted, scored.minimised.cost, batch.refused
    if choice.ndim == 1 and cost is None:
        response = None if prices.response is None else (prices.response, scored.probability)
        return columns_of(
            value, choice, prices.offer, prices.group, response, cell, batch.draw, refused, permitted.reason
        )
    return columns_of_sets(Asking(value, cost, cell, batch.draw, refused, permitted.reason), choice, prices)
