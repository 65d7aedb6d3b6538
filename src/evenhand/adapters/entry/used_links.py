"""Links that were used, in the database of a home: each of them works once, also after the server was started anew.

What is kept of a link is a mark that leads to nobody, and the moment after which the link would be none anyway.
Implements `adapters.entry.person_links.OnceStore`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Table, delete
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from ..stores.database import METADATA, Database

__all__ = ["UsedLinks"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
    """

    def __init__(self, opened: Callable[[], Database]) -> None:
        self._opened = opened

    def use(self, mark: bytes, until: datetime) -> bool:
        """Note a mark as used; whether it was not used before. See `adapters.entry.person_links.OnceStore`."""
        values = {"mark": mark, "until": (until - _EPOCH) // timedelta(microseconds=1)}
        with self._opened() as database, database.begin() as connection:
            insert = insert_postgresql if database.is_server else insert_sqlite
            noted = insert(_used).values(**values).on_conflict_do_nothing().returning(_used.c.mark)
            return connection.execute(noted).first() is not None

    def forget(self, at: datetime) -> int:
        """Remove what is past its moment; how many."""
        with self._opened() as database, database.begin() as connection:
            done = connection.execute(delete(_used).where(_used.c.until < (at - _EPOCH) // timedelta(microseconds=1)))
            return int(done.rowcount)
