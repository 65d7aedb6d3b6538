"""Leases in the schema of a PostgreSQL server: every step is one transaction that nobody else can come between.

The statements are those of `sqlite_leases`. Whoever takes a step locks the one row of the clock, so that steps of all
machines follow each other. Implements `allocation.LeaseStore`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ..stores._database_trouble import trouble
from ..stores._postgres import Steps, connected
from ..stores.placement import Placement
from .sqlite_leases import Leases, LeaseSteps

__all__ = ["PostgresLeases"]


class PostgresLeases(Leases):
    """Pools and leases of one home. Close it, or use it in a ``with``; one connection per process.

    Args:
        placement: the server and the schema.
        secret: gives the home's secret key (32 bytes).
    """

    def __init__(self, placement: Placement, secret: Callable[[], bytes]) -> None:
        self._where = f"the leases in the database that {placement.variable} names"
        self._placement, self._secret = placement, secret
        self._db = connected(placement, "ledger", secret)

    def close(self) -> None:
        """End the connection; leases go on until they end."""
        self._db.close()

    @contextmanager
    def _alone(self, at: datetime | None) -> Iterator[LeaseSteps]:
        if self._db.closed:  # it broke in an earlier step, which was undone
            self._db = connected(self._placement, "ledger", self._secret)
        with trouble(self._where), self._db.transaction(), self._db.cursor() as cursor:
            cursor.execute("SELECT latest FROM clock FOR UPDATE")
            steps = Steps(cursor)
            self._end_those_over(steps, at)
            yield steps
