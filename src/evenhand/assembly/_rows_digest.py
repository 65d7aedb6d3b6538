"""Digests of what is known of a few people, made of a digest of each person's row: quick for a few out of many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.consent_table import ConsentColumns
from evenhand.adapters.tables import DataTable

__all__ = ["DIGEST", "digest_by_rows", "picked", "row_digests"]

DIGEST = 16


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
    if said is None or not len(said.at):
        return b"[]"
    until = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
    moments = said.at.astype("datetime64[us]").astype(np.int64).tolist()
    signals = [[text or "" for text in column] for column in (*said.signals.values(), *said.evidence.values())]
    subjects = said.subjects.astype("U32").tolist()
    lines = list(zip(subjects, said.kinds, said.purposes, said.statuses, moments, *signals, strict=True))
    if not (is_past := said.at <= until).all():
        lines = [lines[row] for row in np.flatnonzero(is_past).tolist()]
    lines.sort()
    return json.dumps(lines, separators=(",", ":"), ensure_ascii=False).encode()


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
