"""Was anything altered, and do the promises hold for what is recorded? One pass, in chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evenhand.terms import LedgerError, Model

from ._inspect import Inspector, Problem
from ._recover import is_signed
from ._seal import RunKeys
from ._store import GENESIS, Head, LedgerStore, Row, Tail
from ._verify_tree import TreeInspector

__all__ = ["Problem", "Verification", "verify"]

_SHOWN = 100
_REMEDY = "Keep this ledger as evidence, and restore it from a copy that verifies."


@dataclass(frozen=True, slots=True)
class Verification:
    """What verification found.

    Attributes:
        ok: nothing was altered and every promise holds.
        entries, decisions, runs: how many were checked; runs counts those with a start in the chain.
        head: hash (hex) of the last entry as stored.
        problems: the first 100, in the order of the entries.
        more: how many further problems there are.
        unopened: decisions of which a part is sealed and was not opened, because the run's key is not there. Of these
            the margin, and the change that would have flipped them, were not checked; everything else was.
        forgotten: runs whose key was destroyed for good, by the ledger's own entries.
        checkpoints: signed checkpoints that were checked and hold.
        closed: decisions that could not be opened, because the key of their person is not there; only the chain, the
            tree and the run's counts say anything about them.
        erased: people whose key was destroyed for good, by the ledger's own entries.
        expired: decisions that were destroyed because their time was up, by the ledger's own entries; of these too
            only the chain, the tree and the run's counts say anything.
        witnessed: entries under the last checkpoint that enough witnesses cosigned; 0 where there is none.
    """

    ok: bool
    entries: int
    decisions: int
    runs: int
    head: str
    problems: tuple[Problem, ...]
    more: int
    unopened: int = 0
    forgotten: int = 0
    checkpoints: int = 0
    closed: int = 0
    erased: int = 0
    expired: int = 0
    witnessed: int = 0


def verify(
    store: LedgerStore,
    read_model: Callable[[dict[str, object]], Model],
    *,
    known: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    keys: RunKeys | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Check the whole chain, the kept head and, for every decision, the promises.

    An edit, a deletion, an insertion, another order and a cut-off end are each found and the entry is named. Where
    somebody rewrote everything after an entry, and its hashes too, the kept head and the signed checkpoints show that
    it happened, and `known` heads and `checkpoints` show since when.

    Args:
        store: the ledger.
        read_model: turns the recorded model JSON into a `Model` (`scoring.model_from_json`).
        known: heads (hex) that were kept elsewhere; each must still stand in the chain.
        checkpoints: signed checkpoints that were kept elsewhere, such as a receipt's; each must still hold.
        keys: where the keys of runs with an aware limit may be.
        progress: called with entries checked and entries in all.

    Raises:
        StoreError: the store cannot be read.
    """
    chain = _Chain(known)
    inspector = Inspector(store, read_model, chain.problem, keys)
    tree = TreeInspector(store, checkpoints, chain.problem)
    for what in store.damage():
        chain.problem(0, f"The store's own check of its files fails: {what}.", "G-5-2", _REMEDY)
    try:
        expected = store.tail().entries
        while True:
            for rows in store.read(chain.seq + 1):
                chain.check(rows)
                inspector.inspect(rows)
                tree.inspect(rows)
                if progress:
                    progress(chain.seq, expected)
            chain.look_at_head(store)
            if store.tail().entries <= chain.seq:
                break  # else a service recorded more meanwhile
        inspector.end()
        tree.end()
    except LedgerError as error:
        chain.problem(chain.seq + 1, error.what, error.rule, error.remedy)
    chain.finish(store)
    problems = sorted(chain.problems, key=lambda problem: problem.seq)
    return Verification(
        ok=not problems and not chain.more,
        entries=chain.count,
        decisions=inspector.decisions,
        runs=inspector.runs,
        head=chain.previous[0].hex(),
        problems=tuple(problems),
        more=chain.more,
        unopened=inspector.unopened,
        forgotten=len(inspector.forgotten),
        checkpoints=tree.checked,
        closed=inspector.people.closed,
        erased=len(inspector.people.erased),
        expired=inspector.people.expired,
    )


class _Chain:
    """Walks the hashes and collects problems.

    After a broken entry both its stored and its true hash may be continued, so that one altered entry is one problem.
    After missing entries nothing is known, so whatever follows may be continued.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self.seq = 0
        self.count = 0
        self.previous: tuple[bytes, ...] = (GENESIS,)
        self.problems: list[Problem] = []
        self.more = 0
        self._unseen = {bytes.fromhex(head) for head in known}
        self._kept: Head | None = None
        self._broken_head: LedgerError | None = None

    def problem(self, seq: int, what: str, rule: str, remedy: str) -> None:
        """Note a problem, or only count it once there are many."""
        if len(self.problems) < _SHOWN:
            self.problems.append(Problem(seq, what, rule, remedy))
        else:
            self.more += 1

    def check(self, rows: Sequence[Row]) -> None:
        """Check the links of the next rows."""
        sha256 = hashlib.sha256
        previous, seq = self.previous, self.seq
        for row in rows:
            seq += 1
            found = sha256(previous[0] + row[4]).digest()
            if found == row[3] and seq == row[0] and len(previous) == 1:
                previous = (found,)
                continue
            previous = self._mend(row, seq, previous, found)
            seq = row[0]
        self.count += len(rows)
        self.previous, self.seq = previous, seq
        if self._unseen:
            self._unseen.difference_update(row[3] for row in rows)

    def _mend(self, row: Row, seq: int, previous: tuple[bytes, ...], found: bytes) -> tuple[bytes, ...]:
        """Name what is wrong at a row that does not simply continue; what the next row may continue from."""
        if row[0] != seq:
            missing = f"Entry {seq} is" if row[0] == seq + 1 else f"Entries {seq} to {row[0] - 1} are"
            self.problem(seq, f"{missing} missing.", "G-5-2", _REMEDY)
            return (row[3],)
        if any(hashlib.sha256(before + row[4]).digest() == row[3] for before in previous):
            return (row[3],)
        what = f"Entry {seq} was altered, or does not follow the entry before it."
        self.problem(seq, what, "G-5-2", _REMEDY)
        return (row[3], found)

    def look_at_head(self, store: LedgerStore) -> None:
        """Read the kept head. What is recorded after it was read is not held against it."""
        try:
            self._kept = store.head()
        except LedgerError as error:
            self._broken_head = error

    def finish(self, store: LedgerStore) -> None:
        """Compare the end with the kept head and with heads known from elsewhere."""
        for head in sorted(self._unseen):
            what = f"The known head {head.hex()[:16]} is no longer in the ledger: what led to it was rewritten."
            self.problem(self.seq, what, "G-5-2", _REMEDY)
        kept, error = self._kept, self._broken_head
        if error is not None:
            self.problem(self.seq, error.what, error.rule, error.remedy)
            return
        what = _end(kept, self.seq, self.previous)
        if what and kept is not None:
            before = kept.pending or kept.tail
            if any(is_signed(store, before, Tail(self.seq, hash_)) for hash_ in self.previous):
                what = ""
        if what:
            cut = kept is not None and kept.tail.entries > self.seq
            self.problem(self.seq + 1 if cut else self.seq, what, "G-5-2", _REMEDY)


def _end(kept: Head | None, seq: int, hashes: tuple[bytes, ...]) -> str:
    """What is wrong with the end, or nothing."""
    if kept is None:
        return "The kept head is missing, so nobody can tell whether the end was cut off." if seq else ""
    if any(tail.entries == seq and tail.hash in hashes for tail in (kept.tail, kept.pending) if tail):
        return ""
    if kept.tail.entries > seq:
        return f"Entries {seq + 1} to {kept.tail.entries} are missing: the end was cut off."
    if kept.tail.entries < seq:
        return f"Entries {kept.tail.entries + 1} to {seq} are not under the kept head."
    return f"Entry {seq} is not the one under the kept head: the end was rewritten."
