"""Sessions of staff in the database of a home: they outlive a restart, and hold in every process of the home.

Implements `adapters.sign_in.staff_sessions.SessionStore`, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Table, delete, insert, select

from evenhand.terms import microseconds_of

from ..stores.database import METADATA, Database

__all__ = ["SessionTable"]

_session = Table(
    "staff_session",
    METADATA,
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("digest", name="staff_session_key"),
)


class SessionTable:
    """The sessions of one home.

    Args:
        opened: opens the database of the home; it is closed after each use.
        clock: now; what is past its time is removed when somebody signs in.
    """

    def __init__(
        self, opened: Callable[[], Database], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._opened, self._clock = opened, clock

    def keep(self, digest: bytes, sealed: bytes, until: datetime) -> None:
        """Keep one, and forget those past their time."""
        with self._opened() as database, database.begin() as connection:
            connection.execute(delete(_session).where(_session.c.until <= _us(self._clock())))
            connection.execute(insert(_session).values(digest=digest, sealed=sealed, until=_us(until)))

    def find(self, digest: bytes) -> bytes | None:
        """What stands under a digest."""
        with self._opened() as database:
            if not database.is_there:
                return None
            with database.read() as connection:
                found = connection.execute(select(_session.c.sealed).where(_session.c.digest == digest)).scalar()
        return None if found is None else bytes(found)

    def forget(self, digest: bytes) -> None:
        """Forget one."""
        with self._opened() as database, database.begin() as connection:
            connection.execute(delete(_session).where(_session.c.digest == digest))

    def every(self) -> list[tuple[bytes, bytes]]:
        """Digest of each that is kept, and what stands under it."""
        with self._opened() as database:
            if not database.is_there:
                return []
            with database.read() as connection:
                found = connection.execute(select(_session.c.digest, _session.c.sealed)).all()
        return [(bytes(digest), bytes(sealed)) for digest, sealed in found]


def _us(moment: datetime) -> int:
    return microseconds_of(moment)
