"""What people kept elsewhere: receipts, and signed checkpoints of a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evenhand.ledger import read_checkpoint
from evenhand.receipts import read_receipt
from evenhand.terms import DataError, StoreError, UsageError

__all__ = ["kept_checkpoints", "text_of_file"]


def kept_checkpoints(files: Sequence[str | Path]) -> tuple[str, ...]:
    """The checkpoints in files that were kept elsewhere: signed notes, or receipts, of which each holds one.

    Raises:
        UsageError: a file holds neither.
        StoreError: a file cannot be read.
    """
    found = []
    for name in files:
        text = text_of_file(name)
        try:
            note = str(read_receipt(text)["checkpoint"])
        except (ValueError, KeyError):
            note = text
        try:
            read_checkpoint(note)
        except DataError:
            raise UsageError(
                "checkpoint-unreadable",
                f"{Path(name).name} holds no signed checkpoint and no receipt, or not the whole of it.",
                rule="what was kept elsewhere is a checkpoint (evenhand ledger checkpoint) or a receipt",
                remedy="name the file as it was kept, unchanged",
            ) from None
        found.append(note)
    return tuple(found)


def text_of_file(path: str | Path) -> str:
    """Text of a file, "" where it is none. Raises StoreError where it cannot be read."""
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise StoreError(
            "file-unreadable",
            f"The file {path} cannot be read ({type(error).__name__}).",
            rule="a file that is named must be there, and readable",
            remedy="check its name and its permissions",
        ) from None
