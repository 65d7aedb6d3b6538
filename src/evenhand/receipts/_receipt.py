"""A receipt from what the ledger holds."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files

from evenhand.ledger import Proven, Verifier

from ._check import FORMAT

__all__ = ["checker", "receipt_of"]

_INSIDE = {
    "_check_texts": '__all__ = ["DUTCH", "LABELS", "TEXTS"]\n',
    "_ed25519": '__all__ = ["is_signed"]\n',
}
"""Modules that stand inside the program, with what comes before their content."""


def receipt_of(
    entries: Mapping[str, Proven],
    checkpoint: str,
    ledger: Verifier,
    words: Mapping[str, Sequence[str]],
    witnesses: Sequence[str] = (),
    words_signed: bytes = b"",
) -> dict[str, object]:
    """The receipt of one decision, as plain JSON values.

    Args:
        entries: from `ledger.proven_decision`.
        checkpoint: the signed note that they are proven under.
        ledger: the ledger's public key.
        words: the explanation that the person was given, by language: the headline first.
        witnesses: public keys of those who cosigned the checkpoint.
        words_signed: the ledger's signature over `words_content`; empty = nothing proves the words.
    """
    seen: dict[str, object] = {"witnesses": list(witnesses)} if witnesses else {}
    return seen | {
        "receipt": FORMAT,
        "ledger": str(ledger),
        "checkpoint": checkpoint,
        "entries": [_entry(role, entry) for role, entry in entries.items()],
        "words": {lang: list(lines) for lang, lines in words.items()},
        **({"words_signed": b64encode(words_signed).decode()} if words_signed else {}),
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
    check, *others = ((files(__package__) / f"{name}.py").read_text("utf-8") for name in ("_check", *_INSIDE))
    for (name, begins), other in zip(_INSIDE.items(), others, strict=True):
        line = next(one for one in check.splitlines(keepends=True) if one.startswith(f"from .{name} import "))
        check = check.replace(line, other.partition(begins)[2].lstrip(), 1)
    return check
