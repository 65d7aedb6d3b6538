"""Does a later tree only add to an earlier one? Proofs of it, made and checked (RFC 9162, 2.1.4; RFC 6962, 2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from ._proofs import subtrees_of
from ._store import LedgerStore
from ._tree import SubtreeRoot, join, range_root

__all__ = ["consistency_of", "consistency_proof", "is_consistent"]


def consistency_of(store: LedgerStore, old: int, size: int) -> list[bytes]:
    """The proof that the tree over `size` entries of a ledger only adds to the one over its first `old`."""
    return consistency_proof(old, size, subtrees_of(store))


def consistency_proof(old: int, size: int, subtree: SubtreeRoot) -> list[bytes]:
    """Hashes that lead from the root over `old` leaves to both roots; none where nothing is to be shown.

    Args:
        old: leaves of the earlier tree, at most `size`.
        size: leaves of the later one.
        subtree: gives roots of full subtrees of the later one.
    """
    return _subproof(old, 0, size, True, subtree) if 0 < old < size else []


def _subproof(old: int, first: int, last: int, is_whole: bool, subtree: SubtreeRoot) -> list[bytes]:
    count = last - first
    if old == count:
        return [] if is_whole else [range_root(first, last, subtree)]
    half = 1 << (count - 1).bit_length() - 1
    if old <= half:
        return [*_subproof(old, first, first + half, is_whole, subtree), range_root(first + half, last, subtree)]
    return [
        *_subproof(old - half, first + half, last, False, subtree),
        range_root(first, first + half, subtree),
    ]


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree with the second root only adds to the one with the first."""
    if not 0 <= old <= size:
        return False
    if old in (0, size):
        return not proof and (old == 0 or old_root == root)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = join(step, first), join(step, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = join(second, step)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == root
