"""Rows in PostgreSQL's binary format for COPY. Source: PostgreSQL's documentation (COPY, Binary Format)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from evenhand.ledger import Row

__all__ = ["entries_copied", "payloads_copied"]

_START, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ENTRY = struct.Struct("!hiqihi")
_LENGTH = struct.Struct("!i")
_PAYLOAD = struct.Struct("!hiqi")


def entries_copied(rows: Sequence[Row]) -> bytes:
    """Entries for ``COPY entry (seq, kind, about, hash, body)``."""
    pack, length = _ENTRY.pack, _LENGTH.pack
    parts = [_START]
    for seq, kind, about, hash_, body in rows:
        parts += (pack(5, 8, seq, 2, kind, len(about)), about, length(len(hash_)), hash_, length(len(body)), body)
    return b"".join((*parts, _END))


def payloads_copied(first: int, payloads: Sequence[bytes]) -> bytes:
    """Encrypted bodies for ``COPY payload (seq, sealed)``, the first of them of entry `first`."""
    pack = _PAYLOAD.pack
    parts = [_START]
    for seq, sealed in enumerate(payloads, first):
        parts += (pack(2, 8, seq, len(sealed)), sealed)
    return b"".join((*parts, _END))
