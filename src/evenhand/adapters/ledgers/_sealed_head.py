"""A ledger's head in a small file, sealed with an HMAC, of which a version is always whole.

Whoever can write the entries but has no key cannot make a head for them. The file has two places, each a block of the
disk; a head is written over the older one, so where the machine stops in between, the newer is there, which is at most
one commit behind (`ledger.recover`). Written over where it stands, a head costs one wait for the disk and no change of
a folder; a file made anew for each made some commits wait ten times as long. Where a ledger comes to rest, both places
say the same. Raises OSError as the system does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from evenhand.ledger import Head, Tail
from evenhand.terms import LedgerError

__all__ = ["SealedHead", "opened_head", "sealed_head"]

_BLOCK = 4_096
_PLACES = 2
_TRIES, _BETWEEN = 5, 0.002
"""How often a seal that does not hold is looked at again, and seconds between: it may be written just now."""


class _Kept(NamedTuple):
    """A head as it stands in one place; a later one has a larger number."""

    number: int
    head: Head


class SealedHead:
    """The head of one ledger.

    Args:
        path: file of the head.
        key: gives the key; or file of the key: 32 random bytes, made with the head of a ledger that has no entry yet,
            readable by its owner only.
    """

    def __init__(self, path: Path, key: Path | Callable[[], bytes]) -> None:
        self._path = path
        self._key = key

    def read(self) -> Head | None:
        """The kept head; None if there is no such file.

        Raises:
            LedgerError: its seal is broken, or the key is missing.
        """
        for left in reversed(range(_TRIES)):
            try:
                kept = self._places(self._path.read_bytes())
            except FileNotFoundError:
                return None
            except LedgerError:
                if not left:
                    raise
                time.sleep(_BETWEEN)
            else:
                return max((one for one in kept if one is not None), key=lambda one: one.number).head
        return None

    def keep(self, head: Head, *, at_rest: bool = False) -> None:
        """Seal and keep a head, durably, in place of the older of the two before.

        Args:
            head: the head.
            at_rest: keep it in both places, one after the other: nothing follows soon.

        Raises:
            LedgerError: the key is missing and the ledger is not new; or the seal of what is kept is broken.
        """
        if isinstance(self._key, Path) and head.tail.entries == 0 and not self._key.exists():
            self._key.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._key, secrets.token_bytes(32), 0o600)
        try:
            file = self._path.open("r+b", buffering=0)
        except FileNotFoundError:
            self._make(head, 0)
            return
        with file:
            content = file.read(_BLOCK * _PLACES + 1)
            kept = self._places(content)
            number = max(one.number for one in kept if one is not None)
            if len(content) != _BLOCK * _PLACES:  # as it was until 27 November 2026: one head, a file of its own
                self._make(head, number)
                return
            older = min(range(_PLACES), key=lambda place: -1 if (one := kept[place]) is None else one.number)
            for place in (older, 1 - older)[: _PLACES if at_rest else 1]:
                number += 1
                file.seek(place * _BLOCK)
                file.write(self._block(head, number))
                _synchronise(file.fileno())

    def key(self) -> bytes:
        """The key.

        Raises:
            LedgerError: it is missing.
        """
        if not isinstance(self._key, Path):
            return self._key()
        try:
            return self._key.read_bytes()
        except FileNotFoundError:
            raise LedgerError(
                "ledger-key-missing",
                f"The key {self._key.name} that seals the ledger's head is missing.",
                rule="G-5-2",
                remedy="Restore the key, or name where it is kept.",
            ) from None

    def _make(self, head: Head, number: int) -> None:
        _replace(self._path, self._block(head, number + 1) + self._block(head, number + 2), 0o644)

    def _block(self, head: Head, number: int) -> bytes:
        return sealed_head(head, self.key(), number).encode().ljust(_BLOCK - 1) + b"\n"

    def _places(self, content: bytes) -> list[_Kept | None]:
        """What stands in each place; None where nothing does, or half a block of what was being written.

        Raises:
            LedgerError: a seal is broken, there is no head at all, or the key is missing.
        """
        parts = [content[at : at + _BLOCK] for at in range(0, max(len(content), 1), _BLOCK)]
        out: list[_Kept | None] = []
        for part in parts[:_PLACES]:
            try:
                text = part.decode()
                json.loads(text)
            except ValueError:
                out.append(None)
            else:
                out.append(_Kept(*_opened(text, self.key)))
        if not any(out):
            raise _unsealed()
        return [*out, None][:_PLACES]


def sealed_head(head: Head, key: bytes, number: int | None = None) -> str:
    """A head as text, with its HMAC-SHA-256 (hex), and a number where it has one."""
    kept: dict[str, object] = {
        name: [tail.entries, tail.hash.hex()] if tail else None
        for name, tail in (("tail", head.tail), ("pending", head.pending))
    }
    if number is not None:
        kept["number"] = number
    return json.dumps(kept | {"seal": _seal(kept, key)}, sort_keys=True)


def opened_head(text: str, key: Callable[[], bytes]) -> Head:
    """A head out of its text.

    Raises:
        LedgerError: its seal is broken, or the key is missing.
    """
    return _opened(text, key)[1]


def _opened(text: str, key: Callable[[], bytes]) -> tuple[int, Head]:
    """Number and head out of a text; see `opened_head`."""
    try:
        kept = json.loads(text)
        seal = str(kept.pop("seal"))
        number = int(kept.get("number", 0))
        tail = _tail(kept["tail"])
        pending = None if kept["pending"] is None else _tail(kept["pending"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise _unsealed() from None
    if not hmac.compare_digest(seal.encode(), _seal(kept, key()).encode()):
        raise _unsealed()
    return number, Head(tail, pending)


def _seal(kept: dict[str, object], key: bytes) -> str:
    return hmac.new(key, json.dumps(kept, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _tail(kept: list[object]) -> Tail:
    return Tail(int(str(kept[0])), bytes.fromhex(str(kept[1])))


def _synchronise(file: int) -> None:
    """Wait until what was written is on the disk; nothing else of the file changed."""
    getattr(os, "fdatasync", os.fsync)(file)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file beside, make it durable, and put it in place of the old one in one step."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name != "nt":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _unsealed() -> LedgerError:
    return LedgerError(
        "ledger-head-altered",
        "The kept head of the ledger was altered, or belongs to another key.",
        rule="G-5-2",
        remedy="Restore the head file and its key from a copy, then verify.",
    )
