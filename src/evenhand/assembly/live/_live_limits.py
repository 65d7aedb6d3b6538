"""A part of what is left of the limits, noted as used before it is: a service decides from it without asking again.

A part is spent in the store of leases when it is taken, not when it is used, so one durable step serves many decisions.
What was not used goes back when the service ends. Where it is killed, that much is lost to later people, and nothing is
used twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from evenhand.allocation import Lease, LeaseStore, Room
from evenhand.policy import Campaign
from evenhand.terms import EvenhandError, StoreError

__all__ = ["Part"]

_LASTS = timedelta(days=1)
_WHILE = timedelta(seconds=5)
"""After it somebody else may have given back what was used up."""
_PARTS = 64
"""A part is at least this share of what is left, so that a service takes few of them and a killed one loses little."""


class Part:
    """What one service may use of a campaign's limits right now.

    Args:
        leases: the store.
        pool: digest of the prices.
        campaign: says what its offers use.
    """

    def __init__(self, leases: LeaseStore, pool: str, campaign: Campaign) -> None:
        self._leases, self._pool = leases, pool
        declared = Room.declared(campaign)
        self._dearest = {
            name: max(offer.cost_micro for offer in campaign.offers) if name == "budget" else 1 for name in declared
        }
        self._left = dict.fromkeys(declared, 0)
        self._lease: Lease | None = None
        self._is_last: set[str] = set()
        self._look_again = datetime.max.replace(tzinfo=UTC)
        self._declared, self._is_opened = declared, False
        with suppress(StoreError):  # it cannot be written now: that is met again, and said, by whoever is decided about
            self._opened()

    def room(self, people: int, at: datetime) -> dict[str, int]:
        """What so many people may use: enough for all of them, or what there is.

        Raises:
            StoreError: the store cannot be reached or written.
        """
        needed = {name: people * dearest for name, dearest in self._dearest.items()}
        if at >= self._look_again:
            self._is_last = set()
        if any(self._left[name] < amount for name, amount in needed.items() if name not in self._is_last):
            self._refill(needed, at)
        return dict(self._left)

    @property
    def left(self) -> dict[str, int]:
        """What was taken and is not used yet; from any thread."""
        return dict(self._left)

    def use(self, used: Mapping[str, int]) -> None:
        """Take off what decisions use."""
        for name, amount in used.items():
            self._left[name] -= amount

    def put_back(self, used: Mapping[str, int]) -> None:
        """What decisions would have used that did not become effective."""
        self.use({name: -amount for name, amount in used.items()})

    def close(self, at: datetime) -> None:
        """Give back what was not used."""
        if self._lease is not None:
            with suppress(EvenhandError):  # a lease that is over gives nothing back
                self._leases.undo(self._lease, self._left, at=at)
                self._leases.give_back(self._lease, at=at)
        self._lease, self._left = None, dict.fromkeys(self._left, 0)

    def _opened(self) -> None:
        if not self._is_opened:
            self._leases.open_pool(self._pool, self._declared)
            self._is_opened = True

    def _refill(self, needed: Mapping[str, int], at: datetime) -> None:
        self._opened()
        self.close(at)
        left = self._leases.left(self._pool, at=at)
        wanted = {name: max(2 * amount, left.get(name, 0) // _PARTS) for name, amount in needed.items()}
        lease = self._leases.take(self._pool, wanted, holder="evenhand serve", at=at, lasts=_LASTS)
        self._leases.spend(lease, lease.granted, at=at)
        self._lease, self._left = lease, dict(lease.granted)
        self._is_last = {name for name, amount in wanted.items() if lease.granted[name] < amount}
        self._look_again = at + _WHILE if self._is_last else datetime.max.replace(tzinfo=UTC)
