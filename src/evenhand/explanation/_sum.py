"""Why this offer and not the other: value, price and what is left, in micro-money with nothing left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.policy import Campaign
from evenhand.terms import DecisionFacts

from ._text import text, text_about

__all__ = ["SumRow", "sum_of"]


@dataclass(frozen=True, slots=True)
class SumRow:
    """One line of the sum. All rows above ``left`` add up to it; ``margin`` is the one ``left`` less the other. Where
    the groups' part of the price is sealed there are no rows from that part on.

    Attributes:
        key: ``response`` (value times chance, or times what the offer changes in it), ``cost``, then ``price`` or its
            parts ``places`` and ``groups``, then ``left`` and ``margin``. Costs and prices stand as what they take
            away: negative where they do.
        label: in the reader's language.
        own: micro-money, of the offer explained.
        other: micro-money of the runner-up of a chosen offer; None where there is none, and in ``margin``.
    """

    key: str
    label: str
    own: int
    other: int | None


def sum_of(
    facts: DecisionFacts, campaign: Campaign, offer_prices: Sequence[int] | None, lang: str
) -> tuple[SumRow, ...]:
    """The sum behind a decision: of the chosen offer beside its runner-up, or of the best offer beside nothing.

    Args:
        facts: the decision; it has an offer or a runner-up.
        campaign: costs of the offers.
        offer_prices: price of a place of each offer apart from group limits; None = only the total is known.
        lang: ``nl`` or ``en``.
    """
    chosen = facts.offer >= 0
    own = facts.offer if chosen else facts.runner_up
    other = facts.runner_up if chosen and facts.runner_up >= 0 else None
    price = facts.price if chosen else facts.runner_up_price
    declared = [offer.cost_micro for offer in campaign.offers]
    costs = (facts.cost, facts.runner_up_cost) if campaign.own_costs else (declared[own], declared[other or 0])
    columns = [_column(costs[0], own, facts.value, price, offer_prices, sealed=facts.sealed)]
    if other is not None:
        worth, paid = facts.runner_up_value, facts.runner_up_price
        columns.append(_column(costs[1], other, worth, paid, offer_prices, sealed=facts.sealed))
    rows = [
        SumRow(
            key,
            text_about(campaign.model.target, f"sum.{key}", lang),
            column,
            columns[1][key] if other is not None else None,
        )
        for key, column in columns[0].items()
    ]
    if facts.sealed:
        return tuple(rows)
    return (*rows, SumRow("margin", text("sum.margin" if chosen else "sum.margin-none", lang), facts.margin, None))


def _column(
    cost: int, offer: int, value: int, price: int, offer_prices: Sequence[int] | None, *, sealed: bool
) -> dict[str, int]:
    column = {"response": value + cost, "cost": -cost}
    if sealed:
        return column if offer_prices is None else column | {"places": -int(offer_prices[offer])}
    if offer_prices is None:
        column["price"] = -price
    else:
        places = int(offer_prices[offer])
        column |= {"places": -places, "groups": -(price - places)}
    return column | {"left": value - price}
