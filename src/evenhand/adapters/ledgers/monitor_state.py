"""What the monitors of a home know, in files that are sealed with a key made of the home's key.

The state of a monitor tells as much as the groups themselves. So it is sealed (AES-256-GCM-SIV, RFC 8452), readable by
its owner only, and written whole or not at all: a copy of it without ``secret.key`` tells nothing. States of an older
evenhand, which stood there in the clear, are read once, and removed when the sealed one is there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evenhand.terms import DataError, StoreError

from ..stores.home import Home, write_atomically

__all__ = ["KeptState", "MonitorStates"]

_MAGIC = b"evenhand monitor state 1\n"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class KeptState:
    """What was kept of one monitor.

    Attributes:
        since: number of the ledger entry from which on evidence is counted; 0 = from the first.
        marks: from `disparity.Mark.to_dict`.
        told: what the last look told of each comparison.
    """

    since: int
    marks: tuple[dict[str, Any], ...]
    told: Mapping[str, Any] = field(default_factory=dict)


class MonitorStates:
    """The states in one home.

    Args:
        home: the home; its key must be there.
        secret: its key, where it stands elsewhere.
    """

    def __init__(self, home: Home, secret: bytes | None = None) -> None:
        self._folder = home.folder / "monitor"
        self._key = hmac.new(secret or home.key(make=False), b"evenhand monitor state\x00", hashlib.sha256).digest()

    def path(self, name: str) -> Path:
        """The file of a monitor."""
        return self._folder / f"{name}.sealed"

    def read(self, name: str) -> KeptState:
        """The state of a monitor; an empty one where none was kept.

        Raises:
            DataError: it is damaged, or sealed with another key.
            StoreError: it cannot be read.
        """
        path, plain = self.path(name), self._plain(name)
        try:
            kept = self._kept(name)
            if kept is not None:
                return _state(json.loads(zlib.decompress(self._open(name, kept))))
            if plain.is_file():
                return KeptState(0, tuple(dict(one) for one in json.loads(plain.read_text("utf-8"))))
        except OSError as error:
            raise StoreError(
                "monitor-state-unreadable",
                f"The monitor's state {path.name} cannot be read ({error.strerror or type(error).__name__}).",
                rule="evenhand reads with your permissions",
                remedy=f"check the permissions of {self._folder}",
            ) from error
        except (ValueError, TypeError, KeyError, zlib.error):
            broken = path if path.is_file() else plain
            raise DataError(
                "monitor-state-file",
                f"The monitor's state {broken.name} does not open: it is damaged, or another home's key sealed it.",
                rule="a state is what the monitor kept there, sealed with the key of this home",
                remedy=f"restore secret.key, or remove {broken}; the stream is then counted again from its start",
            ) from None
        return KeptState(0, ())

    def keep(self, name: str, state: KeptState) -> None:
        """Seal and keep a state, durably, in place of the one before.

        Raises:
            StoreError: it cannot be written.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        text = json.dumps({"since": state.since, "marks": state.marks, "told": dict(state.told)}, allow_nan=False)
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCMSIV(self._key).encrypt(nonce, zlib.compress(text.encode(), 1), _bound(name))
        self._keep(name, _MAGIC + nonce + sealed)

    def sealed(self) -> dict[str, bytes]:
        """Every state as it is kept, sealed, by the name of its monitor."""
        return {path.stem: path.read_bytes() for path in sorted(self._folder.glob("*.sealed"))}

    def put(self, states: Mapping[str, bytes]) -> None:
        """Keep states of the same home as they are."""
        for name, sealed in states.items():
            self._keep(name, sealed)

    def _kept(self, name: str) -> bytes | None:
        """The sealed state, where there is one."""
        return self.path(name).read_bytes() if self.path(name).is_file() else None

    def _keep(self, name: str, sealed: bytes) -> None:
        write_atomically(self.path(name), sealed, private=True)
        self._plain(name).unlink(missing_ok=True)

    def _open(self, name: str, content: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

        magic, rest = content[: len(_MAGIC)], content[len(_MAGIC) :]
        if magic != _MAGIC:
            raise ValueError
        try:
            return AESGCMSIV(self._key).decrypt(rest[:_NONCE], rest[_NONCE:], _bound(name))
        except InvalidTag:
            raise ValueError from None

    def _plain(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _bound(name: str) -> bytes:
    """What a sealed state is bound to, so that one does not open in place of another."""
    return _MAGIC + name.encode()


def _state(saved: dict[str, Any]) -> KeptState:
    return KeptState(int(saved["since"]), tuple(dict(one) for one in saved["marks"]), dict(saved.get("told", {})))
