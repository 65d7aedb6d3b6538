"""The entries of one commit: gathered by the thread that decides, written by another while the next are gathered.

A sheet is chained when it is written, right after the one before it. Where one cannot be, those that were gathered
behind it are void.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from evenhand.terms import LedgerError

from ._checkpoint import Signer
from ._sealing import LatePart, Part
from ._store import Head, LedgerStore
from ._writer import Added, Writer

__all__ = ["Sheet", "run_taken", "write"]


@dataclass(slots=True)
class Sheet:
    """Entries that are still to be chained and written. Made by `Sitting.cut`, written by `Sitting.keep`.

    Attributes:
        added: them, in the portions in which they came.
        runs: ids of the runs that start on it.
        may_be_there: its commit was tried: whatever comes of that, it may have come through.
        first, last: numbers of its first and its last entry, when it is durable; else 0.
    """

    added: Sequence[Added | Part | LatePart] = field(repr=False)
    runs: tuple[str, ...]
    may_be_there: bool = False
    first: int = 0
    last: int = 0

    def wait(self) -> None:
        """Until everything is encoded and encrypted. Whoever keeps it waits for that too, but holds more meanwhile."""
        self.added = [one if isinstance(one, tuple) else one.whole() for one in self.added]

    def handles(self) -> frozenset[bytes]:
        """Whom its decisions are about."""
        return frozenset(about for part in self.added if not isinstance(part, tuple) for about in part.abouts)


def write(store: LedgerStore, writer: Writer, sheet: Sheet, hands: Executor, signer: Signer) -> None:
    """Chain a sheet and make it durable, with a signed checkpoint and the head. The caller holds the claim.

    Where the process ends in between, the entries may be there and the head not: `recover` accepts them, since they
    stand under a checkpoint that only the holder of the ledger's secret can sign. The head is left saying that this
    commit may have come through.

    Raises:
        LedgerError: a run has an id that the ledger knows; nothing is written.
        StoreError: something cannot be written.
    """
    for run_id in sheet.runs:
        if store.about(run_id.encode()):
            raise run_taken(run_id)
    sheet.wait()
    store.begin()
    writer.add_all(sheet.added)
    before, nodes, root = writer.cut()
    size = writer.tail.entries
    store.keep_tree(nodes, size, signer.sign(size, root))
    head = Head(before, pending=writer.tail)
    sheet.may_be_there = True
    if store.head_is_apart:
        kept = hands.submit(store.keep_head, head)
        try:
            store.commit(())
        finally:
            kept.result()
    else:
        store.keep_head(head)
        store.commit(())


def run_taken(run_id: str) -> LedgerError:
    """What is said of a run whose id the ledger knows already."""
    return LedgerError(
        "ledger-run-taken",
        f"The ledger already has a run {run_id}.",
        rule="G-5-2",
        remedy="Use another identity for this run.",
    )
