"""Encoding and encrypting decisions, here or by somebody who does it meanwhile.

Nothing of it depends on where decisions will stand in the ledger, nor on what is decided next. So whoever has a hand
free can do it while more is decided; only the chain has to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from evenhand.promises import RecordColumns, Totals

from ._columns import bodies_of
from ._personal import HANDLE, HANDLE_AND_KEY, closed_decisions

__all__ = ["LatePart", "Part", "Sealed", "Sealer", "handles_of", "sealed", "whose"]


class Sealed(NamedTuple):
    """What the chain and the store keep of decisions.

    Attributes:
        bodies: of each entry.
        closed: each encrypted body, to be kept beside the chain.
    """

    bodies: list[bytes]
    closed: list[bytes]


class Sealer(Protocol):
    """Encodes and encrypts decisions while others are decided. `adapters.sealing` has one."""

    def begin(self, columns: RecordColumns, keys: bytes) -> Callable[[], Sealed]:
        """Begin; what is given waits until it is done, and gives the same as `sealed`, from any thread.

        Args:
            columns: the decisions.
            keys: handle and key (48 bytes) of the person of each, end to end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Some decisions of a run, one after the other, as the ledger keeps them.

    Attributes:
        abouts: what each is filed under: handle of the person, or pseudonym where the ledger has no keys of people.
        bodies: of the entries.
        sealed: the encrypted bodies, kept beside the chain; none where the ledger has no keys of people.
        totals: of the run with them.
    """

    abouts: Sequence[bytes] = field(repr=False)
    bodies: Sequence[bytes] = field(repr=False)
    sealed: Sequence[bytes] = field(repr=False)
    totals: Totals

    def whole(self) -> Part:
        """Itself."""
        return self


@dataclass(frozen=True, slots=True)
class LatePart:
    """Some decisions that are being encoded and encrypted.

    Attributes:
        abouts, totals: as of `Part`.
        waits: gives the rest, when it is done.
    """

    abouts: Sequence[bytes] = field(repr=False)
    waits: Callable[[], Sealed] = field(repr=False)
    totals: Totals

    def whole(self) -> Part:
        """Wait for it."""
        done = self.waits()
        return Part(self.abouts, done.bodies, done.closed, self.totals)


def sealed(columns: RecordColumns, keys: bytes, draw: Callable[[int], bytes]) -> Sealed:
    """Encode and encrypt decisions.

    Args:
        columns, keys: as of `Sealer.begin`.
        draw: gives so many random bytes.
    """
    return Sealed(*closed_decisions(draw, whose(keys), bodies_of(columns))[1:])


def whose(keys: bytes) -> list[bytes]:
    """Handle and key of each person."""
    return [keys[at : at + HANDLE_AND_KEY] for at in range(0, len(keys), HANDLE_AND_KEY)]


def handles_of(keys: bytes) -> list[bytes]:
    """The handle of each person."""
    return [keys[at : at + HANDLE] for at in range(0, len(keys), HANDLE_AND_KEY)]
