"""Adding to the chain: entries, the tree over them, and a signed checkpoint, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, repeat
from typing import Protocol

from ._beside import Beside
from ._checkpoint import Signer
from ._proofs import edge_of
from ._sealing import LatePart, Part
from ._store import DecisionRows, Head, Kind, LedgerStore, Row, Tail
from ._tree import Node

__all__ = ["Added", "LateWriter", "Writer"]


class _Takes(Protocol):
    """What entries are added to: the open transaction of a store, or what is gathered for one."""

    def append(self, rows: Iterable[Row]) -> None: ...

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None: ...


Added = tuple[Kind, Sequence[bytes], Sequence[bytes]]
"""Entries of one kind that are still to be chained: the kind, what each is about, and its body."""


class LateWriter:
    """Gathers what is added to the end of a ledger, in the manner of `Writer`, for one that chains and writes it later.

    Args:
        entries: how many entries there are before.

    Attributes:
        tail: where the ledger will end; the hash is not known yet.
    """

    def __init__(self, entries: int) -> None:
        self.tail = Tail(entries, b"")
        self._added: list[Added | Part | LatePart] = []

    def add_decisions(self, part: Part | LatePart) -> None:
        """Add decisions."""
        self._added.append(part)
        self.tail = Tail(self.tail.entries + len(part.abouts), b"")

    def add(self, kind: Kind, abouts: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        """Add entries of one kind."""
        self._added.append((kind, abouts, bodies))
        self.tail = Tail(self.tail.entries + len(bodies), b"")

    def taken(self) -> Sequence[Added | Part | LatePart]:
        """What was added since this was asked last."""
        added, self._added = self._added, []
        return added


class Writer:
    """Adds to the end of a ledger. The caller holds the claim and opens the transaction.

    Args:
        store: the ledger.
        tail: where it ends.

    Attributes:
        tail: where it ends now, what was added included.
    """

    def __init__(self, store: LedgerStore, tail: Tail) -> None:
        self.tail = tail
        self._store = store
        self._into: _Takes = store
        self._before = tail
        self._tree, self._nodes = edge_of(store, tail.entries)

    def add_decisions(self, late: Part | LatePart) -> None:
        """Add decisions."""
        part = late.whole()
        if part.sealed:
            self._into.keep_payloads(self.tail.entries + 1, part.sealed)
        self.add(Kind.DECISION, part.abouts, part.bodies)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Until the ``with`` ends the store takes what is added in a thread of its own, and is left alone."""
        with Beside(self._store) as self._into:
            yield
        self._into = self._store

    def add(self, kind: Kind, abouts: Sequence[bytes], bodies: Sequence[bytes]) -> None:
        """Add entries of one kind, chained to the last."""
        sha256, first, hash_ = hashlib.sha256, self.tail.entries + 1, self.tail.hash
        hashes = [hash_ := sha256(hash_ + body).digest() for body in bodies]  # `link`, without a call for each
        if kind == Kind.DECISION:
            self._into.append(DecisionRows(first, abouts, hashes, bodies))
        else:
            columns = zip(count(first), repeat(int(kind)), abouts, hashes, bodies)  # the first has no end
            self._into.append(list(columns))
        self._nodes += self._tree.add(hashes)
        self.tail = Tail(self.tail.entries + len(hashes), hash_)

    def add_all(self, added: Iterable[Added | Part | LatePart]) -> None:
        """Add what was gathered."""
        for one in added:
            if isinstance(one, tuple):
                self.add(*one)
            else:
                self.add_decisions(one)

    def cut(self) -> tuple[Tail, list[Node], bytes]:
        """Where the ledger ended at the last cut, the tiles that became full since, and the root of the tree now."""
        before, nodes = self._before, self._nodes
        self._before, self._nodes = self.tail, []
        return before, nodes, self._tree.root()

    def commit(self, settled: Sequence[str] = ()) -> None:
        """Make everything added durable, under a new head and a signed checkpoint, and settle these runs' intents."""
        note = Signer(self._store.secret()).sign(self._tree.size, self._tree.root())
        nodes: list[Node] = self._nodes
        self._store.keep_tree(nodes, self._tree.size, note)
        self._store.keep_head(Head(self._before, pending=self.tail))
        self._store.commit(settled)
        self._before, self._nodes = self.tail, []
        self._store.keep_head(Head(self.tail))
