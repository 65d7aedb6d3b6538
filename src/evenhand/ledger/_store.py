"""What a ledger needs from a store: append, read, one writer at a time, and a head kept under a key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique
from itertools import count, repeat
from typing import TYPE_CHECKING, Protocol, overload, runtime_checkable

from ._tree import Node

if TYPE_CHECKING:
    from ._personal import SubjectKeys

__all__ = [
    "GENESIS",
    "DecisionRows",
    "Disclosing",
    "Head",
    "Intent",
    "Kind",
    "LedgerStore",
    "Published",
    "Row",
    "Tail",
    "link",
]

GENESIS = bytes(32)
"""What the first entry continues from: 32 zero bytes."""

Row = tuple[int, int, bytes, bytes, bytes]
"""One entry as stored: sequence number from 1, `Kind`, what it is about, hash (32 bytes), body (canonical JSON).

About: the person's handle (16 bytes) for a decision and its erasure (the pseudonym for a decision that an older version
recorded), the run id (ASCII) for a run's entries, the digest (32 bytes) for a document, ``monitored campaign:`` and its
id for alarms and what followed, the digest (32 bytes) of its key for an answer that is given once. It only serves to
find entries; `verify` checks it against the body.
"""


@unique
class Kind(IntEnum):
    """What an entry says. The number is stored beside the body, so that runs are found without reading decisions."""

    DECISION = 0
    RUN_STARTED = 1
    RUN_FINISHED = 2
    RUN_ABANDONED = 3
    DOCUMENT = 4
    GROUPS_FORGOTTEN = 5
    SUBJECT_ERASED = 6
    ANSWERED_ONCE = 7
    RUN_EXPIRED = 8
    ALARM = 10
    PAUSED = 11
    RESUMED = 12
    FELL_BACK = 13
    PAUSED_BY = 14
    VAULT_NOTED = 15
    SENT_FOR_REVIEW = 20
    REVIEWED = 21


@dataclass(frozen=True, slots=True)
class DecisionRows(Sequence[Row]):
    """Entries of decisions, one after the other. A sequence of `Row`; a store may also take its columns.

    Attributes:
        first: number of the first entry.
        abouts: whom each is about.
        hashes, bodies: of each.
    """

    first: int
    abouts: Sequence[bytes] = field(repr=False)
    hashes: Sequence[bytes] = field(repr=False)
    bodies: Sequence[bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not len(self.abouts) == len(self.hashes) == len(self.bodies):
            raise ValueError("each entry is about somebody and has a hash and a body")

    def __len__(self) -> int:
        return len(self.bodies)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> DecisionRows: ...

    def __getitem__(self, place: int | slice) -> Row | DecisionRows:
        if isinstance(place, slice):
            start, _, step = place.indices(len(self))
            if step != 1:
                raise ValueError("entries come one after the other")
            return DecisionRows(self.first + start, self.abouts[place], self.hashes[place], self.bodies[place])
        seq = self.first + (place if place >= 0 else place + len(self))
        return seq, int(Kind.DECISION), self.abouts[place], self.hashes[place], self.bodies[place]

    def __iter__(self) -> Iterator[Row]:
        kind = repeat(int(Kind.DECISION))
        return zip(count(self.first), kind, self.abouts, self.hashes, self.bodies)


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a ledger ends.

    Attributes:
        entries: how many entries there are; also the sequence number of the last one.
        hash: hash of the last entry (32 bytes), `GENESIS` if there is none.
    """

    entries: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What is kept outside the entries, under a key, so that a cut-off tail is found.

    Attributes:
        tail: where the ledger ended after the last commit that is known to be complete.
        pending: where it ends if the commit that was under way came through; None if none was.
    """

    tail: Tail
    pending: Tail | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A run that started. It stands beside the chain until the run is in it; one that outlives its process tells
    the next start that a run was interrupted.

    Attributes:
        run_id: the run.
        at: its start, ISO 8601.
        why: why it stopped, a stable word; empty where the process could not say (killed, power cut).
    """

    run_id: str
    at: str
    why: str = ""


def link(previous: bytes, body: bytes) -> bytes:
    """Hash of an entry: SHA-256 over the previous entry's hash and this entry's body.

    >>> link(GENESIS, b"{}").hex()[:16]
    'fb1634c4e6cd4b1f'
    """
    return hashlib.sha256(previous + body).digest()


class LedgerStore(Protocol):
    """Where entries are kept. `adapters.ledgers.sqlite_ledger.SqliteLedger` is one.

    All methods raise `StoreError` where the store cannot be reached or written (disk full, locked, no permission) and
    `LedgerError` where what is stored is damaged.
    """

    @property
    def people(self) -> SubjectKeys | None:
        """Where the keys of people are; None = decisions are recorded in the clear, and sealed ones stay closed."""
        ...

    @property
    def head_is_apart(self) -> bool:
        """Whether the head stands outside the entries' transaction, and may be kept by another thread while they are
        committed."""
        ...

    def tail(self) -> Tail:
        """Where the entries end, as stored."""
        ...

    def head(self) -> Head | None:
        """The kept head; None if none was ever kept. Raises LedgerError if its seal is broken."""
        ...

    def keep_head(self, head: Head) -> None:
        """Seal the head and keep it durably, replacing the one before in one step."""
        ...

    def read(self, first: int, last: int | None = None) -> Iterator[Sequence[Row]]:
        """Entries from `first` to `last` (both included; None = the end) in order, in chunks."""
        ...

    def about(self, about: bytes) -> Sequence[Row]:
        """Every entry about something, oldest first."""
        ...

    def of_kind(self, kind: Kind, after: int = 0) -> Iterator[Row]:
        """Every entry of a kind other than DECISION whose number is above `after`, oldest first, a few at a time."""
        ...

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind other than DECISION whose sequence number is below `before`."""
        ...

    def payloads(self, first: int, last: int) -> Mapping[int, bytes]:
        """Encrypted bodies of the decisions from `first` to `last` (both included), by number, where they are kept."""
        ...

    def hashes(self, first: int, last: int) -> Sequence[bytes]:
        """Hashes of the entries from `first` to `last` (both included), in order."""
        ...

    def tiles(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Kept roots of the tiles `first` to `end` - 1 of a level of the tree, in order, without those not kept."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Every checkpoint that was signed, with the number of entries under it, by that number."""
        ...

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The checkpoint that was signed last, with the number of entries under it; None if there is none."""
        ...

    def checkpoint_before(self, size: int) -> int:
        """How many entries were under the last checkpoint over fewer than `size`; 0 if there is none."""
        ...

    def secret(self) -> bytes:
        """The ledger's secret, under which its head is sealed; its checkpoints are signed with a key made of it.

        Raises LedgerError where it is missing.
        """
        ...

    def damage(self) -> Sequence[str]:
        """What the store's own check of its files finds; empty if all is well."""
        ...

    def claim(self) -> None:
        """Become the only writer until `release`. Raises StoreError if somebody else is."""
        ...

    def release(self) -> None:
        """Let others write; what is not committed is undone. Harmless if nothing was claimed."""
        ...

    def intents(self) -> Sequence[Intent]:
        """Runs that started and are not in the chain."""
        ...

    def intend(self, intent: Intent) -> None:
        """Keep an intent durably, at once; replaces one of the same run."""
        ...

    def begin(self) -> None:
        """Open the transaction that the following appends belong to."""
        ...

    def append(self, rows: Iterable[Row]) -> None:
        """Add entries to the open transaction."""
        ...

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """Add the encrypted bodies of consecutive decisions, the first of which is entry `first`, to the open
        transaction."""
        ...

    def drop_payloads(self, handle: bytes) -> None:
        """Remove the encrypted bodies of a person's decisions, in the open transaction."""
        ...

    def drop_payloads_between(self, first: int, last: int) -> None:
        """Remove the encrypted bodies of the decisions from `first` to `last` (both included), in the open
        transaction."""
        ...

    def keep_tree(self, nodes: Sequence[Node], size: int, checkpoint: str) -> None:
        """Add tiles of the tree (replacing what stands there) and the checkpoint at `size` to the open transaction."""
        ...

    def commit(self, settled: Sequence[str]) -> None:
        """Make everything appended durable and forget the intents of these runs, in one step."""
        ...

    def rollback(self) -> None:
        """Undo everything appended since `begin`."""
        ...


@runtime_checkable
class Published(Protocol):
    """A ledger without its secret, such as one in a bundle: its checkpoints are checked against a published key."""

    def public_key(self) -> str:
        """The ledger's public key, as `Verifier.read` takes it."""
        ...


@runtime_checkable
class Disclosing(Protocol):
    """A ledger without keys of people, of which some decisions were opened for whoever checks it."""

    def disclosed(self, first: int, last: int) -> Mapping[int, tuple[bytes, bytes]]:
        """Salt and body of the opened decisions from `first` to `last` (both included), by number."""
        ...
