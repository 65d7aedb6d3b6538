"""What is left of budget, contacts and capacities, and who still fits: for people who come one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.policy import MICRO, Campaign
from evenhand.terms import DataError

__all__ = ["Room"]


class Room:
    """What may still be used of each bounded limit, in whole units: micro-money, contacts, places.

    Args:
        campaign: its offers say what each costs and which limits there are.
        left: what is left by limit id (``budget``, ``contacts``, ``capacity:OFFER``); None = all that is declared.

    Raises:
        DataError: `left` names other limits than the campaign bounds, or less than nothing.

    """

    __slots__ = ("_names", "_uses", "left")

    def __init__(self, campaign: Campaign, left: Mapping[str, int] | None = None) -> None:
        declared = self.declared(campaign)
        given = dict(declared if left is None else left)
        if set(given) != set(declared) or any(amount < 0 for amount in given.values()):
            raise DataError(
                "room-limits",
                "What is left of the limits does not fit the limits that the campaign bounds.",
                rule="budget, contacts and capacities are each counted in whole units, from zero",
                remedy="take what is left from the same campaign",
            )
        self.left = {name: given[name] for name in declared}
        self._names = tuple(declared)
        self._uses = tuple(
            tuple((name, amount) for name, amount in uses_of(campaign, offer).items() if amount)
            for offer in range(len(campaign.offers))
        )

    @staticmethod
    def declared(campaign: Campaign) -> dict[str, int]:
        """Every limit that one person's decision uses up, with the amount declared."""
        out: dict[str, int] = {}
        if campaign.limits.budget is not None:
            out["budget"] = int(campaign.limits.budget * MICRO)
        if campaign.limits.contacts.total is not None:
            out["contacts"] = campaign.limits.contacts.total
        for offer in campaign.offers:
            if offer.capacity is not None:
                out[f"capacity:{offer.id}"] = offer.capacity
        return out

    def fits(self, offer: int) -> bool:
        """Whether one more person may get this offer."""
        left = self.left
        for name, amount in self._uses[offer]:  # noqa: SIM110 - a generator would cost a person's decision a fifth
            if left[name] < amount:
                return False
        return True

    def take(self, offer: int) -> None:
        """One person gets this offer."""
        left = self.left
        for name, amount in self._uses[offer]:
            left[name] -= amount

    def used(self, people: list[int]) -> dict[str, int]:
        """What so many people per offer use."""
        total = dict.fromkeys(self._names, 0)
        for uses, count in zip(self._uses, people, strict=True):
            for name, amount in uses:
                total[name] += amount * count
        return total


def uses_of(campaign: Campaign, offer: int) -> dict[str, int]:
    """What one person who gets this offer uses of each bounded limit."""
    chosen = campaign.offers[offer]
    use = {"budget": chosen.cost_micro, "contacts": 1, f"capacity:{chosen.id}": 1}
    return {name: use.get(name, 0) for name in Room.declared(campaign)}
