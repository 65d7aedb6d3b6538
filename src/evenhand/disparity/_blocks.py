"""Bins merged into few blocks, so that counts per pair of blocks stay large enough to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Binning

__all__ = ["Blocks", "merge"]


@dataclass(frozen=True, slots=True)
class Blocks:
    """One feature in blocks.

    Attributes:
        name: the feature.
        codes: uint8[n], the block of each row.
        size: number of blocks; at most 16, so that two blocks together fit a byte.
    """

    name: str
    codes: NDArray[np.uint8]
    size: int


def merge(binnings: Sequence[Binning], codes: Sequence[NDArray[np.uint8]], most: int) -> list[Blocks]:
    """At most `most` blocks per feature; features that fall into one block are left out.

    Bins of a number are joined with their neighbours into blocks of about equally many rows. Of a category the
    commonest values keep a block of their own and all others share the last.
    """
    merged = []
    for binning, column in zip(binnings, codes, strict=True):
        tally = np.bincount(column, minlength=binning.size)
        if binning.kind == "number":
            middle = np.cumsum(tally) - tally / 2
            raw = np.minimum((middle * most / max(1, len(column))).astype(np.intp), most - 1)
        else:
            rank = np.argsort(np.argsort(-tally, kind="stable"), kind="stable")
            raw = np.minimum(rank, most - 1)
        used = np.unique(raw[tally > 0])
        if len(used) >= 2:
            block = np.minimum(np.searchsorted(used, raw), len(used) - 1).astype(np.uint8)
            merged.append(Blocks(binning.name, block[column], len(used)))
    return merged
