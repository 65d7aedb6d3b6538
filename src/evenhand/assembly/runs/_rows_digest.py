"""Digests of what is known of a few people, made of a digest of each person's row: quick for a few out of many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.data.tables import DataTable

__all__ = ["DIGEST", "SaidBefore", "digest_by_rows", "picked", "row_digests", "said_by"]

DIGEST = 16
_REMEMBERED = 262_144
_Table = Callable[[NDArray[np.bytes_]], ConsentColumns | None]


def row_digests(table: DataTable, names: Sequence[str], rows: Sequence[int] | None = None) -> list[bytes]:
    """A digest (16 bytes) of what each row says, or each of some rows."""
    columns = [table.texts(name) for name in names]
    if rows is not None:
        columns = [[column[row] for row in rows] for column in columns]
    return [
        hashlib.blake2b(
            json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode(), digest_size=DIGEST
        ).digest()
        for row in zip(*columns, strict=True)
    ]


def digest_by_rows(rows: bytes, said: ConsentColumns | None, at: datetime) -> str:
    """SHA-256 (hex) of what the table says about some people, row by row, and of what they said up to the moment."""
    return hashlib.sha256(rows + said_by(said, at)).hexdigest()


def said_by(said: ConsentColumns | None, at: datetime) -> bytes:
    """One text for everything that some people said up to a moment, in whatever order it stands."""
    lines = _lines(said, at)
    return _encoded(lines)


def _encoded(lines: list[tuple[object, ...]]) -> bytes:
    return json.dumps(lines, separators=(",", ":"), ensure_ascii=False).encode()


def _lines(said: ConsentColumns | None, at: datetime) -> list[tuple[object, ...]]:
    """Everything that was said up to a moment, in order: person by person."""
    if said is None or not len(said.at):
        return []
    until = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
    moments = said.at.astype("datetime64[us]").astype(np.int64).tolist()
    signals = [[text or "" for text in column] for column in (*said.signals.values(), *said.evidence.values())]
    subjects = said.subjects.astype("U32").tolist()
    lines: list[Any] = list(zip(subjects, said.kinds, said.purposes, said.statuses, moments, *signals, strict=True))
    if not (is_past := said.at <= until).all():
        lines = [lines[row] for row in np.flatnonzero(is_past).tolist()]
    lines.sort()
    return lines


class SaidBefore:
    """What people said in a table that does not change, as `said_by` tells it: of each person worked out once.

    Args:
        said: the table.
    """

    def __init__(self, said: ConsentColumns | None) -> None:
        self._last = None if said is None or not len(said.at) else said.at.max()
        self._known: dict[bytes, bytes] = {}

    def of(self, subjects: NDArray[np.bytes_], at: datetime, table: _Table) -> bytes:
        """As ``said_by(table(subjects), at)``, the same bytes.

        Args:
            subjects: pseudonyms, each once.
            at: the moment.
            table: gives what the table says of some people.
        """
        if self._last is not None and self._last > np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us"):
            return said_by(table(subjects), at)
        people = sorted(subjects.tolist())
        if missing := [one for one in people if one not in self._known]:
            if len(self._known) + len(missing) > _REMEMBERED:
                self._known, missing = {}, people
            self._known |= dict.fromkeys(missing, b"")
            by_person = groupby(_lines(table(np.array(missing, dtype="S32")), at), key=itemgetter(0))
            self._known |= {str(one).encode(): _encoded(list(lines))[1:-1] for one, lines in by_person}
        return b"[" + b",".join(filter(None, map(self._known.__getitem__, people))) + b"]"


def picked(said: ConsentColumns, rows: NDArray[np.intp]) -> ConsentColumns:
    """Some rows of what people said."""
    places = rows.tolist()
    return ConsentColumns(
        said.subjects[rows],
        [said.kinds[i] for i in places],
        [said.purposes[i] for i in places],
        [said.statuses[i] for i in places],
        said.at[rows],
        {name: [column[i] for i in places] for name, column in said.signals.items()},
        {name: [column[i] for i in places] for name, column in said.evidence.items()},
    )
