"""Several offers per person: every set of offers that one person can get is one thing to choose.

With the sets in place of the offers the problem is the one that is solved for one offer each: a set is worth what its
offers are worth together, takes a place of each, and makes its person one who gets *any*. So prices, whole decisions
and the certificate are what they are there. At the prices everybody has the offers that are worth most above their
prices, as far as these are positive and no more than are allowed. It grows with the number of sets, so it is for a few
per person out of some twenty offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Certificate, LimitOutcome, Scored, Standing, UsageError

from ._blind import until_held
from ._cells import Cells, fuse
from ._comparisons import Comparison
from ._crowd import CLOSED, canonical, draw_for, is_open, lay_out
from ._limits import Rows, build_rows
from ._membership import learn_cells
from ._nest import Nest
from ._reachable import demand_reachable, not_found
from ._report import limit_outcomes
from ._settle import Settled, settle
from ._solve import scale_of
from ._wall import Wall, selected_people, survey

__all__ = ["Several", "allocate_several"]

_MOST_SETS = 400


@dataclass(frozen=True, slots=True)
class Several:
    """Who gets which offers.

    Attributes:
        given: bool[m, n].
        limits: every declared limit and what became of it; contacts count people, places and money count offers.
        certificate: how far from the optimum at most; `moved` is not worked out and 0.
    """

    given: NDArray[np.bool_]
    limits: tuple[LimitOutcome, ...]
    certificate: Certificate


def allocate_several(scored: Scored, campaign: Campaign, wall: Wall, at_most: int) -> Several:
    """Give each person up to so many different offers, so that total value is as high as the limits allow.

    A campaign file cannot ask for this yet, and the ledger keeps one offer per person: it is for planning.

    Args:
        scored: gate 3's values.
        campaign: offers and limits; without soft limits, floors and lots.
        wall: the groups, in the row order of the batch.
        at_most: offers per person.

    Raises:
        UsageError: a number below 1, more sets than can be told apart, or something declared that is not done here.
        DataError: ``limit-unreachable``, as `allocate`.
    """
    sets = _sets(len(campaign.offers), at_most)
    _refuse(campaign)
    permitted = scored.minimised.permitted
    counted = permitted.standing == Standing.PERSONALISED
    draw = draw_for(permitted.asked.subjects, campaign.seed)
    order = canonical(permitted.asked.subjects, draw)
    order = order[permitted.standing[order] != Standing.REFUSED]
    names = tuple(offer.id for offer in campaign.offers)
    eligible = scored.minimised.eligible
    comparisons = survey(wall, campaign.limits.disparity, counted, names, eligible) if len(draw) else []
    judged = [comparison for comparison in comparisons if not comparison.is_void]
    blind_ones = [comparison for comparison in judged if comparison.limit.mode == "blind"]
    blind = learn_cells(scored.minimised, wall, blind_ones, counted, order) if blind_ones else None
    features = tuple(sorted({f for c in judged if c.limit.mode == "aware" for f in c.features}))
    over_sets = [_over_sets(comparison, sets) for comparison in comparisons]

    def solved(cells: Cells) -> tuple[NDArray[np.int16], Settled, list[NDArray[np.int64]]]:
        value = scored.value if eligible is None else np.where(eligible, scored.value, CLOSED)
        crowd, row_of = lay_out(_worth(value, sets), order, cells.cell, cells.size, draw)
        nest, scale = Nest(crowd), scale_of(crowd)
        built = build_rows(campaign, cells.size, list(zip(comparisons, cells.share, strict=True)), scale)
        rows = _on_sets(built, sets)
        demand_reachable(crowd, rows, over_sets)

        def in_batch(settled: Settled) -> NDArray[np.int16]:
            choice = np.full(value.shape[1], -1, dtype=np.int16)
            choice[row_of] = settled.choice
            return choice

        def count(settled: Settled) -> list[NDArray[np.int64]]:
            return [selected_people(wall, c, counted, in_batch(settled)) for c in over_sets]

        if blind_ones:
            held = until_held(nest, rows, over_sets, scale, count, campaign.seed)
            settled, rows = held.settled, held.rows
        else:
            settled = settle(nest, rows, over_sets, scale)
        if not settled.kept:
            raise not_found(rows)
        return in_batch(settled), settled, count(settled)

    if features:

        def behind(
            cells: NDArray[np.int32], groups: tuple[tuple[str, ...], ...]
        ) -> tuple[NDArray[np.int16], Settled, list[NDArray[np.int64]]]:
            return solved(fuse(comparisons, counted, blind, features, cells, groups))

        choice, settled, selected = wall.inside(features, behind, why="aware allocation")
    else:
        choice, settled, selected = solved(fuse(comparisons, counted, blind))
    given = np.vstack([sets, np.zeros((1, len(names)), dtype=bool)])[choice].T
    bound = max(int(np.floor(settled.bound + 1e-6)), settled.value)
    return Several(
        given=given,
        limits=limit_outcomes(campaign, comparisons, given, selected, frozenset(), {}, ""),
        certificate=Certificate(settled.value, bound, (bound - settled.value) / max(bound, 1), 0),
    )


def _sets(offers: int, at_most: int) -> NDArray[np.bool_]:
    """bool[sets, m], every set of one to `at_most` offers, smaller ones first."""
    found = [taken for size in range(1, min(at_most, offers) + 1) for taken in combinations(range(offers), size)]
    if at_most < 1 or len(found) > _MOST_SETS:
        raise UsageError(
            "several-sets",
            f"Up to {at_most} of {offers} offers for one person make {len(found)} sets of offers.",
            rule=f"at least one offer per person, and at most {_MOST_SETS} sets to choose from",
            remedy="allow fewer offers per person, or split the campaign",
        )
    sets = np.zeros((len(found), offers), dtype=bool)
    for row, taken in enumerate(found):
        sets[row, list(taken)] = True
    return sets


def _refuse(campaign: Campaign) -> None:
    soft = [limit.id for limit in campaign.limits.disparity if limit.ceiling is not None]
    floors = [limit.id for limit in campaign.limits.disparity if limit.measure.is_floor or limit.measure.is_weighted]
    lots = ["exploration"] if campaign.exploration is not None else []
    if soft or floors or lots:
        raise UsageError(
            "several-undone",
            f"With several offers per person these are not done: {', '.join([*soft, *floors, *lots])}.",
            rule="what is declared is kept, or nothing is decided",
            remedy="leave out soft limits, floors, modelled measures and exploration, or give one offer per person",
        )


def _over_sets(comparison: Comparison, sets: NDArray[np.bool_]) -> Comparison:
    """The comparison with the sets that hold one of its offers in place of its offers."""
    if not comparison.offers:
        return comparison
    holding = np.flatnonzero(sets[:, list(comparison.offers)].any(axis=1))
    return replace(comparison, offers=tuple(holding.tolist()))


def _worth(value: NDArray[np.int64], sets: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64[sets, n], what each set is worth; closed where one of its offers is."""
    open_ = is_open(value)
    clean = np.where(open_, value, 0)
    worth = np.stack([clean[taken].sum(axis=0) for taken in sets])
    shut = np.stack([~open_[taken].all(axis=0) for taken in sets])
    return np.where(shut, CLOSED, worth)


def _on_sets(rows: Rows, sets: NDArray[np.bool_]) -> Rows:
    """The rows over sets of offers: money adds up over a set, and everything else counts whoever has one of it."""
    shape = np.zeros((*rows.shape.shape[:2], len(sets)))
    money = {int(rows.of[row]) for row, owner in enumerate(rows.owner) if owner == "budget"}
    for number, use in enumerate(rows.shape):
        shape[number] = np.stack(
            [use[:, taken].sum(axis=1) if number in money else use[:, taken].max(axis=1) for taken in sets], axis=1
        )
    return replace(rows, shape=shape)
