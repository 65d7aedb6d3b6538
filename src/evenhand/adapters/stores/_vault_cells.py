"""What stands in a vault: values padded and bound to their marks, lines of a log sealed one with the other."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.terms import DataError, LedgerError

from ..data.tables import open_frame

__all__ = [
    "BY_OWN_ID",
    "BY_PSEUDONYM",
    "WITH_NAMES",
    "Kept",
    "LogEnd",
    "Logged",
    "checked_log",
    "derived",
    "end_mark",
    "groups_of_texts",
    "padded",
    "plain",
    "seal_of",
]

BY_OWN_ID, BY_PSEUDONYM, WITH_NAMES = 0, 1, 2
"""Under what people stand in a column: an older evenhand put them there by their own ids, or by pseudonyms that only
whoever knows the person can find. Now the pseudonym stands sealed beside the value, under the vault's key and the
home's both, so that who was erased is found in a vault that comes back from a backup."""
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
        form: under what they stand: `BY_OWN_ID`, `BY_PSEUDONYM` or `WITH_NAMES`.
    """

    name: str
    purpose: str
    put: int
    until: int
    who: str
    people: int
    form: int = WITH_NAMES


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where the log ends.

    Attributes:
        number: of the last line; 0 where there is none, or none since ends are marked.
        seal: of that line, or the mark of the end.
    """

    number: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the log.

    Attributes:
        at: moment (microseconds since 1970).
        who: who asked.
        did: ``put``, ``read``, ``refused``, ``corrected``, ``purged`` or ``erased``.
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


def seal_of(key: bytes, before: bytes, number: int, line: Logged, *, use: bytes = b"log with an end") -> bytes:
    """The seal of a line after the one before. Lines from before ends were marked have another `use`."""
    parts = (number, line.at, line.who, line.did, "\n".join(line.names), line.purpose, line.people)
    return hmac.new(derived(key, use), before + repr(parts).encode(), hashlib.sha256).digest()


def end_mark(key: bytes, number: int, seal: bytes) -> bytes:
    """The mark of the end of the log."""
    return hmac.digest(derived(key, b"end"), number.to_bytes(8, "big") + seal, hashlib.sha256)


def checked_log(key: bytes, rows: Sequence[Sequence[Any]], end: LogEnd) -> list[Logged]:
    """The lines of a log, from its rows.

    Raises:
        LedgerError: one was altered or taken out, or lines at the end were cut off.
    """
    before, out, is_marked = b"", list[Logged](), False
    for number, (stored, at, who, did, names, purpose, people, seal) in enumerate(rows, 1):
        line = Logged(at, who, did, tuple(names.split("\n")), purpose, people)
        seals = [seal_of(key, before, number, line)]
        if not is_marked:
            seals.append(seal_of(key, before, number, line, use=b"log"))
        if number != stored or bytes(seal) not in seals:
            raise _altered(f"Line {number} of the vault's log was altered, or lines before it are missing.")
        is_marked = bytes(seal) == seals[0]
        before = bytes(seal)
        out.append(line)
    if (is_marked or end.number) and (
        end.number != len(out) or not hmac.compare_digest(end.seal, end_mark(key, end.number, before))
    ):
        raise _altered("The end of the vault's log was cut off, or put back to an earlier state.")
    return out


def _altered(what: str) -> LedgerError:
    return LedgerError(
        "vault-log-altered",
        what,
        rule="A-4a: every question to the vault stays on record",
        remedy="keep it as evidence, and restore it from a copy",
    )


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
