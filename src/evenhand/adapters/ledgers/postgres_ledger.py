"""The ledger in a schema of a PostgreSQL server: one transaction a run, one writer at a time, no update and no delete.

The tables are made by ``migrations/ledger``. Entries are written with COPY in one transaction with the head, the tree,
the checkpoint and the intents, so there is no moment at which they disagree. The one writer holds an advisory lock of
the server; it is lost with the connection, and so is everything that was not committed.

The head stands in the schema, sealed with the home's key, where every machine that works with the home finds it. A
schema that is put back to an older state has the older head, sealed too. So each home folder also remembers the last
head that it wrote or saw, in ``ledger.head``, sealed alike: a schema that has fewer entries, or others, is refused.

Implements `ledger.LedgerStore`. Source: PostgreSQL's documentation (COPY, advisory locks, ``synchronous_commit``).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from evenhand.ledger import GENESIS, Head, Intent, Kind, Node, Row, SubjectKeys, Tail
from evenhand.terms import EvenhandError, LedgerError, StoreError

from ..keys.postgres_keys import PostgresSubjectKeys
from ..stores._database_trouble import trouble
from ..stores._postgres import connected
from ..stores.placement import Placement
from ._ledger_trouble import busy
from ._postgres_copy import entries_copied, payloads_copied
from ._sealed_head import SealedHead, opened_head, sealed_head

__all__ = ["PostgresLedger"]

_CHUNK = 16_384
_SOME = 1_024
_COLUMNS = "seq, kind, about, hash, body"
_CHECKS = (
    (
        "a trigger that refuses changes is missing or switched off",
        "SELECT count(*) <> 2 FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE relnamespace = current_schema()::regnamespace AND tgname IN ('entry_no_change', 'checkpoint_no_change') "
        "AND tgenabled = 'A'",
    ),
    ("an index is not valid", "SELECT NOT coalesce(bool_and(indisvalid), false) FROM pg_index "
     "WHERE indrelid = 'entry'::regclass"),
)  # fmt: skip


class PostgresLedger:
    """A ledger in a schema. Close it, or use it in a ``with``; one connection, for one thread at a time.

    Args:
        placement: the server and the schema.
        secret: gives the home's secret key (32 bytes).
        witness: file in the home that remembers the last head; none = nothing tells that the schema was put back.
        people: keys of people, under which their decisions are sealed and opened.
        read_only: refuse where there is no ledger yet.
        patience: seconds that `claim` waits for its turn while somebody else writes.
        for_a_run: seconds that it waits on where a whole run is being recorded.

    Raises:
        StoreError: the server cannot be reached, or its tables are not those of this evenhand.
        LedgerError: the schema is another home's.
    """

    head_is_apart = False
    """The head stands in the same transaction as the entries."""

    def __init__(
        self,
        placement: Placement,
        secret: Callable[[], bytes],
        *,
        witness: Path | None = None,
        people: SubjectKeys | None = None,
        read_only: bool = False,
        patience: float = 0.0,
        for_a_run: float = 0.0,
    ) -> None:
        self.people = people
        self._patience, self._for_a_run, self._placement = patience, for_a_run, placement
        self.where = f"the ledger in the database that {placement.variable} names"
        self._secret = secret
        self._witness = SealedHead(witness, secret) if witness else None
        self._claimed = False
        self._holds: PostgresSubjectKeys | None = None
        self._connect()
        try:
            if isinstance(people, PostgresSubjectKeys):
                people.hold()
                self._holds = people
            if read_only and self.tail().entries == 0:
                raise StoreError(
                    "store-missing",
                    f"There is nothing in {self.where} yet.",
                    rule="Reading does not make a ledger.",
                    remedy="Name the right home, or record a first run.",
                )
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        self._open = False
        self._kept: Head | None = None
        self._db = connected(self._placement, "ledger", self._secret)

    def __enter__(self) -> PostgresLedger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Undo what is not committed, let others write, and end the connection."""
        self.release()
        self._db.close()
        if self._holds is not None:
            self._holds.let_go()
            self._holds = None

    def tail(self) -> Tail:
        """Where the entries end, as stored."""
        rows = self._rows_of("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")
        return Tail(*rows[0]) if rows else Tail(0, GENESIS)

    def read(self, first: int, last: int | None = None) -> Iterator[Sequence[Row]]:
        """Entries from `first` to `last` (both included; None = the end) in order, in chunks."""
        last = 2**62 if last is None else last
        while first <= last:
            rows = self._rows("seq >= %s AND seq <= %s ORDER BY seq LIMIT %s", first, last, _CHUNK)
            if not rows:
                return
            yield rows
            first = rows[-1][0] + 1

    def about(self, about: bytes) -> Sequence[Row]:
        """Every entry about something, oldest first."""
        return self._rows("about = %s ORDER BY seq", about)

    def of_kind(self, kind: Kind, after: int = 0) -> Iterator[Row]:
        """Every entry of a kind other than DECISION whose number is above `after`, oldest first."""
        while rows := self._rows("kind = %s AND kind <> 0 AND seq > %s ORDER BY seq LIMIT %s", int(kind), after, _SOME):
            yield from rows
            after = rows[-1][0]

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind other than DECISION whose sequence number is below `before`."""
        rows = self._rows("kind = %s AND kind <> 0 AND seq < %s ORDER BY seq DESC LIMIT 1", int(kind), before)
        return rows[0] if rows else None

    def payloads(self, first: int, last: int) -> Mapping[int, bytes]:
        """Encrypted bodies of the decisions from `first` to `last` (both included), by number."""
        return dict(self._rows_of("SELECT seq, sealed FROM payload WHERE seq >= %s AND seq <= %s", first, last))

    def hashes(self, first: int, last: int) -> Sequence[bytes]:
        """Hashes of the entries from `first` to `last` (both included), in order."""
        found = self._rows_of("SELECT hash FROM entry WHERE seq >= %s AND seq <= %s ORDER BY seq", first, last)
        return [row[0] for row in found]

    def tiles(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Kept roots of the tiles `first` to `end` - 1 of a level of the tree, in order."""
        query = "SELECT hash FROM tile WHERE level = %s AND place >= %s AND place < %s ORDER BY place"
        return [row[0] for row in self._rows_of(query, level, first, end)]

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Every checkpoint that was signed, by the number of entries under it."""
        yield from self._rows_of("SELECT size, note FROM checkpoint ORDER BY size")

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The checkpoint that was signed last; None if there is none."""
        rows = self._rows_of("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return (rows[0][0], rows[0][1]) if rows else None

    def checkpoint_before(self, size: int) -> int:
        """How many entries were under the last checkpoint over fewer than `size`; 0 if there is none."""
        return int(self._rows_of("SELECT coalesce(max(size), 0) FROM checkpoint WHERE size < %s", size)[0][0])

    def secret(self) -> bytes:
        """The key that seals the head."""
        return self._secret()

    def damage(self) -> Sequence[str]:
        """What is wrong with the tables that the entries do not show; empty if all is well."""
        try:
            return [what for what, query in _CHECKS if self._rows_of(query)[0][0]]
        except EvenhandError as error:
            return [error.what]

    def claim(self) -> None:
        """Become the only writer until `release`; others are refused, at once or when their patience ends. A connection
        that broke meanwhile is made anew: whoever holds nothing loses nothing by it."""
        if self._claimed:
            raise busy(self.where)
        try:
            self._take_claim()
        except StoreError:
            if not self._db.closed:
                raise
            self._connect()
            self._take_claim()

    def _take_claim(self) -> None:
        self._claimed = self._has_turn(self._patience)
        if not self._claimed and self._for_a_run and self.intents():
            self._claimed = self._has_turn(self._for_a_run)
        if not self._claimed:
            raise busy(self.where)

    def _has_turn(self, patience: float) -> bool:
        until = time.monotonic() + patience
        if not patience:
            return self._locked(_LOCK, until)
        if not self._locked(_TURN, until):
            return False
        try:
            return self._locked(_LOCK, until)
        finally:
            self._rows_of(f"SELECT pg_advisory_unlock({_TURN})")

    def _locked(self, lock: str, until: float) -> bool:
        """Take an advisory lock, by a moment of the monotonic clock; tried once at least."""
        while not self._rows_of(f"SELECT pg_try_advisory_lock({lock})")[0][0]:
            if time.monotonic() >= until:
                return False
            time.sleep(_BETWEEN)
        return True

    def is_wanted(self) -> bool:
        """Whether somebody waits to write; on a connection that broke nobody does."""
        with contextlib.suppress(EvenhandError):
            if not self._rows_of(f"SELECT pg_try_advisory_lock({_TURN})")[0][0]:
                return True
            self._rows_of(f"SELECT pg_advisory_unlock({_TURN})")
        return False

    def release(self) -> None:
        """Let others write; what is not committed is undone. A connection that broke has done both already."""
        claimed, self._claimed = self._claimed, False
        if claimed and not self._db.closed:
            with contextlib.suppress(EvenhandError):
                self.rollback()
                self._rows_of(f"SELECT pg_advisory_unlock({_LOCK})")

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Within it every question is about one moment, whatever others commit meanwhile."""
        self._do("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._do("ROLLBACK")

    def intents(self) -> Sequence[Intent]:
        """Runs that started and are not in the chain."""
        return [Intent(*row) for row in self._rows_of("SELECT run_id, at, why FROM intent ORDER BY run_id")]

    def intend(self, intent: Intent) -> None:
        """Keep an intent durably, at once."""
        self._do(
            "INSERT INTO intent VALUES (%s, %s, %s) ON CONFLICT (run_id) DO UPDATE SET at = excluded.at, "
            "why = excluded.why",
            intent.run_id,
            intent.at,
            intent.why,
        )

    def begin(self) -> None:
        """Open the transaction that the following appends belong to."""
        self._do("BEGIN")
        self._open = True

    def append(self, rows: Iterable[Row]) -> None:
        """Add entries to the open transaction."""
        rows = list(rows)
        for start in range(0, len(rows), _CHUNK):
            self._copy(
                f"COPY entry ({_COLUMNS}) FROM STDIN (FORMAT binary)", entries_copied(rows[start : start + _CHUNK])
            )

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """Add the encrypted bodies of consecutive decisions to the open transaction."""
        self._copy("COPY payload (seq, sealed) FROM STDIN (FORMAT binary)", payloads_copied(first, payloads))

    def _copy(self, statement: str, rows: bytes) -> None:
        with trouble(self.where), self._db.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)

    def drop_payloads(self, handle: bytes) -> None:
        """Remove the encrypted bodies of a person's decisions, in the open transaction."""
        self._do("DELETE FROM payload WHERE seq IN (SELECT seq FROM entry WHERE about = %s AND kind = 0)", handle)

    def drop_payloads_between(self, first: int, last: int) -> None:
        """Remove the encrypted bodies of the decisions from `first` to `last`, in the open transaction."""
        self._do("DELETE FROM payload WHERE seq >= %s AND seq <= %s", first, last)

    def keep_tree(self, nodes: Sequence[Node], size: int, checkpoint: str) -> None:
        """Add tiles of the tree and the checkpoint at `size` to the open transaction."""
        with trouble(self.where), self._db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO tile VALUES (%s, %s, %s) ON CONFLICT (level, place) DO UPDATE SET hash = excluded.hash",
                nodes,
            )
        self._do("INSERT INTO checkpoint VALUES (%s, %s) ON CONFLICT (size) DO NOTHING", size, checkpoint)

    def commit(self, settled: Sequence[str]) -> None:
        """Make everything appended durable and forget the intents of these runs, in one step."""
        self._do("DELETE FROM intent WHERE run_id = ANY(%s)", list(settled))
        self._do("COMMIT")
        self._open = False

    def rollback(self) -> None:
        """Undo everything appended since `begin`; harmless where there is nothing to undo."""
        if self._open:
            self._open, self._kept = False, None
            if not self._db.closed:
                self._do("ROLLBACK")

    def shrink(self) -> None:
        """Free the room of what was removed, so that the tables hold it no longer. The server's log and its backups
        are not reached from here."""
        self._do("VACUUM payload")

    def head(self) -> Head | None:
        """The kept head; None if none was ever kept.

        Raises:
            LedgerError: its seal is broken, or this home has seen a later one, or another, than the schema has.
        """
        rows = self._rows_of("SELECT kept FROM head")
        head = opened_head(rows[0][0], self._secret) if rows else None
        seen = self._witness.read() if self._witness else None
        if seen is None or not seen.tail.entries:
            return head
        if head is None or head.tail.entries < seen.tail.entries:
            there = head.tail.entries if head else 0
            raise _put_back(f"has {there} entries where this home has seen {seen.tail.entries}: it was put back")
        found = self.hashes(seen.tail.entries, seen.tail.entries)
        if found != [seen.tail.hash]:
            raise _put_back(f"has another entry {seen.tail.entries} than this home has seen: it was rewritten")
        return head

    def keep_head(self, head: Head) -> None:
        """Seal the head and keep it durably. In an open transaction it becomes durable with the entries, so none is
        ever pending; afterwards the home remembers it."""
        settled = Head(head.pending or head.tail)
        if self._kept != settled:
            self._do(
                "INSERT INTO head VALUES (0, %s) ON CONFLICT (only_row) DO UPDATE SET kept = excluded.kept",
                sealed_head(settled, self._secret()),
            )
            self._kept = settled
        if self._witness and not self._open:
            with trouble(self.where):
                self._witness.keep(settled)

    def _rows(self, where: str, *values: object) -> list[Row]:
        return cast("list[Row]", self._rows_of(f"SELECT {_COLUMNS} FROM entry WHERE {where}", *values))

    def _rows_of(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with trouble(self.where), self._db.cursor(binary=True) as cursor:
            return cursor.execute(cast("Any", query), values).fetchall()

    def _do(self, statement: str, *values: object) -> None:
        with trouble(self.where):
            self._db.execute(cast("Any", statement), values)


_LOCK = "hashtextextended(current_database() || '/' || current_schema() || '/evenhand ledger', 0)"
"""Advisory lock of the one writer of a schema's ledger."""


_TURN = "hashtextextended(current_database() || '/' || current_schema() || '/evenhand turn', 0)"
"""Advisory lock of whoever waits to write, so that a service sees that it is wanted."""
_BETWEEN = 0.01


def _put_back(how: str) -> LedgerError:
    return LedgerError(
        "ledger-put-back",
        f"The ledger {how}. Nothing was added to it.",
        rule="G-5-2",
        remedy="Run `evenhand ledger verify`, and find out who restored or changed the database. Where you did: "
        "the how-to on backups says what is lost, and how to go on.",
    )
