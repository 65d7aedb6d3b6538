"""Finding subjects in a sorted book, exactly and fast.

Comparing 32-byte strings is slow; so a subject is looked up by a 64-bit mix of its bytes, and the bytes themselves are
compared once at the end. The mix is only a short cut: a salt is chosen with which no two subjects in the book share
one, and a stranger who shares one with somebody in the book is told apart by the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SubjectIndex", "index_subjects"]

_AT_A_TIME = 1 << 14
"""Subjects whose bytes are compared together, so that what is read stays in the processor's cache."""
_WORDS = 4
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class SubjectIndex:
    """Distinct subjects in order of their mix.

    Attributes:
        words: uint64[u, 4], the bytes of each subject.
        mixes: uint64[u], ascending and distinct.
        salt: what the mix starts from.
    """

    words: NDArray[np.uint64]
    mixes: NDArray[np.uint64]
    salt: int

    def find(self, subjects: NDArray[np.bytes_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Subjects in the order of the book, so that whoever reads what stands beside each reads straight on: their
        place among `subjects`, and their index here, -1 where the book does not know them."""
        if not len(self.mixes):
            return np.arange(len(subjects)), np.full(len(subjects), -1, dtype=np.intp)
        words = _words(subjects)
        mixes = _mix(words, self.salt)
        order, starts = _sorted_by_start(mixes)
        at = self._told_apart(np.searchsorted(self.mixes, starts), words, order)
        # Not the first whose mix starts so: another one of these, or nobody.
        rest = np.flatnonzero(at < 0)
        at[rest] = self._told_apart(np.searchsorted(self.mixes, mixes[order[rest]]), words, order[rest])
        return order, at

    def _told_apart(self, at: NDArray[np.intp], words: NDArray[np.uint64], order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where these subjects stand, -1 where somebody else does."""
        at[at == len(self.mixes)] = 0
        for start in range(0, len(at), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            mine, theirs = words.take(order[part], axis=0), self.words.take(at[part], axis=0)
            if not np.array_equal(mine, theirs):
                at[part][(mine != theirs).any(axis=1)] = -1
        return at


def _sorted_by_start(mixes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
    """Places in the order of how mixes start, and these starts; as many bits as a place needs are left off at the end
    and zero, so that both are sorted as one number, in half the time."""
    spare = np.uint64(max(1, (len(mixes) - 1).bit_length()))
    both = mixes >> spare << spare
    both |= np.arange(len(mixes), dtype=np.uint64)
    both.sort()
    starts = both >> spare << spare
    both -= starts
    return both.view(np.intp), starts


def index_subjects(
    subjects: NDArray[np.bytes_],
) -> tuple[SubjectIndex, NDArray[np.intp], NDArray[np.intp]]:
    """Index the distinct subjects.

    Returns:
        The index; the order that puts the rows of each subject together, subject after subject; and where the rows
        of each subject start in that order (with the end of the last).
    """
    words = _words(subjects)
    salt = 0
    while True:
        mixes = _mix(words, salt)
        order = np.argsort(mixes)
        sorted_words, sorted_mixes = words.take(order, axis=0), mixes[order]
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = sorted_mixes[1:] != sorted_mixes[:-1]
        again = np.flatnonzero(~new)
        if np.array_equal(sorted_words[again], sorted_words[again - 1]):
            break
        salt += 1
    firsts = np.flatnonzero(new)
    index = SubjectIndex(words=sorted_words.take(firsts, axis=0), mixes=sorted_mixes[firsts], salt=salt)
    return index, order, np.append(firsts, len(order))


def _words(subjects: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """The 32 bytes of each subject as four words."""
    return np.ascontiguousarray(subjects, dtype="S32").view(np.uint64).reshape(-1, _WORDS)


def _mix(words: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Mix the four words of each subject into one (multiply, shift, add; wraps around)."""
    mixed = np.full(len(words), salt * 0x2545F4914F6CDD1D & (2**64 - 1), dtype=np.uint64)
    for word, odd in enumerate(_ODD):
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(_ODD[0])
        mixed += words[:, word] * np.uint64(odd)
    mixed ^= mixed >> np.uint64(32)
    return mixed
