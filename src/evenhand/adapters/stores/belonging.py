"""Whose database is it? A mark made with the home's secret key, kept with the first use and compared ever after.

So a home that is pointed at another's schema, or that lost its key, is refused before it reads or writes a row. It is
also the shortest example of a table: described here, made by ``migrations/people/0001_belonging.py``.
"""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import CheckConstraint, Column, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, insert, select

from evenhand.terms import LedgerError

from .database import METADATA, Database

__all__ = ["belong", "mark_of", "refuse_other_home"]

_belonging = Table(
    "belonging",
    METADATA,
    Column("only_row", SmallInteger, CheckConstraint("only_row = 0", name="belonging_one"), nullable=False),
    Column("mark", LargeBinary, nullable=False),
    PrimaryKeyConstraint("only_row", name="belonging_key"),
)


def mark_of(secret: bytes) -> bytes:
    """The mark of the home with a secret key (32 bytes)."""
    return hmac.new(secret, b"evenhand database belongs here\x00", hashlib.sha256).digest()


def refuse_other_home(found: bytes, mark: bytes, where: str) -> None:
    """Refuse tables with another mark.

    Raises:
        LedgerError: another home's key was used for them.
    """
    if not hmac.compare_digest(found, mark):
        raise LedgerError(
            "database-other-home",
            f"{where} belongs to another home: another secret key was used for it.",
            rule="one home, one secret key, one database",
            remedy="name the right home or schema, or restore the secret key that belongs to it",
        )


def belong(database: Database, secret: bytes) -> None:
    """Make a database this home's, or make sure that it is.

    Args:
        database: the database.
        secret: the home's secret key (32 bytes).

    Raises:
        LedgerError: another home's key was used for it.
    """
    mark = mark_of(secret)
    with database.read() as connection:
        found = connection.execute(select(_belonging.c.mark)).scalar()
    if found is None:
        with database.begin() as connection:
            found = connection.execute(select(_belonging.c.mark)).scalar()
            if found is None:
                connection.execute(insert(_belonging).values(only_row=0, mark=mark))
                return
    refuse_other_home(bytes(found), mark, database.where)
