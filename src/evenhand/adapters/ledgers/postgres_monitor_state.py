"""What the monitors of a home know, sealed as in files, in the schema of a PostgreSQL server."""

from __future__ import annotations

from ..stores._database_trouble import trouble
from ..stores._postgres import connected
from ..stores.home import Home
from ..stores.placement import Placement
from .monitor_state import MonitorStates

__all__ = ["PostgresMonitorStates"]


class PostgresMonitorStates(MonitorStates):
    """The states of one home.

    Args:
        home: the home; its key must be there.
        placement: the server and the schema.
    """

    def __init__(self, home: Home, placement: Placement) -> None:
        super().__init__(home)
        self._placement = placement
        self._secret = lambda: home.key(make=False)

    def sealed(self) -> dict[str, bytes]:
        """Every state as it is kept, sealed, by the name of its monitor."""
        with connected(self._placement, "ledger", self._secret) as database, trouble("what monitors know"):
            return dict(database.execute("SELECT name, sealed FROM monitor_state ORDER BY name").fetchall())

    def _kept(self, name: str) -> bytes | None:
        with connected(self._placement, "ledger", self._secret) as database, trouble("what monitors know"):
            found = database.execute("SELECT sealed FROM monitor_state WHERE name = %s", (name,)).fetchone()
        return bytes(found[0]) if found else None

    def _keep(self, name: str, sealed: bytes) -> None:
        with connected(self._placement, "ledger", self._secret) as database, trouble("what monitors know"):
            database.execute(
                "INSERT INTO monitor_state VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
                (name, sealed),
            )
