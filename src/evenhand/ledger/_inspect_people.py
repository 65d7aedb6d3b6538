"""Verification of what is sealed under the keys of people: it is what the chain commits to; missing keys are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evenhand.terms import LedgerError, number_of

from ._body import SealedDecision, SubjectErased, read_body
from ._personal import opened
from ._store import LedgerStore, Row

__all__ = ["PeopleInspector", "about_erased"]

_SHOWN = 20


def about_erased(handle: bytes) -> bytes:
    """What an erasure is filed under. It is never as long as a handle."""
    return b"erased subject:" + handle


class PeopleInspector:
    """Opens decisions as they come, and knows at the end whose key is missing.

    Args:
        store: the ledger.
        bad: told what is wrong: number of the entry, and what.

    Attributes:
        closed: decisions that were not opened.
        erased: people whose key was destroyed, by the ledger's own entries.
        expired: decisions that were destroyed because their time was up, by the ledger's own entries.
    """

    def __init__(self, store: LedgerStore, bad: Callable[[int, str], None]) -> None:
        self.closed = 0
        self.expired = 0
        self.erased: dict[bytes, int] = {}
        self._store = store
        self._bad = bad
        self._missing: dict[bytes, int] = {}

    def open(self, rows: Sequence[Row]) -> list[Row]:
        """The decisions that can be read, with the pseudonym in place of the handle."""
        opening = opened(self._store, rows)
        for seq in opening.broken[:_SHOWN]:
            self._bad(seq, f"What entry {seq} commits to is not what is kept beside it.")
        told = {*opening.expired, *opening.broken}
        if opening.closed:
            self._misfiled(
                [row for row, found in zip(rows, opening.rows, strict=True) if found is None and row[0] not in told]
            )
        self.closed += len(opening.closed)
        self.expired += len(opening.expired)
        return [row for row in opening.rows if row is not None]

    def _misfiled(self, rows: Sequence[Row]) -> None:
        """Decisions that stay closed are filed under the handle that they name, and remembered."""
        for seq, _, about, _, body in rows:
            try:
                said = read_body(body, seq)
            except LedgerError as error:
                self._bad(seq, error.what)
                continue
            if not isinstance(said, SealedDecision) or said.h != about.hex():
                self._bad(seq, f"Entry {seq} is filed under another subject than it is about.")
            else:
                self._missing.setdefault(about, seq)

    def holds(self, first: int, last: int) -> bool:
        """Whether any body is kept beside these entries (both included)."""
        return bool(self._store.payloads(first, last))

    def entry(self, seq: int, erased: SubjectErased) -> bytes:
        """An erasure: the key may not be there; what it must be filed under."""
        try:
            handle = bytes.fromhex(erased.handle)
        except ValueError:
            handle = b""
        self.erased[handle] = seq
        if self._store.people is not None and self._store.people.of_handles([handle]):
            self._bad(seq, f"The person in entry {seq} was erased, and their key is there again.")
        return about_erased(handle)

    def end(self) -> None:
        """Whose key is missing, without an erasure that explains it. Without any keys at hand nobody can tell."""
        lost = [seq for handle, seq in self._missing.items() if handle not in self.erased]
        if lost and self._store.people is not None:
            people = number_of(len(lost), "person", "people")
            what = f"The keys of {people} are missing, and no entry says that they were erased"
            self._bad(lost[0], f"{what} (first in entry {lost[0]}).")
