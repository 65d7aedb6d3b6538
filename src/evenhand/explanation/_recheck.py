"""Under a blind limit a changed bin can move a person to another cell, and so to other prices: look again, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import SCORE_BOUND, Allocated, expected_value, score_ppm

from ._flip import Flips

__all__ = ["leaf_of", "true_flips"]


def true_flips(
    allocated: Allocated, campaign: Campaign, rows: NDArray[np.intp], focus: NDArray[np.int16], found: Flips
) -> Flips:
    """Keep only the flips by which the whole price rule decides differently, with the cell of the changed bins.

    Without a blind limit nobody's prices depend on their bins, and every flip stays. Under a measure of modelled
    responses everybody's do, and none is told. Where blind and aware limits
    stand together, the other half of a cell is behind the wall: there a flip stays only if it leaves the blind cell
    as it was. Scores, values and prices of all offers are worked out again in integers.

    Args:
        allocated: the decisions, with the recipe of the cells (`Prices.cell_tables`).
        campaign: values and costs of the offers.
        rows: the people that `found` is about.
        focus: index of the offer explained, per row.
        found: what was found at unchanged prices.
    """
    if allocated.prices.response is not None:  # what is paid moves with the score itself
        return Flips.none(len(found.term))
    tables = allocated.prices.cell_tables
    recipe = tables.get("blind")
    some = np.flatnonzero(found.term >= 0)
    if not isinstance(recipe, Mapping) or not len(some):
        return found
    who, term, own_offer = rows[some], found.term[some].astype(np.intp), focus[some].astype(np.intp)
    now = tuple(code[..., who] for code in allocated.scored.minimised.codes)
    then = _changed(now, term, found.code[some], own_offer)
    model = allocated.scored.minimised.model
    names = {binning.name: place for place, binning in enumerate(model.view.binnings)}
    leaf = leaf_of(recipe, then, names, len(who))
    keeps = leaf == leaf_of(recipe, now, names, len(who))
    if "aware" not in tables:
        net, is_known = _net(allocated, campaign, then, leaf)
        eligible = allocated.scored.minimised.eligible
        if eligible is not None:
            net[~eligible[:, who]] = np.iinfo(np.int64).min
        best = net.argmax(axis=0)
        everyone = np.arange(len(who))
        offer = allocated.offer[who].astype(np.intp)
        own = net[np.maximum(offer, 0), everyone]
        top = net[best, everyone]
        keeps = is_known & np.where(offer >= 0, (own <= 0) | (own < top), top > 0)
    lost = some[~keeps]
    kept = Flips(found.term.copy(), found.code.copy())
    kept.term[lost], kept.code[lost] = -1, 0
    return kept


def _changed(
    codes: tuple[NDArray[np.uint8], ...], term: NDArray[np.intp], code: NDArray[np.uint8], focus: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], ...]:
    """The codes with each person's one term changed; of a per-offer feature only the explained offer's value."""
    out = []
    for t, column in enumerate(codes):
        mine = np.flatnonzero(term == t)
        column = column.copy()
        if column.ndim == 1:
            column[mine] = code[mine]
        else:
            column[focus[mine], mine] = code[mine]
        out.append(column)
    return tuple(out)


def leaf_of(
    recipe: Mapping[str, Any], codes: tuple[NDArray[np.uint8], ...], names: Mapping[str, int], people: int
) -> NDArray[np.intp]:
    """Walk the tree of the blind cells: add up the tables, then go right wherever a sum is above its threshold."""
    tree = _trees(_Same(recipe))
    sums = np.zeros((tree.directions, people), dtype=np.int64)
    for term, offer, tables in tree.columns:
        code = codes[names[term]]
        sums += tables.take(code if offer < 0 else code[offer], axis=1)
    node = np.zeros(people, dtype=np.intp)
    everyone = np.arange(people)
    for _ in range((len(tree.dimension) + 1).bit_length() - 1):
        node = 2 * node + 1 + (sums[tree.dimension[node], everyone] > tree.threshold[node])
    return node - len(tree.dimension)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """The very same mapping, which nobody changes."""

    recipe: Mapping[str, Any]

    def __hash__(self) -> int:
        return id(self.recipe)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.recipe is other.recipe


@dataclass(frozen=True, slots=True)
class _Tree:
    """A recipe as arrays."""

    directions: int
    columns: tuple[tuple[str, int, NDArray[np.int64]], ...]
    dimension: NDArray[np.intp]
    threshold: NDArray[np.int64]


@lru_cache(maxsize=16)
def _trees(same: _Same) -> _Tree:
    recipe = same.recipe
    columns = tuple(
        (str(one["term"]), int(one["offer"]), np.asarray(one["tables"], dtype=np.int64)) for one in recipe["columns"]
    )
    return _Tree(
        len(columns[0][2]) if columns else 1,
        columns,
        np.asarray(recipe["dimension"], dtype=np.intp),
        np.asarray(recipe["threshold"], dtype=np.int64),
    )


def _net(
    allocated: Allocated, campaign: Campaign, codes: tuple[NDArray[np.uint8], ...], leaf: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """int64[m, k], value less price of every offer; and bool[k], whether the cell has prices at all."""
    cells = cast("list[list[int]]", allocated.prices.cell_tables["cells"])
    place = np.full(max(blind for _, blind in cells) + 2, -1, dtype=np.intp)
    for cell, (_, blind) in enumerate(cells[1:], start=1):
        place[blind] = cell
    cell_of = place[np.minimum(leaf + 1, len(place) - 1)]
    model = allocated.scored.minimised.model
    score = np.repeat(model.base[:, None], len(leaf), axis=1)
    offers = np.arange(len(score))[:, None]
    for table, code in zip(model.tables, model.term_codes(codes), strict=True):
        score += table.take(code, axis=1) if code.ndim == 1 else table[offers, code]
    money = np.array([(offer.value_micro, offer.cost_micro) for offer in campaign.offers], dtype=np.int64)
    chance = score_ppm(np.clip(score, -SCORE_BOUND, SCORE_BOUND), model.link)
    value = expected_value(money[:, :1], money[:, 1:], chance)
    prices = allocated.prices
    return value - prices.offer[:, None] - prices.group[np.maximum(cell_of, 0)].T, cell_of >= 0
