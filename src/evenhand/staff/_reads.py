"""What staff, commands and machines read about a person, as it is noted before it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

__all__ = ["Read", "ReadKind", "ReadLog"]


class ReadKind(StrEnum):
    """What was read."""

    REQUEST = "request"
    """The page of one request, with what is personal in it masked."""
    PRIVATE = "private"
    """What is personal in a request."""
    CODE = "code"
    """A one-time code for a person, shown once."""
    LETTER = "letter"
    """A letter to a person that tells something personal."""
    PACKAGE = "package"
    """The files that a person gets: everything that is held about them."""
    MESSAGE = "message"
    """A message to a recipient about what was done for a person."""
    DECISION = "decision"
    """A decision about one person."""
    RECEIPT = "receipt"
    """The receipt of a decision about one person."""
    ACCESS = "access"
    """What the home holds about one person, by a command."""
    SAID = "said"
    """What one person said of purposes."""


@dataclass(frozen=True, slots=True)
class Read:
    """One look.

    Attributes:
        at: when.
        who: the mark of whoever looked (see `Staff`), the name of a machine's key, or whom a command named.
        kind: at what.
        about: number of the request or id of the decision; nobody's name; "" where it was at a person.
        seq: its number in the home's trail; 0 where it is not noted yet.
        whose: handle of the person that it was at, which leads to nobody without their key; b"" where `about` tells.
    """

    at: datetime
    who: str
    kind: ReadKind
    about: str
    seq: int = 0
    whose: bytes = b""

    def to_body(self) -> bytes:
        """As it is kept; the moment stands beside it."""
        content = {"about": self.about, "kind": self.kind.value, "who": self.who}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_body(cls, body: bytes, at: datetime, seq: int, whose: bytes = b"") -> Read:
        """As it was kept."""
        content = json.loads(body)
        return cls(at, content["who"], ReadKind(content["kind"]), content["about"], seq, whose)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "number": self.seq,
            "at": self.at.isoformat(),
            "who": self.who,
            "kind": self.kind.value,
            "about": self.about,
            "whose": self.whose.hex(),
        }


class ReadLog(Protocol):
    """Where looks are noted. Whoever cannot note one shows nothing."""

    def note(self, read: Read) -> None:
        """Keep it, durable when this returns.

        Raises:
            StoreError: it cannot be kept.
        """
        ...

    def reads(self) -> Iterator[Read]:
        """All of them, oldest first."""
        ...

    def latest(self, count: int) -> tuple[tuple[Read, ...], int]:
        """The last ones, the last one first, and how many there are."""
        ...
