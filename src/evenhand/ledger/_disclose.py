"""What an auditor without our stores is given of a run: each decision with the salt that opens its commitment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from ._personal import is_closed, unsealed
from ._read import find_start
from ._store import Kind, LedgerStore

__all__ = ["disclosures"]


def disclosures(store: LedgerStore, run_id: str) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, salt and body of every decision of a run that the store can open.

    Raises:
        DataError: the ledger has no such run.
    """
    start, _ = find_start(store, run_id)
    for rows in store.read(start + 1):
        mine = list(takewhile(lambda row: row[1] == Kind.DECISION, rows))
        sealed = [row for row in mine if is_closed(row)]
        if sealed and store.people is not None:
            keys = store.people.of_handles([row[2] for row in sealed])
            kept = store.payloads(sealed[0][0], sealed[-1][0])
            for row in sealed:
                key = keys.get(row[2])
                found = None if key is None else unsealed(row, key.key, kept.get(row[0]))
                if found is not None:
                    yield row[0], *found
        if len(mine) < len(rows):
            return
