"""The entries of one commit: gathered by the thread that decides, written by another while the next are gathered.

What stands on a sheet is chained already, so a sheet can only be written right after the one before it. Where one
cannot be, those that were gathered behind it are void.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from evenhand.terms import LedgerError

from ._checkpoint import Signer
from ._store import DecisionRows, Head, LedgerStore, Row, Tail
from ._tree import Node

__all__ = ["Gathered", "Sheet", "run_taken", "write"]


class Gathered:
    """Takes what `Writer` adds, in place of a store.

    Attributes:
        parts: entries, in the portions in which they came.
        payloads: encrypted bodies of decisions, each portion with the number of its first.
    """

    def __init__(self) -> None:
        self.parts: list[Sequence[Row]] = []
        self.payloads: list[tuple[int, Sequence[bytes]]] = []

    def append(self, rows: Iterable[Row]) -> None:
        """See `LedgerStore.append`."""
        self.parts.append(rows if isinstance(rows, DecisionRows) else list(rows))

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """See `LedgerStore.keep_payloads`."""
        self.payloads.append((first, payloads))


@dataclass(slots=True)
class Sheet:
    """Entries that are still to be written. Made by `Sitting.cut`, written by `Sitting.keep`.

    Attributes:
        before, tail: where the ledger ends without them, and with them.
        parts, payloads: see `Gathered`.
        nodes: tiles of the tree that became full with them.
        root: of the tree with them.
        runs: ids of the runs that start on it.
        may_be_there: its commit was tried: whatever comes of that, it may have come through.
    """

    before: Tail
    tail: Tail
    parts: Sequence[Sequence[Row]] = field(repr=False)
    payloads: Sequence[tuple[int, Sequence[bytes]]] = field(repr=False)
    nodes: Sequence[Node] = field(repr=False)
    root: bytes = field(repr=False)
    runs: tuple[str, ...]
    may_be_there: bool = False

    def handles(self) -> frozenset[bytes]:
        """Whom its decisions are about."""
        return frozenset(about for part in self.parts if isinstance(part, DecisionRows) for about in part.abouts)


def write(store: LedgerStore, sheet: Sheet, hands: Executor, signer: Signer) -> None:
    """Make a sheet durable, with a signed checkpoint and the head. The caller holds the claim.

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
    store.begin()
    for part in sheet.parts:
        store.append(part)
    for first, payloads in sheet.payloads:
        store.keep_payloads(first, payloads)
    size = sheet.tail.entries
    store.keep_tree(sheet.nodes, size, signer.sign(size, sheet.root))
    head = Head(sheet.before, pending=sheet.tail)
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
