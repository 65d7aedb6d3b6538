"""Effects of another library's model on its own borders, brought onto one set of bins per feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.features import Values, encode, view_of
from evenhand.scoring import assemble
from evenhand.terms import MISSING, WITHHELD, Binning, DataError, Link, Model, Pair, score_of, term_contributions

__all__ = ["Feature", "Imported", "Part", "bring_in", "columns_of", "foreign_refusal"]

_MOST_BINS = 253
_SPECIAL = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """A model from elsewhere, and how far its scores are from the original's.

    Attributes:
        model: the glass box, of one offer.
        rows: rows that it was compared on.
        largest_difference: largest difference from the original's own raw score on these rows: logits, or the units
            of the outcome.
        bound: most that it can differ from the exact sum of the original's effects, for any row; infinite where a
            sloping line was cut into steps. The original's own rounding (32 bits in XGBoost) comes on top.
    """

    model: Model
    rows: int
    largest_difference: float
    bound: float


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the original: its name, and its categories where it is one (else None)."""

    name: str
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """An effect of one feature or of two together, on borders of its own.

    Attributes:
        features: one or two positions, ascending.
        cuts: per feature, ascending borders (a value at a border is above it); empty for a category.
        values: one axis per feature: missing, other, then the ranges between the cuts or the categories.
    """

    features: tuple[int, ...]
    cuts: tuple[tuple[float, ...], ...]
    values: NDArray[np.float64]


def foreign_refusal(what: str, rule: str, remedy: str) -> DataError:
    """A model that cannot be brought in without changing what it says."""
    return DataError("model-not-importable", what, rule=rule, remedy=remedy)


def columns_of(rows: Any, names: Sequence[str]) -> dict[str, Values]:
    """Columns of a data frame by name, or of a two-dimensional array by position."""
    if isinstance(rows, np.ndarray):
        if rows.ndim != 2 or rows.shape[1] != len(names):
            raise foreign_refusal(
                f"The rows have not the {len(names)} columns that the model was trained on.",
                "rows are compared column by column",
                "give the columns of the training data, in their order",
            )
        return {name: _values(rows[:, place].tolist(), rows.dtype.kind) for place, name in enumerate(names)}
    import narwhals as nw

    frame = nw.from_native(rows, eager_only=True)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise foreign_refusal(
            f"The rows lack columns of the model: {', '.join(missing)}.",
            "rows are compared column by column",
            "give the columns of the training data",
        )
    return {name: _values(frame[name].to_list(), "f" if frame[name].dtype.is_numeric() else "O") for name in names}


def _values(listed: list[Any], kind: str) -> Values:
    if kind in "fiub":
        return np.array([np.nan if value is None else value for value in listed], np.float64)
    return np.array([*listed, None], object)[:-1]  # the None keeps NumPy from guessing a type


def bring_in(
    features: Sequence[Feature],
    parts: Sequence[Part],
    intercept: float,
    columns: Mapping[str, Values],
    foreign: NDArray[np.float64],
    *,
    purpose: str,
    offer: str,
    link: Link,
    origin: str,
    coarsen: bool,
    lost: float = 0.0,
) -> Imported:
    """Add up the parts on common bins, make a model of them, and compare it with the original.

    Args:
        features: the columns, in the order that the terms will have.
        parts: what the original adds up.
        intercept: and what it starts from.
        columns: raw values to centre on and to compare on.
        foreign: float64[n], the original's raw score of these rows.
        purpose, offer, link: as the model shall have them.
        origin: library and version, kept in the model's evaluation.
        coarsen: merge neighbouring bins of a feature that has too many, those that differ least first.
        lost: most that was lost on the way here.

    Raises:
        DataError: a feature has too many bins and may not be coarsened, or a score could leave its bounds.
    """
    grouped: dict[tuple[int, ...], list[Part]] = {}
    for part in parts:
        grouped.setdefault(part.features, []).append(part)
    binnings, effects = [], []
    for place, feature in enumerate(features):
        joint = {cut for part in parts if len(part.features) == 2 and place in part.features
                 for cut in part.cuts[part.features.index(place)]}  # fmt: skip
        binning, effect, loss = _main(feature, grouped.get((place,), []), joint, coarsen)
        binnings.append(binning)
        effects.append(effect)
        lost += loss
    pairs = []
    for (first, second), group in sorted((key, group) for key, group in grouped.items() if len(key) == 2):
        pair, effect = _pair(first, second, group, binnings)
        pairs.append(pair)
        effects.append(effect)
    view = view_of(purpose, tuple(binnings))
    codes = tuple(encode(binning, columns[binning.name]) for binning in binnings)
    compared = {"origin": origin, "rows": len(foreign)}
    model = assemble(view, offer, intercept, effects, tuple(pairs), codes, link=link, evaluation=compared)
    everyone = np.zeros(len(foreign), np.intp)
    score = score_of(model, term_contributions(model, codes, everyone), everyone)
    largest = float(np.abs(score * model.unit - foreign).max(initial=0.0))
    bound = lost + model.unit * (len(model.tables) + 1) / 2
    model.evaluation["imported"] = compared | {"largest_difference": largest}  # type: ignore[index]
    return Imported(model, len(foreign), largest, bound)


def _main(
    feature: Feature, group: Sequence[Part], joint: set[float], coarsen: bool
) -> tuple[Binning, NDArray[np.float64], float]:
    """Bins of a feature, its own effect on them by code, and how much was lost in any bin."""
    if feature.categories is not None:
        binning = Binning(feature.name, "category", categories=feature.categories)
        _check_size(binning)
        effect = np.zeros(binning.size)
        for part in group:
            effect[MISSING:] += part.values
        return binning, effect, 0.0
    cuts = np.array(sorted(joint.union(*(part.cuts[0] for part in group))), np.float64)
    fine = np.zeros(len(cuts) + 3)
    for part in group:
        fine += part.values.take(_onto(cuts, part.cuts[0]))
    kept, loss = _merged(cuts, fine[2:], joint) if coarsen else (np.ones(len(cuts), bool), 0.0)
    binning = Binning(feature.name, "number", cuts=tuple(cuts[kept].tolist()))
    _check_size(binning)
    bins = np.concatenate(([0], np.cumsum(kept)))
    middle = [(own.max() + own.min()) / 2 for own in (fine[2:][bins == place] for place in range(bins[-1] + 1))]
    return binning, np.array([0.0, fine[0], 0.0, *middle]), loss


def _merged(
    cuts: NDArray[np.float64], values: NDArray[np.float64], joint: set[float]
) -> tuple[NDArray[np.bool_], float]:
    """Which cuts to keep: the range of values inside a merged bin is as small as it can be with bins enough."""
    needed = np.array([cut in joint for cut in cuts.tolist()], bool)
    low, high = 0.0, float(np.ptp(values))
    best = _within(values, needed, high)
    for _ in range(60):
        tried = (low + high) / 2
        kept = _within(values, needed, tried)
        if int(kept.sum()) + 1 > _MOST_BINS:
            low = tried
        else:
            best, high = kept, tried
    if int(_within(values, needed, 0.0).sum()) + 1 <= _MOST_BINS:
        return _within(values, needed, 0.0), 0.0
    return best, high / 2


def _within(values: NDArray[np.float64], needed: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """Go on until the values of a bin differ by more than this."""
    kept = needed.copy()
    lowest = highest = float(values[0])
    for place, value in enumerate(values[1:].tolist()):
        if needed[place] or max(highest, value) - min(lowest, value) > width:
            kept[place] = True
            lowest = highest = value
        else:
            lowest, highest = min(lowest, value), max(highest, value)
    return kept


def _onto(cuts: NDArray[np.float64], own: Sequence[float]) -> NDArray[np.intp]:
    """Place in a part's values of: missing, other, and each range between the common cuts."""
    inside = np.searchsorted(np.array(own, np.float64), cuts, side="right") + 2
    return np.concatenate(([0, 1, 2], inside)).astype(np.intp)


def _pair(
    first: int, second: int, group: Sequence[Part], binnings: Sequence[Binning]
) -> tuple[Pair, NDArray[np.float64]]:
    bands, places = [], []
    for axis, binning in enumerate((binnings[first], binnings[second])):
        if binning.kind == "category":
            bands.append((WITHHELD, *range(binning.size - 1)))
            places.append([np.arange(binning.size - 1)] * len(group))
            continue
        cuts = np.array(sorted({cut for part in group for cut in part.cuts[axis]}), np.float64)
        lowest = np.searchsorted(cuts, np.array(binning.cuts, np.float64), side="right")
        bands.append((WITHHELD, 0, 1, 2, *(lowest + 2).tolist()))
        places.append([_onto(cuts, part.cuts[axis]) for part in group])
    grid = sum(part.values[np.ix_(down, across)] for part, down, across in zip(group, *places, strict=True))
    return Pair(first, second, *bands), np.concatenate(([0.0], np.asarray(grid).ravel()))


def _check_size(binning: Binning) -> None:
    if binning.size - _SPECIAL > _MOST_BINS:
        raise foreign_refusal(
            f"Feature {binning.name!r} has {binning.size - _SPECIAL} bins.",
            f"a bin code is one byte: {_MOST_BINS} ordinary bins at most",
            "train with fewer borders (max_bin, max_bins), or ask for coarsen=True and look at the bound",
        )
