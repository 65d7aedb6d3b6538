"""A ledger's head in a small file, sealed with an HMAC, replaced in one step.

Whoever can write the entries but has no key cannot make a head for them. Raises OSError as the system does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from evenhand.ledger import Head, Tail
from evenhand.terms import LedgerError

__all__ = ["SealedHead", "opened_head", "sealed_head"]


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
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except ValueError:
            raise _unsealed() from None
        return opened_head(text, self.key)

    def keep(self, head: Head) -> None:
        """Seal and keep a head, durably, in place of the one before.

        Raises:
            LedgerError: the key is missing and the ledger is not new.
        """
        if isinstance(self._key, Path) and head.tail.entries == 0 and not self._key.exists():
            self._key.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._key, secrets.token_bytes(32), 0o600)
        _replace(self._path, sealed_head(head, self.key()).encode(), 0o644)

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


def sealed_head(head: Head, key: bytes) -> str:
    """A head as text, with its HMAC-SHA-256 (hex)."""
    kept: dict[str, object] = {
        name: [tail.entries, tail.hash.hex()] if tail else None
        for name, tail in (("tail", head.tail), ("pending", head.pending))
    }
    return json.dumps(kept | {"seal": _seal(kept, key)}, sort_keys=True)


def opened_head(text: str, key: Callable[[], bytes]) -> Head:
    """A head out of its text.

    Raises:
        LedgerError: its seal is broken, or the key is missing.
    """
    try:
        kept = json.loads(text)
        seal = str(kept.pop("seal"))
        tail = _tail(kept["tail"])
        pending = None if kept["pending"] is None else _tail(kept["pending"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise _unsealed() from None
    if not hmac.compare_digest(seal.encode(), _seal(kept, key()).encode()):
        raise _unsealed()
    return Head(tail, pending)


def _seal(kept: dict[str, object], key: bytes) -> str:
    return hmac.new(key, json.dumps(kept, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _tail(kept: list[object]) -> Tail:
    return Tail(int(str(kept[0])), bytes.fromhex(str(kept[1])))


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
