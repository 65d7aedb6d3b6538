"""Wrapping keys: what a home's secrets are kept under, so that a copy of its files without them opens nothing.

A home has none by default. The environment names them, newest first: as hex digits in ``EVENHAND_WRAPPING_KEY``
(separated by commas), as lines of the file that ``EVENHAND_WRAPPING_KEY_FILE`` names, or, with
``EVENHAND_WRAPPING_KEY=keyring:SERVICE/NAME``, in the keyring of the system (package ``keyring``). The first wraps,
all of them unwrap. So a new key is put in front, everything is wrapped anew while work goes on (`evenhand keys
rotate`), and the old one is taken away.

What is wrapped: the home's secret key in its file (AES-256-GCM-SIV, RFC 8452), and of each person the random bytes
that their key is made of (XOR with keyed BLAKE2b of their handle, which is never given twice). The secret itself, and
with it every pseudonym, handle, mark and signature, stays what it is.
"""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from evenhand.terms import StoreError

__all__ = ["KEYS", "KEYS_FILE", "Wrapping", "wrapping_of_environment"]

KEYS = "EVENHAND_WRAPPING_KEY"
"""The variable that holds the keys, or says which entry of the keyring does."""
KEYS_FILE = "EVENHAND_WRAPPING_KEY_FILE"
"""The variable that names a file with the keys."""
_BYTES, _NAME, _NONCE = 32, 4, 12
_MAGIC = b"evenhand wrapped key 1\n"


class Wrapping:
    """The wrapping keys of a home.

    Args:
        keys: 32 bytes each, the newest first; none = nothing is wrapped.

    >>> old, new = Wrapping([bytes(32)]), Wrapping([bytes([1]) * 32, bytes(32)])
    >>> wrapped, name = old.wrapper()(b"a handle of 16 b", b"s" * 32)
    >>> new.unwrapped(b"a handle of 16 b", wrapped, name) == b"s" * 32
    True
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {_name_of(key): key for key in keys}

    @property
    def names(self) -> tuple[str, ...]:
        """What the keys are called: eight hex digits each, the newest first. A name tells nothing of its key."""
        return tuple(name.hex() for name in self._keys)

    def wrapper(self) -> Callable[[bytes, bytes], tuple[bytes, bytes]]:
        """A function from a handle and random bytes (32) to their wrap and the name of the key; with no key, to what
        came in and no name."""
        if not self._keys:
            return lambda _, seed: (seed, b"")
        name, key = next(iter(self._keys.items()))
        keyed = blake2b(digest_size=_BYTES, key=key, person=b"evenhand-wrap")
        return lambda handle, seed: (_exclusive(seed, _stream(keyed, handle)), name)

    def unwrapped(self, handle: bytes, wrapped: bytes, name: bytes) -> bytes:
        """The random bytes again.

        Raises:
            StoreError: the key with that name is not there.
        """
        if not name:
            return wrapped
        return _exclusive(wrapped, _stream(self._streams(name), handle))

    def _streams(self, name: bytes) -> blake2b:
        return blake2b(digest_size=_BYTES, key=self._key(name), person=b"evenhand-wrap")

    def _key(self, name: bytes) -> bytes:
        found = self._keys.get(name)
        if found is None:
            raise StoreError(
                "wrapping-key-missing",
                f"The wrapping key {name.hex()} is not there.",
                rule="what is kept under a key opens with that key only",
                remedy=f"name it in {KEYS}, after the newest; if it is lost, what is under it is lost",
            )
        return found

    def close(self, secret: bytes) -> bytes:
        """A secret key as it stands in its file: wrapped, or as it is where there is no wrapping key."""
        if not self._keys:
            return secret
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        name, key = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(_NONCE)
        return _MAGIC + name + nonce + AESGCMSIV(key).encrypt(nonce, secret, _MAGIC)

    def open(self, content: bytes) -> bytes:
        """A secret key out of its file.

        Raises:
            StoreError: the key that it is under is not there, or the file was altered.
        """
        if not content.startswith(_MAGIC):
            return content
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        rest = content[len(_MAGIC) :]
        name, nonce, sealed = rest[:_NAME], rest[_NAME : _NAME + _NONCE], rest[_NAME + _NONCE :]
        try:
            return AESGCMSIV(self._key(name)).decrypt(nonce, sealed, _MAGIC)
        except (InvalidTag, ValueError):
            raise StoreError(
                "home-key-broken",
                "The wrapped secret key does not open: its file was altered.",
                rule="one secret key of 32 bytes per home folder",
                remedy="restore it from your backup; without it, recorded subjects cannot be found again",
            ) from None

    def name_on(self, content: bytes) -> str:
        """The name of the key that a secret key's file is under; "" where it is in the clear."""
        return content[len(_MAGIC) : len(_MAGIC) + _NAME].hex() if content.startswith(_MAGIC) else ""


def wrapping_of_environment() -> Wrapping:
    """The wrapping keys that the environment names.

    Raises:
        StoreError: what it names is not there, or is no key.
    """
    named = os.environ.get(KEYS, "").strip()
    file = os.environ.get(KEYS_FILE, "").strip()
    if named.startswith("keyring:"):
        named = _of_keyring(named.removeprefix("keyring:"))
    elif not named and file:
        try:
            named = ",".join(Path(file).read_text("utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(f"The file that {KEYS_FILE} names cannot be read ({type(error).__name__}).") from None
    if not named:
        if file:
            raise _unusable(f"The file that {KEYS_FILE} names is empty.")
        return Wrapping()
    try:
        keys = [bytes.fromhex(text) for text in named.split(",")]
    except ValueError:
        keys = []
    if not keys or any(len(key) != _BYTES for key in keys):
        raise _unusable("A wrapping key is not 64 hex digits.")
    return Wrapping(keys)


def _of_keyring(entry: str) -> str:
    service, _, name = entry.partition("/")
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        raise _unusable("The package keyring is not installed.") from None
    found = keyring.get_password(service, name)
    if not found:
        raise _unusable("The keyring has no such entry.")
    return str(found)


def _unusable(what: str) -> StoreError:
    return StoreError(
        "wrapping-keys",
        what,
        rule="wrapping keys are 64 hex digits each, the newest first",
        remedy=f"set {KEYS} to them, separated by commas, or {KEYS_FILE} to a file with one a line",
    )


def _name_of(key: bytes) -> bytes:
    return blake2b(key, digest_size=_NAME, person=b"evenhand-wrapkey").digest()


def _stream(keyed: blake2b, handle: bytes) -> bytes:
    fresh = keyed.copy()
    fresh.update(handle)
    return fresh.digest()


def _exclusive(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
