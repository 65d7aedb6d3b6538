"""Links that were used, in the database of a home: each of them works once, also after the server was started anew.

What is kept of a link is a mark that leads to nobody, and the moment after which the link would be none anyway.
Implements `adapters.entry.person_links.OnceStore`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from evenhand.terms import microseconds_of

from ..stores.database import METADATA, Database
from .person_links import TWICE

__all__ = ["UsedLinks"]

_TIDY = 256
"""Uses after which marks past their moment are removed: so there are never many more than of links that are good."""
_LOT = 16
_used = Table(
    "used_link",
    METADATA,
    Column("mark", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("mark", name="used_link_key"),
)


class UsedLinks:
    """The marks of one home.

    Args:
        opened: opens the database of the home; it is closed after each use.
        clock: now; marks past their moment go now and then.
    """

    def __init__(
        self, opened: Callable[[], Database], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._opened, self._clock = opened, clock
        self._uses = count()

    def use(self, mark: bytes, until: datetime) -> bool:
        """Note a mark as used; whether it was not used before. See `adapters.entry.person_links.OnceStore`."""
        self._tidy()
        with self._opened() as database, database.begin() as connection:
            return _noted(connection, mark, until, is_server=database.is_server)

    def use_by(self, mark: bytes, until: datetime, form: bytes, at: datetime) -> bool:
        """See `OnceStore.use_by`. Of two processes the second waits at the mark until the first has noted both."""
        self._tidy()
        with self._opened() as database, database.begin() as connection:
            is_server = database.is_server
            if _noted(connection, mark, until, is_server=is_server):
                _noted(connection, form, at + TWICE, is_server=is_server)
                return True
            return _stands(connection, form, at)

    def stands(self, mark: bytes, at: datetime) -> bool:
        """See `OnceStore.stands`."""
        with self._opened() as database, database.begin() as connection:
            return _stands(connection, mark, at)

    def within(self, kind: bytes, most: int, until: datetime) -> bool:
        """See `OnceStore.within`. What others note at the very same moment on a server may be seen by neither."""
        with self._opened() as database, database.begin() as connection:
            _noted(connection, kind + secrets.token_bytes(_LOT), until, is_server=database.is_server)
            theirs = _used.c.mark.between(kind + bytes(_LOT), kind + b"\xff" * _LOT)
            return int(connection.execute(select(func.count()).where(theirs)).scalar_one()) <= most

    def _tidy(self) -> None:
        if next(self._uses) % _TIDY == _TIDY - 1:
            self.forget(self._clock())

    def forget(self, at: datetime) -> int:
        """Remove what is past its moment; how many."""
        with self._opened() as database, database.begin() as connection:
            done = connection.execute(delete(_used).where(_used.c.until < _micro(at)))
            return int(done.rowcount)


def _noted(connection: Connection, mark: bytes, until: datetime, *, is_server: bool) -> bool:
    """Note a mark; whether it was not there."""
    insert = insert_postgresql if is_server else insert_sqlite
    noted = insert(_used).values(mark=mark, until=_micro(until)).on_conflict_do_nothing().returning(_used.c.mark)
    return connection.execute(noted).first() is not None


def _stands(connection: Connection, mark: bytes, at: datetime) -> bool:
    found = connection.execute(select(_used.c.until).where(_used.c.mark == mark)).first()
    return found is not None and int(found[0]) > _micro(at)


def _micro(moment: datetime) -> int:
    return microseconds_of(moment)
