"""How a person's key is made of the home's secret and of what a store keeps about it, whatever the store.

A key is made of the home's secret and 32 random bytes of the person (keyed BLAKE2b, RFC 7693). The store keeps the
random bytes: in the clear, or wrapped under one of the home's wrapping keys (`wrapping`), which a change of that key
wraps anew. Either way the person's key, handle and mark stay what they are. So the store alone opens nothing, nor does
the secret alone, and destroying the bytes destroys the key.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from evenhand.ledger import SubjectKey
from evenhand.terms import LedgerError, microseconds_of

from .outward import OutwardPseudonyms
from .taught_models import TaughtModels
from .wrapping import Wrapping

__all__ = ["AT_ONCE", "COUNTER", "HANDLE", "SEED", "PersonKeys", "Row"]

HANDLE, SEED = 16, 32
_CHECK, _MARK = 4, 16
_UNWRAPPED = SEED + _CHECK
COUNTER = 6
"""Bytes of a handle that count up, so that the index grows at its end; the chain tells that order anyway."""
_DRAWN = SEED + HANDLE - COUNTER
_ROW = HANDLE + SEED
AT_ONCE = 16_384
Row = tuple[bytes, bytes, bytes]
"""Pseudonym, handle, and what is kept of the random bytes: these or their wrap, four bytes that tell an altered row,
and the name of the wrapping key where there is one."""


class PersonKeys(TaughtModels, OutwardPseudonyms):
    """The keys of one home's people, who of them taught which model, and their pseudonyms as others get them. A store
    fills in the methods at the end.

    Args:
        secret: gives the home's secret key (32 bytes). Asked when first needed.
        wrapping: the home's wrapping keys; none = random bytes are kept as they are.
    """

    def __init__(self, secret: Callable[[], bytes], wrapping: Wrapping | None = None) -> None:
        self._secret = secret
        self._wrapping = wrapping or Wrapping()

    def make(self, pseudonyms: Sequence[bytes]) -> bytes:
        """Handle (16 bytes) and key (32) of each person, end to end; drawn, and durable before this returns, where
        there was none."""
        while (made := self._made(pseudonyms)) is None:
            pass  # somebody else gave one of them a key just now, which is found the next time
        return made

    def _made(self, pseudonyms: Sequence[bytes]) -> bytes | None:
        """See `make`; None where somebody else gave a key to one of those who had none when they were looked up."""
        out = bytearray(_ROW * len(pseudonyms))
        missing: dict[bytes, list[int]] = {}
        order = _ascending(pseudonyms)
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE]
            some = [pseudonyms[place] for place in places]
            known = {one: handle + key for one, handle, key in self._checked("pseudonym", some)}
            for place, one in zip(places, some, strict=True):
                found = known.get(one)
                if found is None:
                    missing.setdefault(one, []).append(place)
                else:
                    out[_ROW * place : _ROW * (place + 1)] = found
        if missing:
            if (added := self._add(list(missing))) is None:
                return None
            for one, found in zip(missing, added, strict=True):
                for place in missing[one]:
                    out[_ROW * place : _ROW * (place + 1)] = found
        return bytes(out)

    def _drawn(self, pseudonyms: list[bytes], last: bytes | None) -> tuple[list[bytes], list[Row]]:
        """Draw keys for people who have none: handle and key of each, and the rows to keep, in order of pseudonyms.

        Args:
            pseudonyms: of the people.
            last: the highest handle that was given.
        """
        random, made, rows = os.urandom(_DRAWN * len(pseudonyms)), [], []
        wrap = self._wrapping.wrapper()
        number = int.from_bytes(last[:COUNTER], "big") if last else 0
        for place, pseudonym in enumerate(pseudonyms):
            number += 1
            drawn = random[place * _DRAWN : (place + 1) * _DRAWN]
            seed = drawn[:SEED]
            handle = number.to_bytes(COUNTER, "big") + drawn[SEED:]
            derived = self._derived(pseudonym, handle, seed)
            made.append(handle + derived[:SEED])
            wrapped, name = wrap(handle, seed)
            rows.append((pseudonym, handle, wrapped + derived[SEED:] + name))
        rows.sort()
        return made, rows

    def draw(self, count: int) -> bytes:
        """So many random bytes, that nobody can foresee."""
        return os.urandom(count)

    def of_handles(self, handles: Sequence[bytes]) -> Mapping[bytes, SubjectKey]:
        """The keys of these handles, by handle, without those that are not there (any more)."""
        return {key.handle: key for key in self._of("handle", handles)}

    def pseudonyms_of(self, handles: Sequence[bytes]) -> dict[bytes, bytes]:
        """Whose handles these are, by handle, without those whose key is not there (any more)."""
        return {handle: pseudonym for pseudonym, handle, _ in self._checked("handle", handles)}

    def of_person(self, pseudonym: bytes) -> SubjectKey | None:
        """The key of a person; None if there is none (any more)."""
        found = self._of("pseudonym", [pseudonym])
        return found[0] if found else None

    def forget(self, pseudonym: bytes) -> bytes | None:
        """Destroy the key of a person, durably; the handle it had, None if there was none."""
        found = self.of_person(pseudonym)
        if found is None:
            return None
        self._remove(pseudonym)
        return found.handle

    def suppress(self, pseudonym: bytes, at: int) -> None:
        """Remember that a person was erased, by a keyed mark: whoever imports them again can know, nobody else.

        Args:
            pseudonym: 16 bytes.
            at: moment of the erasure, microseconds since 1970 (UTC).
        """
        self._note(self._mark(pseudonym), at)

    def suppressed(self, pseudonyms: NDArray[np.bytes_], until: datetime | None = None) -> Mapping[bytes, int]:
        """Who of these people (``S32`` [n], hex) was erased: 16 bytes each, with the moment in microseconds since 1970
        (UTC). With `until` only those who were erased by that moment."""
        marks = self.marks(2**62 if until is None else microseconds_of(until))
        if not marks:
            return {}
        asked = map(bytes.fromhex, pseudonyms.astype("U32").tolist())
        found = ((one, marks.get(self._mark(one))) for one in asked)
        return {one: at for one, at in found if at is not None}

    def rewrap(self) -> int:
        """Wrap everybody's random bytes under the first wrapping key, some at a time; how many were not under it.

        Stopped half way, it is done by asking again. Whoever reads meanwhile needs both keys, the old and the new.
        """
        wrap, (_, current) = self._wrapping.wrapper(), self._wrapping.wrapper()(bytes(HANDLE), bytes(SEED))
        after, changed = b"", 0
        while rows := self._rows_after(after, AT_ONCE):
            anew = []
            for pseudonym, handle, kept in rows:
                if kept[SEED + _CHECK :] != current:
                    wrapped, name = wrap(handle, self._seed(handle, kept))
                    anew.append((wrapped + kept[SEED : SEED + _CHECK] + name, pseudonym, kept))
            if anew:
                self._replace(anew)
            changed += len(anew)
            after = rows[-1][0]
        self.rewrap_version()
        return changed

    def marked(self, marks: Mapping[bytes, int]) -> list[bytes]:
        """Pseudonyms of everybody who has a key here and one of these marks."""
        found: list[bytes] = []
        after = b""
        while self.is_there and (rows := self._rows_after(after, AT_ONCE)):
            found += [pseudonym for pseudonym, _, _ in rows if self._mark(pseudonym) in marks]
            after = rows[-1][0]
        return found

    def copy_to(self, other: PersonKeys) -> None:
        """Keep every row and mark in another store too, which has none of them, as they are."""
        if not self.is_there:
            return
        after = b""
        while rows := self._rows_after(after, AT_ONCE):
            other._put(rows)
            after = rows[-1][0]
        other.keep_marks(self.marks(2**62))
        other.put_classes(*self.classes())
        other.keep_version(self)

    def keep_marks(self, marks: Mapping[bytes, int]) -> None:
        """Keep marks that another store of the same home has; the later moment counts."""
        known = self.marks(2**62)
        for mark, at in marks.items():
            if at > known.get(mark, -(2**62)):
                self._note(mark, at)

    def under(self) -> dict[str, int]:
        """How many people's random bytes are under which wrapping key, by its name; "" = in the clear."""
        found: dict[str, int] = {}
        after = b""
        while rows := self._rows_after(after, AT_ONCE):
            for _, _, kept in rows:
                name = kept[SEED + _CHECK :].hex()
                found[name] = found.get(name, 0) + 1
            after = rows[-1][0]
        return found

    def _mark(self, pseudonym: bytes) -> bytes:
        return blake2b(pseudonym, key=self._secret(), digest_size=_MARK, person=b"evenhand-erased").digest()

    def _derived(self, pseudonym: bytes, handle: bytes, seed: bytes) -> bytes:
        """The person's key, and four bytes that tell an altered row."""
        keyed = self._keyed.copy()
        keyed.update(pseudonym + handle + seed)
        return keyed.digest()

    @cached_property
    def _keyed(self) -> blake2b:
        return blake2b(digest_size=SEED + _CHECK, key=self._secret(), person=b"evenhand-subkey")

    def _seed(self, handle: bytes, kept: bytes) -> bytes:
        """The random bytes of a row."""
        return self._wrapping.unwrapped(handle, kept[:SEED], kept[SEED + _CHECK :])

    def _of(self, column: str, values: Sequence[bytes]) -> list[SubjectKey]:
        """The keys of which a column has one of these values."""
        return [SubjectKey(*one) for one in self._checked(column, values)]

    def _checked(self, column: str, values: Sequence[bytes]) -> Iterator[Row]:
        """Pseudonym, handle and key of the rows of which a column has one of these values; none was altered."""
        if not values or not self.is_there:
            return
        keyed = self._keyed
        for start in range(0, len(values), AT_ONCE):
            for pseudonym, handle, kept in self._rows(column, values[start : start + AT_ONCE]):
                mixer = keyed.copy()
                seed = kept[:SEED] if len(kept) == _UNWRAPPED else self._seed(handle, kept)
                mixer.update(pseudonym + handle + seed)
                derived = mixer.digest()
                if derived[SEED:] != kept[SEED : SEED + _CHECK]:
                    raise LedgerError(
                        "subject-keys-altered",
                        f"A key in {self.where} was altered, or was made under another secret key.",
                        rule="G-17: a person's decisions open with their own key only",
                        remedy="Restore the keys of people, and the secret key that belongs to them, from a copy.",
                    )
                yield pseudonym, handle, derived[:SEED]

    where = "the keys of people"
    """How the store is called in messages."""

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is a store with anything in it."""

    @abstractmethod
    def marks(self, until: int) -> dict[bytes, int]:
        """Every mark that was made by a moment, with its moment."""

    @abstractmethod
    def _add(self, pseudonyms: list[bytes]) -> list[bytes] | None:
        """Draw and keep keys, in one transaction that nobody else's comes between; see `_drawn`. None, and nothing is
        kept, where one of the people has a key."""

    @abstractmethod
    def _put(self, rows: list[Row]) -> None:
        """Keep rows as they are, in one transaction; those that are there already stay."""

    @abstractmethod
    def _rows(self, column: str, values: Sequence[bytes]) -> list[Row]:
        """Rows of which a column has one of at most `AT_ONCE` values."""

    @abstractmethod
    def _rows_after(self, pseudonym: bytes, count: int) -> list[Row]:
        """The next rows in order of pseudonyms."""

    @abstractmethod
    def _replace(self, rows: list[tuple[bytes, bytes, bytes]]) -> None:
        """Keep other bytes for people, in one transaction: what to keep, whose, and what must stand there now."""

    @abstractmethod
    def _remove(self, pseudonym: bytes) -> None:
        """Destroy a row, durably."""

    @abstractmethod
    def _note(self, mark: bytes, at: int) -> None:
        """Keep a mark, durably, in place of an older one."""


def _ascending(pseudonyms: Sequence[bytes]) -> list[int]:
    """Places of the pseudonyms in their order, in which a table is read and written quickest."""
    halves = np.frombuffer(b"".join(pseudonyms), dtype=">u8").reshape(-1, 2)
    order: list[int] = np.lexsort((halves[:, 1], halves[:, 0])).tolist()
    return order
