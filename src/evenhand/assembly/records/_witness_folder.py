"""A witness in a folder: its key, the ledgers that it watches, and what it saw of each last."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path

from evenhand.adapters.stores.file_lock import alone_in_making
from evenhand.adapters.stores.home import json_bytes, write_atomically
from evenhand.ledger import AddCheckpoint, Cosigner, Seen, Verifier, read_checkpoint
from evenhand.terms import DataError, StoreError, UsageError

__all__ = ["make_witness", "witness_cosigns", "witness_key", "witness_watches"]

_KEY, _NAME = "witness.key", "witness.json"


def make_witness(folder: str | Path, name: str) -> str:
    """Make a witness with a key of its own; its public key, to be published.

    Raises:
        UsageError: there is one already.
        DataError: it cannot have this name.
        StoreError: it cannot be written.
    """
    place, seed = Path(folder), secrets.token_bytes(32)
    key = Cosigner(seed, name).key
    if (place / _KEY).exists() or (place / _NAME).exists():
        raise UsageError(
            "witness-there",
            f"{place} has a witness already.",
            rule="a witness has one key, and is never written over",
            remedy="name a new folder",
        )
    write_atomically(place / _KEY, seed, private=True, only_new=True)
    write_atomically(place / _NAME, json_bytes({"name": name}), only_new=True)
    return str(key)


def witness_key(folder: str | Path) -> str:
    """The public key of a witness. Raises StoreError where there is none in the folder."""
    return str(_cosigner(Path(folder)).key)


def witness_watches(folder: str | Path, ledger: str) -> str:
    """Let a witness watch a ledger, by the public key that its organisation publishes; the ledger's name.

    Raises:
        DataError: it is no key, or another key is known under the ledger's name.
        StoreError: there is no witness, or it cannot be written.
    """
    place, key = Path(folder), Verifier.read(ledger)
    _cosigner(place)
    path = _path(place, key.name)
    with alone_in_making(path):
        known = _known(path)
        if known is not None and known[0] != key:
            raise DataError(
                "witness-other-key",
                "Another key is known under the name of this ledger.",
                rule="a ledger is known by one key",
                remedy="find out from the organisation what happened; use another folder for another ledger",
            )
        if known is None:
            _keep(path, key, Seen(), "")
    return key.name


def witness_cosigns(folder: str | Path, request: str, *, at: datetime) -> str:
    """Cosign the checkpoint of a request, where it continues what this witness saw of the ledger; the signature line.

    What was seen is durable before the line is given out.

    Raises:
        DataError: the ledger is not watched, or the checkpoint is not to be cosigned; see `ledger.Seen`.
        StoreError: there is no witness, or it cannot be written.
    """
    place, asked = Path(folder), AddCheckpoint.read(request)
    cosigner = _cosigner(place)
    path = _path(place, read_checkpoint(asked.note).origin)
    with alone_in_making(path):
        known = _known(path)
        if known is None:
            raise DataError(
                "witness-ledger-unknown",
                "This witness does not watch that ledger. It was not cosigned.",
                rule="C2SP tlog-witness: 404",
                remedy="evenhand witness watch FOLDER KEY, with the key that the organisation publishes",
            )
        key, seen = known
        new = seen.after(asked, key)
        _keep(path, key, Seen(new.size, new.root), asked.note)
    return cosigner.sign(new, int(at.timestamp()))


def _cosigner(place: Path) -> Cosigner:
    try:
        return Cosigner((place / _KEY).read_bytes(), str(json.loads((place / _NAME).read_text("utf-8"))["name"]))
    except (OSError, ValueError, KeyError, TypeError, DataError):
        raise StoreError(
            "witness-none",
            f"{place} has no witness, or its files were damaged.",
            rule="a witness is a key and what it saw",
            remedy="make one: evenhand witness make FOLDER --name example.org/witness",
        ) from None


def _path(place: Path, origin: str) -> Path:
    return place / "ledgers" / f"{hashlib.sha256(origin.encode()).hexdigest()}.json"


def _known(path: Path) -> tuple[Verifier, Seen] | None:
    try:
        said = json.loads(path.read_text("utf-8"))
        return Verifier.read(said["key"]), Seen(int(said["size"]), b64decode(said["root"], validate=True))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, DataError):
        raise StoreError(
            "witness-damaged",
            f"What this witness saw last, in {path}, cannot be read.",
            rule="a witness that forgot what it saw must not cosign",
            remedy="restore the file from a copy; else start a witness with a new key",
        ) from None


def _keep(path: Path, key: Verifier, seen: Seen, note: str) -> None:
    said = {"key": str(key), "size": seen.size, "root": b64encode(seen.root).decode(), "note": note}
    write_atomically(path, json_bytes(said))
