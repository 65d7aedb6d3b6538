"""What is kept of consents and requests: entries that only grow, each chained to the one before under a key."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

__all__ = ["GENESIS", "Entry", "Stream", "Trail", "TrailReport", "chain", "head_mark", "removed", "verify_trail"]

GENESIS = bytes(32)
"""What the first entry continues from."""
_COMMITTED = b"evenhand trail entry\x00"
_LINKED = b"evenhand trail link\x00"
_HEAD = b"evenhand trail head\x00"
_eight = struct.Struct(">Q").pack
_two_moments = struct.Struct(">qq").pack


class Stream(StrEnum):
    """What an entry is about."""

    CONSENT = "consent"
    REQUEST = "request"
    CORRECTION = "correction"
    REMOVAL = "removal"
    SAME = "same-person"
    READ = "read"
    """Somebody of the staff looked at something about a person."""
    RESTORE = "restore"
    """The home was made from a backup: a link that opens once and was sent before opens nothing here."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        seq: its number, from 1; 0 where it is not appended yet.
        stream: what it is about.
        about: number of the request; "" of others.
        handle: the person's, 16 bytes, which leads to nobody without their key; None where there is none.
        at: when what it says was said or done, microseconds since 1970 (UTC).
        recorded: when it was appended, likewise.
        body: what it says, JSON; b"" where it was removed.
        sealed: what is personal in it, encrypted under the person's key; b"" where nothing is.
        salt: 16 random bytes, so that nobody can guess what was removed; b"" where it was.
        commitment: SHA-256 over salt and all of the above but its number.
        link: HMAC-SHA-256, with a key of the home, over the link before, number and commitment.
    """

    seq: int
    stream: Stream
    about: str
    handle: bytes | None
    at: int
    recorded: int
    body: bytes
    sealed: bytes
    salt: bytes
    commitment: bytes = b""
    link: bytes = b""

    @property
    def is_removed(self) -> bool:
        """Whether what it said was removed; that something stood here can still be verified."""
        return not self.salt


class Trail(Protocol):
    """Where entries are kept. `adapters.stores.rights_tables.RightsTables` is one, in SQLite or PostgreSQL.

    All methods raise `StoreError` where the place cannot be reached.
    """

    def append(
        self,
        entries: Sequence[Entry],
        *,
        only_after: tuple[str, int] | None = None,
        only_if_last: tuple[bytes, int] | None = None,
    ) -> int:
        """Append in one transaction, numbered and chained; how many were appended.

        With `only_after`, number of a request and of its last entry as the caller read it: UsageError where somebody
        else has added one meanwhile. With `only_if_last`, a person's handle and the number of the last of what they
        said (0 = nothing), likewise.
        """
        ...

    def read(
        self,
        stream: Stream | None = None,
        *,
        handles: Sequence[bytes] | None = None,
        about: str | None = None,
        after: int = 0,
        until: int | None = None,
    ) -> Iterator[Entry]:
        """Entries in order: of a stream, of people, about a request, after a number and up to one; of many
        people, one group of them after the other. What was removed has no handle, and is about nothing."""
        ...

    def latest(self, stream: Stream, count: int) -> tuple[list[Entry], int]:
        """The last entries of a stream that are there, the last one first, and how many there are."""
        ...

    def said(
        self, *, handles: Sequence[bytes] | None = None, after: int = 0, until: int | None = None
    ) -> Iterator[tuple[bytes, int, bytes, int, bytes]]:
        """Handle, moment, body, number and sealed part of every consent that is there, in order: what a run reads."""
        ...

    def remove(self, numbers: Sequence[int], note: Entry) -> None:
        """Take out what these entries say, and append the note that it was done, in one transaction."""
        ...

    def last(self) -> int:
        """Number of the last entry."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Number of the last entry and its mark, as they were written with it."""
        ...


@dataclass(frozen=True, slots=True)
class TrailReport:
    """What verification of a trail found.

    Attributes:
        entries: how many there are.
        removed: of how many the content was removed, as an entry says.
        problems: number of the entry (0 = the trail as a whole) and what is wrong.
    """

    entries: int
    removed: int
    problems: tuple[tuple[int, str], ...]

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


def chain(entries: Iterable[Entry], seq: int, before: bytes, secret: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, commitment and link of each entry.

    Args:
        entries: to append.
        seq: number of the entry before the first; 0 where there is none.
        before: its link; `GENESIS` where there is none.
        secret: of the home.
    """
    for entry in entries:
        seq += 1
        commitment = _commitment(entry)
        before = _link(before, seq, commitment, secret)
        yield seq, commitment, before


def removed(entry: Entry) -> Entry:
    """The entry without what it said and of whom; its place in the chain stays."""
    return replace(entry, about="", handle=None, at=0, recorded=0, body=b"", sealed=b"", salt=b"")


def head_mark(seq: int, link: bytes, secret: bytes) -> bytes:
    """Mark of the last entry, so that a tail that was cut off is found."""
    return hmac.digest(secret, _HEAD + seq.to_bytes(8, "big") + link, "sha256")


def verify_trail(entries: Iterable[Entry], head: tuple[int, bytes], secret: bytes) -> TrailReport:
    """Check that nothing was changed, added, moved or taken out, but what entries say was removed.

    Args:
        entries: all of them, in order.
        head: number and mark of the last, as kept beside them.
        secret: of the home.
    """
    problems: list[tuple[int, str]] = []
    before, count, gone, told = GENESIS, 0, set(), set()
    for entry in entries:
        count += 1
        if entry.seq != count:
            problems.append((entry.seq, f"Entry {count} is missing, or one stands out of order."))
            break
        if not entry.is_removed and _commitment(entry) != entry.commitment:
            problems.append((entry.seq, f"Entry {entry.seq} was altered."))
        if _link(before, entry.seq, entry.commitment, secret) != entry.link:
            problems.append((entry.seq, f"Entry {entry.seq} does not follow from the one before."))
        if entry.is_removed:
            gone.add(entry.seq)
            if entry.body or entry.sealed or entry.handle:
                problems.append((entry.seq, f"Entry {entry.seq} was altered."))
        elif entry.stream is Stream.REMOVAL:
            told |= _numbers_in(entry)
        before = entry.link
    problems += [(seq, f"What entry {seq} said is gone, and no entry says why.") for seq in sorted(gone - told)]
    last, mark = head
    if not problems and (last != count or (count and mark != head_mark(count, before, secret))):
        problems.append((0, "The end of the trail was cut off, or the trail was put back to an earlier state."))
    return TrailReport(count, len(gone), tuple(problems))


def _numbers_in(entry: Entry) -> set[int]:
    return {int(one) for one in json.loads(entry.body)["removed"]}


def _commitment(entry: Entry) -> bytes:
    parts = [_COMMITTED, entry.salt]
    for part in (entry.stream.encode(), entry.about.encode(), entry.handle or b"", entry.body, entry.sealed):
        parts += (_eight(len(part)), part)
    parts.append(_two_moments(entry.at, entry.recorded))
    return hashlib.sha256(b"".join(parts)).digest()


def _link(before: bytes, seq: int, commitment: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"".join((_LINKED, before, _eight(seq), commitment)), "sha256")
