"""What would have changed one recorded decision, where no single change was named: worked out when it is asked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import (
    PPM,
    DecisionFacts,
    Link,
    Model,
    Standing,
    expected_value,
    one_score_ppm,
    score_of,
    score_ppm,
    term_contributions,
)

from ._best import Found
from ._counterfactual import MOST_NODES, Counterfactual, campaign_grid, changed, people_of, result
from ._grid import Grid, Person, Side
from ._recheck import leaf_of
from ._search import Also, Goal, push_of, smallest

__all__ = ["MOST_CHANGES", "DecisionSearch", "decision_counterfactual"]

MOST_CHANGES = 3
"""More changes than this would be another person."""
_EDGE = 16_000_000
"""Beyond this score parts per million are level: the link table ends there, and a change long before."""
_TABULATED = 2_000
"""Steps between scores at which worth is tabulated."""
_FREE = 2**40
"""A push that nothing needs."""


def decision_counterfactual(
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    *,
    prices: Mapping[str, Any] | None = None,
    most_changes: int = MOST_CHANGES,
    most_nodes: int = MOST_NODES,
) -> Counterfactual | None:
    """The smallest change of what the person could change by which the price rule decides differently.

    Prices are held. A chosen offer is lost where it is worth no more than its price, or where another offer is worth
    more above its own price; where a change moves both scores, the two are compared in money, exactly. Without an offer
    the decision changes where any offer is worth more than its price. Of a per-offer feature only the value for the
    offer explained changes.

    Under a blind limit a change may lead to another cell, and so to other prices: then only changes count by which the
    rule decides differently at the old prices *and* at those of the new cell. Where an aware limit stands (beside it),
    only the offer and the runner-up are looked at, whose prices are in the record, and the blind cell must stay.

    Args:
        facts: the decision.
        campaign: as it was; it says what can be changed, which way, within which range.
        model: as it was.
        prices: the price table that was recorded with the batch; without it only the offer and the runner-up are
            looked at.
        most_changes: at most so many features.
        most_nodes: stop after trying so many bins.

    Returns:
        The counterfactual; None where the decision was not the price rule's own over personal data, is sealed, where a
        blind limit stands and its cells are not known here, or where a limit counts modelled responses.
    """
    return DecisionSearch(campaign, model, most_changes=most_changes, most_nodes=most_nodes).of(facts, prices=prices)


class DecisionSearch:
    """The same question about one decision after the other: what is prepared from the model is kept.

    Arguments and answers are those of `decision_counterfactual`; what was asked before changes no answer.
    """

    def __init__(
        self, campaign: Campaign, model: Model, *, most_changes: int = MOST_CHANGES, most_nodes: int = MOST_NODES
    ) -> None:
        self._campaign, self._model = campaign, model
        self._most_changes, self._most_nodes = most_changes, most_nodes
        self._grids: dict[int, Grid] = {}

    def of(self, facts: DecisionFacts, *, prices: Mapping[str, Any] | None = None) -> Counterfactual | None:
        """The smallest change by which the price rule decides differently; see `decision_counterfactual`."""
        campaign, model = self._campaign, self._model
        focus = facts.offer if facts.offer >= 0 else facts.runner_up
        if facts.standing is not Standing.PERSONALISED or facts.sealed or focus < 0:
            return None
        if facts.moved and not facts.used_up:
            return None
        modes = {limit.mode for limit in campaign.limits.disparity}
        by_response = any(limit.measure.is_weighted for limit in campaign.limits.disparity)
        if by_response or (prices is None and "blind" in modes):
            return None
        grid = self._grids.get(focus)
        if grid is None:
            grid = self._grids[focus] = campaign_grid(model, campaign, focus)
        (person,) = people_of(facts.codes, len(model.offers))
        asked = _Asked(facts, campaign, model, prices, grid, person, is_aware="aware" in modes)
        found = smallest(
            grid,
            person,
            asked.goals(),
            most_changes=self._most_changes,
            most_nodes=self._most_nodes,
            also=asked.second_look(),
        )
        return result(model, grid, person, found)


class _Asked:
    """What one decision rests on: scores, worth by score, and the prices that are known.

    Attributes:
        price: price of each offer whose price is known, by its index.
    """

    def __init__(
        self,
        facts: DecisionFacts,
        campaign: Campaign,
        model: Model,
        prices: Mapping[str, Any] | None,
        grid: Grid,
        person: Person,
        *,
        is_aware: bool,
    ) -> None:
        self.facts, self.campaign, self.model = facts, campaign, model
        self.is_aware = is_aware
        self.tables: Mapping[str, Any] = prices["cell_tables"] if prices else {}
        self.focus = facts.offer if facts.offer >= 0 else facts.runner_up
        self.names = {binning.name: place for place, binning in enumerate(model.view.binnings)}
        self.leaf = self._leaf(facts.codes)
        if facts.offer >= 0:
            known = {facts.offer: facts.price, facts.runner_up: facts.runner_up_price}
        else:
            known = {facts.runner_up: facts.runner_up_price}
        self.price = {offer: price for offer, price in known.items() if offer >= 0 and offer not in facts.closed}
        self._prices = prices
        if prices is not None and not is_aware:
            cell = self._cell(self.leaf)
            if cell is not None:
                prices_here = enumerate(self._all_prices(cell))
                self.price = {offer: price for offer, price in prices_here if offer not in facts.closed}
        self.score = [grid.score(j, [code[j] for code in person]) for j in range(len(model.offers))]

    def goals(self) -> list[Goal]:
        """Ways in which the decision can change."""
        own, out = self.facts.offer, []
        if own < 0:
            for rival in sorted(self.price):
                least = self._least(rival)
                if least is not None:
                    need = least - self.score[rival]
                    out.append(push_of(Side(rival, 1), need))
            return out
        least = self._least(own)
        if least is not None and least > -_EDGE:
            out.append(push_of(Side(own, -1), self.score[own] - least + 1))
        out += [self._duel(own, rival) for rival in sorted(self.price) if rival != own]
        return out

    def _duel(self, own: int, rival: int) -> Goal:
        mine, theirs = self._worth(own), self._worth(rival)
        lead = self.price[own] - self.price[rival]
        here, there = self.score[own], self.score[rival]

        link = self.model.link
        my_curve, their_curve = (_curve(*self._declared(offer), link) for offer in (own, rival))
        nodes = _nodes(link)

        def needs(down: int, up: int) -> tuple[int, int]:
            """From node `below` on the offer is worth too much; up to node `above` the rival is worth too little."""
            below = bisect_left(my_curve, theirs(there + up) + lead)
            above = bisect_right(their_curve, mine(here - down) - lead) - 1
            least_down = here - nodes[below] if below < len(my_curve) else -_FREE
            least_up = nodes[above] - there if above >= 0 else -_FREE
            return least_down, least_up

        return Goal(
            (Side(own, -1), Side(rival, 1)),
            lambda down, up: mine(here - down) - lead < theirs(there + up),
            needs,
            lambda down, up: self._worths(own, here - down) - lead < self._worths(rival, there + up),
        )

    def _worths(self, offer: int, score: NDArray[np.int64]) -> NDArray[np.int64]:
        return expected_value(*self._declared(offer), score_ppm(score, self.model.link))

    def second_look(self) -> Also | None:
        """Whether changes hold up in the blind cell that they lead to; None where there are no blind cells."""
        if self.leaf is None:
            return None

        def holds(changes: tuple[tuple[int, int], ...]) -> bool:
            found = Found(changes, 0, 0, finished=True, could=True)
            codes = changed(self.facts.codes, [found], np.array([self.focus]))
            leaf = self._leaf(codes)
            if leaf == self.leaf:
                return True
            cell = None if self.is_aware else self._cell(leaf)
            if cell is None:
                return False
            scores = self._scores(codes)
            net = [
                self._worth(j)(score) - price
                for j, (score, price) in enumerate(zip(scores, self._all_prices(cell), strict=True))
            ]
            for offer in self.facts.closed:
                net[offer] = -_FREE
            own = self.facts.offer
            return max(net) > 0 if own < 0 else net[own] <= 0 or net[own] < max(net)

        return holds

    def _declared(self, offer: int) -> tuple[int, int]:
        declared = self.campaign.offers[offer]
        return declared.value_micro, declared.cost_micro

    def _worth(self, offer: int) -> Callable[[int], int]:
        (value, cost), link = self._declared(offer), self.model.link
        return lambda score: value * one_score_ppm(score, link) // PPM - cost

    def _least(self, offer: int) -> int | None:
        """The lowest score at which an offer is worth more than its price, by halving; None where none is."""
        worth, price = self._worth(offer), self.price[offer]
        place = bisect_left(range(-_EDGE, _EDGE + 1), True, key=lambda score: worth(score) > price)
        return None if place > 2 * _EDGE else place - _EDGE

    def _scores(self, codes: tuple[NDArray[np.uint8], ...]) -> list[int]:
        out = []
        for j in range(len(self.model.offers)):
            at = np.array([j])
            out.append(int(score_of(self.model, term_contributions(self.model, codes, at), at)[0]))
        return out

    def _leaf(self, codes: Sequence[NDArray[np.uint8]]) -> int | None:
        recipe = self.tables.get("blind")
        return None if recipe is None else int(leaf_of(recipe, tuple(codes), self.names, 1)[0])

    def _cell(self, leaf: int | None) -> int | None:
        """Row of the price table; None where the cell has no prices."""
        if leaf is None:
            return 0
        cells = cast("list[list[int]]", self.tables["cells"])
        return cells.index([0, leaf + 1]) if [0, leaf + 1] in cells else None

    def _all_prices(self, cell: int) -> list[int]:
        assert self._prices is not None
        return [one + extra for one, extra in zip(self._prices["offer"], self._prices["group"][cell], strict=True)]


@cache
def _nodes(link: Link) -> list[int]:
    """Scores at which worth is tabulated, for bounds only; worth is level before the first and after the last."""
    edge = PPM if link == "identity" else _EDGE
    return list(range(-edge, edge + 1, 2 * edge // _TABULATED))


@lru_cache(maxsize=256)
def _curve(value_micro: int, cost_micro: int, link: Link) -> list[int]:
    """What an offer brings at each of these scores; never falling."""
    curve: list[int] = expected_value(value_micro, cost_micro, score_ppm(np.array(_nodes(link)), link)).tolist()
    return curve
