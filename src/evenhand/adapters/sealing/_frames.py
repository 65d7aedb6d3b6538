"""What passes between the two processes: columns one way, bodies the other, each with its length before it."""

from __future__ import annotations

from dataclasses import fields
from typing import IO, Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.ledger import Sealed
from evenhand.promises import RecordColumns

__all__ = ["asked", "done", "read_asked", "read_done", "received", "sent"]

_LENGTH = 8
_NAMES = tuple(one.name for one in fields(RecordColumns) if one.name != "codes")
_encode = msgspec.msgpack.Encoder().encode


class _Column(Struct, array_like=True, frozen=True):
    kind: str
    shape: tuple[int, ...]
    content: bytes


class _Asked(Struct, array_like=True, frozen=True):
    columns: dict[str, _Column]
    codes: list[_Column]
    keys: bytes


class _Done(Struct, array_like=True, frozen=True):
    bodies: list[bytes]
    closed: list[bytes]


_asked = msgspec.msgpack.Decoder(_Asked).decode
_done = msgspec.msgpack.Decoder(_Done).decode


def asked(columns: RecordColumns, keys: bytes) -> bytes:
    """Decisions, and handle and key of each person."""
    own = {name: _column(getattr(columns, name)) for name in _NAMES}
    return _encode(_Asked(own, [_column(code) for code in columns.codes], keys))


def read_asked(content: bytes) -> tuple[RecordColumns, bytes]:
    """The same after the way."""
    said = _asked(content)
    own = {name: _array(column) for name, column in said.columns.items()}
    return RecordColumns(codes=tuple(map(_array, said.codes)), **own), said.keys


def done(sealed: Sealed) -> bytes:
    """What is kept of them."""
    return _encode(_Done(*sealed))


def read_done(content: bytes) -> Sealed:
    """The same after the way."""
    said = _done(content)
    return Sealed(said.bodies, said.closed)


def sent(stream: IO[bytes], content: bytes) -> None:
    """Send a content whole."""
    stream.write(len(content).to_bytes(_LENGTH, "big"))
    stream.write(content)
    stream.flush()


def received(stream: IO[bytes]) -> bytes | None:
    """The next content; None where the other end is gone."""
    length = int.from_bytes(stream.read(_LENGTH), "big")
    content = stream.read(length) if length else b""
    return content if length and len(content) == length else None


def _column(array: NDArray[np.generic]) -> _Column:
    return _Column(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())


def _array(column: _Column) -> Any:
    return np.frombuffer(column.content, dtype=column.kind).reshape(column.shape)
