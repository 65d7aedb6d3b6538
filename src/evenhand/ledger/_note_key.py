"""Public keys as a C2SP `signed-note` has them: a name, four bytes that tell which key signed, a type and the key."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

__all__ = ["KEY_BYTES", "mark_of", "published", "read_published"]

KEY_BYTES = 32
"""Of an Ed25519 public key."""


def mark_of(kind: bytes, name: str, key: bytes) -> bytes:
    """Four bytes that tell which key signed.

    Args:
        kind: the type byte of the signatures.
        name: of whoever signs.
        key: the public key.
    """
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]


def published(kind: bytes, name: str, key: bytes) -> str:
    """``name+mark+key``, the mark in hex, type and key in base64."""
    return f"{name}+{mark_of(kind, name, key).hex()}+{b64encode(kind + key).decode()}"


def read_published(kind: bytes, text: str) -> tuple[str, bytes]:
    """Name and key of what was published; ValueError where it is no key of this type.

    >>> read_published(b"\\x01", published(b"\\x01", "shop", bytes(32)))[0]
    'shop'
    """
    name, mark, encoded = text.strip().split("+", 2)
    raw = b64decode(encoded, validate=True)
    key = raw[1:]
    if not name or raw[:1] != kind or len(key) != KEY_BYTES or mark_of(kind, name, key).hex() != mark:
        raise ValueError
    return name, key
