"""From a subject's own id to a pseudonym that only the holder of the key can make again."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError, UsageError

__all__ = ["Register", "pseudonymise"]

_KEY_BYTES = 32
_DIGEST_BYTES = 16
_PERSON = b"evenhand-subject"


def pseudonymise(ids: Sequence[str], key: bytes) -> NDArray[np.bytes_]:
    """Pseudonym of each id: keyed BLAKE2b (RFC 7693) of its text, 32 hex digits.

    The same id and key always give the same pseudonym; without the key, nobody can try out ids (GDPR 4(5)).

    Args:
        ids: text of each id, exactly as the organisation writes it.
        key: 32 secret bytes, one key per home folder.

    Returns:
        bytes ``S32`` [n].

    Raises:
        UsageError: the key is not 32 bytes.
        DataError: an id is empty.

    Example:
        >>> pseudonymise(["klant-1"], bytes(32)).tolist()
        [b'be77ad344d6ed2eeff15697da6c2c215']
    """
    if len(key) != _KEY_BYTES:
        raise UsageError(
            "pseudonym-key",
            f"The key for pseudonyms has {len(key)} bytes.",
            rule="pseudonyms are made with a secret key of 32 bytes (GDPR 4(5))",
            remedy="use the key of the home folder",
        )
    empty = sum(1 for id_ in ids if not id_)
    if empty:
        raise DataError(
            "data-empty-ids",
            f"{empty} of {len(ids)} subject ids are empty.",
            rule="every row belongs to one subject",
            remedy="give each subject an id, or remove these rows",
        )
    keyed = blake2b(key=key, digest_size=_DIGEST_BYTES, person=_PERSON)
    digests = []
    for id_ in ids:
        one = keyed.copy()
        one.update(id_.encode())
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests).hex().encode(), dtype=f"S{2 * _DIGEST_BYTES}")


class Register:
    """The people of a batch by their own ids: in which row each stands, and their pseudonyms, worked out once.

    Args:
        ids: text of each id, all different.
        key: 32 secret bytes.

    Raises:
        UsageError, DataError: as `pseudonymise`.

    Example:
        >>> people = Register(["klant-1", "klant-2"], bytes(32))
        >>> people.rows_of(["klant-2", "klant-9"]).tolist()
        [1, -1]
    """

    def __init__(self, ids: Sequence[str], key: bytes) -> None:
        self._key = key
        self._row = dict(zip(ids, range(len(ids)), strict=True))
        self.pseudonyms = pseudonymise(ids, key)

    def rows_of(self, ids: Sequence[str]) -> NDArray[np.intp]:
        """Row of each person, -1 for somebody who is not in the batch; intp [k]."""
        return np.array(list(map(self._row.get, ids, repeat(-1))), dtype=np.intp)

    def pseudonyms_of(self, ids: Sequence[str], rows: NDArray[np.intp] | None = None) -> NDArray[np.bytes_]:
        """Pseudonym of each person, in the batch or not; bytes ``S32`` [k].

        Args:
            ids: of the people.
            rows: what `rows_of` says of them, where that was asked already.
        """
        rows = self.rows_of(ids) if rows is None else rows
        known = rows >= 0
        if known.all():
            return self.pseudonyms[rows]
        out = np.empty(len(ids), dtype=self.pseudonyms.dtype)
        out[known] = self.pseudonyms[rows[known]]
        out[~known] = pseudonymise([ids[i] for i in np.flatnonzero(~known).tolist()], self._key)
        return out
