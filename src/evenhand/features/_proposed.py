"""Bins of one column as its rows propose them, before it is known how many people are in them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Binning, canonical_text

from ._canonical import as_numbers, as_texts
from ._columns import Values, Words, hold_numbers
from ._crowds import Crowds

__all__ = ["ProposedBins", "propose_bins"]

_MOST_CATEGORIES = 250
_PER_ROW = 1024
"""Weights that are not whole numbers are counted in whole 1024ths."""
_LARGEST = float(np.finfo(np.float64).max)


class _Places(dict[object, int]):
    """Place of each text; other values are put into their one text first, and nothing but text is remembered."""

    def __missing__(self, value: object) -> int:
        text = canonical_text(value)
        at = -1 if text is None else self.get(text, -1)
        if type(value) is str and len(self) < 100_000:
            self[value] = at
        return at


@dataclass(frozen=True, slots=True)
class ProposedBins:
    """Bins by rows alone; `settled` gives those with enough people.

    Attributes:
        name, kind, per_offer: see `Binning`.
        cuts: borders of a number; some of its bins may be too small, or too many.
        texts: categories with enough rows, most rows first.
        rows: int64, rows in each bin, or of each text, in `scale`-ths.
        scale: what one row counts.
        most: at most this many bins.
        fewest: at least this many people in each.
    """

    name: str
    kind: Literal["number", "category"]
    per_offer: bool
    cuts: tuple[float, ...]
    texts: tuple[str, ...]
    rows: NDArray[np.int64]
    scale: int
    most: int
    fewest: int

    def crowds(self, most_of_one: int | None = None) -> Crowds:
        """To look at people with: one place per bin, or per text.

        Args:
            most_of_one: rows, in `scale`-ths, of the person who has most, where that is known: a bin with `fewest`
                times as many has enough people without looking.
        """
        surely = None if most_of_one is None else self.rows >= self.fewest * most_of_one
        return Crowds(len(self.rows), self.fewest, surely)

    def places(self, values: Values) -> NDArray[np.intp]:
        """In which bin, or of which text, each value is; -1 = none."""
        if self.kind == "number":
            numbers = as_numbers(self.name, values)
            return np.where(np.isnan(numbers), -1, np.searchsorted(np.array(self.cuts), numbers, side="right"))
        if isinstance(values, Words):
            return np.asarray(self.places(values.texts)[values.place])
        place = _Places({text: at for at, text in enumerate(self.texts)})
        raw = as_texts(values) if hold_numbers(values) else values.tolist()
        return np.fromiter(map(place.__getitem__, raw), np.intp, len(raw))

    def settled(self, crowds: Crowds | None = None) -> Binning:
        """The bins that enough people are in.

        Args:
            crowds: from `crowds`, which has seen every row; None = every row is somebody else's.
        """
        enough = self.rows >= self.fewest * self.scale if crowds is None else crowds.enough
        if self.kind == "category":
            kept = itertools.compress(self.texts, enough.tolist())
            categories = tuple(sorted(itertools.islice(kept, _MOST_CATEGORIES)))
            return Binning(self.name, "category", categories=categories, per_offer=self.per_offer)
        return Binning(self.name, "number", cuts=self._joined(enough.tolist(), crowds), per_offer=self.per_offer)

    def _joined(self, enough: list[bool], crowds: Crowds | None) -> tuple[float, ...]:
        """Join the smallest bin to its smaller neighbour until none is too small and there are not too many."""
        cuts, sizes = list(self.cuts), self.rows.tolist()
        people = [set() if crowds is None or enough[at] else crowds.of(at) for at in range(len(sizes))]
        while len(sizes) > 1 and (not all(enough) or len(sizes) > self.most):
            small = min(range(len(sizes)), key=lambda at: (enough[at] and not all(enough), sizes[at]))
            left = sizes[small - 1] if small else math.inf
            right = sizes[small + 1] if small + 1 < len(sizes) else math.inf
            upper = small if left <= right else small + 1  # the one of the two bins that loses its lower border
            sizes[upper - 1] += sizes.pop(upper)
            people[upper - 1] |= people.pop(upper)
            joined = sizes[upper - 1] // self.scale if crowds is None else len(people[upper - 1])
            enough[upper - 1] |= enough.pop(upper) or joined >= self.fewest
            cuts.pop(upper - 1)
        return tuple(cuts)


def propose_bins(
    name: str,
    values: Values,
    *,
    kind: Literal["number", "category"],
    max_bins: int,
    minimum_bin: int,
    per_offer: bool = False,
    weight: NDArray[np.float64] | None = None,
) -> ProposedBins:
    """What the rows propose; see `learn_binning`."""
    times, scale = (None, 1) if weight is None else _whole(weight)
    if kind == "category":
        counts = _counted(as_texts(values), times)
        texts = [text for text, count in counts.items() if count >= minimum_bin * scale]
        texts.sort(key=lambda text: (-counts[text], text))
        rows = np.array([counts[text] for text in texts], np.int64)
        return ProposedBins(name, kind, per_offer, (), tuple(texts), rows, scale, max_bins, minimum_bin)
    distinct, counted = _distinct(as_numbers(name, values), times)
    cuts: list[float] = []
    if len(distinct) > 1:
        windows = _windows(counted, max_bins, minimum_bin * scale)
        cuts = sorted({_roundest(float(distinct[below]), float(distinct[above])) for below, above in windows})
    bins = np.searchsorted(np.array(cuts), distinct, side="right")
    rows = np.bincount(bins, weights=counted, minlength=len(cuts) + 1).astype(np.int64)
    return ProposedBins(name, kind, per_offer, tuple(cuts), (), rows, scale, max_bins, minimum_bin)


def _counted(texts: Sequence[str | None], times: NDArray[np.int64] | None) -> Counter[str]:
    if times is None:
        return Counter(text for text in texts if text is not None)
    counts: Counter[str] = Counter()
    for text, many in zip(texts, times.tolist(), strict=True):
        if text is not None:
            counts[text] += many
    return counts


def _distinct(
    values: NDArray[np.float64], times: NDArray[np.int64] | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The different numbers, ascending, and how often each is there."""
    here = ~np.isnan(values)
    known = np.clip(values[here], -_LARGEST, _LARGEST) + 0.0  # no -0.0, no infinite border
    if times is None:
        distinct, counts = np.unique(known, return_counts=True)
        return distinct, counts
    distinct, place = np.unique(known, return_inverse=True)
    return distinct, np.bincount(place, times[here], len(distinct)).astype(np.int64)


def _whole(weight: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Weights as whole numbers, and what stands for one row: their sums are the same in any order."""
    scale = 1 if (weight == np.rint(weight)).all() else _PER_ROW
    return np.rint(weight * scale).astype(np.int64), scale


def _windows(counts: NDArray[np.int64], most: int, fewest: int) -> list[tuple[int, int]]:
    """Where each border may lie: above the first and at most at the second of two distinct values (their indices)."""
    total = int(counts.sum())
    heavy = np.flatnonzero(counts * most > total)
    light_total = total - int(counts[heavy].sum())
    light_bins = max(1, most - len(heavy))
    windows = [(spike - 1, spike) for spike in heavy.tolist() if spike > 0]
    edges = [-1, *heavy.tolist(), len(counts)]
    for before, end in itertools.pairwise(edges):
        start = before + 1
        if start == end:
            continue
        if start > 0:
            windows.append((before, start))
        held = int(counts[start:end].sum())
        bins = max(1, min(light_bins * held // light_total, held // fewest))
        reached = np.cumsum(counts[start:end])
        for part in range(1, bins):  # a quarter of a bin of freedom to each side, to find a round border
            below = int(np.searchsorted(reached, held * (4 * part - 1) // (4 * bins)))
            above = max(below + 1, int(np.searchsorted(reached, held * (4 * part + 1) // (4 * bins))))
            if start + above < end:
                windows.append((start + below, start + above))
    return windows


def _roundest(below: float, above: float) -> float:
    """A number with as few decimals as can be in (below, above], near the middle.

    Example:
        >>> _roundest(24.0, 25.0), _roundest(1180.3, 1320.9), _roundest(0.0311, 0.0352)
        (25.0, 1300.0, 0.033)
    """
    middle = below / 2 + above / 2
    reach = math.ceil(math.log10(above - below)) if 0 < above - below < _LARGEST else 308
    for decimals in range(-reach, 18 - reach):
        try:
            for candidate in (round(middle, decimals), round(above, decimals), _floor(above, decimals)):
                if below < candidate <= above:
                    return candidate
        except OverflowError:  # rounding up beyond the largest float
            continue
    return above


def _floor(number: float, decimals: int) -> float:
    rounded = round(number, decimals)
    return rounded if rounded <= number else round(rounded - 10.0**-decimals, decimals)
