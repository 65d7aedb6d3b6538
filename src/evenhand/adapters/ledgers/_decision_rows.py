"""Many decisions in one statement of SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from evenhand.ledger import Kind, Row

__all__ = ["INSERT_DECISIONS", "are_decisions", "end_to_end"]

_PSEUDONYM = 16
_HASH = 32
_DECISION = int(Kind.DECISION)
# Many decisions in one statement: first number; pseudonyms, hashes and bodies, each end to end; and where each body
# begins (from 1) with its length, in one integer. More than twice as fast as a bound value per field.
INSERT_DECISIONS = f"""
INSERT INTO entry SELECT ?1 + key, {_DECISION}, substr(?2, key * {_PSEUDONYM} + 1, {_PSEUDONYM}),
    substr(?3, key * {_HASH} + 1, {_HASH}), substr(?4, value >> 32, value & 4294967295)
FROM json_each(?5)
"""


def are_decisions(rows: Sequence[Row]) -> bool:
    """Whether these rows are decisions, numbered without a gap, as `INSERT_DECISIONS` takes them."""
    first = rows[0][0]
    return all(
        row[1] == _DECISION and row[0] == seq and len(row[2]) == _PSEUDONYM and len(row[3]) == _HASH
        for seq, row in enumerate(rows, first)
    )


def end_to_end(rows: Sequence[Row]) -> tuple[int, bytes, bytes, bytes, str]:
    """What `INSERT_DECISIONS` binds."""
    bodies = [row[4] for row in rows]
    lengths = [len(body) for body in bodies]
    places = [begin << 32 | length for begin, length in zip(accumulate(lengths, initial=1), lengths, strict=False)]
    return (
        rows[0][0],
        b"".join([row[2] for row in rows]),
        b"".join([row[3] for row in rows]),
        b"".join(bodies),
        str(places),
    )
