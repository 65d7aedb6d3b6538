"""Under a blind limit a changed bin can move a person to another cell, and so to other prices: look again, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Allocated, expected_value, score_of, score_ppm, term_contributions

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
    dimension = np.asarray(recipe["dimension"], dtype=np.intp)
    threshold = np.asarray(recipe["threshold"], dtype=np.int64)
    columns = recipe["columns"]
    sums = np.zeros((len(columns[0]["tables"]) if columns else 1, people), dtype=np.int64)
    for column in columns:
        code = codes[names[column["term"]]]
        own = code if column["offer"] < 0 else code[column["offer"]]
        sums += np.asarray(column["tables"], dtype=np.int64).take(own, axis=1)
    node = np.zeros(people, dtype=np.intp)
    everyone = np.arange(people)
    for _ in range(int(np.log2(len(dimension) + 1))):
        node = 2 * node + 1 + (sums[dimension[node], everyone] > threshold[node])
    return node - len(dimension)


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
    net = []
    for j, offer in enumerate(campaign.offers):
        at = np.full(len(leaf), j, dtype=np.intp)
        score = score_of(model, term_contributions(model, codes, at), at)
        value = expected_value(offer.value_micro, offer.cost_micro, score_ppm(score, model.link))
        net.append(value - allocated.prices.offer[j] - allocated.prices.group[np.maximum(cell_of, 0), j])
    return np.stack(net), cell_of >= 0
