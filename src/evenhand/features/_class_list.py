"""Who a model was fitted on, as bits: for each person a list says "surely not" or "maybe", and nothing else.

A Bloom filter (Bloom 1970) over pseudonyms, which are hashes already. It is about one byte and a quarter for each
person, names nobody, and errs to one side only: about one in a hundred of the others is a "maybe" too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_list", "may_be_in"]

_BITS_EACH, _PROBES, _LEAST = 10, 5, 64


def class_list(pseudonyms: NDArray[np.bytes_]) -> bytes:
    """The list of these people.

    Args:
        pseudonyms: bytes ``S32`` [n], 32 hex digits each; people may recur.

    Returns:
        its bits, packed; for the same people the same.

    Example:
        >>> import numpy as np
        >>> kept = class_list(np.array([b"0123456789abcdef0123456789abcdef"]))
        >>> may_be_in(kept, bytes.fromhex("0123456789abcdef0123456789abcdef")), may_be_in(kept, bytes(16))
        (True, False)
    """
    halves = np.frombuffer(bytes.fromhex(pseudonyms.tobytes().decode()), dtype=">u8").reshape(-1, 2).astype(np.uint64)
    people = len(np.unique(halves[:, 0]))
    bits = np.zeros(max(_LEAST, -(-_BITS_EACH * people // 8) * 8), dtype=bool)
    for places in _places(halves, len(bits)):
        bits[places] = True
    return np.packbits(bits).tobytes()


def may_be_in(kept: bytes, pseudonym: bytes) -> bool:
    """Whether a person (pseudonym, 16 bytes) may be among those of a list. False is sure; True is so for about one in
    a hundred who are not, and for everybody who is."""
    halves = np.frombuffer(pseudonym, dtype=">u8").reshape(1, 2).astype(np.uint64)
    places = [int(place[0]) for place in _places(halves, 8 * len(kept))]
    return all(kept[place // 8] & (0x80 >> place % 8) for place in places)


def _places(halves: NDArray[np.uint64], size: int) -> list[NDArray[np.uint64]]:
    """Which bits are each person's (Kirsch and Mitzenmacher 2008: two hashes are enough)."""
    first, step = halves[:, 0], halves[:, 1] | np.uint64(1)
    return [(first + np.uint64(probe) * step) % np.uint64(size) for probe in range(_PROBES)]
