"""From a subject's own id to a pseudonym that only the holder of the key can make again."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError, UsageError

__all__ = ["pseudonymise"]

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
        digests.append(one.hexdigest())
    return np.array(digests, dtype=f"S{2 * _DIGEST_BYTES}")
