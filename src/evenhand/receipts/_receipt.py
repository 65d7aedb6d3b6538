"""A receipt from what the ledger holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from evenhand.ledger import Proven, Verifier

from ._check import FORMAT

__all__ = ["checker", "receipt_of"]

_CURVE = '__all__ = ["is_signed"]\n'
"""What of the module of signatures comes before its content."""


def receipt_of(
    entries: Mapping[str, Proven],
    checkpoint: str,
    ledger: Verifier,
    words: Mapping[str, Sequence[str]],
    witnesses: Sequence[str] = (),
) -> dict[str, object]:
    """The receipt of one decision, as plain JSON values.

    Args:
        entries: from `ledger.proven_decision`.
        checkpoint: the signed note that they are proven under.
        ledger: the ledger's public key.
        words: the explanation that the person was given, by language: the headline first.
        witnesses: public keys of those who cosigned the checkpoint.
    """
    seen: dict[str, object] = {"witnesses": list(witnesses)} if witnesses else {}
    return seen | {
        "receipt": FORMAT,
        "ledger": str(ledger),
        "checkpoint": checkpoint,
        "entries": [_entry(role, entry) for role, entry in entries.items()],
        "words": {lang: list(lines) for lang, lines in words.items()},
    }


def _entry(role: str, entry: Proven) -> dict[str, object]:
    """One entry; `salt` and `opened` where it commits to what it does not say."""
    found: dict[str, object] = {
        "role": role,
        "number": entry.number,
        "after": entry.after.hex(),
        "body": entry.body.decode(),
        "path": [step.hex() for step in entry.path],
    }
    if entry.opening:
        salt, body = entry.opening
        found |= {"salt": salt.hex(), "opened": body.decode()}
    return found


def checker() -> str:
    """The source of the program that checks receipts and needs nothing but Python."""
    check, curve = ((files(__package__) / name).read_text("utf-8") for name in ("_check.py", "_ed25519.py"))
    inside = curve.partition(_CURVE)[2].lstrip()
    return check.replace("from ._ed25519 import is_signed\n", inside, 1)
