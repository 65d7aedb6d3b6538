"""What is personal in a request, encrypted under the person's key: AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from evenhand.terms import LedgerError

__all__ = ["seal", "unseal"]

_NONCE = 12


def seal(content: Mapping[str, Any], key: bytes, about: str) -> bytes:
    """Encrypt plain values for one place; b"" where there are none.

    Args:
        content: plain JSON values.
        key: of the person (32 bytes).
        about: what it belongs to; it opens nowhere else.
    """
    if not content:
        return b""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def unseal(sealed: bytes, key: bytes, about: str) -> dict[str, Any]:
    """Back from `seal`.

    Raises:
        LedgerError: it was altered, or moved.
    """
    if not sealed:
        return {}
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        content: dict[str, Any] = json.loads(AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode()))
    except InvalidTag:
        raise LedgerError(
            "trail-sealed",
            "What is personal in an entry was altered, or stands where it does not belong.",
            rule="G-5-2",
            remedy="run: evenhand rights verify. Restore a copy that verifies",
        ) from None
    return content
