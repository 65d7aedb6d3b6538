"""The tables that a campaign names, and the data frames that may stand in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evenhand.adapters.data.tables import DataTable, open_frame, open_table
from evenhand.policy import Table

__all__ = ["Frames", "open_one"]


@dataclass(frozen=True, slots=True)
class Frames:
    """Data frames that stand in for the tables named in the campaign; None = read the table.

    Attributes:
        subjects, history, consents: any frame that narwhals reads.
    """

    subjects: Any = None
    history: Any = None
    consents: Any = None


def open_one(
    table: Table, frame: Any, folder: Path, columns: Sequence[str], *, may_be_empty: bool = False
) -> DataTable:
    """The frame where there is one, else the table; without rows only where it `may_be_empty`.

    Raises:
        DataError: a column is not there.
        StoreError: a database cannot be reached.
    """
    if frame is None:
        return open_table(table, folder, columns=columns, may_be_empty=may_be_empty)
    return open_frame(frame, columns=columns, may_be_empty=may_be_empty)
