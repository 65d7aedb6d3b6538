"""Consents and requests in the database of a home: one append-only table, and the mark of its end.

Implements `rights.Trail`, on SQLite and PostgreSQL alike. What is personal in an entry comes here encrypted under the
person's key; who an entry is about stands here as a handle that leads to nobody without that key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
    select,
    update,
)

from evenhand.rights import GENESIS, Entry, Stream, chain, head_mark, removed
from evenhand.terms import LedgerError, UsageError

from .database import METADATA, Database

__all__ = ["RightsTables"]

_AT_ONCE = 10_000
_SAID_AT_ONCE = 50_000
_trail = Table(
    "trail",
    METADATA,
    Column("seq", BigInteger, autoincrement=False, nullable=False),
    Column("stream", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("handle", LargeBinary, nullable=True),
    Column("at", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
    PrimaryKeyConstraint("seq", name="trail_key"),
    Index("trail_of_person", "handle"),
    Index("trail_of_request", "about"),
    Index("trail_of_stream", "stream", "seq"),
)
_head = Table(
    "trail_head",
    METADATA,
    Column("only_row", SmallInteger, CheckConstraint("only_row = 0", name="trail_head_one"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("mark", LargeBinary, nullable=False),
    PrimaryKeyConstraint("only_row", name="trail_head_key"),
)


_COPIED = ["int8", "text", "text", "bytea", "int8", "int8", *["bytea"] * 5]
_SAID = (
    "SELECT handle, at, body, seq, sealed FROM trail WHERE seq > {0} AND seq <= {0} "
    f"AND stream = '{Stream.CONSENT}' AND handle IS NOT NULL {{1}} ORDER BY seq LIMIT {_SAID_AT_ONCE}"
)


class RightsTables:
    """The trail of one home.

    Args:
        database: of the home.
        secret: of the home (32 bytes).
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def append(
        self,
        entries: Sequence[Entry],
        *,
        only_after: tuple[str, int] | None = None,
        only_if_last: tuple[bytes, int] | None = None,
    ) -> int:
        """Append in one transaction; see `rights.Trail`."""
        if not entries:
            return 0
        with self._database.begin() as connection:
            connection.execute(select(_head.c.seq).with_for_update())
            if only_after is not None:
                about, seen = only_after
                last = connection.execute(select(func.max(_trail.c.seq)).where(_trail.c.about == about)).scalar()
                if last != seen:
                    raise _meanwhile()
            if only_if_last is not None:
                handle, seen = only_if_last
                theirs = (_trail.c.handle == handle) & (_trail.c.stream == Stream.CONSENT.value)
                if (connection.execute(select(func.max(_trail.c.seq)).where(theirs)).scalar() or 0) != seen:
                    raise _said_meanwhile()
            self._appended(connection, entries)
        return len(entries)

    def _appended(self, connection: Connection, entries: Sequence[Entry]) -> None:
        seq = int(connection.execute(select(_head.c.seq).with_for_update()).scalar_one())
        found = connection.execute(select(_trail.c.link).where(_trail.c.seq == seq)).scalar()
        link = bytes(found) if found is not None else GENESIS
        places = chain(entries, seq, link, self._secret)
        rows: list[tuple[Any, ...]] = [
            (seq, str(one.stream), one.about, one.handle, one.at, one.recorded, one.body, one.sealed, one.salt, *rest)
            for one, (seq, *rest) in zip(entries, places, strict=True)
        ]
        _put(connection, rows)
        seq, link = rows[-1][0], rows[-1][-1]
        connection.execute(update(_head).values(seq=seq, mark=head_mark(seq, link, self._secret)))

    def read(
        self,
        stream: Stream | None = None,
        *,
        handles: Sequence[bytes] | None = None,
        about: str | None = None,
        after: int = 0,
        until: int | None = None,
    ) -> Iterator[Entry]:
        """Entries in order; see `rights.Trail`."""
        if not self._database.is_there:
            return
        wanted = select(_trail).order_by(_trail.c.seq).limit(_AT_ONCE)
        if stream is not None:
            wanted = wanted.where(_trail.c.stream == stream.value)
        if about is not None:
            wanted = wanted.where(_trail.c.about == about)
        if until is not None:
            wanted = wanted.where(_trail.c.seq <= until)
        parts = [None] if handles is None else [handles[at : at + 500] for at in range(0, len(handles), 500)]
        for part in parts:
            chosen = wanted if part is None else wanted.where(_trail.c.handle.in_(part))
            last, more = after, True
            while more:
                with self._database.read() as connection:
                    try:
                        found = connection.execute(chosen.where(_trail.c.seq > last)).mappings()
                        entries = [_entry(row) for row in found]
                    except TypeError:
                        raise _broken() from None
                more = len(entries) == _AT_ONCE
                for entry in entries:
                    yield entry
                    last = entry.seq

    def latest(self, stream: Stream, count: int) -> tuple[list[Entry], int]:
        """The last entries of a stream, the last one first; see `rights.Trail`."""
        if not self._database.is_there:
            return [], 0
        mine = (_trail.c.stream == stream.value, _trail.c.salt != b"")
        wanted = select(_trail).where(*mine).order_by(_trail.c.seq.desc()).limit(count)
        with self._database.read() as connection:
            found = [_entry(row) for row in connection.execute(wanted).mappings()]
            return found, int(connection.execute(select(func.count()).select_from(_trail).where(*mine)).scalar_one())

    def said(
        self, *, handles: Sequence[bytes] | None = None, after: int = 0, until: int | None = None
    ) -> Iterator[tuple[bytes, int, bytes, int, bytes]]:
        """What a run reads of consents; see `rights.Trail`."""
        if not self._database.is_there:
            return
        last = self.last() if until is None else until
        for part in [None] if handles is None else [handles[at : at + 500] for at in range(0, len(handles), 500)]:
            seen, more = after, True
            while more:
                with self._database.read() as connection:
                    rows = _said_after(connection, seen, last, part)
                if any(
                    set(map(type, map(itemgetter(at), rows))) - {kind}
                    for at, kind in enumerate((bytes, int, bytes, int, bytes))
                ):
                    raise _broken()
                yield from rows
                more = len(rows) == _SAID_AT_ONCE
                seen = rows[-1][3] if rows else seen

    def remove(self, numbers: Sequence[int], note: Entry) -> None:
        """Take out what entries say, and note it; see `rights.Trail`."""
        with self._database.begin() as connection:
            for start in range(0, len(numbers), 500):
                some = numbers[start : start + 500]
                for row in connection.execute(select(_trail).where(_trail.c.seq.in_(some))).mappings().all():
                    bare = removed(_entry(row))
                    connection.execute(update(_trail).where(_trail.c.seq == bare.seq).values(**_row(bare)))
            self._appended(connection, [note])
        self._database.shrink([_trail.name])

    @contextmanager
    def held(self) -> Iterator[int]:
        """While the ``with`` lasts nobody appends: whoever says something waits until it ends. Others read on. Gives
        the number of the last entry."""
        with self._database.begin() as connection:
            yield int(connection.execute(select(_head.c.seq).with_for_update()).scalar_one())

    def last(self) -> int:
        """Number of the last entry; 0 where there is none."""
        return self.head()[0]

    def head(self) -> tuple[int, bytes]:
        """Number of the last entry and its mark."""
        if not self._database.is_there:
            return 0, b""
        with self._database.read() as connection:
            seq, mark = connection.execute(select(_head.c.seq, _head.c.mark)).one()
        return int(seq), bytes(mark)


def _meanwhile() -> UsageError:
    return UsageError(
        "request-meanwhile",
        "Somebody else took a step of this request meanwhile. Nothing was recorded.",
        rule="G-12: the steps of a request follow each other",
        remedy="look at the request again, and decide then",
    )


def _said_meanwhile() -> UsageError:
    return UsageError(
        "consent-changed",
        "The person said something meanwhile. Nothing was recorded.",
        rule="G-7: what was said later counts, so a yes that was not said after a no does not replace it",
        remedy="read what stands now, and decide then",
    )


def _broken() -> LedgerError:
    """What is said where a column holds something else than it was made for."""
    return LedgerError(
        "trail-altered",
        "An entry of the trail does not hold what an entry holds.",
        rule="G-5-2",
        remedy="keep the database as evidence, and restore a copy that verifies",
    )


def _put(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows the quickest way of each database, inside the transaction of the connection."""
    names = ", ".join(column.name for column in _trail.columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY trail ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(_COPIED)
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(_trail.columns))
    connection.exec_driver_sql(f"INSERT INTO trail ({names}) VALUES ({marks})", rows)


def _said_after(
    connection: Connection, after: int, last: int, handles: Sequence[bytes] | None
) -> list[tuple[bytes, int, bytes, int, bytes]]:
    """Handle, moment, body, number and sealed part of the next consents, read by the driver: many people's are many."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        chosen = "" if handles is None else "AND handle = ANY(%s)"
        words: list[Any] = [after, last] if handles is None else [after, last, list(handles)]
        with driver.cursor(binary=True) as cursor:
            found: list[tuple[bytes, int, bytes, int, bytes]] = cursor.execute(
                _SAID.format("%s", chosen), words
            ).fetchall()
        return found
    chosen = "" if handles is None else f"AND handle IN ({', '.join('?' * len(handles))})"
    return list(driver.execute(_SAID.format("?", chosen), [after, last, *(handles or ())]))


def _row(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__slots__} | {"stream": entry.stream.value}


def _entry(row: Any) -> Entry:
    handle = row["handle"]
    return Entry(
        row["seq"],
        Stream(row["stream"]),
        row["about"],
        None if handle is None else bytes(handle),
        row["at"],
        row["recorded"],
        *(bytes(row[name]) for name in ("body", "sealed", "salt", "commitment", "link")),
    )
