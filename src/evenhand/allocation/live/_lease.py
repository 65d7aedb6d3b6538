"""Parts of limits, lent to workers: several may decide at once, and together they never use more than there is.

A pool holds what may be used of each limit. A worker takes a lease, a part of it, until a moment; says durably what it
spends *before* a decision becomes effective; and gives the rest back. A worker that dies says nothing: what it had not
spent is free again once the lease has run out. Nobody can spend on a lease that has run out, so a worker that slept
through its end uses nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["Lease", "LeaseStore"]


@dataclass(frozen=True, slots=True)
class Lease:
    """A part of a pool, lent to one worker.

    Attributes:
        id: number of the lease, never given twice.
        pool: the pool.
        granted: what may be used of each limit, in whole units; less than was wanted where less was left.
        until: when what is not spent goes back by itself.
    """

    id: int
    pool: str
    granted: Mapping[str, int]
    until: datetime


class LeaseStore(Protocol):
    """Where pools are kept. `adapters.ledgers.sqlite_leases.SqliteLeases` is one.

    Every method is one transaction. Moments are the caller's clock; the store never goes back: a clock that does is
    taken to stand still at the latest moment that the store has seen.

    All methods raise `StoreError` where the store cannot be reached or written.
    """

    def open_pool(self, pool: str, bounds: Mapping[str, int]) -> None:
        """Make a pool; nothing to do where it is there already.

        Raises:
            DataError: ``pool-other-bounds``, it is there with other bounds.
        """
        ...

    def left(self, pool: str, *, at: datetime) -> dict[str, int]:
        """What is neither spent nor lent of each limit."""
        ...

    def take(self, pool: str, wanted: Mapping[str, int], *, holder: str, at: datetime, lasts: timedelta) -> Lease:
        """Lend a part: of each limit as much as is wanted, or what is left.

        Args:
            pool: the pool.
            wanted: whole units of each limit.
            holder: a name for people who look after the store.
            at: now.
            lasts: how long, from the latest moment that the store has seen.

        Raises:
            UsageError: ``lease-lasts``, it would last no time at all.
        """
        ...

    def spend(self, lease: Lease, amounts: Mapping[str, int], *, at: datetime) -> None:
        """Note durably what is used. Only then may the decisions that use it become effective.

        Raises:
            StoreError: ``lease-over``, the lease has run out or was given back; nothing is spent.
            DataError: ``lease-overdrawn``, it is more than is left of the lease; nothing is spent.
        """
        ...

    def undo(self, lease: Lease, amounts: Mapping[str, int], *, at: datetime) -> None:
        """Take back what was spent for decisions that did not become effective after all, while the lease lasts."""
        ...

    def give_back(self, lease: Lease, *, at: datetime) -> None:
        """End a lease; what is not spent of it is free again. Harmless where it has ended."""
        ...
