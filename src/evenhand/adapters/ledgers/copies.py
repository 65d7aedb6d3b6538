"""Copies of stores, from one kind to the other: what a backup, a restore and a move to a server are made of.

A copy of a ledger has the same entries, kept bodies, checkpoints and tree, to the byte, and a head of its own under the
same key. Every source may be written to meanwhile: each is read at one moment.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from sqlalchemy import delete, insert, select

from evenhand.ledger import GENESIS, DecisionRows, GrowingTree, Head, Kind, LedgerStore, Node, Row, Tail
from evenhand.terms import StoreError

from ..migrations.tables import METADATA
from ..stores.database import Database
from ._ledger_trouble import outside, told

__all__ = ["copy_file", "copy_ledger", "copy_people", "copy_sqlite"]

_ROWS = 5_000


def copy_sqlite(source: Path, target: Path) -> None:
    """A whole SQLite file as it is at one moment, while others write to it; for its owner only.

    Raises:
        StoreError: it cannot be read or written.
        LedgerError: it is damaged.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as one,
            contextlib.closing(sqlite3.connect(target, isolation_level=None)) as other,
        ):
            one.backup(other)
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.DatabaseError as error:
        raise told(source, error) from None
    except OSError as error:
        raise outside(target, error) from None


def copy_file(source: Path, target: Path) -> None:
    """A small file, whole, for its owner only; nothing where there is none.

    Raises:
        StoreError: it cannot be read or written.
    """
    from ..stores.home import write_atomically

    try:
        content = source.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise outside(source, error) from None
    write_atomically(target, content, private=True)


def copy_ledger(source: LedgerStore, target: LedgerStore) -> Tail:
    """Every entry with what stands beside it, in one transaction; where it ends.

    Raises:
        StoreError: the target has entries already, or one of them cannot be reached.
    """
    target.claim()
    try:
        if target.tail().entries:
            raise StoreError(
                "copy-not-empty",
                "There is a ledger already where the copy should go.",
                rule="a ledger is never written over",
                remedy="name a new home",
            )
        target.begin()
        tree, nodes, tail = GrowingTree(), list[Node](), Tail(0, GENESIS)
        for rows in source.read(1):
            for part in _portions(rows):
                target.append(part)
            nodes += tree.add([row[3] for row in rows])
            payloads = source.payloads(rows[0][0], rows[-1][0])
            for _, group in groupby(enumerate(sorted(payloads)), key=lambda pair: pair[1] - pair[0]):
                numbers = [number for _, number in group]
                target.keep_payloads(numbers[0], [payloads[number] for number in numbers])
            tail = Tail(rows[-1][0], rows[-1][3])
        for size, note in source.checkpoints():
            target.keep_tree(nodes, size, note)
            nodes = []
        target.keep_head(Head(Tail(0, GENESIS), pending=tail))
        target.commit([])
        target.keep_head(Head(tail))
    finally:
        target.release()
    return tail


def copy_people(source: Database, target: Database) -> None:
    """Every row of the tables about people, in one transaction, into tables that have none; where they have some, a
    copy was made before, and they stay. The mark of the home is not copied: each database gets its own."""
    if not source.is_there:
        return
    tables = [table for table in METADATA.sorted_tables if table.name != "belonging"]
    with source.read() as reader, target.begin() as writer:
        lists = [table for table in tables if "only_row" not in table.c]
        if any(writer.execute(select(table).limit(1)).first() is not None for table in lists):
            return
        for table in tables:
            if table not in lists:  # its one row came with the table
                writer.execute(delete(table))
            result = reader.execution_options(yield_per=_ROWS).execute(select(table))
            for part in result.mappings().partitions(_ROWS):
                writer.execute(insert(table), [dict(row) for row in part])


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows in their order, with decisions that follow each other together, which a store takes quicker."""
    for is_decision, group in groupby(rows, key=lambda row: row[1] == Kind.DECISION):
        part = list(group)
        if is_decision and part[-1][0] - part[0][0] == len(part) - 1:
            abouts, hashes, bodies = [row[2] for row in part], [row[3] for row in part], [row[4] for row in part]
            yield DecisionRows(part[0][0], abouts, hashes, bodies)
        else:
            yield part
