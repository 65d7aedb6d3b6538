"""What the chain holds of a person's decision: a commitment. What was decided stands beside it, under the person's key.

A decision's entry says ``SHA-256(salt + body)`` and a handle. The body itself is kept beside the chain, encrypted with
AES-256-GCM (NIST SP 800-38D) under a key that the person alone has, and the salt is derived from that key. So the chain
verifies for ever, a receipt opens one decision with nothing but SHA-256, and destroying the key is erasure (GDPR 17,
RULES G-17): in the ledger, and in every copy of it, nothing can be read or guessed any more, nor the handle led back to
the person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from ._body import Decision, RunExpired, SealedDecision, read_body
from ._store import Disclosing, Kind, LedgerStore, Row

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = [
    "HANDLE",
    "HANDLE_AND_KEY",
    "Opening",
    "SubjectKey",
    "SubjectKeys",
    "about_expired",
    "closed_decisions",
    "is_closed",
    "opened",
    "opening_of",
    "salt_of",
    "unsealed",
]

_NONCE = 12
HANDLE = 16
"""Bytes of a handle."""
HANDLE_AND_KEY = 48
"""Bytes of a person's handle and key together, as `SubjectKeys.make` gives them."""
_SEALED = b'{"@":"sealed-decision",'
_ENTRY = _SEALED + b'"d":"%b","h":"%b"}'
"""A `SealedDecision` as `encode` writes it, for digest and handle in hex."""
_read_sealed = msgspec.json.Decoder(SealedDecision).decode


class SubjectKey(NamedTuple):
    """The key of one person.

    Attributes:
        pseudonym: 16 bytes.
        handle: 16 bytes under which the ledger files their decisions; nothing leads from it to the person.
        key: 32 random bytes.
    """

    pseudonym: bytes
    handle: bytes
    key: bytes


class SubjectKeys(Protocol):
    """Where the keys of people are kept: outside the ledger. `adapters.keys.subject_keys.SubjectKeyFile` is one.

    All methods raise `StoreError` where the place cannot be reached.
    """

    def make(self, pseudonyms: Sequence[bytes]) -> bytes:
        """Handle (16 bytes) and key (32) of each person, end to end in their order; drawn, and durable before this
        returns, where there was none."""
        ...

    def draw(self, count: int) -> bytes:
        """So many random bytes, that nobody can foresee."""
        ...

    def of_handles(self, handles: Sequence[bytes]) -> Mapping[bytes, SubjectKey]:
        """The keys of these handles, by handle, without those that are not there (any more)."""
        ...

    def of_person(self, pseudonym: bytes) -> SubjectKey | None:
        """The key of a person; None if there is none (any more)."""
        ...

    def forget(self, pseudonym: bytes) -> bytes | None:
        """Destroy the key of a person, durably; the handle it had, None if there was none."""
        ...


class Opening(NamedTuple):
    """Decisions as far as they could be opened.

    Attributes:
        rows: with the body that was decided and the pseudonym; a row that could not be opened is None.
        closed: handle of each row that could not be opened because its key is not there.
        broken: numbers of the entries whose kept body is missing, or is not the one that the entry commits to.
        expired: numbers of the entries whose kept body was destroyed because its time was up, as the ledger says.
    """

    rows: list[Row | None]
    closed: list[bytes]
    broken: list[int]
    expired: list[int]


def salt_of(key: bytes, nonce: bytes) -> bytes:
    """The salt (16 bytes) of the commitment to a decision that is kept encrypted with this nonce."""
    return hashlib.blake2b(nonce, key=key, digest_size=16).digest()


def closed_decisions(
    draw: Callable[[int], bytes], keys: Sequence[bytes], bodies: Sequence[bytes]
) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """What the chain and the store keep of decisions. Nothing of it depends on where they will stand.

    Args:
        draw: gives so many random bytes.
        keys: handle and key (48 bytes) of the person of each.
        bodies: what was decided.

    Returns:
        For each: its handle; the body of its entry; and the encrypted body, to be kept beside the chain.
    """
    sha256, blake2b = hashlib.sha256, hashlib.blake2b
    cipher, _ = _cipher()
    handles, entries, kept = [], [], []
    nonces = draw(_NONCE * len(bodies))
    digits = b"".join([both[:HANDLE] for both in keys]).hex().encode()
    for at, (both, body) in enumerate(zip(keys, bodies, strict=True)):
        handle, key = both[:HANDLE], both[HANDLE:]
        nonce = nonces[at * _NONCE : (at + 1) * _NONCE]
        kept.append(nonce + cipher(key).encrypt(nonce, body, handle))
        salt = blake2b(nonce, key=key, digest_size=16).digest()  # `salt_of`
        digest = sha256(salt + body).hexdigest().encode()
        entries.append(_ENTRY % (digest, digits[2 * HANDLE * at : 2 * HANDLE * (at + 1)]))
        handles.append(handle)
    return handles, entries, kept


def is_closed(row: Row) -> bool:
    """Whether an entry holds a commitment to a decision, and not the decision."""
    return row[4].startswith(_SEALED)


def opened(store: LedgerStore, rows: Sequence[Row]) -> Opening:
    """Open decisions with the keys that the store was given. Those recorded in the clear come out as they are."""
    if not any(row[4].startswith(_SEALED) for row in rows):
        return Opening(list(rows), [], [], [])
    given = store.disclosed(rows[0][0], rows[-1][0]) if isinstance(store, Disclosing) else {}
    kept = store.payloads(rows[0][0], rows[-1][0])
    keys = store.people.of_handles([row[2] for row in rows]) if store.people else {}
    out: list[Row | None] = []
    closed, broken, expired = [], [], []
    over = _expired(store) if len(kept) < len(rows) else ()
    for row in rows:
        found: Row | None = row
        if row[4].startswith(_SEALED) and row[0] in given:
            found = _disclosed(row, *given[row[0]])
            if found is None:
                broken.append(row[0])
        elif row[4].startswith(_SEALED):
            key = keys.get(row[2])
            found = _opened(row, key, kept.get(row[0])) if key else None
            if row[0] not in kept and any(first <= row[0] <= last for first, last in over):
                expired.append(row[0])
            elif key is None:
                closed.append(row[2])
            elif found is None:
                broken.append(row[0])
        out.append(found)
    return Opening(out, closed, broken, expired)


def about_expired(run_id: str) -> bytes:
    """What the end of a run's time is filed under."""
    return b"expired run:" + run_id.encode()


def _expired(store: LedgerStore) -> tuple[tuple[int, int], ...]:
    """First and last entry of every run whose time was up."""
    bodies = (read_body(row[4], row[0]) for row in store.of_kind(Kind.RUN_EXPIRED))
    return tuple((body.first, body.last) for body in bodies if isinstance(body, RunExpired))


def is_sealed(body: bytes) -> bool:
    """Whether an entry holds a commitment to a decision, and not the decision."""
    return body.startswith(_SEALED)


def opening_of(store: LedgerStore, row: Row) -> tuple[bytes, bytes] | None:
    """Salt and body that an entry commits to; None where it holds what it says itself, or cannot be opened."""
    if not row[4].startswith(_SEALED) or store.people is None:
        return None
    key = store.people.of_handles([row[2]]).get(row[2])
    return None if key is None else unsealed(row, key.key, store.payloads(row[0], row[0]).get(row[0]))


def unsealed(row: Row, key: bytes, kept: bytes | None) -> tuple[bytes, bytes] | None:
    """Salt and body that an entry commits to; None where what is kept is not there, or is not what it commits to.

    Args:
        row: the entry.
        key: of its person.
        kept: the encrypted body.
    """
    cipher, altered = _cipher()
    seq, _, handle, _, entry = row
    nonce, closed = (kept or b"")[:_NONCE], (kept or b"")[_NONCE:]
    try:
        said = _read_sealed(entry)
        body = cipher(key).decrypt(nonce, closed, handle)
    except (altered, ValueError, msgspec.MsgspecError):
        return None
    if said.h != handle.hex():
        return None
    for salted_by in (nonce, seq.to_bytes(8, "big")):  # the number of its entry: as it was until 27 November 2026
        salt = salt_of(key, salted_by)
        if hashlib.sha256(salt + body).hexdigest() == said.d:
            return salt, body
    return None


@cache
def _cipher() -> tuple[type[AESGCM], type[Exception]]:
    """The cipher, and what it raises where something was altered; imported when first needed, and looked up once: the
    statement takes as long as to decrypt."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM, InvalidTag


def _disclosed(row: Row, salt: bytes, body: bytes) -> Row | None:
    """The row with a body that was given with it; None where it is not the one that the entry commits to."""
    try:
        said, subject = _read_sealed(row[4]), bytes.fromhex(msgspec.json.decode(body, type=Decision).s)
    except (ValueError, msgspec.MsgspecError):
        return None
    if said.h != row[2].hex() or hashlib.sha256(salt + body).hexdigest() != said.d:
        return None
    return (row[0], int(Kind.DECISION), subject, row[3], body)


def _opened(row: Row, key: SubjectKey, kept: bytes | None) -> Row | None:
    """The row with the body that was decided; None where that is not there or not the one it commits to."""
    found = unsealed(row, key.key, kept)
    return None if found is None else (row[0], int(Kind.DECISION), key.pseudonym, row[3], found[1])
