"""The signed record of a balancing test: who weighed the interest against the person, when, and until when it holds.

A record names the file with the weighing itself by its SHA-256, so that neither can change alone. With a key of the
signer it can carry an Ed25519 signature over everything that it says; without one it is a named person's word. The key
stands in the record itself, so the signature shows who signed only where the campaign lists the keys that may.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evenhand.policy import Balancing
from evenhand.terms import DataError, StoreError, UsageError

from ._yaml_document import MAX_BYTES, read_document

__all__ = ["balancing_state", "new_record", "signing_key", "write_record"]

_SAID = ("evenhand_balancing", "id", "text", "sha256", "signed_by", "signed_on", "expires", "key")


def balancing_state(declared: Balancing | None, folder: Path, at: datetime) -> str:
    """What there is of a balancing test at a moment: none, declared, signed, unsigned, altered or expired.

    Args:
        declared: what the campaign says; without a file its word is all there is.
        folder: folder that files are relative to.
        at: the moment of the decision.
    """
    if declared is None:
        return "none"
    if declared.file is None:
        return "declared"
    record = _read(folder / declared.file)
    if record is None or record.get("id") != declared.record or not str(record.get("signed_by") or "").strip():
        return "unsigned"
    signed_on, expires = _day(record.get("signed_on")), _day(record.get("expires"))
    if signed_on is None or expires is None or signed_on > at.date():
        return "unsigned"
    try:
        weighed = hashlib.sha256((folder / declared.file).parent.joinpath(str(record.get("text"))).read_bytes())
    except (OSError, ValueError):
        return "altered"
    if weighed.hexdigest() != record.get("sha256") or not _signature_holds(record):
        return "altered"
    if declared.signers and not _is_by(record, declared.signers):
        return "unsigned"
    until = min(expires, _day(declared.expires) or expires)
    return "expired" if at.date() > until else "signed"


def new_record(
    *, id: str, text: Path, signed_by: str, signed_on: date, expires: date, key: Ed25519PrivateKey | None = None
) -> dict[str, Any]:
    """A record of a balancing test that somebody signs, as plain values.

    Args:
        id: as the campaign names it.
        text: file with the weighing itself; the record stands beside it.
        signed_by: name and role of whoever signs.
        signed_on: the day on which they sign.
        expires: the last day on which it holds.
        key: the signer's key; None = a named person's word.

    Raises:
        DataError: the text cannot be read, or it expires before it is signed.
    """
    if expires < signed_on or not signed_by.strip():
        raise DataError(
            "balancing-not-signed",
            "The record has no signer, or expires before it is signed.",
            rule="G-6f: a named person signs, and it is done again in time",
            remedy="name the person, and a day on which it must be done again",
        )
    try:
        content = text.read_bytes()
    except OSError as error:
        raise DataError(
            "balancing-no-text",
            f"The text of the balancing test cannot be read ({error.strerror or type(error).__name__}).",
            rule="G-6f: interest, necessity and balance are written down",
            remedy="write it first, then have it signed",
        ) from None
    record: dict[str, Any] = {
        "evenhand_balancing": 1,
        "id": id,
        "text": text.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "signed_by": signed_by.strip(),
        "signed_on": signed_on.isoformat(),
        "expires": expires.isoformat(),
    }
    if key is not None:
        record["key"] = key.public_key().public_bytes_raw().hex()
        record["signature"] = key.sign(_signed_bytes(record)).hex()
    return record


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The signer's key out of a PEM file.

    Raises:
        UsageError: it is no Ed25519 key, or has a password.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            "balancing-key",
            "The key cannot be read as an Ed25519 key without a password.",
            rule="a record is signed with the signer's own Ed25519 key",
            remedy="make one: openssl genpkey -algorithm ed25519 -out me.pem",
        )
    return key


def write_record(record: dict[str, Any], path: Path) -> None:
    """Write a record as YAML, each value quoted.

    Raises:
        StoreError: the file cannot be written, or is there.
    """
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in record.items()]
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise StoreError(
            "balancing-not-written",
            f"The record cannot be written ({error.strerror or type(error).__name__}).",
            rule="G-6f: a signed balancing test stands in a file",
            remedy="check the folder and its permissions",
        ) from None


def _signed_bytes(record: dict[str, Any]) -> bytes:
    said = {name: str(record[name]) for name in _SAID if name in record}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _signature_holds(record: dict[str, Any]) -> bool:
    """Whether a signature is right where the record has a key or one; a record without either is a person's word."""
    if "key" not in record and "signature" not in record:
        return True
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(record["key"])))
        key.verify(bytes.fromhex(str(record["signature"])), _signed_bytes(record))
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


def _is_by(record: dict[str, Any], signers: Sequence[str]) -> bool:
    """Whether a record, whose signature holds, has one, and it is by one of these keys."""
    try:
        key = bytes.fromhex(str(record["key"]))
    except (KeyError, ValueError):
        return False
    return not {key.hex(), hashlib.sha256(key).hexdigest()}.isdisjoint(signers)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            document = read_document(file.read(MAX_BYTES + 1))
    except OSError:
        return None
    data = document.data
    if not isinstance(data, dict) or document.problems or not set(data) <= {*_SAID, "signature"}:
        return None
    return data if data.get("evenhand_balancing") == 1 else None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
