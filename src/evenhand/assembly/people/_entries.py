"""Entries of the trail, as they are made; and what a person said as one and back, with what is private in it encrypted
under their key.

A consent string of a browser (TCF, GPP) says much of a person, and few send the same; without their key it cannot be
read, in no copy of the database. What many say alike stays open, so that a million of them are read quickly.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime

from evenhand.adapters.keys.personal_seal import seal, unseal
from evenhand.ledger import SubjectKey
from evenhand.rights import Entry, Said, Stream
from evenhand.terms import microseconds_of

__all__ = ["entry", "said_entry", "said_in", "whole_body"]


def entry(
    stream: Stream,
    body: bytes,
    *,
    at: datetime,
    recorded: datetime,
    handle: bytes | None,
    about: str = "",
    sealed: bytes = b"",
) -> Entry:
    """An entry to append."""
    return Entry(
        0, stream, about, handle, microseconds_of(at), microseconds_of(recorded), body, sealed, secrets.token_bytes(16)
    )


def said_entry(said: Said, key: SubjectKey, *, recorded: datetime) -> Entry:
    """An entry to append.

    Args:
        said: what was said.
        key: of the person.
        recorded: now.
    """
    private = said.private
    sealed = seal(private, key.key, "") if private else b""
    return entry(Stream.CONSENT, said.to_body(), at=said.at, recorded=recorded, handle=key.handle, sealed=sealed)


def said_in(one: Entry, key: SubjectKey) -> Said:
    """What an entry of a person says.

    Raises:
        LedgerError: it was sealed under another key, or altered.
    """
    return Said.from_body(whole_body(one.body, one.sealed, key), one.at)


def whole_body(body: bytes, sealed: bytes, key: SubjectKey) -> bytes:
    """The body of an entry with what is private in it. Entries of before 28 November 2026 have all of it in the open.

    Raises:
        LedgerError: it was sealed under another key, or altered.
    """
    if not sealed:
        return body
    private = json.dumps(unseal(sealed, key.key, ""), ensure_ascii=False, separators=(",", ":")).encode()
    return body[:-1] + b"," + private[1:]
