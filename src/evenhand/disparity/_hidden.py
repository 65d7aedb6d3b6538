"""Which groups the wall shows enough people of, and what may stand where it shows no number."""

from __future__ import annotations

from evenhand.terms import SUPPRESSED, CountTable, estimated

__all__ = ["estimated", "known"]


def known(table: CountTable, smallest: int) -> list[int]:
    """Positions of the groups that have at least `smallest` people; the others are not judged."""
    return [row for row, total in enumerate(table.totals.tolist()) if total != SUPPRESSED and total >= smallest]
