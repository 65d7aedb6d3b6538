"""Keys for machines that call a service: each with a name and what it may do; only digests are kept.

A key is 32 random bytes, so a plain SHA-256 of it can be kept and nobody can try keys out. It is shown once, when it is
made. The file is read again when it changed, so a revoked key is refused from the next request on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from evenhand.terms import StoreError, UsageError

from ..stores.home import json_bytes, write_atomically

__all__ = ["SCOPES", "MachineKey", "MachineKeys"]

SCOPES = ("decide", "events", "consents", "read", "campaigns", "officer", "review")
"""What a key may be for: ask for decisions; say what came of them; say what people said; read explanations, receipts
and what is held; upload, plan, start and pause campaigns; what a privacy officer does; what a reviewer does."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECRET_BYTES, _ID_BYTES = 32, 5
_NOBODY = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One key.

    Attributes:
        id: part of the key that is no secret.
        name: of the machine.
        scopes: what it may do.
        made: when, ISO 8601.
        revoked: when it was revoked, ISO 8601; "" where it was not.
        rate: people per second that it may ask about, 0 for no bound.
        digest: SHA-256 (hex) of its secret part.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    made: str
    revoked: str
    rate: int
    digest: str

    def told(self) -> dict[str, object]:
        """Plain values without the digest."""
        return {name: value for name, value in asdict(self).items() if name != "digest"}


class MachineKeys:
    """The keys of one home.

    Args:
        path: the file, readable by its owner only; made with the first key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str, MachineKey] = {}

    def all(self) -> tuple[MachineKey, ...]:
        """Every key, in the order made; revoked ones too."""
        self._read()
        return tuple(self._keys.values())

    def make(self, name: str, scopes: Iterable[str], *, at: datetime, rate: int = 0) -> str:
        """Make a key; what is returned is shown once and kept nowhere.

        Raises:
            UsageError: no such scope, or a name that is none or is taken.
            StoreError: the file cannot be written.
        """
        wanted = tuple(dict.fromkeys(scopes))
        unknown = [one for one in wanted if one not in SCOPES]
        if not wanted or unknown or not _NAME.fullmatch(name) or rate < 0:
            raise UsageError(
                "machine-key-asked",
                "A key needs a name of small letters, digits and dashes, and one or more scopes.",
                rule=f"scopes are {', '.join(SCOPES)}",
                remedy="evenhand machine-key make my-shop --scope decide",
            )
        self._read()
        if any(key.name == name and not key.revoked for key in self._keys.values()):
            raise UsageError(
                "machine-key-taken",
                f"There is a key named {name} already.",
                rule="one key in use for each name",
                remedy=f"rotate it (evenhand machine-key rotate {name}), or choose another name",
            )
        return self._added(name, wanted, at, rate)

    def rotate(self, name: str, *, at: datetime) -> str:
        """Make a new key in place of one, which is revoked.

        Raises:
            UsageError: no key in use has this name.
            StoreError: the file cannot be written.
        """
        before = self._in_use(name)
        self._keys[before.id] = _revoked(before, at)
        return self._added(name, before.scopes, at, before.rate)

    def revoke(self, name: str, *, at: datetime) -> None:
        """Let a key do nothing any more.

        Raises:
            UsageError: no key in use has this name.
            StoreError: the file cannot be written.
        """
        before = self._in_use(name)
        self._keys[before.id] = _revoked(before, at)
        self._write()

    def known(self, presented: str, *, look: bool = True) -> MachineKey | None:
        """The key in use that somebody presents; None where it is none. Secrets are compared in constant time.

        Args:
            presented: what they present.
            look: whether to look if the file changed; whoever asks many times at the same moment does so once.
        """
        if look:
            self._read()
        parts = presented.split("_", 2)
        key = self._keys.get(parts[1]) if len(parts) == 3 and parts[0] == "eh" else None
        secret = hashlib.sha256(parts[-1].encode()).digest()
        kept = bytes.fromhex(key.digest) if key is not None else _NOBODY
        is_same = hmac.compare_digest(secret, kept)
        return key if key is not None and is_same and not key.revoked else None

    def _in_use(self, name: str) -> MachineKey:
        self._read()
        for key in self._keys.values():
            if key.name == name and not key.revoked:
                return key
        raise UsageError(
            "machine-key-unknown",
            f"There is no key in use named {name[:40]}.",
            rule="a key is named as it was made",
            remedy="evenhand machine-key list",
        )

    def _added(self, name: str, scopes: tuple[str, ...], at: datetime, rate: int) -> str:
        id_ = secrets.token_hex(_ID_BYTES)
        secret = base64.urlsafe_b64encode(secrets.token_bytes(_SECRET_BYTES)).rstrip(b"=").decode()
        digest = hashlib.sha256(secret.encode()).hexdigest()
        self._keys[id_] = MachineKey(id_, name, scopes, _moment(at), "", rate, digest)
        self._write()
        return f"eh_{id_}_{secret}"

    def _write(self) -> None:
        content = {"schema_version": 1, "keys": [asdict(key) for key in self._keys.values()]}
        write_atomically(self._path, json_bytes(content), private=True)

    def _read(self) -> None:
        """Read the file again if it changed."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            self._stamp, self._keys = None, {}
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self._stamp:
            return
        try:
            content = json.loads(self._path.read_bytes())
            keys = [MachineKey(**{**one, "scopes": tuple(one["scopes"])}) for one in content["keys"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise StoreError(
                "machine-keys-unreadable",
                f"The keys of machines in {self._path} cannot be read.",
                rule="without its keys a service lets nobody in",
                remedy="restore the file from a copy, or move it away and make new keys",
            ) from None
        self._keys, self._stamp = {key.id: key for key in keys}, stamp


def _revoked(key: MachineKey, at: datetime) -> MachineKey:
    return MachineKey(key.id, key.name, key.scopes, key.made, _moment(at), key.rate, key.digest)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
