"""What stands in a vault: values padded and bound to their marks, lines of a log sealed one with the other."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.terms import DataError

from .tables import open_frame

__all__ = ["Kept", "Logged", "derived", "groups_of_texts", "padded", "plain", "seal_of"]

_PAD, _LONGEST = 32, 4_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A column in the vault.

    Attributes:
        name: of the column.
        purpose: why it is kept.
        put, until: moments (microseconds since 1970): when it was put there, and from when it is not read any more.
        who: who put it there.
        people: of how many people there is a value.
    """

    name: str
    purpose: str
    put: int
    until: int
    who: str
    people: int


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the log.

    Attributes:
        at: moment (microseconds since 1970).
        who: who asked.
        did: ``put``, ``read``, ``refused``, ``purged`` or ``erased``.
        names: the columns.
        purpose: why.
        people: how many people it was about.
    """

    at: int
    who: str
    did: str
    names: tuple[str, ...]
    purpose: str
    people: int


def groups_of_texts(
    name: str, values: Sequence[str | None], cut: str | int | Sequence[float] | None
) -> list[str | None]:
    """The group of each person from texts as they were put there, numbers cut as those of a table are."""
    import polars as pl

    series = pl.Series(name, values, dtype=pl.String)
    numbers = series.cast(pl.Float64, strict=False)
    is_number = numbers.null_count() == series.null_count() and series.null_count() < len(series)
    return open_frame(pl.DataFrame([numbers if is_number else series])).groups(name, cut)


def derived(key: bytes, use: bytes) -> bytes:
    return hmac.new(key, b"evenhand vault " + use, hashlib.sha256).digest()


def seal_of(key: bytes, before: bytes, number: int, line: Logged) -> bytes:
    parts = (number, line.at, line.who, line.did, "\n".join(line.names), line.purpose, line.people)
    return hmac.new(derived(key, b"log"), before + repr(parts).encode(), hashlib.sha256).digest()


def padded(value: str) -> bytes:
    """A value with its length before it, filled up so that lengths do not tell values apart."""
    raw = value.encode()
    if len(raw) > _LONGEST:
        raise DataError(
            "vault-value-too-long",
            "A value is too long for a group.",
            rule=f"a group is shared by many people; at most {_LONGEST} bytes",
            remedy="put columns of groups in the vault, no free text",
        )
    content = len(raw).to_bytes(2, "big") + raw
    return content + bytes(-len(content) % _PAD)


def plain(content: bytes) -> str:
    return content[2 : 2 + int.from_bytes(content[:2], "big")].decode()
