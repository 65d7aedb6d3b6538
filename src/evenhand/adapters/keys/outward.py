"""Pseudonyms as they leave the home: under a key that is drawn anew, so that two releases cannot be joined.

A person's pseudonym inside the home never changes: consents, marks, keys and draws hang on it. What leaves is that
pseudonym hashed once more (keyed BLAKE2b, RFC 7693) under the key of the version in force. That key is made of the
home's secret and of 32 random bytes that stand beside the keys of people, wrapped as those are. To renew is one
transaction: the random bytes of the version before are destroyed, and with them the only way from an earlier release to
a later one. Version 0 has no key: what leaves then is the inner pseudonym itself.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b

from .taught_models import KeySteps
from .wrapping import Wrapping

__all__ = ["OutwardPseudonyms", "Version"]

_RANDOM, _PSEUDONYM, _HANDLE = 32, 16, 16
_KEY, _OUT = b"evenhand-outkey", b"evenhand-outward"


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of pseudonyms leaves the home.

    Attributes:
        number: from 1; 0 = they were never renewed.
        since: moment of the renewal, microseconds since 1970 (UTC); 0 likewise.
        under: name of the wrapping key that its random bytes are under; "" = in the clear.
    """

    number: int = 0
    since: int = 0
    under: str = ""


class OutwardPseudonyms(ABC):
    """Pseudonyms of one home as others get them. Mixed into the stores of the keys of people."""

    _secret: Callable[[], bytes]
    _wrapping: Wrapping

    def version(self) -> Version:
        """Which version is in force."""
        row = self._version_row()
        return Version() if row is None else Version(row[0], row[2], row[1][_RANDOM:].hex())

    def outward(self, pseudonyms: Sequence[bytes]) -> list[bytes]:
        """The pseudonyms (16 bytes each) of people as they leave the home now.

        Raises:
            StoreError: the wrapping key is not there.
        """
        row = self._version_row()
        if row is None:
            return list(pseudonyms)
        keyed = blake2b(digest_size=_PSEUDONYM, key=self._outward_key(row[0], row[1]), person=_OUT)
        out = []
        for one in pseudonyms:
            fresh = keyed.copy()
            fresh.update(one)
            out.append(fresh.digest())
        return out

    def renew(self, at: int) -> Version:
        """Draw the key of the next version and destroy that of the one before, in one transaction.

        Args:
            at: now, microseconds since 1970 (UTC).
        """
        with self._together(make=True) as steps:
            last = steps.execute("SELECT coalesce(max(number), 0) FROM alias").fetchone()[0]
            self._put_version(steps, int(last) + 1, os.urandom(_RANDOM), at)
        return self.version()

    def keep_version(self, other: OutwardPseudonyms) -> None:
        """Take over the version of another store of the same home, where it is a later one."""
        row, mine = other._version_row(), self.version().number
        if row is not None and row[0] > mine:
            with self._together(make=True) as steps:
                self._put_version(steps, row[0], other._opened_random(row[0], row[1]), row[2])

    def rewrap_version(self) -> bool:
        """Wrap the random bytes under the first wrapping key; whether they were not under it."""
        row = self._version_row()
        current = self._wrapping.wrapper()(bytes(_HANDLE), bytes(_RANDOM))[1]
        if row is None or row[1][_RANDOM:] == current:
            return False
        with self._together(make=True) as steps:
            self._put_version(steps, row[0], self._opened_random(row[0], row[1]), row[2])
        return True

    def _put_version(self, steps: KeySteps, number: int, random: bytes, at: int) -> None:
        wrapped, name = self._wrapping.wrapper()(_handle(number), random)
        steps.execute("DELETE FROM alias")
        steps.execute("INSERT INTO alias VALUES (?, ?, ?)", (number, wrapped + name, at))

    def _version_row(self) -> tuple[int, bytes, int] | None:
        if not self.is_there:
            return None
        with self._together(make=False) as steps:
            row = steps.execute("SELECT number, kept, at FROM alias").fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]), int(row[2]))

    def _opened_random(self, number: int, kept: bytes) -> bytes:
        return self._wrapping.unwrapped(_handle(number), kept[:_RANDOM], kept[_RANDOM:])

    def _outward_key(self, number: int, kept: bytes) -> bytes:
        whole = _handle(number) + self._opened_random(number, kept)
        return blake2b(whole, digest_size=32, key=self._secret(), person=_KEY).digest()

    @property
    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is a store with anything in it."""

    @abstractmethod
    def _together(self, *, make: bool) -> AbstractContextManager[KeySteps]:
        """One transaction; with `make` the tables are made where there are none."""


def _handle(number: int) -> bytes:
    """What stands in place of a handle where the random bytes of a version are wrapped: no person has it."""
    return b"\xff" * 8 + number.to_bytes(8, "big")
