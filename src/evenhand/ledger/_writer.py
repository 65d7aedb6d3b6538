"""Adding to the chain: entries, the tree over them, and a signed checkpoint, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor

from ._checkpoint import Signer
from ._personal import closed_decisions
from ._proofs import edge_of
from ._store import Head, Kind, LedgerStore, Row, Tail
from ._tree import Node

__all__ = ["Writer"]


class Writer:
    """Adds to the end of a ledger. The caller holds the claim and opens the transaction.

    Args:
        store: the ledger.
        tail: where it ends.

    Attributes:
        tail: where it ends now, the open transaction included.
    """

    def __init__(self, store: LedgerStore, tail: Tail) -> None:
        self.tail = tail
        self._store = store
        self._before = tail
        self._tree, self._nodes = edge_of(store, tail.entries)

    def add_decisions(self, pseudonyms: Sequence[bytes], bodies: Sequence[bytes], keys: Sequence[bytes]) -> None:
        """Add decisions; `keys` has handle and key of the person of each, and is empty where there are no keys."""
        people, first = self._store.people, self.tail.entries + 1
        if people is not None:
            pseudonyms, bodies, kept = closed_decisions(people, first, keys, bodies)
            self._store.keep_payloads(first, kept)
        self.add(Kind.DECISION, pseudonyms, bodies)

    def add(self, kind: Kind, abouts: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        """Add entries of one kind, chained to the last."""
        rows: list[Row] = []
        code, sha256 = int(kind), hashlib.sha256  # `link`, without a call for each of a million entries
        seq, hash_ = self.tail.entries, self.tail.hash
        for about, body in zip(abouts, bodies, strict=True):
            seq += 1
            hash_ = sha256(hash_ + body).digest()
            rows.append((seq, code, about, hash_, body))
        self._store.append(rows)
        self._nodes += self._tree.add([row[3] for row in rows])
        self.tail = Tail(seq, hash_)

    def commit_beside(self, hands: Executor, signer: Signer) -> None:
        """As `commit`, with the head written while the entries are: both are durable when this returns.

        Where the process ends in between, the entries may be there and the head not: `recover` accepts them, since they
        stand under a checkpoint that only the holder of the ledger's secret can sign. The head is left saying that this
        commit may have come through; `confirm` says that it did.
        """
        self._store.keep_tree(self._nodes, self._tree.size, signer.sign(self._tree.size, self._tree.root()))
        head = Head(self._before, pending=self.tail)
        if self._store.head_is_apart:
            kept = hands.submit(self._store.keep_head, head)
            try:
                self._store.commit(())
            finally:
                kept.result()
        else:
            self._store.keep_head(head)
            self._store.commit(())
        self._before, self._nodes = self.tail, []

    def confirm(self) -> None:
        """Note that the last commit came through."""
        self._store.keep_head(Head(self.tail))

    def commit(self, settled: Sequence[str] = ()) -> None:
        """Make everything added durable, under a new head and a signed checkpoint, and settle these runs' intents."""
        note = Signer(self._store.secret()).sign(self._tree.size, self._tree.root())
        nodes: list[Node] = self._nodes
        self._store.keep_tree(nodes, self._tree.size, note)
        self._store.keep_head(Head(self._before, pending=self.tail))
        self._store.commit(settled)
        self._before, self._nodes = self.tail, []
        self._store.keep_head(Head(self.tail))
