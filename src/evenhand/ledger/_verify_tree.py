"""Verification of the tree: kept tiles are those of the entries, and every checkpoint ever signed still holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from evenhand.terms import LedgerError

from ._checkpoint import Checkpoint, Signer, Verifier, read_checkpoint
from ._store import LedgerStore, Published, Row
from ._tree import GrowingTree, Node

__all__ = ["TreeInspector"]

_REMEDY = "Keep this ledger as evidence, and restore it from a copy that verifies."


class TreeInspector:
    """Grows the tree along with the entries and compares.

    Args:
        store: the ledger.
        known: checkpoints (signed notes) that were kept elsewhere; each must still hold.
        problem: told what is wrong: number of the entry, what, rule, remedy.

    Attributes:
        checked: how many checkpoints hold.
    """

    def __init__(self, store: LedgerStore, known: Sequence[str], problem: Callable[[int, str, str, str], None]) -> None:
        self.checked = 0
        self._store = store
        self._problem = problem
        self._tree = GrowingTree()
        self._is_broken = False
        self._verifier = _verifier(store)
        own = [self._read(size, note) for size, note in store.checkpoints()]
        foreign = [self._known(note) for note in known]
        due = [(one, False) for one in own if one] + [(one, True) for one in foreign if one]
        self._due = sorted(due, key=lambda pair: pair[0].size, reverse=True)
        self._last = max((one.size for one in own if one), default=0)

    def _read(self, size: int, note: str) -> Checkpoint | None:
        """One of the store's own checkpoints, where this ledger's key signed it for this size."""
        found = self._verifier.check(note) if self._verifier else None
        if found is None or found.size != size:
            if self._verifier:
                self._bad(size, f"The checkpoint over {size} entries does not carry this ledger's signature.")
            return None
        return found

    def _known(self, note: str) -> Checkpoint | None:
        """A checkpoint that somebody kept elsewhere."""
        found = self._verifier.check(note) if self._verifier else None
        if found is None and self._verifier:
            kept = read_checkpoint(note)
            size = kept.size
            if kept.origin != self._verifier.name:
                what = f"The known checkpoint over {size} entries is one of another ledger, {kept.origin}."
                self._problem(0, what, "G-5-2", "Name the home of that ledger, or leave the checkpoint out.")
                return None
            self._bad(0, f"The known checkpoint over {size} entries was not signed with this ledger's key.")
        return found

    def _bad(self, seq: int, what: str) -> None:
        self._problem(seq, what, "G-5-2", _REMEDY)

    def inspect(self, rows: Sequence[Row]) -> None:
        """The next entries."""
        hashes = [row[3] for row in rows]
        start = 0
        while start < len(hashes):
            room = self._due[-1][0].size - self._tree.size if self._due else len(hashes)
            part = hashes[start : start + max(room, 1)]
            self._tiles(self._tree.add(part))
            start += len(part)
            while self._due and self._due[-1][0].size <= self._tree.size:
                self._checkpoint(*self._due.pop())

    def _checkpoint(self, checkpoint: Checkpoint, is_known: bool) -> None:
        size = checkpoint.size
        if size == self._tree.size and checkpoint.root == self._tree.root():
            self.checked += 1
        elif is_known:
            what = f"The known checkpoint over {size} entries does not hold: this ledger tells another history."
            self._bad(size, what)
        elif not self._is_broken:  # every later one fails with it
            self._is_broken = True
            self._bad(size, f"The checkpoint over {size} entries does not hold: what it was signed over was rewritten.")

    def _tiles(self, nodes: list[Node]) -> None:
        """Kept tiles are those of the entries. Where none is kept, a proof is made from the entries."""
        for level, group in groupby(nodes, key=lambda node: node[0]):
            found = list(group)
            first, end = found[0][1], found[-1][1] + 1
            kept = self._store.tiles(level, first, end)
            if kept and list(kept) != [node[2] for node in found]:
                self._bad(self._tree.size, f"The tree over the entries, kept for proofs, differs at level {level}.")

    def end(self) -> None:
        """After the last entry."""
        for checkpoint, is_known in reversed(self._due):
            if is_known:
                self._bad(
                    self._tree.size + 1,
                    f"A known checkpoint is over {checkpoint.size} entries, and this ledger has {self._tree.size}.",
                )
        if self._last and self._last < self._tree.size:
            self._bad(self._tree.size, f"The entries after {self._last} have no checkpoint.")
        elif self._last > self._tree.size:
            self._bad(self._tree.size + 1, f"A checkpoint was signed over {self._last} entries: the end was cut off.")


def _verifier(store: LedgerStore) -> Verifier | None:
    """The ledger's public key; None where its secret is missing, which the kept head tells."""
    if isinstance(store, Published):
        return Verifier.read(store.public_key())
    try:
        return Signer(store.secret()).verifier
    except LedgerError:
        return None
