"""The seal: what would tell a person's group is kept as cipher text, under a key that stands outside the ledger.

Under an *aware* limit a place costs one group more than another, so a price less the public price of its offer names
the group. So do the margin, whether somebody was moved, and the one change that would have flipped the decision. These
stand in the ledger sealed: AES-256-GCM-SIV (RFC 8452), one fresh key per run, the decision's number as nonce, run and
pseudonym bound to it. Whoever has the key reads them to the last unit; without it they are noise, and destroying the
key is the deletion that RULES A-4a asks for.
"""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from evenhand.promises import RecordColumns
from evenhand.terms import Standing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

__all__ = ["RunKeys", "Seal", "SealError", "mark_of", "sealed_rows", "withheld"]

_KEY_BYTES = 32
_LAYOUT = np.dtype(
    [
        ("price", ">i8"),
        ("runner_up_price", ">i8"),
        ("margin", ">i8"),
        ("flip_term", ">i2"),
        ("flip_code", "u1"),
        ("moved", "u1"),
        ("spare", "u1"),
    ]
)
"""29 bytes for everybody: with the tag of 16 they are 60 characters of base64, and no length tells anything."""
_FIELDS = ("price", "runner_up_price", "margin", "flip_term", "flip_code", "moved")
_TEXT = 60
_OF_A_DECISION, _OF_A_BATCH = b"\x00", b"\x01"


class SealError(ValueError):
    """A sealed part is missing, stands where none may, or does not open; the message says which, without a value."""


class RunKeys(Protocol):
    """Where the keys of runs are kept: outside the ledger. `adapters.keys.run_keys.RunKeyFolder` is one.

    All methods raise `StoreError` where the place cannot be reached.
    """

    def make(self, run_id: str) -> bytes:
        """Draw 32 random bytes for a run and keep them durably before returning. Never replaces a key."""
        ...

    def keep(self, run_id: str, key: bytes) -> None:
        """Keep a key that was drawn already (32 bytes), durably before returning. Never replaces a key."""
        ...

    def get(self, run_id: str) -> bytes | None:
        """The key of a run; None if there is none (any more)."""
        ...

    def forget(self, run_id: str) -> bool:
        """Destroy the key of a run, durably; whether there was one."""
        ...


class Seal:
    """The seal of one run, open with its key or closed without.

    Args:
        run_id: the run.
        key: 32 bytes; None = closed: what is sealed can be seen to be there, and no more.
    """

    def __init__(self, run_id: str, key: bytes | None) -> None:
        self._bound = run_id.encode()
        self._cipher: AESGCMSIV | None = None
        if key is not None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

            self._cipher = AESGCMSIV(key)

    @classmethod
    def opened(cls, run_id: str, mark: str, keys: RunKeys | None) -> tuple[Seal | None, bool]:
        """The seal of a recorded run, and whether a key is kept for it that is another's.

        Args:
            run_id: the run.
            mark: as its start says; "" for a run that has nothing sealed, which gets None.
            keys: where its key may be.
        """
        if not mark:
            return None, False
        key = None if keys is None else keys.get(run_id)
        fits = key is not None and mark_of(key) == mark
        return cls(run_id, key if fits else None), key is not None and not fits

    @property
    def is_open(self) -> bool:
        """Whether it has its key."""
        return self._cipher is not None

    def close(self, columns: RecordColumns) -> list[str]:
        """Seal what `withheld` takes away: one text per decision, "" where nothing is sealed.

        Raises:
            SealError: the seal has no key.
        """
        cipher = self._with_key()
        rows = np.flatnonzero(sealed_rows(columns))
        plain = np.zeros(len(rows), dtype=_LAYOUT)
        for field in _FIELDS:
            plain[field] = getattr(columns, field)[rows]
        text, step, encrypt = plain.tobytes(), _LAYOUT.itemsize, cipher.encrypt
        parts = [
            encrypt(nonce, text[at : at + step], bound)
            for at, (nonce, bound) in zip(range(0, len(text), step), self._of(columns, rows), strict=True)
        ]
        closed = b64encode(b"".join(parts)).decode()
        out = [""] * len(columns)
        for place, row in enumerate(rows.tolist()):
            out[row] = closed[place * _TEXT : (place + 1) * _TEXT]
        return out

    def open(self, columns: RecordColumns, texts: Sequence[str]) -> RecordColumns:
        """The columns with their sealed parts opened; as they are, with `sealed` set, where the seal has no key.

        Args:
            columns: as read, the sealed parts at their defaults.
            texts: the sealed part of each decision.

        Raises:
            SealError: a part is missing, is in the clear, or does not open.
        """
        rows = np.flatnonzero(sealed_rows(columns))
        mine = [texts[row] for row in rows.tolist()]
        if any(len(text) != _TEXT for text in mine) or sum(map(bool, texts)) != len(mine):
            raise SealError("has no sealed part, or one where none may be")
        if (
            any(getattr(columns, field)[rows].any() for field in _FIELDS if field != "flip_term")
            or (columns.flip_term[rows] != -1).any()
        ):
            raise SealError("says in the clear what must be sealed")
        if self._cipher is None:
            return dataclasses.replace(columns, sealed=sealed_rows(columns))
        if not mine:
            return columns
        plain = np.frombuffer(self._plain(columns, rows, mine), dtype=_LAYOUT)
        opened = {}
        for field in _FIELDS:
            column = getattr(columns, field).copy()
            column[rows] = plain[field]
            opened[field] = column
        return dataclasses.replace(columns, **opened)

    def close_text(self, batch: int, text: str) -> str:
        """Seal a text of a batch (from 1), such as its table of prices; base64.

        Raises:
            SealError: the seal has no key.
        """
        sealed = self._with_key().encrypt(_nonce(_OF_A_BATCH, batch), text.encode(), self._bound)
        return b64encode(sealed).decode()

    def open_text(self, batch: int, sealed: str) -> str:
        """The text of a batch back.

        Raises:
            SealError: the seal has no key, or the text does not open.
        """
        from cryptography.exceptions import InvalidTag

        try:
            part = b64decode(sealed, validate=True)
            return self._with_key().decrypt(_nonce(_OF_A_BATCH, batch), part, self._bound).decode()
        except (InvalidTag, ValueError):
            raise SealError("has a sealed part that does not open") from None

    def _with_key(self) -> AESGCMSIV:
        if self._cipher is None:
            raise SealError("is sealed with a key that is not here")
        return self._cipher

    def _of(self, columns: RecordColumns, rows: NDArray[np.intp]) -> list[tuple[bytes, bytes]]:
        """Nonce and bound text of these rows."""
        numbers, subjects, bound = columns.number[rows].tolist(), columns.subject[rows].tolist(), self._bound
        return [
            (_nonce(_OF_A_DECISION, number), bound + subject) for number, subject in zip(numbers, subjects, strict=True)
        ]

    def _plain(self, columns: RecordColumns, rows: NDArray[np.intp], texts: list[str]) -> bytes:
        from cryptography.exceptions import InvalidTag

        decrypt, step = self._with_key().decrypt, _LAYOUT.itemsize + 16
        try:
            parts = b64decode("".join(texts), validate=True)
            return b"".join(
                decrypt(nonce, parts[place * step : (place + 1) * step], bound)
                for place, (nonce, bound) in enumerate(self._of(columns, rows))
            )
        except (InvalidTag, ValueError, OverflowError):
            raise SealError("has a sealed part that does not open") from None


def mark_of(key: bytes) -> str:
    """What a run's start says of its key (SHA-256, hex): whether a key is this run's shows, and nothing of the key."""
    if len(key) != _KEY_BYTES:
        return ""
    return hashlib.sha256(b"evenhand run key\x00" + key).hexdigest()


def sealed_rows(columns: RecordColumns) -> NDArray[np.bool_]:
    """bool[n], decisions that have a sealed part in a run that has a seal: everybody who has a group at all."""
    return np.asarray(columns.standing == Standing.PERSONALISED)


def withheld(columns: RecordColumns) -> RecordColumns:
    """The columns without what is sealed: those fields at their defaults, and `sealed` set, where a seal would be."""
    rows = sealed_rows(columns)
    return dataclasses.replace(
        columns,
        price=np.where(rows, 0, columns.price),
        runner_up_price=np.where(rows, 0, columns.runner_up_price),
        margin=np.where(rows, 0, columns.margin),
        flip_term=np.where(rows, np.int16(-1), columns.flip_term),
        flip_code=np.where(rows, np.uint8(0), columns.flip_code),
        moved=columns.moved & ~rows,
        sealed=rows,
    )


def _nonce(of: bytes, number: int) -> bytes:
    """12 bytes that stand for one thing of a run only; OverflowError for a number that no run has."""
    return of + number.to_bytes(11, "big")
