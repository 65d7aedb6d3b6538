"""The tree of a stored ledger: its right edge, to go on from, and the proof that an entry stands under its root."""

from __future__ import annotations

from ._store import LedgerStore
from ._tree import TILE, GrowingTree, Node, SubtreeRoot, inclusion_proof, join, leaf_hash, tile_root

__all__ = ["edge_of", "proof_of", "subtrees_of"]

_CHUNK = 65_536
_BITS = TILE.bit_length() - 1


def edge_of(store: LedgerStore, entries: int) -> tuple[GrowingTree, list[Node]]:
    """The tree over the first `entries` entries, ready to grow; and the tiles of it that are not kept yet.

    A ledger of an evenhand that kept no tree has none; then every hash is read once.
    """
    edges = [[leaf_hash(hash_) for hash_ in store.hashes(entries // TILE * TILE + 1, entries)]]
    full, level = entries // TILE, 1
    while full:
        first = full // TILE * TILE
        edge = list(store.tiles(level, min(first, full - 1), full))
        if len(edge) != full - min(first, full - 1):
            return _anew(store, entries)
        edges.append(edge[-(full - first) :] if full > first else [])
        full, level = full // TILE, level + 1
    return GrowingTree(edges), []


def _anew(store: LedgerStore, entries: int) -> tuple[GrowingTree, list[Node]]:
    tree = GrowingTree()
    nodes: list[Node] = []
    for first in range(1, entries + 1, _CHUNK):
        nodes += tree.add(store.hashes(first, min(first + _CHUNK - 1, entries)))
    return tree, nodes


def proof_of(store: LedgerStore, seq: int, size: int) -> list[bytes]:
    """Hashes that lead from entry `seq` to the root over the first `size` entries, the lowest first."""
    return inclusion_proof(seq - 1, size, subtrees_of(store))


def subtrees_of(store: LedgerStore) -> SubtreeRoot:
    """Gives roots of full subtrees of a ledger, from the tiles that are kept."""

    def subtree(level: int, index: int) -> bytes:
        first, last = index << level, (index + 1) << level
        if level < _BITS:
            return tile_root([leaf_hash(hash_) for hash_ in store.hashes(first + 1, last)])
        tiles, rest = divmod(level, _BITS)
        kept = store.tiles(tiles, index << rest, (index + 1) << rest)
        if len(kept) == 1 << rest:
            return tile_root(kept)
        if level == _BITS:
            return tile_root([leaf_hash(hash_) for hash_ in store.hashes(first + 1, last)])
        return join(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))

    return subtree
