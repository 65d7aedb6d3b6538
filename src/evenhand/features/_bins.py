"""Where the borders of the bins lie, learned from permitted history alone; and what to call the bins."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Binning, DataError, FeatureView, Role

from ._canonical import as_numbers, as_texts
from ._columns import Values

__all__ = ["learn_binning", "learn_view", "view_of"]

_MOST_CATEGORIES = 250
_PER_ROW = 1024
"""Weights that are not whole numbers are counted in whole 1024ths."""
_LARGEST = float(np.finfo(np.float64).max)


def learn_view(campaign: Campaign, columns: Mapping[str, Values]) -> FeatureView:
    """The bins of every confirmed feature of a campaign.

    A value heavier than 1/max_bins of its column gets a bin of its own; between such spikes the bins hold about
    equally many rows; no bin of a number and no named category holds fewer than ``campaign.model.minimum_bin`` rows
    (rows are people where the history has one row per person). Borders depend on the values only, not on their order,
    and are round numbers where they can be, so that people can read them and few are one person's value.

    Args:
        campaign: names the features, in the order that the terms of the model will have.
        columns: raw history values per feature, of permitted training rows only.

    Raises:
        DataError: the campaign has no confirmed feature, a feature has no column, or its values are not numbers.
    """
    names = campaign.names(Role.FEATURE)
    if not names:
        raise DataError(
            "campaign-no-features",
            "The campaign has no confirmed feature column.",
            rule="a column is used only where a person gave it the role feature and confirmed it",
            remedy="give columns the role feature, and set 'confirmed: true' where a draft guessed right",
        )
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(
            "data-missing-columns",
            f"Feature columns without history: {', '.join(missing)}.",
            rule="a feature is learned from the history's column of the same name",
            remedy="add the columns to the history or remove the features",
        )
    choice = campaign.model
    binnings = tuple(
        learn_binning(
            name, columns[name], kind=campaign.columns[name].kind, max_bins=choice.max_bins,
            minimum_bin=choice.minimum_bin, per_offer=campaign.columns[name].per_offer,
        )
        for name in names
    )  # fmt: skip
    return view_of(campaign.purpose, binnings)


def view_of(purpose: str, binnings: tuple[Binning, ...]) -> FeatureView:
    """A view made of these bins, for this purpose."""
    return FeatureView(purpose, binnings, _digest(purpose, binnings))


def learn_binning(
    name: str,
    values: Values,
    *,
    kind: Literal["number", "category"] | None = None,
    max_bins: int = 64,
    minimum_bin: int = 20,
    per_offer: bool = False,
    weight: NDArray[np.float64] | None = None,
) -> Binning:
    """The bins of one column; see `learn_view`.

    Args:
        name: the column.
        values: raw values.
        kind: how to bin it; None = by the type of the values.
        max_bins: at most this many bins of a number.
        minimum_bin: at least this many rows in a bin.
        per_offer: each offer has its own value.
        weight: float64[n], how many rows each value stands for, above zero; None = one each.

    Raises:
        DataError: the values of a number column are not numbers.
    """
    if (kind or ("number" if values.dtype.kind == "f" else "category")) == "category":
        return Binning(name, "category", categories=_categories(values, minimum_bin, weight), per_offer=per_offer)
    return Binning(
        name, "number", cuts=_cuts(as_numbers(name, values), max_bins, minimum_bin, weight), per_offer=per_offer
    )


def _categories(values: Values, fewest: int, weight: NDArray[np.float64] | None) -> tuple[str, ...]:
    texts = as_texts(values)
    counts = Counter(text for text in texts if text is not None)
    if weight is not None:
        times, scale = _whole(weight)
        counts, fewest = Counter(), fewest * scale
        for text, many in zip(texts, times.tolist(), strict=True):
            if text is not None:
                counts[text] += many
    frequent = [text for text, count in counts.items() if count >= fewest]
    frequent.sort(key=lambda text: (-counts[text], text))
    return tuple(sorted(frequent[:_MOST_CATEGORIES]))


def _cuts(values: NDArray[np.float64], most: int, fewest: int, weight: NDArray[np.float64] | None) -> tuple[float, ...]:
    """Borders for one number column; see `learn_view`."""
    here = ~np.isnan(values)
    known = np.clip(values[here], -_LARGEST, _LARGEST) + 0.0  # no -0.0, no infinite border
    if weight is None:
        distinct, counts = np.unique(known, return_counts=True)
    else:
        times, scale = _whole(weight)
        distinct, place = np.unique(known, return_inverse=True)
        counts = np.bincount(place, times[here], len(distinct)).astype(np.int64)
        fewest *= scale
    if len(distinct) < 2:
        return ()
    windows = _windows(counts, most, fewest)
    cuts = sorted({_roundest(float(distinct[below]), float(distinct[above])) for below, above in windows})
    return _merged(cuts, distinct, counts, most, fewest)


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


def _merged(
    cuts: list[float], distinct: NDArray[np.float64], counts: NDArray[np.int64], most: int, fewest: int
) -> tuple[float, ...]:
    """Join the smallest bin to its smaller neighbour until none is too small and there are not too many."""
    bins = np.searchsorted(np.array(cuts), distinct, side="right")
    sizes = [int(size) for size in np.bincount(bins, weights=counts, minlength=len(cuts) + 1)]
    while len(sizes) > 1 and (min(sizes) < fewest or len(sizes) > most):
        small = sizes.index(min(sizes))
        left = sizes[small - 1] if small else math.inf
        right = sizes[small + 1] if small + 1 < len(sizes) else math.inf
        upper = small if left <= right else small + 1  # the one of the two bins that loses its lower border
        sizes[upper - 1] += sizes.pop(upper)
        cuts.pop(upper - 1)
    return tuple(cuts)


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


def _digest(purpose: str, binnings: tuple[Binning, ...]) -> str:
    content = {
        "purpose": purpose,
        "binnings": [
            {
                "name": binning.name,
                "kind": binning.kind,
                "cuts": list(binning.cuts),
                "categories": list(binning.categories),
                "per_offer": binning.per_offer,
            }
            for binning in binnings
        ],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
