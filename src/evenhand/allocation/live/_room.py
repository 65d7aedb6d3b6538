"""What is left of budget, contacts and capacities, and who still fits: for people who come one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from evenhand.policy import MICRO, Campaign
from evenhand.terms import DataError

__all__ = ["Room"]

_LANE, _GUARD = 64, 2**63
"""What is left of all limits stands side by side in one whole number, each with a bit above it that goes out where less
than nothing would be left: one subtraction and one comparison for each person, however many limits there are."""


class Room:
    """What may still be used of each bounded limit, in whole units: micro-money, contacts, places.

    Args:
        campaign: its offers say what each costs and which limits there are.
        left: what is left by limit id (``budget``, ``contacts``, ``capacity:OFFER``); None = all that is declared.

    Raises:
        DataError: `left` names other limits than the campaign bounds, or less than nothing.

    """

    __slots__ = ("_left", "_names", "_uses", "_whole")

    def __init__(self, campaign: Campaign, left: Mapping[str, int] | None = None) -> None:
        declared = self.declared(campaign)
        given = dict(declared if left is None else left)
        if set(given) != set(declared) or not all(0 <= amount < _GUARD for amount in given.values()):
            raise _unfit()
        self._names = tuple(declared)
        self._left = _side_by_side([given[name] + _GUARD for name in self._names])
        self._whole = _side_by_side([_GUARD] * len(self._names))
        self._uses = tuple(_side_by_side(list(uses_of(campaign, j).values())) for j in range(len(campaign.offers)))

    def again(self, left: Mapping[str, int]) -> Room:
        """Another room of the same campaign, with this much left; see `Room`."""
        if set(left) != set(self._names) or not all(0 <= amount < _GUARD for amount in left.values()):
            raise _unfit()
        other = copy(self)
        other._left = _side_by_side([left[name] + _GUARD for name in self._names])
        return other

    @property
    def left(self) -> dict[str, int]:
        """What may still be used, by limit id."""
        return {name: (self._left >> _LANE * place) % _GUARD for place, name in enumerate(self._names)}

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

    def take(self, offer: int) -> bool:
        """One person gets this offer, if it fits; whether it did."""
        left = self._left - self._uses[offer]
        if left & self._whole != self._whole:
            return False
        self._left = left
        return True

    def take_all(self, people: Sequence[int]) -> bool:
        """So many people get each offer, if all of them fit; whether they did. Else nobody got anything, and who comes
        first decides (`take`)."""
        for place in range(len(self._names)):
            each = ((uses >> _LANE * place) % _GUARD for uses in self._uses)
            needed = sum(one * count for one, count in zip(each, people, strict=True))
            if needed > (self._left >> _LANE * place) % _GUARD:
                return False
        self._left -= sum(uses * count for uses, count in zip(self._uses, people, strict=True))
        return True

    def used(self, people: list[int]) -> dict[str, int]:
        """What so many people per offer use."""
        total = sum(uses * count for uses, count in zip(self._uses, people, strict=True))
        return {name: (total >> _LANE * place) % _GUARD for place, name in enumerate(self._names)}


def uses_of(campaign: Campaign, offer: int) -> dict[str, int]:
    """What one person who gets this offer uses of each bounded limit."""
    chosen = campaign.offers[offer]
    use = {"budget": chosen.cost_micro, "contacts": 1, f"capacity:{chosen.id}": 1}
    return {name: use.get(name, 0) for name in Room.declared(campaign)}


def _side_by_side(amounts: list[int]) -> int:
    return sum(amount << _LANE * place for place, amount in enumerate(amounts))


def _unfit() -> DataError:
    return DataError(
        "room-limits",
        "What is left of the limits does not fit the limits that the campaign bounds.",
        rule="budget, contacts and capacities are each counted in whole units, from zero",
        remedy="take what is left from the same campaign",
    )
