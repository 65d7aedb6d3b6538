"""The Merkle tree over the entries: one root for all of them, and short proofs that an entry stands under it.

Leaf number i (from 0) is the hash of entry i + 1, so the tree needs no body. Hashing and inclusion proofs are those of
RFC 9162 (2.1); roots of full tiles of 256 are kept (as in C2SP tlog-tiles), so a proof reads a few hundred
hashes however long the ledger is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "EMPTY_ROOT",
    "TILE",
    "GrowingTree",
    "Node",
    "SubtreeRoot",
    "inclusion_proof",
    "join",
    "leaf_hash",
    "range_root",
    "root_from_inclusion",
    "tile_root",
]

TILE = 256
"""Leaves of a tile; also tiles of a tile one level up."""

_HEIGHT = 8
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without a leaf."""

Node = tuple[int, int, bytes]
"""Root of a full tile: its level (1 = over 256 leaves, 2 = over 65,536, ...), its index on that level, its hash."""

SubtreeRoot = Callable[[int, int], bytes]
"""Gives the root of the full subtree over leaves ``index * 2 ** level`` to ``(index + 1) * 2 ** level - 1``."""


def leaf_hash(entry_hash: bytes) -> bytes:
    """Hash of a leaf.

    >>> leaf_hash(bytes(32)).hex()[:16]
    '7f9c9e31ac8256ca'
    """
    return hashlib.sha256(b"\x00" + entry_hash).digest()


def join(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees of one height."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _pairs(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of hashes."""
    sha256 = hashlib.sha256
    return [sha256(b"\x01" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=True)]


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Root over a power of two of hashes of one level."""
    while len(hashes) > 1:
        hashes = _pairs(hashes)
    return hashes[0]


class GrowingTree:
    """The right edge of a tree, to which leaves are added.

    Args:
        edges: of each level of tiles the hashes that are in no full tile yet: leaf hashes first, then roots of full
            tiles, and so on. Each has fewer than 256.
    """

    def __init__(self, edges: Iterable[Sequence[bytes]] = ()) -> None:
        self._edges = [list(edge) for edge in edges]
        self._known: list[dict[tuple[int, int], bytes]] = []
        self.size = sum(len(edge) * TILE**level for level, edge in enumerate(self._edges))
        """Leaves so far."""

    def add(self, entry_hashes: Iterable[bytes]) -> list[Node]:
        """Add leaves; the tiles that became full, lower levels first."""
        sha256 = hashlib.sha256
        leaves = [sha256(b"\x00" + hash_).digest() for hash_ in entry_hashes]
        first = self.size // TILE
        self.size += len(leaves)
        full: list[Node] = []
        level = 0
        while leaves:
            if level == len(self._edges):
                self._edges.append([])
            edge = self._edges[level] + leaves
            whole = len(edge) // TILE * TILE
            level += 1
            leaves = [tile_root(edge[start : start + TILE]) for start in range(0, whole, TILE)]
            full += [(level, first + i, root) for i, root in enumerate(leaves)]
            self._edges[level - 1] = edge[whole:]
            if whole and level <= len(self._known):
                self._known[level - 1] = {}
            first //= TILE
        return full

    def root(self) -> bytes:
        """Root over all leaves so far."""
        found: bytes | None = None
        while len(self._known) < len(self._edges):
            self._known.append({})
        for edge, known in zip(self._edges, self._known, strict=True):
            for peak in reversed(_peaks(edge, known)):
                found = peak if found is None else join(peak, found)
        return EMPTY_ROOT if found is None else found


def _peaks(hashes: Sequence[bytes], known: dict[tuple[int, int], bytes]) -> list[bytes]:
    """Roots of the full subtrees that hashes of one level make, the largest first. Those that were worked out before
    are `known` by their start and size, as long as the level only grows."""
    peaks = []
    start = 0
    for bit in range(len(hashes).bit_length() - 1, -1, -1):
        if len(hashes) >> bit & 1:
            place = (start, bit)
            if place not in known:
                known[place] = tile_root(hashes[start : start + (1 << bit)])
            peaks.append(known[place])
            start += 1 << bit
    return peaks


def range_root(first: int, last: int, subtree: SubtreeRoot) -> bytes:
    """Root over leaves `first` to `last` - 1, where `first` starts a subtree at least as large as the range."""
    count = last - first
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return subtree(level, first >> level)
    split = first + (1 << (count - 1).bit_length() - 1)
    return join(range_root(first, split, subtree), range_root(split, last, subtree))


def inclusion_proof(index: int, size: int, subtree: SubtreeRoot) -> list[bytes]:
    """Hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1), the lowest first.

    Args:
        index: of the leaf, from 0, below `size`.
        size: leaves of the tree.
        subtree: gives roots of full subtrees.
    """
    path = []
    first, last = 0, size
    while last - first > 1:
        split = first + (1 << (last - first - 1).bit_length() - 1)
        if index < split:
            path.append(range_root(split, last, subtree))
            last = split
        else:
            path.append(range_root(first, split, subtree))
            first = split
    return path[::-1]


def root_from_inclusion(entry_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); None where the proof has the wrong length."""
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    found = leaf_hash(entry_hash)
    for step in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = join(step, found)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found = join(found, step)
        node >>= 1
        last >>= 1
    return found if last == 0 else None
