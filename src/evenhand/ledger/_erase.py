"""Erasure: the key of a person is destroyed, what was kept under it removed, and the ledger says when (RULES G-17)."""

from __future__ import annotations

from datetime import datetime

from evenhand.terms import UsageError

from ._body import SubjectErased, encode
from ._inspect_people import about_erased
from ._recover import recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore
from ._writer import Writer

__all__ = ["erase_subject"]


def erase_subject(
    store: LedgerStore, pseudonym: bytes, *, at: datetime, keys: RunKeys | None = None, is_claimed: bool = False
) -> bytes | None:
    """Destroy the key of a person. The chain stays whole, and what it says of them can neither be read nor guessed.

    The key is destroyed after the entry is durable: where the process ends in between, `verify` finds a key that should
    be gone, and asking again destroys it.

    Args:
        store: the ledger, opened with the keys of people.
        pseudonym: of the person (16 bytes).
        at: now.
        keys: where the keys of runs are; see `recover`.
        is_claimed: the caller is the only writer already, and goes on being it.

    Returns:
        The handle under which the ledger had filed them; None where it holds nothing about them under a key.

    Raises:
        StoreError: somebody else is writing, or the key cannot be destroyed.
        LedgerError: the ledger was altered.
    """
    people = store.people
    if people is None:
        raise UsageError(
            "erase-without-keys",
            "The ledger was opened without the keys of people.",
            rule="G-17: erasing is destroying the person's key",
            remedy="Open it with the keys of its home.",
        )
    if not is_claimed:
        store.claim()
    try:
        key = people.of_person(pseudonym)  # of whoever was decided about while this waited too
        if key is None:
            return None
        _, tail = recover(store, at, keys)
        about = about_erased(key.handle)
        store.begin()
        try:
            writer = Writer(store, tail)
            if not store.about(about):
                writer.add(Kind.SUBJECT_ERASED, [about], [encode(SubjectErased(at.isoformat(), key.handle.hex()))])
            store.drop_payloads(key.handle)
            writer.commit()
        except BaseException:
            store.rollback()
            raise
        people.forget(pseudonym)
    finally:
        if not is_claimed:
            store.release()
    return key.handle
