"""Gate 4 with prices that were found before: each person by themselves, nobody else needed.

The caps are hard. Whoever's best offer no longer fits gets the best one that does and is worth its price, else nothing;
such a decision is marked as moved. Nobody is decided about by lot. Limits on disparity, and minimums, act through the
recorded prices; what came of them among these people is counted and told, but a handful of people cannot keep a rate,
so it is not demanded of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Allocated, Certificate, LimitOutcome, Prices, Scored, Standing

from ._outcome import columns_of
from ._report import limit_outcomes
from ._wall import Wall, selected_people, survey
from .live import PricePolicy, Room
from .solver import CLOSED, Comparison, draw_for, lot

__all__ = ["BY_PRICES", "GivenPrices", "PriceTables", "by_prices"]

BY_PRICES = "by-prices"
"""Note of a limit that acted through recorded prices and was not demanded of these people by themselves."""


class PriceTables:
    """What deciding with prices needs of a policy and its campaign, worked out once.

    Args:
        policy: the prices.
        campaign: the campaign.
    """

    def __init__(self, policy: PricePolicy, campaign: Campaign) -> None:
        self.offer_price = np.array(policy.offer_price, dtype=np.int64)
        self.cell_price = policy.cell_price()
        self.cell_tables: dict[str, object] = policy.plain_prices()["cell_tables"]
        self.tree = policy.tree()
        self._room = Room(campaign)

    def room(self, left: dict[str, int] | None) -> Room:
        """A room with this much left; None = all that is declared."""
        return self._room.again(self._room.left if left is None else left)


@dataclass(frozen=True, slots=True)
class GivenPrices:
    """Prices to decide with, in place of solving.

    Attributes:
        policy: the prices.
        left: what may still be used of budget, contacts and capacities, by limit id; None = all that is declared.
        tables: the prices as arrays (`PriceTables`), where many small batches are decided with them; else made anew.
    """

    policy: PricePolicy
    left: dict[str, int] | None = None
    tables: PriceTables | None = None


def by_prices(scored: Scored, campaign: Campaign, wall: Wall, given: GivenPrices) -> Allocated:
    """Decide in the order of the batch; see `allocate`."""
    permitted = scored.minimised.permitted
    policy, standing = given.policy, permitted.standing
    counted = standing == Standing.PERSONALISED
    draw = draw_for(permitted.asked.subjects, policy.seed)
    terms = [binning.name for binning in scored.minimised.model.view.binnings]
    tables = given.tables or PriceTables(policy, campaign)
    cell = policy.cells(scored.minimised.codes, terms, standing, tables.tree)
    offer_price, cell_price = tables.offer_price, tables.cell_price
    eligible = scored.minimised.eligible
    worth = scored.value if eligible is None else np.where(eligible, scored.value, CLOSED)
    margin = worth - offer_price[:, None] - cell_price[cell].T
    open_ = standing != Standing.REFUSED
    lots = np.stack([lot(draw, offer) for offer in range(len(margin))])
    choice = _choose(margin, lots, open_, tables.room(given.left))
    unlimited = _choose(worth - offer_price[:, None], lots, open_, tables.room(given.left))
    columns = columns_of(worth, choice, offer_price, cell_price, None, cell, draw, ~open_, permitted.reason)
    value = _worth(scored.value, choice)
    bound = int(np.maximum(scored.value[:, open_], 0).max(axis=0, initial=0).sum())
    names = tuple(offer.id for offer in campaign.offers)
    limits, chance = campaign.limits.disparity, scored.probability
    # Where no two groups can be large enough to be judged (one, for a floor), there is nothing to ask of the wall.
    least = min((limit.minimum_size * (1 if limit.measure.is_floor else 2) for limit in limits), default=0)
    comparisons = survey(wall, limits, counted, names, eligible, chance) if np.count_nonzero(counted) >= least else []
    comparisons = [
        replace(each, reach=selected_people(wall, each, counted, unlimited, chance)) if each.is_floor else each
        for each in comparisons
    ]
    selected = [selected_people(wall, comparison, counted, choice, chance) for comparison in comparisons]
    return Allocated(
        scored=scored,
        person=columns.person,
        offer=columns.offer,
        runner_up=columns.runner_up,
        price=columns.price,
        runner_up_price=columns.runner_up_price,
        moved=columns.moved,
        reason=columns.reason,
        prices=Prices(
            offer=offer_price,
            group=cell_price,
            by_limit=dict(policy.limit_price),
            cell_tables=tables.cell_tables,
        ),
        limits=_outcomes(campaign, policy, comparisons, choice, selected),
        certificate=Certificate(value, bound, (bound - value) / max(bound, 1), int(columns.moved.sum())),
        unlimited_offer=unlimited,
    )


def _choose(
    margin: NDArray[np.int64], lots: NDArray[np.float64], open_: NDArray[np.bool_], room: Room
) -> NDArray[np.int16]:
    """int16[n], one after the other: the offer with the highest margin above zero that still fits, or -1."""
    choice = np.full(margin.shape[1], -1, dtype=np.int16)
    wanted = np.flatnonzero(open_ & (margin.max(axis=0, initial=0) > 0))
    ranked = np.lexsort((-lots[:, wanted], -margin[:, wanted]), axis=0)
    if len(wanted) and room.take_all(np.bincount(ranked[0], minlength=len(margin)).tolist()):
        choice[wanted] = ranked[0]
        return choice
    for row, order in zip(wanted.tolist(), ranked.T.tolist(), strict=True):
        for offer in order:
            if margin[offer, row] <= 0:
                break
            if room.take(offer):
                choice[row] = offer
                break
    return choice


def _worth(value: NDArray[np.int64], choice: NDArray[np.int16]) -> int:
    taken = np.flatnonzero(choice >= 0)
    return int(value[choice[taken].astype(np.intp), taken].sum())


def _outcomes(
    campaign: Campaign,
    policy: PricePolicy,
    comparisons: list[Comparison],
    choice: NDArray[np.int16],
    selected: list[NDArray[np.int64]],
) -> tuple[LimitOutcome, ...]:
    """What these people used of each limit; what a limit costs is not worked out again."""
    binding = frozenset(name for name, price in policy.limit_price.items() if price > 0)
    found = []
    for outcome in limit_outcomes(campaign, comparisons, choice, selected, binding, None, {}):
        plain: LimitOutcome = outcome
        found.append(replace(plain, note=BY_PRICES) if plain.kind in ("disparity", "minimum") else plain)
    return tuple(found)
